package dsrtest

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func breachClauses() []Clause {
	return []Clause{
		{"breach_versions", "SaveBreach writes an entry iff the version stored is b.Version-1.", breachVersions},
		{"breach_validates", "What b.Validate refuses MUST be an error matching privacy.ErrInvalid.", breachValidates},
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
	_, missing := h.Breach(ctx, "t", "b")
	err := first(
		want(missing, privacy.ErrNotFound),
		want(h.SaveBreach(ctx, breachOf("b", 2)), privacy.ErrConflict),
		h.SaveBreach(ctx, breachOf("b", 1)),
		want(h.SaveBreach(ctx, breachOf("b", 1)), privacy.ErrConflict),
		h.SaveBreach(ctx, breachOf("b", 2)),
		want(h.SaveBreach(ctx, breachOf("b", 4)), privacy.ErrConflict),
	)
	if err != nil {
		return err
	}
	got, err := h.Breach(ctx, "t", "b")
	if err == nil && got.Version != 2 {
		return fmt.Errorf("version %d is stored, want 2", got.Version)
	}
	return err
}

func breachValidates(ctx context.Context, h Harness) error {
	return first(
		want(h.SaveBreach(ctx, breachOf("", 1)), privacy.ErrInvalid),
		want(h.SaveBreach(ctx, breachOf("b", 0)), privacy.ErrInvalid),
	)
}

func breachTenants(ctx context.Context, h Harness) error {
	if err := h.SaveBreach(ctx, breachOf("b", 1)); err != nil {
		return err
	}
	_, missing := h.Breach(ctx, "u", "b")
	list, err := h.Breaches(ctx, "u", "", 10)
	if err == nil && len(list) != 0 {
		err = fmt.Errorf("another tenant sees %d entries", len(list))
	}
	other := breachOf("b", 1)
	other.Tenant = "u"
	return first(want(missing, privacy.ErrNotFound), err, h.SaveBreach(ctx, other))
}

func breachRoundTrip(ctx context.Context, h Harness) error {
	entry := breachOf("b", 1)
	entry.AwareAt = entry.AwareAt.Add(time.Nanosecond).In(time.FixedZone("UTC+1", 3600))
	if err := h.SaveBreach(ctx, entry); err != nil {
		return err
	}
	entry.Systems[0] = "changed by the caller"
	got, err := h.Breach(ctx, "t", "b")
	if err != nil {
		return err
	}
	if wanted := breachOf("b", 1); !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	got.Systems[0] = "changed by the reader"
	again, err := h.Breach(ctx, "t", "b")
	if err == nil && again.Systems[0] != "crm" {
		return fmt.Errorf("got %q", again.Systems[0])
	}
	return err
}

func breachPages(ctx context.Context, h Harness) error {
	for _, id := range []dsr.BreachID{"c", "a", "B", "b"} {
		if err := h.SaveBreach(ctx, breachOf(id, 1)); err != nil {
			return err
		}
	}
	var ids []dsr.BreachID
	var after dsr.BreachID
	for range 4 {
		page, err := h.Breaches(ctx, "t", after, 3)
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
