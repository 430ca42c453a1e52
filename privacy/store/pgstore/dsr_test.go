package pgstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// newCases makes a harness for every case, in a schema of its own.
func newCases(t *testing.T) func(t testing.TB) dsrtest.Harness {
	t.Helper()
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	return func(t testing.TB) dsrtest.Harness {
		db := newDB(t)
		return storetest.Cases(db.DSR(), db.Consent(), db.Retention())
	}
}

func TestDSRConformance(t *testing.T) { dsrtest.Run(t, newCases(t)) }

func TestDSRMutants(t *testing.T) { dsrtest.RunMutants(t, newCases(t)) }

// TestDSRConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestDSRConformanceInHostTransactions(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	dsrtest.Run(t, func(t testing.TB) dsrtest.Harness {
		db := newDB(t)
		return storetest.Cases(storetest.CasesInTransactions(inTransactions(db)), db.Consent(), db.Retention())
	})
}

// TestDSREquivalentToMemory compares random sequences of operations with
// memstore, the oracle.
func TestDSREquivalentToMemory(t *testing.T) {
	newHarness := newCases(t)
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			ledger, requests := memstore.NewConsent(nil), memstore.NewRetention()
			require.NoError(t, dsrtest.Compare(t.Context(), seed, 200, storetest.Cases(memstore.NewDSR(ledger).WithRetention(requests), ledger, requests), newHarness(t)))
		})
	}
}
