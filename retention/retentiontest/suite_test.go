package retentiontest_test

import (
	"testing"

	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention/retentiontest"
)

func newMemory(testing.TB) retentiontest.Store { return memstore.NewRetention() }

func TestSuite(t *testing.T) { retentiontest.Run(t, newMemory) }

func TestMutants(t *testing.T) { retentiontest.RunMutants(t, newMemory) }

func TestMemoryEqualsItself(t *testing.T) {
	for seed := range uint64(20) {
		if err := retentiontest.Compare(t.Context(), seed, 300, newMemory(t), newMemory(t)); err != nil {
			t.Fatal(err)
		}
	}
}
