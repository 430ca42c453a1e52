package dsrtest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// mutant breaks a sentence of the contract.
type mutant struct {
	name string
	// caught are the clauses that must fail on it.
	caught []string
	// spoil puts the fault into a sound store.
	spoil func(f *faulty)
}

func mutants() []mutant {
	return slices.Concat(updateMutants(), requestMutants(), readMutants(), wakeMutants(), otherMutants())
}

// RunMutants proves that the clauses bite on the stores of an adapter: it breaks
// one sentence at a time around a sound store and fails unless every clause that
// quotes the sentence notices, and unless every clause notices something.
func RunMutants(t *testing.T, newHarness func(t testing.TB) Harness) {
	t.Helper()
	clauses := map[string]Clause{}
	for _, clause := range Clauses() {
		if _, twice := clauses[clause.Name]; twice {
			t.Errorf("two clauses are called %s", clause.Name)
		}
		clauses[clause.Name] = clause
	}
	idle := map[string]bool{}
	for name := range clauses {
		idle[name] = true
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			for _, name := range m.caught {
				delete(idle, name)
				clause, ok := clauses[name]
				if !ok {
					t.Fatalf("there is no clause %s", name)
				}
				if m.survives(t, clause, newHarness(t)) {
					t.Errorf("%s does not catch it", name)
				}
			}
		})
	}
	for name := range idle {
		t.Errorf("no mutant breaks %s", name)
	}
}

// survives reports whether a clause finds nothing wrong with the mutant of a
// sound store.
func (m mutant) survives(t *testing.T, clause Clause, sound Harness) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f := &faulty{sound: sound}
	m.spoil(f)
	return clause.Check(ctx, f.harness()) == nil
}

// clash reports whether an error is that of a version or a key.
func clash(err error) bool {
	return errors.Is(err, privacy.ErrConflict) || errors.Is(err, privacy.ErrExists)
}
