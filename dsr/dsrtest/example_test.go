package dsrtest_test

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/dsr/internal/refstore"
)

// An adapter runs every clause by Run. A single one can be checked by hand, for
// example while a store is written.
func Example() {
	for _, clause := range dsrtest.Clauses() {
		if clause.Name == "update_effects" {
			fmt.Println(clause.Text)
			fmt.Println(clause.Check(context.Background(), harness(refstore.New())))
		}
	}
	// Output:
	// Effects MUST reach the ledger of consent in the same transaction, in order.
	// <nil>
}
