package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// idleColumnsOf are what the columns say of every stream.
func idleColumnsOf(t *testing.T, db *sqlitestore.DB) []string {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), `SELECT tenant || '/' || subject || ' ' || COALESCE(idle_since, 'in use') || ' ' || ended || ' ' || last_recorded
		FROM privacy_streams WHERE version > 0 AND subject <> '' ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	return list
}

// Streams of a release that did not write since when they are idle are looked at
// once, and what was found is written down as an append would have.
func TestStreamsOfAnOlderSchemaAreLookedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	db := openAt(t, path, nil)
	idle := storetest.FillStreams(t, db.Consent())
	written := idleColumnsOf(t, db)
	schedule := storetest.OwnPeriods(t, sqlstore.EventLastRecorded)
	ledger := storetest.OwnSystems(t, db.DB, nil)[0]
	require.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))

	_, err := db.SQL().ExecContext(t.Context(), `UPDATE privacy_streams SET idle_since = 0, ended = 0, last_recorded = 0 WHERE subject <> ''`)
	require.NoError(t, err)
	readOnly, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	defer readOnly.Close()
	replica, err := sqlstore.New(readOnly, sqlstore.SQLite, nil)
	require.NoError(t, err)
	assert.Equal(t, idle, storetest.Candidates(t, storetest.OwnSystems(t, replica, nil)[0], schedule, storetest.SweptOwn()), "also where nothing can be written")

	assert.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))
	assert.Equal(t, written, idleColumnsOf(t, db))
	assert.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))
}

func TestAnOlderDatabaseIsUpgradedForSweeps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	tool, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	for _, m := range migrations(t)[:8] {
		_, err := tool.ExecContext(t.Context(), m.SQL)
		require.NoError(t, err)
	}
	_, err = tool.ExecContext(t.Context(), `INSERT INTO privacy_streams (tenant, subject, version, state, transaction_id) VALUES
		('acme', '', 1, x'00', 0), ('acme', 'placeholder', 0, NULL, 0), ('acme', 'subject', 1, x'00', 0)`)
	require.NoError(t, err)
	require.NoError(t, tool.Close())

	db := openAt(t, path, nil)
	assert.Equal(t, []string{"acme/subject 0 0 0"}, idleColumnsOf(t, db), "unknown")
	var unknown int
	require.NoError(t, db.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM privacy_streams WHERE idle_since = 0`).Scan(&unknown))
	assert.Equal(t, 1, unknown, "no sweep looks at the others")
	assert.Equal(t, schemaOf(t, open(t, nil).SQL()), schemaOf(t, db.SQL()))
}

func TestStreamsThatWereMarkedAsErasedAreRedacted(t *testing.T) { storetest.MarkedAsErased(t, openOwn) }

func TestTenantsWithPeriodsOfTheirOwn(t *testing.T) {
	db := open(t, nil)
	storetest.TenantPeriods(t, db.DB, func(kind, tenant, id string, at int64) {
		statement, args := `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			VALUES (?, ?, 's', ?, CASE ? WHEN 'r' THEN 'mailer' END, x'')`, []any{tenant, id, at, kind}
		if kind == "c" {
			statement, args = `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
				VALUES (?, ?, 1, 'fulfilled', 0, 'none', 0, 's', 'eu-gdpr@2018-05-25', 0, ?, 0, 0, x'', x'')`, args[:3]
		}
		_, err := db.SQL().ExecContext(t.Context(), statement, args...)
		require.NoError(t, err)
	})
}
