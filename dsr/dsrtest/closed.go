package dsrtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func closedClauses() []Clause {
	return []Clause{
		{"closed_pages", "Closed returns at most q.Limit cases that have ended, before q.Before, in order of when they ended, then of their ids.", closedPages},
		{"closed_ended", "A case ends at the latest time of a line of its log, and not before it was received.", closedEnded},
		{"closed_remainder", "A case that has not ended is not among them, and is an error matching privacy.ErrConflict for Redact and Erase.", closedRemainder},
		{"closed_unredacted", "If q.Unredacted is set, those that were redacted are left out.", closedUnredacted},
		{"redact", "Redact writes what Case.Redact returns in the place of a case, forgets the idempotency keys of its updates and hands d.Events to the outbox.", redact},
		{"redact_keeps_log", "The log and the time when it ended MUST stay as they are.", redactKeepsLog},
		{"redact_conflicts", "A case that has not ended, or not before d.Before, is an error matching privacy.ErrConflict; nothing is then written.", redactConflicts},
		{"redact_again", "A case that was redacted or is not there MUST be a success that writes nothing.", redactAgain},
		{"redact_races", "An update that was computed from the version before MUST NOT bring back what was redacted.", redactRaces},
		{"erase", "Erase removes a case with its log and the idempotency keys of its updates and hands d.Events to the outbox.", erase},
		{"erase_conflicts", "The conditions are those of Redact.", eraseConflicts},
		{"erase_again", "A case that is not there MUST be a success that writes nothing.", eraseAgain},
	}
}

// closeAt makes a case that is closed from the start and ends at a time.
func (h Harness) closeAt(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, at time.Time) error {
	u := creation(tenant, id)
	u.Effects, u.Wakes, u.Events = nil, nil, nil
	u.Case.Items[0].Work, u.Due = dsr.StateFulfilled, privacy.Date{}
	u.Lines[0].At = at
	u.Key, u.Digest = "key of "+string(id), "d"
	return h.Update(ctx, u)
}

// later is after every case of the clauses has ended.
var later = epoch.AddDate(1, 0, 0)

func disposal(id dsr.CaseID) dsr.Disposal {
	return dsr.Disposal{Tenant: "t", ID: id, Before: later, Events: []privacy.Event{{
		ID: "t/" + string(id) + "/disposed", Source: "/dsr", SpecVersion: privacy.SpecVersion,
		Type: "privacykit.dsr.disposed", Time: later, Tenant: "t",
	}}}
}

func (h Harness) closedIDs(ctx context.Context, q dsr.ClosedQuery) ([]dsr.CaseID, error) {
	var ids []dsr.CaseID
	for {
		page, err := h.Closed(ctx, "t", q)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			ids, q.After = append(ids, c.ID), c.Position()
		}
		if len(page) < q.Limit || len(ids) > 100 {
			return ids, nil
		}
	}
}

// withhold makes a case that was answered, but keeps something until its ground
// lapses.
func (h Harness) withhold(ctx context.Context, id dsr.CaseID) error {
	u := creation("t", id)
	u.Effects, u.Wakes, u.Events = nil, nil, nil
	u.Case.Items[0].Work, u.Due = dsr.StatePartiallyFulfilled, privacy.Date{}
	u.Case.Items[0].Protections = []dsr.Protection{{System: "s", Category: "c", Ground: "17(3)(b)", Source: "rule"}}
	return h.Update(ctx, u)
}

func closedRemainder(ctx context.Context, h Harness) error {
	if err := h.withhold(ctx, "a"); err != nil {
		return err
	}
	ids, err := h.closedIDs(ctx, dsr.ClosedQuery{Before: later, Limit: 10})
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		return fmt.Errorf("the case is listed though something is withheld: %v", ids)
	}
	for what, dispose := range map[string]func(context.Context, dsr.Disposal) error{"Redact": h.Redact, "Erase": h.Erase} {
		if err := dispose(ctx, disposal("a")); !errors.Is(err, privacy.ErrConflict) {
			return fmt.Errorf("%s: got %v, want a conflict", what, err)
		}
	}
	return nil
}

