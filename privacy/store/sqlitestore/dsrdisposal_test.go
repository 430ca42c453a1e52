package sqlitestore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// contents returns every value in the tables of package dsr, as text.
func contents(t *testing.T, db *sqlitestore.DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"cases", "case_log", "case_keys", "wakes", "buried_wakes"} {
		rows, err := db.SQL().QueryContext(t.Context(), "SELECT * FROM privacy_"+table)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new([]byte)
			}
			require.NoError(t, rows.Scan(values...))
			for _, value := range values {
				fmt.Fprintf(&all, "%s\n", *value.(*[]byte))
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return all.String()
}

// A closed case is redacted and its log verifies still; when the record is no
// longer wanted, nothing is left of it.
func TestADisposedCaseLeavesNothingOfThePerson(t *testing.T) {
	db := open(t, nil)
	clock := privacytest.NewClock(moment)
	service, err := dsr.NewService(db.DSR(), dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, Source: "/test"})
	require.NoError(t, err)
	c, err := service.Open(t.Context(), "eu-gdpr", dsr.Intake{
		Tenant: tenant, Subject: "jane-7f3a", Role: privacy.RoleController, ContentHash: "feedbeef", Channel: "web_form",
		Actor: dsr.ActorSubject, Requests: []dsr.Asked{{Request: regime.RequestAccess}},
	}, "intake-1")
	require.NoError(t, err)
	_, err = service.Handle(t.Context(), tenant, c.ID, dsr.Command{Event: dsr.EventWithdraw, Actor: dsr.ActorSubject}, "withdraw-1")
	require.NoError(t, err)
	assert.Contains(t, contents(t, db), "jane-7f3a")

	closed, err := db.DSR().Closed(t.Context(), tenant, dsr.ClosedQuery{Before: moment.AddDate(1, 0, 0), Unredacted: true, Limit: 10})
	require.NoError(t, err)
	require.Len(t, closed, 1)
	disposal := dsr.Disposal{Tenant: tenant, ID: closed[0].ID, Before: moment.AddDate(1, 0, 0)}
	require.NoError(t, db.DSR().Redact(t.Context(), disposal))
	left := contents(t, db)
	for _, trace := range []string{"jane", "feedbeef", "intake-1"} {
		assert.NotContains(t, left, trace)
	}
	lines, err := db.DSR().Log(t.Context(), tenant, c.ID, 0, 100)
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	require.NoError(t, dsr.VerifyLog(lines))

	require.NoError(t, db.DSR().Erase(t.Context(), disposal))
	assert.NotContains(t, contents(t, db), lines[0].Payload, "the log is gone")
}

// What a host's transaction rolls back was never there.
func TestDSRUpdateIsRolledBackWithTheHost(t *testing.T) {
	db := open(t, nil)
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	u := firstUpdate("c")
	require.NoError(t, db.WithTx(tx).DSR().Update(t.Context(), u))
	_, err = db.WithTx(tx).DSR().Case(t.Context(), tenant, "c")
	require.NoError(t, err, "the transaction sees its own work")
	require.NoError(t, tx.Rollback())
	h := casesOn(db.DSR(), db.Consent())
	_, err = h.Case(t.Context(), tenant, "c")
	require.ErrorIs(t, err, privacy.ErrNotFound)
	_, err = h.Digest(t.Context(), tenant, u.Key)
	require.ErrorIs(t, err, privacy.ErrNotFound)
	events, err := h.Events(t.Context(), tenant)
	require.NoError(t, err)
	assert.Empty(t, events)
	leases, err := h.Claim(t.Context(), moment.AddDate(1, 0, 0), moment.AddDate(1, 0, 1), 10)
	require.NoError(t, err)
	assert.Empty(t, leases)
}

// firstUpdate makes a case, with one of everything.
func firstUpdate(id dsr.CaseID) dsr.Update {
	return dsr.Update{
		Case: dsr.Case{
			Tenant: tenant, ID: id, Version: 1, Subject: "s1", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25", Received: moment,
			Items: []dsr.Item{{Request: regime.RequestAccess, Work: dsr.StateReceived}},
		},
		Lines:   []dsr.LogLine{{At: moment, Payload: "{}"}},
		Effects: []privacy.Effect{{Tenant: tenant, Subject: "s1", Kind: privacy.EffectRestriction, Cause: string(id), At: moment, Key: string(id)}},
		Events:  []privacy.Event{{ID: string(id), Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.submit", Time: moment, Tenant: tenant}},
		Wakes:   []dsr.Wake{{Tenant: tenant, Kind: "dsr.deadline", Key: string(id), RunAt: moment, Payload: "{}"}},
		Key:     "key of " + string(id), Digest: "d",
	}
}
