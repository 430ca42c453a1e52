package memstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func dsrHarness(testing.TB) dsrtest.Harness {
	ledger := memstore.NewConsent(nil)
	return dsrtest.Harness{
		Store: memstore.NewDSR(ledger),
		Effects: func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
			kinds := map[consent.Kind]privacy.EffectKind{consent.KindRestricted: privacy.EffectRestriction, consent.KindErased: privacy.EffectErasure}
			records, err := ledger.Records(ctx, consent.StreamKey{Tenant: tenant, Subject: "s1"}, 0, 1000)
			var effects []privacy.Effect
			for _, r := range records {
				effects = append(effects, privacy.Effect{Kind: kinds[r.Kind], Key: r.Key})
			}
			return effects, err
		},
		Events: func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
			deliveries, err := ledger.Claim(ctx, consent.Claim{Worker: "reader", Limit: 1000})
			var events []privacy.Event
			for _, d := range deliveries {
				if d.Event.Tenant == tenant && strings.HasPrefix(d.Event.Type, "privacykit.dsr.") {
					events = append(events, d.Event)
				}
			}
			return events, err
		},
	}
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
