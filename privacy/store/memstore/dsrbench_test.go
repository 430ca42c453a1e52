package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func BenchmarkDSRUpdate(b *testing.B) {
	storetest.BenchmarkCaseUpdate(b, func(b *testing.B) dsr.CaseStore {
		store := memstore.NewDSR(memstore.NewConsent(nil))
		for n := range storetest.BenchCases {
			storetest.Must(b, store.Update(b.Context(), storetest.BenchUpdate(n+1, 1)))
		}
		return store
	})
}
