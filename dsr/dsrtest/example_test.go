package dsrtest_test

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/dsr/dsrtest"
)

// An adapter runs every clause by Run. A single one can be checked by hand, for
// example while a store is written.
func Example() {
	for _, clause := range dsrtest.Clauses() {
		if clause.Name == "update_effects" {
			fmt.Println(clause.Text)
			fmt.Println(clause.Check(context.Background(), inMemory(nil)))
		}
	}
	// Output:
	// Effects MUST reach the ledger of consent in the same transaction, in order.
	// <nil>
}
