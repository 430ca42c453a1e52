package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func dsrHarness(testing.TB) dsrtest.Harness {
	ledger, requests := memstore.NewConsent(nil), memstore.NewRetention()
	return storetest.Cases(memstore.NewDSR(ledger).WithRetention(requests), ledger, requests)
}

func TestDSRConformance(t *testing.T) { dsrtest.Run(t, dsrHarness) }

func TestDSRMutants(t *testing.T) { dsrtest.RunMutants(t, dsrHarness) }

// A store compared with itself shows what in a comparison is not determined.
func TestDSRComparisonIsDetermined(t *testing.T) {
	for seed := range uint64(50) {
		if err := dsrtest.Compare(t.Context(), seed, 300, dsrHarness(t), dsrHarness(t)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDSRWithoutALedgerNothingIsDropped(t *testing.T) {
	s := memstore.NewDSR(nil)
	u := dsr.Update{
		Case:    dsr.Case{Tenant: "t", ID: "c", Version: 1, Items: []dsr.Item{{Work: dsr.StateReceived}}},
		Effects: []privacy.Effect{{Tenant: "t"}},
	}
	if err := s.Update(t.Context(), u); err == nil {
		t.Error("an effect was dropped")
	}
	if _, err := s.Case(t.Context(), "t", "c"); err == nil {
		t.Error("the case was written without its effect")
	}
}
