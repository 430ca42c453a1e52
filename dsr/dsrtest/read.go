package dsrtest

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func readClauses() []Clause {
	return []Clause{
		{"case_round_trip", "Times MUST come back as the same instant to the microsecond, in UTC.", caseRoundTrip},
		{"case_tenants", "What one tenant stored MUST NOT be visible to another.", caseTenants},
		{"case_ids", "Identifiers MUST be compared byte for byte.", caseIDs},
		{"case_copies", "Values that are returned or passed in MUST NOT share memory with what is stored.", caseCopies},
		{"log_pages", "Log returns at most limit lines of the log of a case, in order, from the one after the given sequence number.", logPages},
		{"open_order", "Open returns summaries of open cases in order of their due day, then id, cases without a due day last.", openOrder},
		{"open_only", "Open returns open cases.", openOnly},
		{"open_stable", "A case that is added or moved while pages are read MUST NOT make another case appear twice or not at all.", openStable},
	}
}

func caseRoundTrip(ctx context.Context, h Harness) error {
	berlin := time.FixedZone("UTC+1", 3600)
	u := creation("t", "c")
	u.Case.Received = epoch.In(berlin)
	if err := h.Cases.Update(ctx, u); err != nil {
		return err
	}
	got, err := h.Cases.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if wanted := caseOf("t", "c"); !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	lines, err := h.Cases.Log(ctx, "t", "c", 0, 1)
	if err != nil {
		return err
	}
	if len(lines) != 1 || lines[0].At != epoch {
		return fmt.Errorf("the log has %+v", lines)
	}
	return nil
}

func caseTenants(ctx context.Context, h Harness) error {
	if err := h.Cases.Update(ctx, creation("t", "c")); err != nil {
		return err
	}
	_, missing := h.Cases.Case(ctx, "u", "c")
	lines, logErr := h.Cases.Log(ctx, "u", "c", 0, 10)
	open, openErr := h.Cases.Open(ctx, "u", dsr.Position{}, 10)
	if err := first(want(missing, privacy.ErrNotFound), logErr, openErr); err != nil {
		return err
	}
	if len(lines)+len(open) != 0 {
		return fmt.Errorf("another tenant sees %d lines and %d cases", len(lines), len(open))
	}
	return first(
		want(h.Cases.Update(ctx, following("u", "c", 1)), privacy.ErrNotFound),
		h.Cases.Update(ctx, creation("u", "c")),
	)
}

func caseIDs(ctx context.Context, h Harness) error {
	ids := []dsr.CaseID{"c", "C", "c ", "\u00e7", "c\u0327"}
	for _, id := range ids {
		if err := h.Cases.Update(ctx, creation("t", id)); err != nil {
			return fmt.Errorf("%q: %w", id, err)
		}
	}
	for _, id := range ids {
		c, err := h.Cases.Case(ctx, "t", id)
		if err != nil {
			return fmt.Errorf("%q: %w", id, err)
		}
		if c.ID != id {
			return fmt.Errorf("asked for %q, got %q", id, c.ID)
		}
	}
	return nil
}

func caseCopies(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	if err := h.Cases.Update(ctx, u); err != nil {
		return err
	}
	u.Case.Items[0].Tasks[0].Categories[0] = "changed by the caller"
	got, err := h.Cases.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	got.Items[0].Work = dsr.StateFulfilled
	got.Items[0].Tasks[0].Categories[0] = "changed by the reader"
	again, err := h.Cases.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if wanted := caseOf("t", "c"); !reflect.DeepEqual(again, wanted) {
		return fmt.Errorf("got %+v, want %+v", again, wanted)
	}
	return nil
}

