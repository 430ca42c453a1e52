package consenttest

import (
	"fmt"
	"testing"

	"github.com/labelop/privacykit/consent"
)

// mutant is a store that breaks one clause of the contract.
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
		"append": appendMutants(), "cancel": cancelMutants(), "key": keyMutants(), "redact": redactMutants(), "read": readMutants(),
		"effect": effectMutants(), "feed": feedMutants(), "outbox": outboxMutants(), "decision": decisionMutants(),
	}
}

// RunMutants tests the suite itself on stores of the kind that newStore makes:
// it gives each store one of some 140 faults, such as to ignore an expected
// version, to lose one of two racing writes, or to keep a salt when it redacts,
// and fails unless every case that is about the fault finds it. So a case that
// Run reports as passed is known to be one that this kind of store can fail.
//
// The stores must be sound: run Run first. Several subtests run at a time, so
// newStore must be safe for concurrent use; it cleans up with t.Cleanup.
func RunMutants(t *testing.T, newStore func(t testing.TB) consent.Store) {
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
						if err := m.mustFail(c, newStore(t)); err != nil {
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
func (m mutant) mustFail(c Case, sound consent.Store) error {
	f := &faulty{Store: sound}
	m.spoil(f)
	err := c.Check(f)
	if f.trouble != nil {
		return fmt.Errorf("the store under the fault failed: %w", f.trouble)
	}
	if err == nil {
		return fmt.Errorf("case %s passes a store with the fault: %s", c.Name, m.name)
	}
	return nil
}
