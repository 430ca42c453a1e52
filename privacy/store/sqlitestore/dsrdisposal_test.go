package sqlitestore_test

import (
	"context"
	"errors"
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
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
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

func TestDSRUpdateIsRolledBackWithTheHost(t *testing.T) {
	db := open(t, nil)
	storetest.RolledBackUpdate(t, db.DB, func(ctx context.Context, do func(*sqlstore.Tx) error) error {
		tx, err := db.SQL().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return errors.Join(do(db.WithTx(tx)), tx.Rollback())
	})
}
