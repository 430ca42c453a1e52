package pgstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// openCases is how many open cases the plans are made for.
func openCases() int {
	if soak() {
		return 1_000_000
	}
	return 100_000
}

// fillCases makes n open cases of a tenant, due over 400 days, a tenth as many
// closed ones, and a wake-up for each open one.
func fillCases(t testing.TB, db *pgstore.DB, n int) {
	t.Helper()
	const chunk = 100_000 // within the time that a statement may take
	for first := 1; first <= n; first += chunk {
		last := min(first+chunk-1, n)
		execute(t, db, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body, dead)
			SELECT 'acme', 'case-' || lpad(i::text, 8, '0'), 1, CASE i % 4 WHEN 0 THEN 'identity_pending' ELSE 'in_progress' END, 1,
				to_char(date '2026-01-01' + (i * 7919 % 400)::int, 'YYYY-MM-DD'), i, 'subject-' || lpad((i / 3)::text, 6, '0'), 'eu-gdpr@2018-05-25', 0, NULL, i, 0, '', '{}', (i % 50 = 0)::int
			FROM generate_series($1::bigint, $2::bigint) i`, first, last)
		execute(t, db, `INSERT INTO privacy_wakes (tenant, kind, wake_key, run_at, claimable_at, payload)
			SELECT 'acme', 'deadline', 'case-' || lpad(i::text, 8, '0'), i, i, '{}' FROM generate_series($1::bigint, $2::bigint) i`, first, last)
	}
	execute(t, db, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
		SELECT 'acme', 'closed-' || lpad(i::text, 8, '0'), 1, 'fulfilled', 0, 'none', i, 'subject-' || lpad(i::text, 6, '0'), 'eu-gdpr@2018-05-25', i % 2, i, i, 0, '', '{}'
		FROM generate_series(1, $1::bigint / 10) i`, n)
	execute(t, db, "VACUUM ANALYZE privacy_cases, privacy_wakes")
}

// listener is an executor that keeps the statements it was asked to run, and
// runs none.
type listener struct{ asked []sqlstore.Statement }

func (l *listener) Batch(_ context.Context, statements []sqlstore.Statement) error {
	l.asked = append(l.asked, statements...)
	return nil
}

func (l *listener) Begin(context.Context) (sqlstore.Transaction, error) { return l, nil }

func (l *listener) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	return l.Batch(ctx, statements)
}

func (l *listener) Rollback(context.Context) error { return nil }

// Every list is read by its index, from where the page begins, in its order, also
// by a plan that was made before the arguments were known.
func TestDSRListsAreReadByIndex(t *testing.T) {
	db := open(t, nil)
	fillCases(t, db, openCases())
	l := &listener{}
	stores, err := sqlstore.NewWithExecutor(l, sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	for index, list := range storetest.CaseLists(t.Context(), stores.DSR()) {
		l.asked = nil
		require.NoError(t, list())
		query := slices.IndexFunc(l.asked, func(s sqlstore.Statement) bool { return strings.HasPrefix(s.SQL, "SELECT") })
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			plan := explained(t, db, mode, l.asked[query])
			assert.Regexp(t, "Index (Only )?Scan using privacy_"+index+" ", plan, mode)
			for _, costly := range []string{"Seq Scan", "Sort", "Bitmap", "Rows Removed"} {
				assert.NotContains(t, plan, costly, "%s of %s", mode, index)
			}
		}
	}
}

func explained(t testing.TB, db *pgstore.DB, mode string, statement sqlstore.Statement) string {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) }()
	literals := make([]string, len(statement.Args))
	for i, arg := range statement.Args {
		literals[i] = fmt.Sprintf("'%v'", arg)
	}
	for _, text := range []string{"SET LOCAL plan_cache_mode = " + mode, "PREPARE list AS " + statement.SQL} {
		_, err := tx.Exec(t.Context(), text)
		require.NoError(t, err)
	}
	rows, err := tx.Query(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE list ("+strings.Join(literals, ", ")+")")
	require.NoError(t, err)
	var plan strings.Builder
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		plan.WriteString(line + "\n")
	}
	require.NoError(t, rows.Err())
	_, err = tx.Exec(t.Context(), "DEALLOCATE list")
	require.NoError(t, err)
	return plan.String()
}
