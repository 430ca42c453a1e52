package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"modernc.org/sqlite" // registers the driver named "sqlite"
)

// Options are what Open can be told. The zero Options are the defaults.
type Options struct {
	// Store are the options of the stores: prefix of the tables, clock and the
	// like. Its Schema and Readers must be empty.
	Store sqlstore.Options
	// NoMigration keeps Open from applying migrations. It then fails with
	// sqlstore.ErrSchemaTooOld where some are due.
	NoMigration bool
	// BusyTimeout is how long a write waits for another process, in whole
	// milliseconds. Zero means 10 seconds.
	BusyTimeout time.Duration
	// Readers is how many connections read at once. Zero means one for each
	// processor, at least 4.
	Readers int
}

// DB is an open SQLite file. Its stores are those of the embedded DB.
type DB struct {
	*sqlstore.DB
	writer, readers *sql.DB
}

// Open opens the file at path, makes it with the permissions 0600 where it is
// not there, and brings its schema up to date. nil options are the defaults. A
// database in memory is refused, because connections would not share it: use
// memstore in tests.
//
// It fails with an error that matches privacy.ErrInvalid for a path or options
// that cannot work, and with the errors of sqlstore.DB.Migrate.
func Open(ctx context.Context, path string, options *Options) (*DB, error) {
	o, err := completed(options)
	if err != nil {
		return nil, err
	}
	if path == "" || strings.HasPrefix(path, ":") || strings.HasPrefix(path, "file:") {
		return nil, fmt.Errorf("sqlitestore: the path must be that of a file: %w", privacy.ErrInvalid)
	}
	if err := create(path); err != nil {
		return nil, err
	}
	db, err := connect(path, o)
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func completed(options *Options) (Options, error) {
	var o Options
	if options != nil {
		o = *options
	}
	if o.Store.Schema != "" || o.Store.Readers != nil || o.BusyTimeout < 0 || o.Readers < 0 {
		return o, fmt.Errorf("sqlitestore: an option cannot be used: %w", privacy.ErrInvalid)
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = 10 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = max(4, runtime.GOMAXPROCS(0))
	}
	return o, nil
}

// create makes the file before SQLite would, which gives it the permissions
// that the process's mask leaves. The files beside it get those of the file.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrPermission) {
		file, err = os.Open(path) // read-only: the schema may still fit
	}
	if err != nil {
		return fmt.Errorf("sqlitestore: open: %w", err)
	}
	return file.Close()
}

// pragmas are the settings of every connection. They are proven by tests with
// killed processes and cut power: change none without those.
func pragmas(o Options) []string {
	return []string{
		"busy_timeout(" + strconv.FormatInt(o.BusyTimeout.Milliseconds(), 10) + ")",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"fullfsync(ON)", // on macOS, where fsync alone does not reach the disk
		"foreign_keys(ON)",
		"trusted_schema(OFF)",
	}
}

// writerPragmas keep the pages of random upserts in memory and let the
// write-ahead log grow to 16 MiB, so that a page is copied back less often.
func writerPragmas(o Options) []string {
	return append(pragmas(o), "cache_size(-65536)", "wal_autocheckpoint(4000)")
}

func dataSource(path string, values url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: values.Encode()}).String()
}

func connect(path string, o Options) (*DB, error) {
	writer, err := sql.Open("sqlite", dataSource(path, url.Values{"_pragma": writerPragmas(o), "_txlock": {"immediate"}}))
	if err != nil {
		return nil, fmt.Errorf("sqlitestore: open: %w", err)
	}
	readers, err := sql.Open("sqlite", dataSource(path, url.Values{"_pragma": append(pragmas(o), "query_only(ON)")}))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sqlitestore: open: %w", err), writer.Close())
	}
	// A connection costs more to open than to keep.
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	readers.SetMaxOpenConns(o.Readers)
	readers.SetMaxIdleConns(o.Readers)
	o.Store.Readers = readers
	stores, err := sqlstore.New(writer, sqlstore.SQLite, &o.Store)
	if err != nil {
		return nil, errors.Join(err, writer.Close(), readers.Close())
	}
	return &DB{DB: stores, writer: writer, readers: readers}, nil
}

func (db *DB) prepare(ctx context.Context, o Options) error {
	if err := db.turnToWAL(ctx, o.BusyTimeout); err != nil {
		return err
	}
	if o.NoMigration {
		return db.CheckSchema(ctx)
	}
	return db.Migrate(ctx)
}

// busyPause is how long a process waits before it tries again to turn the file
// to WAL mode.
const busyPause = 5 * time.Millisecond

// turnToWAL makes the first connection, which turns the file to WAL mode. Where
// another process does so or writes, SQLite refuses at once, whatever
// busy_timeout says: one that reads and is to write must not wait for a writer.
func (db *DB) turnToWAL(ctx context.Context, timeout time.Duration) error {
	// Only waiting is bounded: a file that nobody holds is opened, however long
	// that takes.
	waiting, cancel := context.WithTimeoutCause(ctx, timeout, sqlstore.ErrBusy)
	defer cancel()
	for {
		err := db.writer.PingContext(ctx)
		if !busy(err) {
			return err
		}
		select {
		case <-time.After(busyPause):
		case <-waiting.Done():
			return fmt.Errorf("sqlitestore: open: %w: %w", context.Cause(waiting), err)
		}
	}
}

func busy(err error) bool {
	const primary, busy = 0xff, 5 // the low byte of a result code, SQLITE_BUSY
	failed, ok := errors.AsType[*sqlite.Error](err)
	return ok && failed.Code()&primary == busy
}

// SQL returns the pool that writes, for the host's own tables in the same file
// and for transactions that the stores join by WithTx. It has one connection
// and begins transactions with the write lock: while the host holds one, every
// other writer waits, also a store that was not joined to it.
func (db *DB) SQL() *sql.DB { return db.writer }

// Close closes the file. What is being written is finished first; later calls
// of the stores fail.
func (db *DB) Close() error {
	return errors.Join(db.DB.Close(), db.readers.Close(), db.writer.Close())
}
