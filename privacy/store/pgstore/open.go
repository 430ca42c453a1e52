package pgstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// Options are what New and Open can be told. The zero Options are the defaults.
type Options struct {
	// Store are the options of the stores: schema and prefix of the tables,
	// clock and the like. Its Readers must be nil.
	Store sqlstore.Options
	// NoMigration keeps New from applying migrations. It then fails with
	// sqlstore.ErrSchemaTooOld where some are due.
	NoMigration bool
	// BusyTimeout is how long a statement of ours waits for a row that another
	// transaction has locked, before it fails with sqlstore.ErrBusy, in whole
	// milliseconds. Zero means 10 seconds.
	BusyTimeout time.Duration
	// StatementTimeout is how long the server lets a statement of our
	// transactions run, in whole milliseconds. Zero means 30 seconds.
	// Migrations take as long as their context allows.
	StatementTimeout time.Duration
	// IdleTimeout is how long the server waits within one of our transactions
	// for the next statement before it rolls back, in whole milliseconds: a
	// process that is paused in the middle must not lock a row or hold up the
	// cache feed for ever. Zero means 10 seconds.
	IdleTimeout time.Duration
}

// DB is a PostgreSQL database that holds our tables. Its stores are those of
// the embedded DB. It is safe for concurrent use.
type DB struct {
	*sqlstore.DB
	migrator *sqlstore.DB
	pool     *pgxpool.Pool
	owned    bool
}

// New returns a DB on pool and brings its schema up to date. The caller keeps
// the pool and closes it after the DB. nil options are the defaults.
//
// Transactions of ours are bounded by the timeouts of options, whatever the
// host does on the same pool. On a pool made with Configure or Open that costs
// nothing; on another, every transaction begins with one more statement.
//
// It fails with an error that matches privacy.ErrInvalid for options that
// cannot work, and with the errors of sqlstore.DB.Migrate.
func New(ctx context.Context, pool *pgxpool.Pool, options *Options) (*DB, error) {
	o, err := completed(options)
	if err != nil {
		return nil, err
	}
	if pool == nil {
		return nil, fmt.Errorf("pgstore: no pool: %w", privacy.ErrInvalid)
	}
	stores, err := sqlstore.NewWithExecutor(newExecutor(pool, o.timeouts()), sqlstore.PostgreSQL, &o.Store)
	if err != nil {
		return nil, err
	}
	bounds := o.timeouts()
	bounds[statementTimeout], bounds[lockTimeout] = "0", "0"
	migrator, err := sqlstore.NewWithExecutor(&executor{pool: pool, settings: settingsSQL(bounds), oneByOne: true}, sqlstore.PostgreSQL, &o.Store)
	if err != nil {
		return nil, err
	}
	db := &DB{DB: stores, migrator: migrator, pool: pool}
	if err := db.prepare(ctx, o); err != nil {
		return nil, err
	}
	return db, nil
}

func (db *DB) prepare(ctx context.Context, o Options) error {
	if o.NoMigration {
		return db.CheckSchema(ctx)
	}
	return db.Migrate(ctx)
}

// Open connects to the database that url names, with Configure, and returns a
// DB on a pool of its own, which Close closes. A URL may name several hosts: of
// a primary and its standbys, connections go to the one that takes writes.
//
// It fails as New does, with an error that matches privacy.ErrInvalid for a
// malformed URL, and with the driver's where nothing can be reached.
func Open(ctx context.Context, url string, options *Options) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The driver's message quotes the URL.
		return nil, fmt.Errorf("pgstore: malformed connection string: %w", privacy.ErrInvalid)
	}
	if err := Configure(config, options); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("pgstore: open: %w", err)
	}
	db, err := New(ctx, pool, options)
	if err != nil {
		pool.Close()
		return nil, err
	}
	db.owned = true
	return db, nil
}

// Configure sets the timeouts of options for every connection of a pool to be
// made, where config does not have values of its own, and has a pool with
// several hosts use the one that takes writes. Use it for a pool that is the
// stores' alone: the timeouts would bind the host's statements as well. It fails
// with an error that matches privacy.ErrInvalid for options that cannot work.
func Configure(config *pgxpool.Config, options *Options) error {
	o, err := completed(options)
	if err != nil {
		return err
	}
	parameters := maps.Clone(o.timeouts())
	maps.Copy(parameters, config.ConnConfig.RuntimeParams)
	config.ConnConfig.RuntimeParams = parameters
	if len(config.ConnConfig.Fallbacks) > 0 && config.ConnConfig.ValidateConnect == nil {
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	return nil
}

// WithTx returns the stores within tx, a transaction of the host on the same
// database. See sqlstore.Tx: what is refused leaves the transaction usable.
func (db *DB) WithTx(tx pgx.Tx) *sqlstore.Tx { return db.Join(joined{tx}) }

// Migrate applies the migrations that the database lacks, as New does. See
// sqlstore.DB.Migrate.
func (db *DB) Migrate(ctx context.Context) error { return db.migrator.Migrate(ctx) }

// Pool returns the pool, for the host's own tables and for transactions that
// the stores join by WithTx.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close closes the pool if Open made it, after waiting for what is under way.
func (db *DB) Close() error {
	err := errors.Join(db.DB.Close(), db.migrator.Close())
	if db.owned {
		db.pool.Close()
	}
	return err
}

// The server's settings that bound a transaction.
const (
	lockTimeout      = "lock_timeout"
	statementTimeout = "statement_timeout"
	idleTimeout      = "idle_in_transaction_session_timeout"
)

func completed(options *Options) (Options, error) {
	var o Options
	if options != nil {
		o = *options
	}
	for timeout, standard := range map[*time.Duration]time.Duration{
		&o.BusyTimeout: 10 * time.Second, &o.StatementTimeout: 30 * time.Second, &o.IdleTimeout: 10 * time.Second,
	} {
		if *timeout < 0 || *timeout > 0 && *timeout < time.Millisecond {
			return o, fmt.Errorf("pgstore: a timeout must be at least a millisecond: %w", privacy.ErrInvalid)
		}
		if *timeout == 0 {
			*timeout = standard
		}
	}
	if o.Store.Readers != nil {
		return o, fmt.Errorf("pgstore: an option cannot be used: %w", privacy.ErrInvalid)
	}
	return o, nil
}

func (o Options) timeouts() map[string]string {
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	return map[string]string{
		lockTimeout: milliseconds(o.BusyTimeout), statementTimeout: milliseconds(o.StatementTimeout), idleTimeout: milliseconds(o.IdleTimeout),
	}
}
