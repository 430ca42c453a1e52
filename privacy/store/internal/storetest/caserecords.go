package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// ClosedCases tests the sweep of cases. A case is redacted a year after it ended and
// erased after three, but under the law of California only after five; an open one is
// left alone.
func ClosedCases(t *testing.T, open Open) {
	t.Helper()
	clock := privacytest.NewClock(Moment())
	db := open(t, sqlstore.Options{Clock: clock})
	store := db.DSR()
	fillClosedCases(t, store)
	systems, err := db.CaseRecords(sqlstore.CaseRecordsOptions{Cases: "own.cases", Logs: "own.case_logs", Role: privacy.RoleController})
	Must(t, err)
	california := Rule("california", "own.case_logs", "P5Y", sqlstore.EventCaseEnded)
	california.Scope.Labels, california.Kind = []string{"regime:us-ca-ccpa"}, retention.StatutoryMinimum
	california.Citation = "11 CCR § 7101"
	schedule, err := retention.Compile([]retention.Rule{
		Rule("cases", "own.cases", "P1Y", sqlstore.EventCaseEnded), Rule("logs", "own.case_logs", "P3Y", sqlstore.EventCaseEnded), california,
	}, &retention.Options{Zone: time.UTC})
	Must(t, err)
	sweeper, err := retention.NewSweeper(schedule, systems, db.Retention(), retention.SweepOptions{TokenKey: make([]byte, 32), Clock: clock, Batch: 1})
	Must(t, err)

	for year, want := range []string{
		"california open closed", "california- open closed-", "california- open closed-", "california- open", "california- open", "open", "open",
	} {
		clock.Set(Moment().AddDate(year, 0, 1))
		Sweep(t, sweeper, fmt.Sprint("sweep-", year))
		if got := heldCases(t, store); got != want {
			t.Errorf("after %d years there are %q, want %q", year, got, want)
		}
	}
	events, err := eventsOf(db.Consent())(t.Context(), Tenant)
	Must(t, err)
	if len(events) != 3+4 {
		t.Errorf("%d events, want one for each disposal too", len(events))
	}

	_, err = db.CaseRecords(sqlstore.CaseRecordsOptions{BackupCycleDays: -1})
	var problems privacy.Problems
	if !errors.As(err, &problems) || len(problems) != 4 {
		t.Errorf("got %v, want four problems", err)
	}
	if err := systems[0].Disposer.Hide(t.Context(), &retention.Record{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("hide: got %v", err)
	}
	if err := systems[0].Disposer.Dispose(t.Context(), &retention.Record{}, retention.Anonymise); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("anonymise: got %v", err)
	}
}

func fillClosedCases(t *testing.T, store dsr.CaseStore) {
	t.Helper()
	for id, change := range map[dsr.CaseID]func(*dsr.Update){
		"closed":     func(*dsr.Update) {},
		"california": func(u *dsr.Update) { u.Case.Regime = "us-ca-ccpa@2023-01-01" },
		"open":       func(u *dsr.Update) { u.Case.Items[0].Work = dsr.StateReceived },
	} {
		u := FirstUpdate(id)
		u.Case.Subject = privacy.SubjectID("subject of " + id) // an open case keeps what is about its own
		u.Effects, u.Case.Items = nil, []dsr.Item{{Request: regime.RequestAccess, Work: dsr.StateFulfilled}}
		change(&u)
		Must(t, store.Update(t.Context(), u))
	}
}

// Sweep plans a sweep and executes it.
func Sweep(t testing.TB, sweeper *retention.Sweeper, id string) *retention.Certificate {
	t.Helper()
	plan, err := sweeper.Plan(t.Context(), id)
	Must(t, err)
	hash, err := plan.Hash()
	Must(t, err)
	certificate, err := sweeper.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
	Must(t, err)
	return certificate
}

// heldCases lists the cases that are kept, with a minus where they are redacted.
func heldCases(t *testing.T, store dsr.CaseStore) (list string) {
	t.Helper()
	for _, id := range []dsr.CaseID{"california", "open", "closed"} {
		c, err := store.Case(t.Context(), Tenant, id)
		if errors.Is(err, privacy.ErrNotFound) {
			continue
		}
		Must(t, err)
		if list != "" {
			list += " "
		}
		if list += string(id); c.Redacted {
			list += "-"
		}
	}
	return list
}
