package policydoctest_test

import (
	"fmt"

	"github.com/labelop/privacykit/policydoc/policydoctest"
)

// A test of an adapter is one call of Run; each case quotes what it checks.
func ExampleCases() {
	for _, c := range policydoctest.Cases()[:3] {
		fmt.Printf("%s: %s\n", c.Name, c.Clause)
	}
	// Output:
	// entry-round-trip: Entries returns the entries of a policy
	// entry-order-and-pages: up to limit entries with an index greater than after, in order of their indices
	// entry-unknown-policy: an unknown policy has no entries
}
