package prooftest

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
)

// Opened are the stores under test: that of the trees, and the ledger they are
// over.
type Opened struct {
	Proof  proof.Store
	Ledger consent.Store
}

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

// Check runs the case against fresh, empty stores. The error quotes the clause. A
// panic is an error too.
func (c Case) Check(stores Opened) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), caseTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s: panic: %v\n\tclause: %s\n%s", c.Name, cause, c.Clause, debug.Stack())
		}
	}()
	if err := c.check(&probe{Context: ctx, Store: stores.Proof, ledger: stores.Ledger}); err != nil {
		return fmt.Errorf("%s: %w\n\tclause: %s", c.Name, err, c.Clause)
	}
	return nil
}

// Cases returns every case.
func Cases() []Case {
	return slices.Concat(leaseCases(), pendingCases(), extendCases(), readCases())
}

// Run runs every case as a subtest, each on stores of its own from newStores,
// which cleans up with t.Cleanup.
func Run(t *testing.T, newStores func(t testing.TB) Opened) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(newStores(t)); err != nil {
				t.Error(err)
			}
		})
	}
}
