package policydoctest

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// mutant is a store that breaks one sentence of the contract.
type mutant struct {
	name string
	// caught are the cases that must fail.
	caught []string
	// spoil puts the fault into a sound store.
	spoil func(*faulty)
}

// mutants returns all mutants, by what they get wrong.
func mutants() map[string][]mutant {
	return map[string][]mutant{
		"entry": entryMutants(), "acknowledgement": acknowledgementMutants(), "unacknowledged": unacknowledgedMutants(), "call": callMutants(),
	}
}

// mutantTimeout ends a case that a mutant has made to hang.
const mutantTimeout = time.Minute

// RunMutants tests the suite itself on stores of the kind that open makes: it
// gives each store one of some 45 faults, such as to ignore the predecessor of
// an entry, to drop an event, or to count the last acknowledgement instead of
// the highest, and fails unless every case that is about the fault finds it. So
// a case that Run reports as passed is known to be one that this kind of store
// can fail.
//
// The stores must be sound: run Run first. Several subtests run at a time, so
// open must be safe for concurrent use; it cleans up with t.Cleanup.
func RunMutants(t *testing.T, open func(t testing.TB) Opened) {
	t.Helper()
	cases := map[string]Case{}
	for _, c := range Cases() {
		cases[c.Name] = c
	}
	for group, members := range mutants() {
		t.Run(group, func(t *testing.T) {
			for _, m := range members {
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					for _, name := range m.caught {
						c, known := cases[name]
						if !known {
							t.Fatalf("there is no case %q", name)
						}
						if err := m.mustFail(t.Context(), c, open(t)); err != nil {
							t.Error(err)
						}
					}
				})
			}
		})
	}
}

// mustFail spoils a sound store and returns an error unless the case fails, and
// fails because of the fault.
func (m mutant) mustFail(ctx context.Context, c Case, o Opened) error {
	ctx, cancel := context.WithTimeout(ctx, mutantTimeout)
	defer cancel()
	f := &faulty{Store: o.Store}
	m.spoil(f)
	o.Store = f
	err := c.Check(ctx, o)
	if f.trouble != nil {
		return fmt.Errorf("the store under the fault failed: %w", f.trouble)
	}
	if err == nil {
		return fmt.Errorf("case %s passes a store with the fault: %s", c.Name, m.name)
	}
	return nil
}
