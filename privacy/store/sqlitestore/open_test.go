package sqlitestore_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func TestStateSurvivesClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	key := subjectKey(1)
	first := openAt(t, path, nil)
	mustAppend(t, first.Consent(), granted(t, key, "event-1", "key-1"))
	require.NoError(t, first.Close())

	second := openAt(t, path, nil)
	streams, err := second.Consent().Streams(t.Context(), []consent.StreamKey{key})
	require.NoError(t, err)
	state, err := streams[0].SubjectState()
	require.NoError(t, err)
	assert.Equal(t, consent.ConsentGranted, state.Purpose("newsletter").Consent)
	records, err := second.Consent().Records(t.Context(), key, 0, 10)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.NoError(t, records[0].Verify())
}

// writing returns a file that is not in WAL mode yet, and a transaction that
// has its write lock, as that of another process that has come first.
func writing(t *testing.T) (string, *sql.Tx) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "privacy.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = db.ExecContext(t.Context(), `CREATE TABLE images (id text)`)
	require.NoError(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	return path, tx
}

func TestOpenWaitsToTurnTheFileToWAL(t *testing.T) {
	path, writer := writing(t)
	time.AfterFunc(100*time.Millisecond, func() { _ = writer.Rollback() })
	db, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	assert.NoError(t, db.Close())
}

// The timeout is for others that hold the file; opening itself takes its time.
func TestOpenTakesLongerThanTheBusyTimeout(t *testing.T) {
	db := openAt(t, filepath.Join(t.TempDir(), "privacy.db"), &sqlitestore.Options{BusyTimeout: time.Nanosecond})
	mustAppend(t, db.Consent(), oneGrant(t)...)
}

func TestOpenWaitsNoLongerThanTheBusyTimeout(t *testing.T) {
	path, _ := writing(t)
	_, err := sqlitestore.Open(t.Context(), path, &sqlitestore.Options{BusyTimeout: 20 * time.Millisecond})
	assert.ErrorIs(t, err, sqlstore.ErrBusy)
}
