package sqlitestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newCases(t testing.TB) dsrtest.Harness {
	db := open(t, nil)
	return storetest.Cases(db.DSR(), db.Consent(), db.Retention())
}

func TestDSRConformance(t *testing.T) { dsrtest.Run(t, newCases) }

func TestDSRMutants(t *testing.T) { dsrtest.RunMutants(t, newCases) }

// TestDSRConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestDSRConformanceInHostTransactions(t *testing.T) {
	dsrtest.Run(t, func(t testing.TB) dsrtest.Harness {
		db := open(t, nil)
		return storetest.Cases(storetest.CasesInTransactions(inTransactions(db)), db.Consent(), db.Retention())
	})
}

// TestDSREquivalentToMemory compares random sequences of operations with
// memstore, the oracle.
func TestDSREquivalentToMemory(t *testing.T) {
	for seed := range uint64(8) {
		ledger, requests := memstore.NewConsent(nil), memstore.NewRetention()
		require.NoError(t, dsrtest.Compare(t.Context(), seed, 200, storetest.Cases(memstore.NewDSR(ledger).WithRetention(requests), ledger, requests), newCases(t)))
	}
}
