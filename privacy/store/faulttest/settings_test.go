package faulttest

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// setting is a PRAGMA with the value that it reports.
type setting struct{ name, value string }

// proven are the settings that the tests with cut power run under.
var proven = []setting{
	{"busy_timeout", "10000"},
	{"journal_mode", "wal"},
	{"synchronous", "2"}, // FULL
	{"fullfsync", "1"},
	{"foreign_keys", "1"},
	{"trusted_schema", "0"},
	{"cache_size", "-65536"},
	{"wal_autocheckpoint", "4000"},
}

// unset are settings that decide as well, and that stay as SQLite has them.
var unset = []setting{
	{"locking_mode", "normal"},
	{"page_size", "4096"},
	{"checkpoint_fullfsync", "0"},
	{"journal_size_limit", "-1"},
	{"query_only", "0"},
	{"read_uncommitted", "0"},
	{"ignore_check_constraints", "0"},
	{"writable_schema", "0"},
}

func TestTheShippedSettingsAreTheProvenOnes(t *testing.T) {
	shipped, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, shipped.Close()) }()
	simulated := openDisk(t, newDisk(t, seeded(1)))
	require.NoError(t, simulated.err)
	defer simulated.close()
	for _, s := range append(proven, unset...) {
		assert.Equal(t, s.value, reported(t, shipped.SQL(), s.name), "sqlitestore: %s", s.name)
		assert.Equal(t, s.value, reported(t, simulated.writer, s.name), "the simulation: %s", s.name)
	}
}

// reported is what a PRAGMA says; an unknown one says nothing.
func reported(t *testing.T, db *sql.DB, pragma string) string {
	t.Helper()
	var value sql.NullString
	if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&value); err != nil && err != sql.ErrNoRows {
		t.Error(err)
	}
	return value.String
}

// simulation is a database on a simulated disk, opened as sqlitestore opens one
// on a real disk: a connection that writes, and others that read.
type simulation struct {
	*sqlstore.DB
	writer, readers *sql.DB
	// err is why it is not ready to be used.
	err error
}

// openDisk opens the database. Later settings win over the proven ones.
func openDisk(t testing.TB, d *disk, settings ...setting) *simulation {
	t.Helper()
	all := append(append([]setting{}, proven...), settings...)
	s := &simulation{writer: openPool(t, d, all), readers: openPool(t, d, append(all, setting{"query_only", "1"}))}
	s.writer.SetMaxOpenConns(1)
	s.writer.SetMaxIdleConns(1)
	s.readers.SetMaxOpenConns(4)
	s.readers.SetMaxIdleConns(4)
	s.DB, s.err = sqlstore.New(s.writer, sqlstore.SQLite, &sqlstore.Options{Readers: s.readers})
	if s.err == nil {
		s.err = s.Migrate(t.Context())
	}
	return s
}

func openPool(t testing.TB, d *disk, settings []setting) *sql.DB {
	t.Helper()
	var pragmas []string
	for _, s := range settings {
		pragmas = append(pragmas, fmt.Sprintf("%s(%s)", s.name, s.value))
	}
	values := url.Values{"vfs": {d.name}, "_pragma": pragmas, "_txlock": {"immediate"}}
	c, err := newConnector("file:/privacy.db?" + values.Encode())
	require.NoError(t, err)
	return sql.OpenDB(c)
}

// close closes what can be closed; after a cut, that fails.
func (s *simulation) close() {
	_ = s.DB.Close()
	_ = s.readers.Close()
	_ = s.writer.Close()
}
