package pgstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func version(t *testing.T, store consent.LedgerStore, key consent.StreamKey) uint64 {
	t.Helper()
	streams, err := store.Streams(t.Context(), []consent.StreamKey{key})
	require.NoError(t, err)
	return streams[0].Version
}

// hostTx is a database with a table of the host's, and a transaction that has
// written to it.
func hostTx(t *testing.T) (*pgstore.DB, pgx.Tx) {
	t.Helper()
	db := open(t, nil)
	execute(t, db, `CREATE TABLE uploads (id text PRIMARY KEY)`)
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) })
	_, err = tx.Exec(t.Context(), `INSERT INTO uploads VALUES ('u-1')`)
	require.NoError(t, err)
	return db, tx
}

func uploads(t *testing.T, db *pgstore.DB) (n int) {
	t.Helper()
	require.NoError(t, db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM uploads`).Scan(&n))
	return n
}

func TestTheHostsTransactionCarriesBoth(t *testing.T) {
	db, tx := hostTx(t)
	store := db.WithTx(tx).Consent()
	mustAppend(t, store, granted(t, subjectKey(1), "event-1", "key-1"))
	assert.Equal(t, uint64(1), version(t, store, subjectKey(1)), "it reads what it wrote")
	assert.Zero(t, version(t, db.Consent(), subjectKey(1)), "nobody else does")
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, uint64(1), version(t, db.Consent(), subjectKey(1)))
	assert.Equal(t, 1, uploads(t, db))
}

func TestTheHostsRollbackTakesBothBack(t *testing.T) {
	db, tx := hostTx(t)
	mustAppend(t, db.WithTx(tx).Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	require.NoError(t, tx.Rollback(t.Context()))
	assert.Zero(t, version(t, db.Consent(), subjectKey(1)))
	assert.Zero(t, uploads(t, db))
}

// Whatever is refused, the host's own work can be committed.
func TestAConflictDoesNotAbortTheHostsTransaction(t *testing.T) {
	db, tx := hostTx(t)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	store := db.WithTx(tx).Consent()

	unexpected := granted(t, subjectKey(1), "event-2", "key-2")
	unexpected.Expected = new(uint64)
	reused := granted(t, subjectKey(1), "event-3", "key-1")
	reused.Records[0].Payload = append(reused.Records[0].Payload, ' ')
	results, err := store.Append(t.Context(), []consent.Append{unexpected, reused, granted(t, subjectKey(2), "event-4", "key-4")})
	require.NoError(t, err)
	require.ErrorIs(t, results[0].Err, privacy.ErrConflict)
	require.ErrorIs(t, results[1].Err, privacy.ErrConflict)
	require.NoError(t, results[2].Err)

	decision := consent.DecisionRecord{ID: "decision-1", Tenant: tenant, At: moment, Body: []byte("{}"), Guard: consent.Guard{TenantVersion: 7}}
	require.ErrorIs(t, store.RecordDecision(t.Context(), decision), privacy.ErrConflict)
	require.ErrorIs(t, store.Acknowledge(t.Context(), "w", []string{"1"}), privacy.ErrConflict)
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, 1, uploads(t, db))
	assert.Equal(t, []uint64{1, 1}, []uint64{version(t, db.Consent(), subjectKey(1)), version(t, db.Consent(), subjectKey(2))})
}

// Two transactions begin a stream at once: the second waits for the first, and
// finds its event.
func TestTwoHostsBeginAStream(t *testing.T) {
	db, first := hostTx(t)
	second, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	mustAppend(t, db.WithTx(first).Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	work := granted(t, subjectKey(1), "event-2", "key-2")
	done := make(chan []consent.Appended)
	go func() {
		results, err := db.WithTx(second).Consent().Append(t.Context(), []consent.Append{work})
		assert.NoError(t, err)
		done <- results
	}()
	require.NoError(t, first.Commit(t.Context()))
	assert.Equal(t, uint64(2), (<-done)[0].Last)
	require.NoError(t, second.Commit(t.Context()))
	assert.Len(t, foldedRecords(t, db.Consent(), subjectKey(1)), 2)
}

func TestAWriteWaitsForALockedStreamOnlySoLong(t *testing.T) {
	url := cluster.Database(t)
	options := &pgstore.Options{BusyTimeout: 50 * time.Millisecond}
	hosts, err := pgstore.New(t.Context(), openPool(t, url), options)
	require.NoError(t, err)
	for name, db := range map[string]*pgstore.DB{"a pool of the host": hosts, "a pool of our own": openAt(t, url, options)} {
		mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
		tx, err := db.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), `SELECT 1 FROM privacy_streams FOR UPDATE`)
		require.NoError(t, err)
		_, err = db.Consent().Append(t.Context(), []consent.Append{granted(t, subjectKey(1), "event-2", "key-2")})
		require.ErrorIs(t, err, sqlstore.ErrBusy, name)
		require.NoError(t, tx.Rollback(t.Context()))
	}
}

// A process that is paused amid a transaction keeps others from a stream no
// longer than its own timeout.
func TestAPausedWriterLetsGo(t *testing.T) {
	url := cluster.Database(t)
	other := openAt(t, url, &pgstore.Options{BusyTimeout: time.Minute})
	paused, proxy := openThrough(t, url, 0, &pgstore.Options{IdleTimeout: 100 * time.Millisecond})
	// The first append prepares the statements. On a machine that is busy, the
	// process may pause by itself.
	first := []consent.Append{granted(t, subjectKey(1), "event-1", "key-1")}
	for {
		_, err := paused.Consent().Append(t.Context(), first)
		if err == nil {
			break
		}
		require.True(t, failed(err), err)
	}
	var session int
	require.NoError(t, paused.Pool().QueryRow(t.Context(), `SELECT pg_backend_pid()`).Scan(&session))
	work, done := granted(t, subjectKey(1), "event-2", "key-2"), make(chan error)
	proxy.held.Lock()
	go func() {
		_, err := paused.Consent().Append(t.Context(), []consent.Append{work})
		done <- err
	}()
	// Who looks late finds that the server has ended the session already.
	for locked := false; !locked; time.Sleep(time.Millisecond) {
		require.NoError(t, other.Pool().QueryRow(t.Context(), `SELECT
			EXISTS (SELECT FROM pg_locks WHERE pid = $1 AND relation = 'privacy_streams'::regclass AND mode = 'RowShareLock')
			OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)`, session).Scan(&locked))
	}
	mustAppend(t, other.Consent(), granted(t, subjectKey(1), "event-3", "key-3"))
	proxy.held.Unlock()
	require.Error(t, <-done)
	assert.Len(t, foldedRecords(t, other.Consent(), subjectKey(1)), 2)
}

// What was set for our transactions must not bind those of the host.
func TestTheHostsConnectionsKeepTheirSettings(t *testing.T) {
	pool := openPool(t, cluster.Database(t))
	db, err := pgstore.New(t.Context(), pool, nil)
	require.NoError(t, err)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	for _, conn := range pool.AcquireAllIdle(t.Context()) {
		for _, setting := range []string{"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"} {
			var value string
			require.NoError(t, conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&value))
			assert.Equal(t, "0", value, setting)
		}
		conn.Release()
	}
}
