package sqlitestore_test

import (
	"context"
	"database/sql"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// openCases is how many open cases the plans are made for.
func openCases() int {
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		return 1_000_000
	}
	return defaultCases
}

// fillCases makes n open cases of a tenant, due over 400 days, a tenth as many
// closed ones, and a wake-up for each open one.
func fillCases(t testing.TB, db *sql.DB, n int) {
	t.Helper()
	for _, statement := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body, dead)
		SELECT 'acme', printf('case-%08d', i), 1, CASE i % 4 WHEN 0 THEN 'identity_pending' ELSE 'in_progress' END, 1,
			date('2026-01-01', (i * 7919 % 400) || ' days'), i, printf('subject-%06d', i / 3), 'eu-gdpr@2018-05-25', 0, NULL, i, 0, x'', x'7b7d', i % 50 = 0 FROM n`,
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 / 10)
		INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
		SELECT 'acme', printf('closed-%08d', i), 1, 'fulfilled', 0, 'none', i, printf('subject-%06d', i), 'eu-gdpr@2018-05-25', i % 2, i, i, 0, x'', x'7b7d' FROM n`,
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO privacy_wakes (tenant, kind, wake_key, run_at, claimable_at, payload) SELECT 'acme', 'deadline', printf('case-%08d', i), i, i, '{}' FROM n`,
	} {
		_, err := db.ExecContext(t.Context(), statement, n)
		require.NoError(t, err)
	}
}

// recorder is an executor that keeps the statements it ran.
type recorder struct {
	sqlstore.Executor
	ran []sqlstore.Statement
}

type recordedTransaction struct {
	sqlstore.Transaction
	recorder *recorder
}

func (r *recorder) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	r.ran = append(r.ran, statements...)
	return r.Executor.Batch(ctx, statements)
}

func (r *recorder) Begin(ctx context.Context) (sqlstore.Transaction, error) {
	tx, err := r.Executor.Begin(ctx)
	return recordedTransaction{tx, r}, err
}

func (t recordedTransaction) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	t.recorder.ran = append(t.recorder.ran, statements...)
	return t.Transaction.Batch(ctx, statements)
}

func (t recordedTransaction) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	t.recorder.ran = append(t.recorder.ran, statements...)
	return t.Transaction.Commit(ctx, statements)
}

// recording returns a DB whose statements are recorded.
func recording(t testing.TB, db *sqlitestore.DB) (*sqlstore.DB, *recorder) {
	t.Helper()
	r := &recorder{Executor: plainExecutor{db.SQL()}}
	stores, err := sqlstore.NewWithExecutor(r, sqlstore.SQLite, nil)
	require.NoError(t, err)
	return stores, r
}

// Every list is read by its index, from where the page begins, in its order.
func TestDSRListsAreReadByIndex(t *testing.T) {
	db := open(t, nil)
	fillCases(t, db.SQL(), openCases())
	_, err := db.SQL().ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	stores, r := recording(t, db)
	for index, list := range storetest.CaseLists(t.Context(), stores.DSR()) {
		r.ran = nil
		require.NoError(t, list())
		query := slices.IndexFunc(r.ran, func(s sqlstore.Statement) bool { return strings.HasPrefix(s.SQL, "SELECT") })
		plan := explained(t, db.SQL(), r.ran[query])
		assert.Contains(t, plan, "INDEX privacy_"+index+" (", index)
		assert.NotContains(t, plan, "SCAN", index)
		assert.NotContains(t, plan, "TEMP B-TREE", index)
	}
}

func explained(t testing.TB, db *sql.DB, statement sqlstore.Statement) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement.SQL, statement.Args...)
	require.NoError(t, err)
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	return plan.String()
}
