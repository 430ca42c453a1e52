package sqlitestore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newCases(t testing.TB) dsrtest.Harness {
	db := open(t, nil)
	return casesOn(db.DSR(), db.Consent())
}

func TestDSRConformance(t *testing.T) { dsrtest.Run(t, newCases) }

func TestDSRMutants(t *testing.T) {
	newDB := copies(t)
	dsrtest.RunMutants(t, func(t testing.TB) dsrtest.Harness {
		db := newDB(t)
		return casesOn(db.DSR(), db.Consent())
	})
}

// TestDSRConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestDSRConformanceInHostTransactions(t *testing.T) {
	dsrtest.Run(t, func(t testing.TB) dsrtest.Harness {
		db := open(t, nil)
		return casesOn(hostCases{db}, db.Consent())
	})
}

// TestDSREquivalentToMemory compares random sequences of operations with
// memstore, the oracle.
func TestDSREquivalentToMemory(t *testing.T) {
	for seed := range uint64(8) {
		ledger := memstore.NewConsent(nil)
		require.NoError(t, dsrtest.Compare(t.Context(), seed, 200, casesOn(memstore.NewDSR(ledger), ledger), newCases(t)))
	}
}

// windows returns the windows of a harness on a ledger and its outbox.
func windows(ledger consent.Store) (
	effects func(context.Context, privacy.TenantID) ([]privacy.Effect, error),
	events func(context.Context, privacy.TenantID) ([]privacy.Event, error),
) {
	kinds := map[consent.Kind]privacy.EffectKind{consent.KindRestricted: privacy.EffectRestriction, consent.KindErased: privacy.EffectErasure}
	effects = func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
		records, err := ledger.Records(ctx, consent.StreamKey{Tenant: tenant, Subject: "s1"}, 0, 1000)
		var found []privacy.Effect
		for _, r := range records {
			found = append(found, privacy.Effect{Kind: kinds[r.Kind], Key: r.Key})
		}
		return found, err
	}
	events = func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
		deliveries, err := ledger.Claim(ctx, consent.Claim{Worker: "reader", Limit: 1000, Now: time.Now(), Lease: time.Microsecond})
		var found []privacy.Event
		for _, d := range deliveries {
			if d.Event.Tenant == tenant && strings.HasPrefix(d.Event.Type, "privacykit.dsr.") {
				found = append(found, d.Event)
			}
		}
		return found, err
	}
	return effects, events
}

// casesOn returns a harness on a store whose effects and events reach ledger.
func casesOn(store dsr.Store, ledger consent.Store) dsrtest.Harness {
	effects, events := windows(ledger)
	return dsrtest.Harness{Store: store, Effects: effects, Events: events}
}
