package retention_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

// undecidedSweep has records of two systems of which some are decided on.
func undecidedSweep(t testing.TB) (*retention.Sweeper, map[string]*shelf) {
	t.Helper()
	maximum, law := maximum("m", "P1Y"), minimum("law", "P2Y")
	maximum.Scope.Categories, law.Scope.Categories = []privacy.CategoryID{"image"}, []privacy.CategoryID{"voucher"}
	shelves := map[string]*shelf{"b": newShelf(t, dueAndNot()), "a": newShelf(t, nil)}
	for _, r := range []retention.Record{
		{Key: "undated", Category: "image"},
		{Key: "undated too", Category: "image"},
		{Key: "unreadable", Category: "image", Unreadable: true, Events: recordFrom("2020-01-01").Events},
		{Key: "gone", Category: "image", Disposed: true},
		{Key: "uncovered", Category: "note", Events: recordFrom("2020-01-01").Events},
		{Key: "ended", Category: "voucher", Events: recordFrom("2020-01-01").Events},
		{Key: "runs", Category: "voucher", Events: recordFrom("2026-01-01").Events},
	} {
		shelves["a"].records[r.Key] = r
	}
	shelves["b"].records["undated"] = retention.Record{Key: "undated", Category: "image"}
	var systems []retention.System
	for _, id := range []privacy.SystemID{"b", "a"} {
		systems = append(systems, retention.System{ID: id, Source: shelves[string(id)], Disposer: shelves[string(id)]})
	}
	sweeper, err := retention.NewSweeper(compile(t, maximum, law), systems, memstore.NewRetention(),
		retention.SweepOptions{TokenKey: make([]byte, 32), Clock: &fixedClock{on("2026-06-01")}, Batch: 2, Samples: 1})
	noError(t, err)
	return sweeper, shelves
}

func TestUndecidedTellsWhatNobodyDecidedOn(t *testing.T) {
	sweeper, shelves := undecidedSweep(t)
	got, err := sweeper.Undecided(t.Context())
	noError(t, err)
	group := func(system privacy.SystemID, category privacy.CategoryID, finding retention.Finding, rule string, count int, sample string) retention.UndecidedGroup {
		reason := retention.UndecidedReason{System: system, Category: category, Finding: finding, RuleID: rule}
		return retention.UndecidedGroup{UndecidedReason: reason, Count: count, Samples: []string{sample}}
	}
	equal(t, []retention.UndecidedGroup{
		group("a", "image", retention.FindingAnchorMissing, "m", 2, "undated"),
		group("a", "image", retention.FindingUnreadable, "m", 1, "unreadable"),
		group("a", "note", retention.FindingNoRule, "", 1, "uncovered"),
		group("a", "voucher", retention.FindingNoDisposal, "law", 1, "ended"),
		group("b", "image", retention.FindingAnchorMissing, "m", 1, "undated"),
	}, got.Groups)
	equal(t, 6+len(dueAndNot())+1, got.Seen, "without what is disposed of")
	equal(t, on("2026-06-01"), got.At)
	equal(t, 0, shelves["a"].calls+shelves["b"].calls, "disposals")

	data, err := json.Marshal(got.Groups[0])
	noError(t, err)
	equal(t, `{"system":"a","category":"image","finding":"anchor_missing","rule":"m","count":2}`, string(data), "no keys")
}

func TestUndecidedAsksForEveryRecord(t *testing.T) {
	sweeper, shelves := undecidedSweep(t)
	failure := errors.New("down")
	shelves["a"].candidates = func(query retention.Query) error {
		isTrue(t, query.All && query.Schedule != nil && !query.At.IsZero())
		return failure
	}
	_, err := sweeper.Undecided(t.Context())
	errorIs(t, err, failure)
}
