package sqlitestore

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// The settings that the tests with killed processes and cut power have proven.
func TestShippedPragmasAreTheProvenOnes(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), &Options{BusyTimeout: 1234 * time.Millisecond})
	require.NoError(t, err)
	defer db.Close()
	for name, pool := range map[string]*sql.DB{"writer": db.writer, "readers": db.readers} {
		t.Run(name, func(t *testing.T) {
			queryOnly := "0"
			if name == "readers" {
				queryOnly = "1"
			}
			for pragma, want := range map[string]string{
				"journal_mode":   "wal",
				"synchronous":    "2", // FULL
				"fullfsync":      "1",
				"foreign_keys":   "1",
				"busy_timeout":   "1234",
				"trusted_schema": "0",
				"query_only":     queryOnly,
				"locking_mode":   "normal",
			} {
				assert.Equal(t, want, setting(t, pool, pragma), pragma)
			}
		})
	}
	assert.Equal(t, 1, db.writer.Stats().MaxOpenConnections)
}

func setting(t *testing.T, db *sql.DB, pragma string) string {
	t.Helper()
	var value string
	require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&value))
	return value
}

// Every connection has them, not only the first.
func TestEveryConnectionHasTheSettings(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), &Options{Readers: 3})
	require.NoError(t, err)
	defer db.Close()
	for range 3 {
		conn, err := db.readers.Conn(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, conn.Close()) })
		var synchronous int
		require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&synchronous))
		assert.Equal(t, 2, synchronous)
	}
}

func TestTransactionsOfTheHostBeginWithTheWriteLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	db, err := Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer db.Close()
	other, err := Open(t.Context(), path, &Options{BusyTimeout: time.Millisecond})
	require.NoError(t, err)
	defer other.Close()
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	_, err = other.SQL().ExecContext(t.Context(), "CREATE TABLE host (id INTEGER)")
	require.ErrorContains(t, err, "locked")
	require.ErrorIs(t, other.Consent().Acknowledge(t.Context(), "worker", nil), sqlstore.ErrBusy)
}

func TestFilesAreReadableByTheirOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	db, err := Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer db.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "%q", suffix)
	}
}

func TestPathsAreTakenAsTheyAre(t *testing.T) {
	for _, name := range []string{"with space", "a?b=c&d", "100%", "a#b", "ümlaut", "a;b'c", "%41"} {
		path := filepath.Join(t.TempDir(), name)
		db, err := Open(t.Context(), path, nil)
		require.NoError(t, err, name)
		require.NoError(t, db.Close())
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, entries, 1, "no other file was made for %q", name)
		assert.Equal(t, name, entries[0].Name())
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Positive(t, info.Size())
	}
}

func TestPathsThatNameNoFileAreRefused(t *testing.T) {
	for _, path := range []string{"", ":memory:", "file::memory:", "file:privacy.db"} {
		_, err := Open(t.Context(), path, nil)
		require.ErrorIs(t, err, privacy.ErrInvalid, "%q", path)
	}
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "none", "privacy.db"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	for _, options := range []Options{
		{BusyTimeout: -1}, {Readers: -1},
		{Store: sqlstore.Options{Schema: "main"}}, {Store: sqlstore.Options{Readers: new(sql.DB)}}, {Store: sqlstore.Options{Prefix: "no-"}},
	} {
		_, err := Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), &options)
		require.ErrorIs(t, err, privacy.ErrInvalid, "%+v", options)
	}
}

func TestAFileThatIsNoDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	text := []byte("this is not a database, but it is long enough to be taken for the head of one; " +
		"SQLite looks at the first hundred bytes of it")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err := Open(t.Context(), path, nil)
	require.Error(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, got, "it was left as it was")
}

func TestACancelledContextOpensNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Open(ctx, filepath.Join(t.TempDir(), "privacy.db"), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAfterCloseEveryCallFails(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), nil)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = db.Consent().Head(t.Context())
	require.Error(t, err)
	require.Error(t, db.Consent().Acknowledge(t.Context(), "worker", nil))
	require.NoError(t, db.Close(), "closing again does nothing")
}
