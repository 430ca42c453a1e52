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
		{"case_complete", "Case returns a case: every field of it, and times as the same instant to the microsecond, in UTC.", caseComplete},
		{"case_tenants", "What one tenant stored MUST NOT be visible to another.", caseTenants},
		{"case_ids", "Identifiers MUST be compared byte for byte.", caseIDs},
		{"case_copies", "Values that are returned or passed in MUST NOT share memory with what is stored.", caseCopies},
		{"log_pages", "Log returns at most limit lines of the log of a case, in order, from the one after the given sequence number.", logPages},
		{"open_order", "Open returns summaries of open cases in order of their due day, then id, cases without a due day last.", openOrder},
		{"open_only", "Open returns open cases.", openOnly},
		{"open_stable", "A case that is added or moved while pages are read MUST NOT make another case appear twice or not at all.", openStable},
		{"by_state", "ByState returns the cases in a state, as Case.State reports it, in the order of CaseStore.Open.", byState},
		{"dead_tasks", "WithDeadTask returns the cases that have a dead task (Case.HasDeadTask), in the order of CaseStore.Open.", deadTasks},
		{"of_subject", "OfSubject returns the cases of a subject, open and closed, in order of their ids.", ofSubject},
		{"limits", "A limit below 1 MUST be an error matching privacy.ErrInvalid.", limits},
	}
}