func closedPages(ctx context.Context, h Harness) error {
	err := first(
		h.closeAt(ctx, "t", "c", epoch.Add(time.Hour)),
		h.closeAt(ctx, "t", "b", epoch.Add(2*time.Hour)),
		h.closeAt(ctx, "t", "a", epoch.Add(2*time.Hour)),
		h.closeAt(ctx, "t", "late", epoch.Add(3*time.Hour)),
		h.closeAt(ctx, "u", "other", epoch),
		h.put(ctx, "open", "2026-04-01", dsr.StateReceived),
	)
	if err != nil {
		return err
	}
	for _, size := range []int{1, 2, 10} {
		ids, err := h.closedIDs(ctx, dsr.ClosedQuery{Before: epoch.Add(3 * time.Hour), Limit: size})
		if err != nil {
			return err
		}
		if !reflect.DeepEqual(ids, []dsr.CaseID{"c", "a", "b"}) {
			return fmt.Errorf("in pages of %d: got %v, want [c a b]", size, ids)
		}
	}
	return nil
}

func closedEnded(ctx context.Context, h Harness) error {
	err := first(h.closeAt(ctx, "t", "c", epoch.Add(time.Hour)), h.closeAt(ctx, "t", "d", epoch.Add(-time.Hour)))
	if err != nil {
		return err
	}
	u := following("t", "c", 1)
	u.Case.Items[0].Work = dsr.StateFulfilled
	u.Lines = []dsr.LogLine{{At: epoch.Add(3 * time.Hour), Payload: "1"}, {At: epoch.Add(2 * time.Hour), Payload: "2"}}
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	got, err := h.Closed(ctx, "t", dsr.ClosedQuery{Before: later, Limit: 10})
	wanted := []dsr.ClosedCase{
		{ID: "d", Regime: "eu-gdpr@2018-05-25", Ended: epoch},
		{ID: "c", Regime: "eu-gdpr@2018-05-25", Ended: epoch.Add(3 * time.Hour)},
	}
	if err == nil && !slices.Equal(got, wanted) {
		return fmt.Errorf("got %+v, want %+v", got, wanted)
	}
	return err
}

func closedUnredacted(ctx context.Context, h Harness) error {
	err := first(h.closeAt(ctx, "t", "a", epoch), h.closeAt(ctx, "t", "b", epoch), h.Redact(ctx, disposal("a")))
	if err != nil {
		return err
	}
	left, err := h.closedIDs(ctx, dsr.ClosedQuery{Before: later, Unredacted: true, Limit: 10})
	if err != nil {
		return err
	}
	all, err := h.Closed(ctx, "t", dsr.ClosedQuery{Before: later, Limit: 10})
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(left, []dsr.CaseID{"b"}) || len(all) != 2 || !all[0].Redacted || all[1].Redacted {
		return fmt.Errorf("left to redact are %v of %+v", left, all)
	}
	return nil
}

func redact(ctx context.Context, h Harness) error {
	if err := h.closeAt(ctx, "t", "c", epoch); err != nil {
		return err
	}
	before, err := h.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if err := h.Redact(ctx, disposal("c")); err != nil {
		return err
	}
	after, err := h.Case(ctx, "t", "c")
	if err != nil {
		return err
	}
	if wanted := before.Redact(); !reflect.DeepEqual(after, wanted) || after.Subject != "" {
		return fmt.Errorf("got %+v, want %+v", after, wanted)
	}
	_, key := h.Digest(ctx, "t", "key of c")
	found, err := h.OfSubject(ctx, "t", "s1", "", 10)
	if err == nil && len(found) > 0 {
		err = errors.New("the case is still found by its subject")
	}
	return first(err, want(key, privacy.ErrNotFound), h.disposed(ctx, 1))
}

// disposed reports another number of events of disposals than wanted.
func (h Harness) disposed(ctx context.Context, wanted int) error {
	events, err := h.Events(ctx, "t")
	n := 0
	for _, event := range events {
		if event.Type == "privacykit.dsr.disposed" {
			n++
		}
	}
	if err == nil && n != wanted {
		return fmt.Errorf("%d events of disposals are in the outbox, want %d", n, wanted)
	}
	return err
}