func logPages(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Lines = nil
	for i := range 5 {
		u.Lines = append(u.Lines, dsr.LogLine{At: epoch, Payload: fmt.Sprint(i + 1)})
	}
	if err := h.Cases.Update(ctx, u); err != nil {
		return err
	}
	page, err := h.Cases.Log(ctx, "t", "c", 2, 2)
	if err != nil {
		return err
	}
	if len(page) != 2 || page[0].Payload != "3" || page[1].Payload != "4" {
		return fmt.Errorf("the page after 2 is %+v", page)
	}
	none, err := h.Cases.Log(ctx, "t", "other", 0, 10)
	return empty(len(none), err, "lines of a case that is not there")
}

// put makes a case with a due day.
func (h Harness) put(ctx context.Context, id dsr.CaseID, due string, work dsr.State) error {
	u := creation("t", id)
	u.Due = privacy.Date{}
	if due != "" {
		u.Due = privacy.MustDate(due)
	}
	u.Case.Items[0].Work = work
	return h.Cases.Update(ctx, u)
}

// pages reads all open cases in pages of a size; between pages it calls back.
func (h Harness) pages(ctx context.Context, size int, between func() error) ([]dsr.CaseID, error) {
	var ids []dsr.CaseID
	var after dsr.Position
	for {
		page, err := h.Cases.Open(ctx, "t", after, size)
		if err != nil {
			return nil, err
		}
		if len(page) > size {
			return nil, fmt.Errorf("a page of at most %d has %d", size, len(page))
		}
		for _, summary := range page {
			ids = append(ids, summary.ID)
			after = summary.Position()
		}
		if len(page) < size || len(ids) > 100 {
			return ids, nil
		}
		if err := between(); err != nil {
			return nil, err
		}
	}
}

func openOrder(ctx context.Context, h Harness) error {
	err := first(
		h.put(ctx, "d", "", dsr.StateReceived),
		h.put(ctx, "b", "2026-04-02", dsr.StateReceived),
		h.put(ctx, "c", "2026-04-02", dsr.StateInProgress),
		h.put(ctx, "a", "2026-05-01", dsr.StateReceived),
	)
	if err != nil {
		return err
	}
	for _, size := range []int{1, 3, 10} {
		ids, err := h.pages(ctx, size, func() error { return nil })
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(ids, []dsr.CaseID{"b", "c", "a", "d"}) {
			return fmt.Errorf("in pages of %d: got %v, want [b c a d]", size, ids)
		}
	}
	page, err := h.Cases.Open(ctx, "t", dsr.Position{}, 1)
	if err != nil {
		return err
	}
	wanted := dsr.Summary{ID: "b", State: dsr.StateReceived, Due: privacy.MustDate("2026-04-02"), Received: epoch}
	if len(page) != 1 || page[0] != wanted {
		return fmt.Errorf("got %+v, want %+v", page, wanted)
	}
	return nil
}

func openOnly(ctx context.Context, h Harness) error {
	err := first(
		h.put(ctx, "a", "2026-04-01", dsr.StateReceived),
		h.put(ctx, "b", "2026-04-02", dsr.StateFulfilled),
	)
	if err != nil {
		return err
	}
	closing := following("t", "a", 1)
	closing.Case.Items[0].Work = dsr.StateRefused
	if err := h.Cases.Update(ctx, closing); err != nil {
		return err
	}
	open, err := h.Cases.Open(ctx, "t", dsr.Position{}, 10)
	return empty(len(open), err, "open cases after all were decided")
}

func openStable(ctx context.Context, h Harness) error {
	for i, id := range []dsr.CaseID{"b", "d", "f", "h"} {
		if err := h.put(ctx, id, fmt.Sprintf("2026-04-%02d", 2*i+2), dsr.StateReceived); err != nil {
			return err
		}
	}
	added := 0
	ids, err := h.pages(ctx, 2, func() error {
		added++
		return h.put(ctx, dsr.CaseID(fmt.Sprintf("a%d", added)), "2026-04-01", dsr.StateReceived)
	})
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(ids, []dsr.CaseID{"b", "d", "f", "h"}) {
		return fmt.Errorf("got %v, want [b d f h]", ids)
	}
	return nil
}