func caseRoundTrip(ctx context.Context, h Harness) error {
	berlin := time.FixedZone("UTC+1", 3600)
	u := creation("t", "c")
	u.Case.Received = epoch.In(berlin)
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	got, err := h.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if wanted := caseOf("t", "c"); !reflect.DeepEqual(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	lines, err := h.Log(ctx, "t", "c", 0, 1)
	if err != nil {
		return err
	}
	if len(lines) != 1 || lines[0].At != epoch {
		return fmt.Errorf("the log has %+v", lines)
	}
	return nil
}

func caseTenants(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Case.Items[0].Tasks[0].State = dsr.TaskDead
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	_, missing := h.Case(ctx, "u", "c")
	lines, logErr := h.Log(ctx, "u", "c", 0, 10)
	open, openErr := h.Open(ctx, "u", dsr.Position{}, 10)
	inState, stateErr := h.ByState(ctx, "u", dsr.StateReceived, dsr.Position{}, 10)
	ofSubject, subjectErr := h.OfSubject(ctx, "u", "s1", "", 10)
	dead, deadErr := h.WithDeadTask(ctx, "u", dsr.Position{}, 10)
	if err := first(want(missing, privacy.ErrNotFound), logErr, openErr, stateErr, subjectErr, deadErr); err != nil {
		return err
	}
	if n := len(open) + len(inState) + len(ofSubject) + len(dead); len(lines)+n != 0 {
		return fmt.Errorf("another tenant sees %d lines and %d cases", len(lines), n)
	}
	return first(
		want(h.Update(ctx, following("u", "c", 1)), privacy.ErrNotFound),
		h.Update(ctx, creation("u", "c")),
	)
}

func caseIDs(ctx context.Context, h Harness) error {
	ids := []dsr.CaseID{"c", "C", "c ", "\u00e7", "c\u0327"}
	for _, id := range ids {
		if err := h.Update(ctx, creation("t", id)); err != nil {
			return fmt.Errorf("%q: %w", id, err)
		}
	}
	for _, id := range ids {
		c, err := h.Case(ctx, "t", id)
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
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	u.Case.Items[0].Tasks[0].Categories[0] = "changed by the caller"
	got, err := h.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	got.Items[0].Work = dsr.StateFulfilled
	got.Items[0].Tasks[0].Categories[0] = "changed by the reader"
	again, err := h.Case(ctx, "t", "c")
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
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	page, err := h.Log(ctx, "t", "c", 2, 2)
	if err != nil {
		return err
	}
	if len(page) != 2 || page[0].Payload != "3" || page[1].Payload != "4" {
		return fmt.Errorf("the page after 2 is %+v", page)
	}
	none, err := h.Log(ctx, "t", "other", 0, 10)
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
	return h.Update(ctx, u)
}

// pages reads all that a list has in pages of a size.
func pages(size int, list func(after dsr.Position) ([]dsr.Summary, error)) ([]dsr.CaseID, error) {
	var ids []dsr.CaseID
	var after dsr.Position
	for {
		page, err := list(after)
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
		ids, err := pages(size, func(after dsr.Position) ([]dsr.Summary, error) { return h.Open(ctx, "t", after, size) })
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(ids, []dsr.CaseID{"b", "c", "a", "d"}) {
			return fmt.Errorf("in pages of %d: got %v, want [b c a d]", size, ids)
		}
	}
	page, err := h.Open(ctx, "t", dsr.Position{}, 1)
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
	if err := h.Update(ctx, closing); err != nil {
		return err
	}
	open, err := h.Open(ctx, "t", dsr.Position{}, 10)
	return empty(len(open), err, "open cases after all were decided")
}

func openStable(ctx context.Context, h Harness) error {
	for i, id := range []dsr.CaseID{"b", "d", "f", "h"} {
		if err := h.put(ctx, id, fmt.Sprintf("2026-04-%02d", 2*i+2), dsr.StateReceived); err != nil {
			return err
		}
	}
	added := 0
	ids, err := pages(2, func(after dsr.Position) ([]dsr.Summary, error) {
		if after != (dsr.Position{}) {
			added++
			if err := h.put(ctx, dsr.CaseID(fmt.Sprintf("a%d", added)), "2026-04-01", dsr.StateReceived); err != nil {
				return nil, err
			}
		}
		return h.Open(ctx, "t", after, 2)
	})
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(ids, []dsr.CaseID{"b", "d", "f", "h"}) {
		return fmt.Errorf("got %v, want [b d f h]", ids)
	}
	return nil
}

func byState(ctx context.Context, h Harness) error {
	err := first(
		h.put(ctx, "d", "", dsr.StateReceived),
		h.put(ctx, "b", "2026-04-02", dsr.StateReceived),
		h.put(ctx, "c", "2026-04-02", dsr.StateInProgress),
		h.put(ctx, "a", "2026-05-01", dsr.StateReceived),
		h.put(ctx, "e", "", dsr.StateRefused),
	)
	if err != nil {
		return err
	}
	moved := following("t", "c", 1)
	moved.Case.Blockers, moved.Due = dsr.BlockerSet(0).With(dsr.BlockerIdentity), privacy.MustDate("2026-04-09")
	if err := h.Update(ctx, moved); err != nil {
		return err
	}
	for state, wanted := range map[dsr.State][]dsr.CaseID{
		dsr.StateReceived: {"b", "a", "d"}, dsr.StateInProgress: nil, dsr.StateIdentityPending: {"c"}, dsr.StateRefused: {"e"},
	} {
		var ids []dsr.CaseID
		var after dsr.Position
		for range len(wanted) + 1 {
			page, err := h.ByState(ctx, "t", state, after, 1)
			if err != nil {
				return err
			}
			for _, summary := range page {
				ids, after = append(ids, summary.ID), summary.Position()
				if summary.State != state {
					return fmt.Errorf("%s is listed as %v under %v", summary.ID, summary.State, state)
				}
			}
		}
		if !reflect.DeepEqual(ids, wanted) {
			return fmt.Errorf("in state %v: got %v, want %v", state, ids, wanted)
		}
	}
	return nil
}

// die has the task of a case be given up, or its item be in another state.
func (h Harness) die(ctx context.Context, id dsr.CaseID, version uint64, due string, work dsr.State, task dsr.TaskState) error {
	u := following("t", id, version)
	u.Due = privacy.Date{}
	if due != "" {
		u.Due = privacy.MustDate(due)
	}
	u.Case.Items[0].Work, u.Case.Items[0].Tasks[0].State = work, task
	return h.Update(ctx, u)
}

func deadTasks(ctx context.Context, h Harness) error {
	for _, id := range []dsr.CaseID{"d", "b", "c", "a", "resumed", "answered", "pending"} {
		if err := h.put(ctx, id, "2026-04-02", dsr.StateInProgress); err != nil {
			return err
		}
	}
	err := first(
		h.die(ctx, "d", 1, "", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "b", 1, "2026-04-02", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "c", 1, "2026-04-02", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "a", 1, "2026-05-01", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "resumed", 1, "2026-04-02", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "resumed", 2, "2026-04-02", dsr.StateInProgress, dsr.TaskPending),
		h.die(ctx, "answered", 1, "2026-04-02", dsr.StateInProgress, dsr.TaskDead),
		h.die(ctx, "answered", 2, "2026-04-02", dsr.StatePartiallyFulfilled, dsr.TaskDead),
	)
	if err != nil {
		return err
	}
	for _, size := range []int{1, 3, 10} {
		ids, err := pages(size, func(after dsr.Position) ([]dsr.Summary, error) { return h.WithDeadTask(ctx, "t", after, size) })
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(ids, []dsr.CaseID{"b", "c", "a", "d"}) {
			return fmt.Errorf("in pages of %d: got %v, want [b c a d]", size, ids)
		}
	}
	return nil
}

func ofSubject(ctx context.Context, h Harness) error {
	for _, id := range []dsr.CaseID{"c", "a", "B", "b", "other", "nobody"} {
		u := creation("t", id)
		u.Effects = nil
		switch id {
		case "other":
			u.Case.Subject = "S1"
		case "nobody":
			u.Case.Subject = ""
		case "a":
			u.Case.Items[0].Work = dsr.StateFulfilled
		}
		if err := h.Update(ctx, u); err != nil {
			return err
		}
	}
	var ids []dsr.CaseID
	var after dsr.CaseID
	for range 3 {
		page, err := h.OfSubject(ctx, "t", "s1", after, 2)
		if err != nil {
			return err
		}
		for _, summary := range page {
			ids, after = append(ids, summary.ID), summary.ID
		}
	}
	if !reflect.DeepEqual(ids, []dsr.CaseID{"B", "a", "b", "c"}) {
		return fmt.Errorf("got %v, want [B a b c]", ids)
	}
	none, err := h.OfSubject(ctx, "t", "", "", 10)
	return empty(len(none), err, "cases of nobody")
}

func limits(ctx context.Context, h Harness) error {
	for _, limit := range []int{0, -1} {
		_, logErr := h.Log(ctx, "t", "c", 0, limit)
		_, openErr := h.Open(ctx, "t", dsr.Position{}, limit)
		_, stateErr := h.ByState(ctx, "t", dsr.StateReceived, dsr.Position{}, limit)
		_, deadErr := h.WithDeadTask(ctx, "t", dsr.Position{}, limit)
		_, subjectErr := h.OfSubject(ctx, "t", "s1", "", limit)
		_, closedErr := h.Closed(ctx, "t", dsr.ClosedQuery{Before: epoch, Limit: limit})
		_, claimErr := h.Claim(ctx, epoch, epoch.Add(time.Hour), limit)
		_, breachErr := h.Breaches(ctx, "t", "", limit)
		for _, err := range []error{logErr, openErr, stateErr, deadErr, subjectErr, closedErr, claimErr, breachErr} {
			if err := want(err, privacy.ErrInvalid); err != nil {
				return fmt.Errorf("a limit of %d: %w", limit, err)
			}
		}
	}
	return nil
}
