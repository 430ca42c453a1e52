package retentiontest_test

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention/retentiontest"
)

// A new adapter is compared with the store in memory, seed by seed.
func ExampleCompare() {
	for seed := range uint64(3) {
		adapter := memstore.NewRetention() // here: the store under test
		fmt.Println(seed, retentiontest.Compare(context.Background(), seed, 100, memstore.NewRetention(), adapter))
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 <nil>
}