func redactKeepsLog(ctx context.Context, h Harness) error {
	if err := h.closeAt(ctx, "t", "c", epoch.Add(time.Hour)); err != nil {
		return err
	}
	before, err := h.Log(ctx, "t", "c", 0, 10)
	if err != nil {
		return err
	}
	if err := h.Redact(ctx, disposal("c")); err != nil {
		return err
	}
	after, err := h.Log(ctx, "t", "c", 0, 10)
	if err != nil {
		return err
	}
	if len(after) == 0 || !slices.Equal(before, after) {
		return fmt.Errorf("the log was %+v and is %+v", before, after)
	}
	closed, err := h.Closed(ctx, "t", dsr.ClosedQuery{Before: later, Limit: 10})
	if err == nil && (len(closed) != 1 || closed[0].Ended != epoch.Add(time.Hour)) {
		return fmt.Errorf("it ended as %+v", closed)
	}
	return err
}

func redactConflicts(ctx context.Context, h Harness) error { return h.disposeConflicts(ctx, h.Redact) }

func eraseConflicts(ctx context.Context, h Harness) error { return h.disposeConflicts(ctx, h.Erase) }

func (h Harness) disposeConflicts(ctx context.Context, dispose func(context.Context, dsr.Disposal) error) error {
	err := first(h.closeAt(ctx, "t", "closed", epoch.Add(time.Hour)), h.put(ctx, "open", "2026-04-01", dsr.StateReceived))
	if err != nil {
		return err
	}
	early := disposal("closed")
	early.Before = epoch.Add(time.Hour)
	err = first(want(dispose(ctx, early), privacy.ErrConflict), want(dispose(ctx, disposal("open")), privacy.ErrConflict), h.disposed(ctx, 0))
	if err != nil {
		return err
	}
	for _, id := range []dsr.CaseID{"closed", "open"} {
		c, err := h.Case(ctx, "t", id)
		if err != nil {
			return err
		}
		if c.Redacted || c.Subject != "s1" {
			return fmt.Errorf("the refused call changed the case %s", id)
		}
	}
	return nil
}

func redactAgain(ctx context.Context, h Harness) error {
	err := first(h.closeAt(ctx, "t", "c", epoch), h.Redact(ctx, disposal("c")), h.Redact(ctx, disposal("c")), h.Redact(ctx, disposal("gone")))
	if err != nil {
		return err
	}
	c, err := h.Case(ctx, "t", "c")
	if err == nil && c.Version != 2 {
		return fmt.Errorf("version %d is stored, want 2", c.Version)
	}
	return first(err, h.disposed(ctx, 1))
}

func redactRaces(ctx context.Context, h Harness) error {
	if err := h.closeAt(ctx, "t", "c", epoch); err != nil {
		return err
	}
	u := following("t", "c", 1)
	return first(h.Redact(ctx, disposal("c")), want(h.Update(ctx, u), privacy.ErrConflict))
}

func erase(ctx context.Context, h Harness) error {
	err := first(h.closeAt(ctx, "t", "c", epoch), h.closeAt(ctx, "t", "d", epoch), h.closeAt(ctx, "u", "c", epoch), h.Erase(ctx, disposal("c")))
	if err != nil {
		return err
	}
	_, missing := h.Case(ctx, "t", "c")
	_, key := h.Digest(ctx, "t", "key of c")
	lines, err := h.Log(ctx, "t", "c", 0, 10)
	err = first(empty(len(lines), err, "lines left of an erased case"), want(missing, privacy.ErrNotFound), want(key, privacy.ErrNotFound), h.disposed(ctx, 1))
	if err != nil {
		return err
	}
	for _, kept := range []struct {
		tenant privacy.TenantID
		id     dsr.CaseID
	}{{"t", "d"}, {"u", "c"}} {
		lines, err := h.Log(ctx, kept.tenant, kept.id, 0, 10)
		_, keyErr := h.Digest(ctx, kept.tenant, "key of "+string(kept.id))
		if err := first(err, keyErr); err != nil {
			return err
		}
		if len(lines) != 1 {
			return fmt.Errorf("another case was left with %d lines", len(lines))
		}
	}
	return h.closeAt(ctx, "t", "c", epoch)
}

func eraseAgain(ctx context.Context, h Harness) error {
	return first(
		h.closeAt(ctx, "t", "c", epoch), h.Erase(ctx, disposal("c")), h.Erase(ctx, disposal("c")), h.Erase(ctx, disposal("gone")),
		h.disposed(ctx, 1),
	)
}
