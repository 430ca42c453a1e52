package retentiontest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// A mutant is a store that breaks one clause of the contract.
type mutant struct {
	name string
	// caught are the cases that must fail.
	caught []string
	// spoil puts the fault into a sound store.
	spoil func(*faulty)
}

// mutantTimeout ends a check that a fault keeps from ending.
const mutantTimeout = 30 * time.Second

func mutants() map[string][]mutant {
	return map[string][]mutant{
		"holds": holdMutants(), "requests": requestMutants(), "claims": claimMutants(),
		"log": logMutants(), "shards": shardMutants(), "notices": noticeMutants(),
	}
}

// RunMutants shows that the cases of Run can fail with this kind of store. It puts
// one fault after another into fresh stores, such as to claim what is held, to take
// an old lease for the latest, or to forget the reason of an item, and fails unless
// every case that is about the fault finds it.
//
// The stores must be sound: run Run first. Several subtests run at a time, so
// newStore must be safe for concurrent use; it cleans up with t.Cleanup.
func RunMutants(t *testing.T, newStore func(t testing.TB) Store) {
	t.Helper()
	cases := map[string]Case{}
	for _, c := range Cases() {
		cases[c.Name] = c
	}
	all := mutants()
	for _, group := range slices.Sorted(maps.Keys(all)) {
		t.Run(group, func(t *testing.T) {
			for _, m := range all[group] {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					for _, name := range m.caught {
						c, known := cases[name]
						if !known {
							t.Fatalf("there is no case %q", name)
						}
						if err := m.mustFail(t.Context(), c, newStore(t)); err != nil {
							t.Error(err)
						}
					}
				})
			}
		})
	}
}

// mustFail spoils a sound store and returns an error unless the case fails.
func (m mutant) mustFail(ctx context.Context, c Case, sound Store) error {
	ctx, cancel := context.WithTimeout(ctx, mutantTimeout)
	defer cancel()
	f := &faulty{Store: sound}
	m.spoil(f)
	if c.Check(ctx, f) == nil {
		return fmt.Errorf("case %s passes a store with the fault: %s", c.Name, m.name)
	}
	return nil
}

// pause widens a gap until a race must fall into it.
func pause() { time.Sleep(5 * time.Millisecond) }
