package consenttest

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
)

// Case is one clause of the contract and the check of it.
type Case struct {
	// Name identifies the case, in lower-case words with hyphens.
	Name string
	// Clause is the sentence of the contract that the case checks.
	Clause string

	check func(p *probe) error
}

// caseTimeout ends a case of a store that hangs.
const caseTimeout = 2 * time.Minute

// Check runs the case against a fresh, empty store. The error quotes the clause.
// A panic is an error too, so that a store that breaks one clause is still
// measured by the others.
func (c Case) Check(store consent.Store) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: panic: %v\n\tclause: %s\n%s", c.Name, cause, c.Clause, debug.Stack())
		}
	}()
	if err := c.check(&probe{Context: ctx, Store: store}); err != nil {
		return fmt.Errorf("%s: %w\n\tclause: %s", c.Name, err, c.Clause)
	}
	return nil
}

// Cases returns every case.
func Cases() []Case {
	var cases []Case
	for _, group := range [][]Case{appendCases(), keyCases(), redactCases(), readCases(), effectCases(), feedCases(), outboxCases(), decisionCases()} {
		cases = append(cases, group...)
	}
	return cases
}

// Run runs every case as a subtest, each on a store of its own from newStore,
// which cleans up with t.Cleanup.
func Run(t *testing.T, newStore func(t testing.TB) consent.Store) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(newStore(t)); err != nil {
				t.Error(err)
			}
		})
	}
}
