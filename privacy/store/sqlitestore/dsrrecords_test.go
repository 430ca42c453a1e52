package sqlitestore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
)

// A case is redacted a year after it ended and erased after three, but under the
// law of California only after five; an open one is left alone.
func TestClosedCasesAreSwept(t *testing.T) {
	clock := privacytest.NewClock(moment)
	db := open(t, &sqlitestore.Options{Store: sqlstore.Options{Clock: clock}})
	store := db.DSR()
	for id, change := range map[dsr.CaseID]func(*dsr.Update){
		"closed":     func(*dsr.Update) {},
		"california": func(u *dsr.Update) { u.Case.Regime = "us-ca-ccpa@2023-01-01" },
		"open":       func(u *dsr.Update) { u.Case.Items[0].Work = dsr.StateReceived },
	} {
		u := firstUpdate(id)
		u.Effects, u.Case.Items = nil, []dsr.Item{{Request: regime.RequestAccess, Work: dsr.StateFulfilled}}
		change(&u)
		require.NoError(t, store.Update(t.Context(), u))
	}
	systems, err := db.CaseRecords(sqlstore.CaseRecordsOptions{Cases: "own.cases", Logs: "own.case_logs", Role: privacy.RoleController})
	require.NoError(t, err)
	california := ownRule("california", "own.case_logs", "P5Y", sqlstore.EventCaseEnded)
	california.Scope.Labels, california.Kind = []string{"regime:us-ca-ccpa"}, retention.StatutoryMinimum
	california.Citation = "11 CCR § 7101"
	schedule, err := retention.Compile([]retention.Rule{
		ownRule("cases", "own.cases", "P1Y", sqlstore.EventCaseEnded), ownRule("logs", "own.case_logs", "P3Y", sqlstore.EventCaseEnded), california,
	}, &retention.Options{Zone: time.UTC})
	require.NoError(t, err)
	sweeper, err := retention.NewSweeper(schedule, systems, db.Retention(), retention.SweepOptions{TokenKey: make([]byte, 32), Clock: clock, Batch: 1})
	require.NoError(t, err)

	for year, want := range []string{
		"california open closed", "california- open closed-", "california- open closed-", "california- open", "california- open", "open", "open",
	} {
		clock.Set(moment.AddDate(year, 0, 1))
		plan, err := sweeper.Plan(t.Context(), fmt.Sprint("sweep-", year))
		require.NoError(t, err)
		hash, err := plan.Hash()
		require.NoError(t, err)
		_, err = sweeper.Execute(t.Context(), plan, retention.Approval{PlanHash: hash, By: "dpo"})
		require.NoError(t, err)
		assert.Equal(t, want, held(t, store), "after %d years", year)
	}
	events, err := casesOn(store, db.Consent()).Events(t.Context(), tenant)
	require.NoError(t, err)
	assert.Len(t, events, 3+4, "each disposal is on record")

	_, err = db.CaseRecords(sqlstore.CaseRecordsOptions{BackupCycleDays: -1})
	var problems privacy.Problems
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems, 4)
	require.ErrorIs(t, systems[0].Disposer.Hide(t.Context(), &retention.Record{}), privacy.ErrInvalid)
	require.ErrorIs(t, systems[0].Disposer.Dispose(t.Context(), &retention.Record{}, retention.Anonymise), privacy.ErrInvalid)
}

// held lists the cases that are kept, with a minus where they are redacted.
func held(t *testing.T, store dsr.Store) (list string) {
	t.Helper()
	for _, id := range []dsr.CaseID{"california", "open", "closed"} {
		c, err := store.Case(t.Context(), tenant, id)
		if err != nil {
			require.ErrorIs(t, err, privacy.ErrNotFound)
			continue
		}
		if list != "" {
			list += " "
		}
		if list += string(id); c.Redacted {
			list += "-"
		}
	}
	return list
}
