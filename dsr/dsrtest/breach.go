package dsrtest

import (
	"context"
	"fmt"
	"reflect"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func breachClauses() []Clause {
	return []Clause{
		{"breach_versions", "SaveBreach writes an entry iff the version stored is b.Version-1.", breachVersions},
		{"breach_tenants", "What one tenant stored MUST NOT be visible to another.", breachTenants},
		{"breach_round_trip", "Values that are returned or passed in MUST NOT share memory with what is stored.", breachRoundTrip},
		{"breach_pages", "Breaches returns at most limit entries in order of their ids, from the one after the given id.", breachPages},
	}
}

func breachOf(id dsr.BreachID, version uint64) dsr.Breach {
	return dsr.Breach{
		Tenant: "t", ID: id, Version: version, Regime: "eu-gdpr@2018-05-25", Role: privacy.RoleController, AwareAt: epoch,
		Nature: "n", Effects: "e", Remedies: "r", Subjects: -1, Records: 12, Systems: []privacy.SystemID{"crm"},
	}
}

func breachVersions(ctx context.Context, h Harness) error {
	_, missing := h.Breaches.Breach(ctx, "t", "b")
	err := first(
		want(missing, privacy.ErrNotFound),
		want(h.Breaches.SaveBreach(ctx, breachOf("b", 2)), privacy.ErrConflict),
		h.Breaches.SaveBreach(ctx, breachOf("b", 1)),
		want(h.Breaches.SaveBreach(ctx, breachOf("b", 1)), privacy.ErrConflict),
		h.Breaches.SaveBreach(ctx, breachOf("b", 2)),
		want(h.Breaches.SaveBreach(ctx, breachOf("b", 4)), privacy.ErrConflict),
	)
	if err != nil {
		return err
	}
	got, err := h.Breaches.Breach(ctx, "t", "b")
	if err == nil && got.Version != 2 {
		return fmt.Errorf("version %d is stored, want 2", got.Version)
	}
	return err
}

func breachTenants(ctx context.Context, h Harness) error {
	if err := h.Breaches.SaveBreach(ctx, breachOf("b", 1)); err != nil {
		return err
	}
	_, missing := h.Breaches.Breach(ctx, "u", "b")
	list, err := h.Breaches.Breaches(ctx, "u", "", 10)
	if err == nil && len(list) != 0 {
		err = fmt.Errorf("another tenant sees %d entries", len(list))
	}
	other := breachOf("b", 1)
	other.Tenant = "u"
	return first(want(missing, privacy.ErrNotFound), err, h.Breaches.SaveBreach(ctx, other))
}

func breachRoundTrip(ctx context.Context, h Harness) error {
	entry := breachOf("b", 1)
	if err := h.Breaches.SaveBreach(ctx, entry); err != nil {
		return err
	}
	entry.Systems[0] = "changed by the caller"
	got, err := h.Breaches.Breach(ctx, "t", "b")
	if err != nil {
		return err
	}
	if wanted := breachOf("b", 1); !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	got.Systems[0] = "changed by the reader"
	again, err := h.Breaches.Breach(ctx, "t", "b")
	if err == nil && again.Systems[0] != "crm" {
		return fmt.Errorf("got %q", again.Systems[0])
	}
	return err
}

func breachPages(ctx context.Context, h Harness) error {
	for _, id := range []dsr.BreachID{"c", "a", "B", "b"} {
		if err := h.Breaches.SaveBreach(ctx, breachOf(id, 1)); err != nil {
			return err
		}
	}
	var ids []dsr.BreachID
	var after dsr.BreachID
	for range 4 {
		page, err := h.Breaches.Breaches(ctx, "t", after, 3)
		if err != nil {
			return err
		}
		for _, entry := range page {
			ids = append(ids, entry.ID)
			after = entry.ID
		}
	}
	if !reflect.DeepEqual(ids, []dsr.BreachID{"B", "a", "b", "c"}) {
		return fmt.Errorf("got %v, want [B a b c]", ids)
	}
	return nil
}
