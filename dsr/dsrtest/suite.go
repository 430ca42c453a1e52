package dsrtest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Harness is a fresh, empty store under test, and three windows on what its
// updates hand to others.
type Harness struct {
	dsr.Store
	// Effects returns the effects that reached the ledger of consent in a
	// tenant, in order.
	Effects func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error)
	// Events returns the events of package dsr, whose types begin with
	// "privacykit.dsr.", in the outbox of a tenant, in order.
	Events func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error)
	// Requests returns the open requests of a tenant that sweeps leave alone, in
	// the order of their ids.
	Requests func(ctx context.Context, tenant privacy.TenantID) ([]OpenRequest, error)
}

// OpenRequest is an open request as package retention keeps it.
type OpenRequest struct {
	ID       string
	Subjects []privacy.SubjectID
	Right    privacy.Right
}

// Clause is one sentence of a contract and its check.
type Clause struct {
	// Name is unique, in lower_snake_case.
	Name string
	// Text is the sentence.
	Text string
	// Check returns how the store breaks the sentence, nil if it does not.
	Check func(ctx context.Context, h Harness) error
}

// Clauses returns every clause of the suite.
func Clauses() []Clause {
	var clauses []Clause
	clauses = append(clauses, updateClauses()...)
	clauses = append(clauses, requestClauses()...)
	clauses = append(clauses, readClauses()...)
	clauses = append(clauses, wakeClauses()...)
	clauses = append(clauses, breachClauses()...)
	return append(clauses, closedClauses()...)
}

// Run checks every clause against a harness of its own, as a subtest.
func Run(t *testing.T, newHarness func(t testing.TB) Harness) {
	t.Helper()
	for _, clause := range Clauses() {
		t.Run(clause.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := clause.Check(ctx, newHarness(t)); err != nil {
				t.Errorf("%s\n%v", clause.Text, err)
			}
		})
	}
}

// epoch is the time at which the clauses begin. Its nanoseconds are whole
// microseconds, which is what a store keeps.
var epoch = time.Date(2026, 3, 2, 9, 30, 0, 123456000, time.UTC)

// caseOf returns the first version of a case.
func caseOf(tenant privacy.TenantID, id dsr.CaseID) dsr.Case {
	return dsr.Case{
		Tenant: tenant, ID: id, Version: 1, Subject: "s1", Role: privacy.RoleController,
		Regime: "eu-gdpr@2018-05-25", Received: epoch, ContentHash: "00ff", Channel: "web_form",
		Items: []dsr.Item{{
			Request: regime.RequestErasure, Work: dsr.StateReceived,
			Pauses: []regime.Pause{{Blocker: regime.BlockerIdentity, From: privacy.MustDate("2026-03-03")}},
			Tasks:  []dsr.Task{{ID: "t1", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name"}}},
		}},
	}
}

// creation returns the update that makes a case, with one of everything.
func creation(tenant privacy.TenantID, id dsr.CaseID) dsr.Update {
	return dsr.Update{
		Case:  caseOf(tenant, id),
		Due:   privacy.MustDate("2026-04-02"),
		Lines: []dsr.LogLine{{At: epoch, Payload: `{"event":"submit"}`}},
		Effects: []privacy.Effect{{
			Tenant: tenant, Subject: "s1", Kind: privacy.EffectRestriction, Cause: string(id), At: epoch, Key: string(id) + "/1",
		}},
		Events: []privacy.Event{{
			ID: string(tenant) + "/" + string(id) + "/1", Source: "/dsr", SpecVersion: privacy.SpecVersion,
			Type: "privacykit.dsr.opened", Time: epoch, Tenant: tenant,
		}},
		Wakes: []dsr.Wake{{Tenant: tenant, Kind: "deadline", Key: string(id), RunAt: epoch.Add(time.Hour), Payload: "{}"}},
	}
}

// following returns the update from a version to the next.
func following(tenant privacy.TenantID, id dsr.CaseID, version uint64) dsr.Update {
	u := creation(tenant, id)
	u.Expect, u.Case.Version = version, version+1
	suffix := fmt.Sprintf("/%d", version+1)
	u.Lines[0].Payload = fmt.Sprintf(`{"version":%d}`, version+1)
	u.Effects[0].Key = string(id) + suffix
	u.Events[0].ID = string(tenant) + "/" + string(id) + suffix
	u.Wakes[0].Key = string(id) + suffix
	return u
}

// written counts everything that updates of a case have left in a tenant.
type written struct {
	version                uint64
	lines, effects, events int
}

// written counts what updates of the case "c" have left in the tenant "t".
func (h Harness) written(ctx context.Context) (written, error) {
	const tenant, id = privacy.TenantID("t"), dsr.CaseID("c")
	var w written
	c, err := h.Case(ctx, tenant, id)
	switch {
	case err == nil:
		w.version = c.Version
	case !errors.Is(err, privacy.ErrNotFound):
		return w, err
	}
	lines, err := h.Log(ctx, tenant, id, 0, 1000)
	if err != nil {
		return w, err
	}
	effects, err := h.Effects(ctx, tenant)
	if err != nil {
		return w, err
	}
	events, err := h.Events(ctx, tenant)
	w.lines, w.effects, w.events = len(lines), len(effects), len(events)
	return w, err
}

// unchanged reports what an update of the case "c" of the tenant "t" that failed
// has written.
func (h Harness) unchanged(ctx context.Context, before written) error {
	after, err := h.written(ctx)
	if err != nil {
		return err
	}
	if after != before {
		return fmt.Errorf("a refused call changed what is stored from %+v to %+v", before, after)
	}
	return nil
}

// want reports an error that does not match.
func want(err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("got %v, want an error that matches %v", err, target)
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// empty reports that there are n of something, or the error of the count.
func empty(n int, err error, what string) error {
	if err == nil && n != 0 {
		return fmt.Errorf("there are %d %s", n, what)
	}
	return err
}
