package sqlitestore_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// host is a database with a table of the host's own.
func host(t *testing.T) (*sqlitestore.DB, func() (tx *sql.Tx, images func() int)) {
	t.Helper()
	db := open(t, nil)
	_, err := db.SQL().ExecContext(t.Context(), "CREATE TABLE images (id TEXT PRIMARY KEY)")
	require.NoError(t, err)
	return db, func() (*sql.Tx, func() int) {
		tx, err := db.SQL().BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "INSERT INTO images (id) VALUES ('image-1')")
		require.NoError(t, err)
		return tx, func() (n int) {
			require.NoError(t, db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM images").Scan(&n))
			return n
		}
	}
}

func TestAHostTransactionCommitsBoth(t *testing.T) {
	db, begin := host(t)
	tx, images := begin()
	key := subjectKey(1)
	joined := db.WithTx(tx).Consent()
	mustAppend(t, joined, granted(t, key, "event-1", "key-1"))
	assert.Len(t, allRecords(t, joined, key), 1, "the transaction sees its own")
	assert.Empty(t, allRecords(t, db.Consent(), key), "others do not yet")
	page, err := db.Consent().Changes(t.Context(), "", 10)
	require.NoError(t, err)
	assert.Empty(t, page.Changes)
	require.NoError(t, tx.Commit())

	assert.Equal(t, 1, images())
	assert.Len(t, allRecords(t, db.Consent(), key), 1)
	page, err = db.Consent().Changes(t.Context(), "", 10)
	require.NoError(t, err)
	assert.Len(t, page.Changes, 1)
}

func TestAHostTransactionRollsBackBoth(t *testing.T) {
	db, begin := host(t)
	tx, images := begin()
	key := subjectKey(1)
	joined := db.WithTx(tx).Consent()
	mustAppend(t, joined, granted(t, key, "event-1", "key-1"))
	require.NoError(t, joined.RecordDecision(t.Context(), decision("decision-1")))
	require.NoError(t, tx.Rollback())

	assert.Zero(t, images())
	assert.Empty(t, allRecords(t, db.Consent(), key))
	decisions, err := db.Consent().Decisions(t.Context(), consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, decisions)
	deliveries, err := db.Consent().Claim(t.Context(), consent.Claim{Worker: "w", Limit: 10, Now: moment, Lease: time.Minute})
	require.NoError(t, err)
	assert.Empty(t, deliveries)
}

func TestAConflictLeavesTheHostTransactionUsable(t *testing.T) {
	db, begin := host(t)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	tx, images := begin()
	joined := db.WithTx(tx).Consent()
	version := uint64(0)
	stale := granted(t, subjectKey(1), "event-2", "key-2")
	stale.Expected = &version
	reused := recorded(t, subjectKey(1), "event-3", "key-1", consent.Withdrawal{})
	results, err := joined.Append(t.Context(), []consent.Append{stale, reused})
	require.NoError(t, err)
	for _, result := range results {
		require.ErrorIs(t, result.Err, privacy.ErrConflict)
	}
	guarded := decision("decision-1")
	guarded.Guard.TenantVersion = 3
	require.ErrorIs(t, joined.RecordDecision(t.Context(), guarded), privacy.ErrConflict)
	mustAppend(t, joined, granted(t, subjectKey(1), "event-4", "key-4"))
	require.NoError(t, tx.Commit())

	assert.Equal(t, 1, images())
	assert.Len(t, allRecords(t, db.Consent(), subjectKey(1)), 2)
}

// The version that a host's transaction has read is no longer current when
// another has committed: SQLite does not let it write then.
func TestAHostTransactionThatReadBeforeAnotherWroteIsAConflict(t *testing.T) {
	db := open(t, nil)
	key := subjectKey(1)
	mustAppend(t, db.Consent(), granted(t, key, "event-1", "key-1"))
	path := ""
	require.NoError(t, db.SQL().QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path))
	deferred, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer deferred.Close()
	tx, err := deferred.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	joined := db.WithTx(tx).Consent()
	require.Len(t, allRecords(t, joined, key), 1)
	mustAppend(t, db.Consent(), granted(t, key, "event-2", "key-2"))

	_, err = joined.Append(t.Context(), []consent.Append{granted(t, key, "event-3", "key-3")})
	require.ErrorIs(t, err, privacy.ErrConflict)
	assert.Len(t, allRecords(t, db.Consent(), key), 2)
}
