package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// Cases returns a harness for package dsrtest on a store whose effects and events
// reach ledger and whose open rights reach requests.
func Cases(store dsr.Store, ledger consent.Store, requests retention.RequestStore) dsrtest.Harness {
	return dsrtest.Harness{Store: store, Effects: effectsOf(ledger), Events: eventsOf(ledger), Requests: requestsOf(requests)}
}

func effectsOf(ledger consent.LedgerStore) func(context.Context, privacy.TenantID) ([]privacy.Effect, error) {
	kinds := map[consent.Kind]privacy.EffectKind{consent.KindRestricted: privacy.EffectRestriction, consent.KindErased: privacy.EffectErasure}
	return func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
		records, err := ledger.Records(ctx, consent.StreamKey{Tenant: tenant, Subject: "s1"}, 0, 1000)
		var found []privacy.Effect
		for _, r := range records {
			found = append(found, privacy.Effect{Kind: kinds[r.Kind], Key: r.Key})
		}
		return found, err
	}
}

func eventsOf(ledger consent.Store) func(context.Context, privacy.TenantID) ([]privacy.Event, error) {
	all := Outbox(ledger)
	return func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
		events, err := all(ctx)
		var found []privacy.Event
		for _, e := range events {
			if e.Tenant == tenant && strings.HasPrefix(e.Type, "privacykit.dsr.") {
				found = append(found, e)
			}
		}
		return found, err
	}
}

// Outbox returns a function that reads all events of the outbox.
func Outbox(store consent.OutboxStore) func(context.Context) ([]privacy.Event, error) {
	return func(ctx context.Context) ([]privacy.Event, error) {
		deliveries, err := store.Claim(ctx, consent.Claim{Worker: "reader", Limit: 1000, Now: time.Now(), Lease: time.Microsecond})
		var events []privacy.Event
		for _, d := range deliveries {
			events = append(events, d.Event)
		}
		return events, err
	}
}

func requestsOf(store retention.RequestStore) func(context.Context, privacy.TenantID) ([]dsrtest.OpenRequest, error) {
	return func(ctx context.Context, tenant privacy.TenantID) ([]dsrtest.OpenRequest, error) {
		requests, err := store.Requests(ctx, tenant)
		var open []dsrtest.OpenRequest
		for _, r := range requests {
			open = append(open, dsrtest.OpenRequest{ID: r.ID, Subjects: r.Subjects, Right: r.Right})
		}
		return open, err
	}
}

// FirstUpdate makes a case, with one of everything.
func FirstUpdate(id dsr.CaseID) dsr.Update {
	at := Moment()
	return dsr.Update{
		Case: dsr.Case{
			Tenant: Tenant, ID: id, Version: 1, Subject: "s1", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25", Received: at,
			Items: []dsr.Item{{Request: regime.RequestAccess, Work: dsr.StateReceived}},
		},
		Lines:   []dsr.LogLine{{At: at, Payload: "{}"}},
		Effects: []privacy.Effect{{Tenant: Tenant, Subject: "s1", Kind: privacy.EffectRestriction, Cause: string(id), At: at, Key: string(id)}},
		Events:  []privacy.Event{{ID: string(id), Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.submit", Time: at, Tenant: Tenant}},
		Wakes:   []dsr.Wake{{Tenant: Tenant, Kind: "dsr.deadline", Key: string(id), RunAt: at, Payload: "{}"}},
		Key:     "key of " + string(id), Digest: "d",
	}
}

// CaseLists are the queries that a dashboard and a sweep make, from the middle, with
// the index that must answer each.
func CaseLists(ctx context.Context, s dsr.Store) map[string]func() error {
	middle := dsr.Position{Due: privacy.MustDate("2026-07-01"), ID: "case-00050000"}
	return map[string]func() error{
		"cases_open":    func() error { _, err := s.Open(ctx, Tenant, middle, 50); return err },
		"cases_state":   func() error { _, err := s.ByState(ctx, Tenant, dsr.StateIdentityPending, middle, 50); return err },
		"cases_dead":    func() error { _, err := s.WithDeadTask(ctx, Tenant, middle, 50); return err },
		"cases_subject": func() error { _, err := s.OfSubject(ctx, Tenant, "subject-000100", "", 50); return err },
		"cases_closed": func() error {
			_, err := s.Closed(ctx, Tenant, dsr.ClosedQuery{Before: Moment(), Limit: 50})
			return err
		},
		"cases_unredacted": func() error {
			_, err := s.Closed(ctx, Tenant, dsr.ClosedQuery{Before: Moment(), Unredacted: true, Limit: 50})
			return err
		},
		"wakes_due": func() error { _, err := s.Claim(ctx, Moment(), Moment().Add(time.Minute), 50); return err },
	}
}

// RolledBackUpdate tests that what a host's transaction rolls back was never there.
// transact is a host that rolls back in any case.
func RolledBackUpdate(t *testing.T, stores *sqlstore.DB, transact Transact) {
	t.Helper()
	u := FirstUpdate("c")
	Must(t, transact(t.Context(), func(tx *sqlstore.Tx) error {
		Must(t, tx.DSR().Update(t.Context(), u))
		_, err := tx.DSR().Case(t.Context(), Tenant, "c")
		return err // the transaction sees its own work
	}))
	h := Cases(stores.DSR(), stores.Consent(), stores.Retention())
	if _, err := h.Case(t.Context(), Tenant, "c"); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("the case: got %v", err)
	}
	if _, err := h.Digest(t.Context(), Tenant, u.Key); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("its key: got %v", err)
	}
	events, err := h.Events(t.Context(), Tenant)
	if err != nil || len(events) > 0 {
		t.Errorf("%d events, error %v", len(events), err)
	}
	leases, err := h.Claim(t.Context(), Moment().AddDate(1, 0, 0), Moment().AddDate(1, 0, 1), 10)
	if err != nil || len(leases) > 0 {
		t.Errorf("%d wake-ups, error %v", len(leases), err)
	}
}
