package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// DefaultPrefix begins the names of our tables and indexes.
const DefaultPrefix = "privacy_"

// Options are what a DB can be told. The zero Options are the defaults.
type Options struct {
	// Prefix begins the name of every table and index: up to 30 lower-case
	// letters, digits and underscores. Empty means DefaultPrefix.
	Prefix string
	// Schema is the schema that the tables are in, on PostgreSQL; it must exist
	// and is named as Prefix is. Empty means the first of the search path.
	Schema string
	// Readers is another pool on the same database that reads are sent to. On
	// SQLite it lets the pool that writes have a single connection. It must see
	// what was committed before: a replica that lags behind breaks the promises
	// of the stores. Nil means that one pool does both.
	Readers *sql.DB
	// Source is the source of the audit events of effects, a URI reference such
	// as "/labelop/privacy". Empty means
	// "/privacykit/consent".
	Source string
	// Clock tells when an effect is recorded. Nil means privacy.SystemClock.
	Clock privacy.Clock
	// IDs names the events of effects. Nil means privacy.RandomIDs.
	IDs privacy.IDSource
}

// DB is a database that holds our tables. It is safe for concurrent use.
type DB struct {
	core     *core
	executor Executor
	group    *group // nil where writers need not share commits
}

// core is what the stores of a DB and those of its transactions share.
type core struct {
	dialect     Dialect
	schema      string
	prefix      string
	template    *template
	schemas     schemaSQL
	ledger      ledgerSQL
	outbox      outboxSQL
	log         decisionSQL
	policies    policydocSQL
	retention   retentionSQL
	restore     restoreSQL
	proof       proofSQL
	dsr         dsrSQL
	suppression suppressionSQL
	renewals    renewalSQL
	tokens      tokenSQL
	source      string
	clock       privacy.Clock
	ids         privacy.IDSource
}

// New returns a DB on db. It does not touch the database: call Migrate, or
// CheckSchema where other tools apply the migrations. The caller keeps db and
// closes it after the DB. It returns an error that matches privacy.ErrInvalid
// for an unknown dialect or an illegal name in options; nil options are the
// defaults.
func New(db *sql.DB, dialect Dialect, options *Options) (*DB, error) {
	if db == nil {
		return nil, fmt.Errorf("sqlstore: no database: %w", privacy.ErrInvalid)
	}
	c, err := newCore(dialect, options)
	if err != nil {
		return nil, err
	}
	var readers *sql.DB
	if options != nil {
		readers = options.Readers
	}
	return newDB(c, newSQLExecutor(db, readers, dialect, c.template.writes)), nil
}

// NewWithExecutor returns a DB on a driver's own interface. Options.Readers has
// no meaning for it.
func NewWithExecutor(executor Executor, dialect Dialect, options *Options) (*DB, error) {
	if executor == nil {
		return nil, fmt.Errorf("sqlstore: no executor: %w", privacy.ErrInvalid)
	}
	c, err := newCore(dialect, options)
	if err != nil {
		return nil, err
	}
	return newDB(c, executor), nil
}

func newCore(dialect Dialect, options *Options) (*core, error) {
	if dialect != SQLite && dialect != PostgreSQL {
		return nil, fmt.Errorf("sqlstore: unknown dialect: %w", privacy.ErrInvalid)
	}
	var o Options
	if options != nil {
		o = *options
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if err := checkName("prefix", o.Prefix); err != nil {
		return nil, err
	}
	if err := checkName("schema", o.Schema); err != nil {
		return nil, err
	}
	if dialect == SQLite && o.Schema != "" {
		return nil, fmt.Errorf("sqlstore: SQLite has no schemas: %w", privacy.ErrInvalid)
	}
	if o.Source == "" {
		o.Source = "/privacykit/consent"
	}
	if o.Clock == nil {
		o.Clock = privacy.SystemClock{}
	}
	if o.IDs == nil {
		o.IDs = privacy.RandomIDs{}
	}
	t := newTemplate(dialect, o.Schema, o.Prefix)
	return &core{
		dialect: dialect, schema: o.Schema, prefix: o.Prefix, template: t,
		schemas: newSchemaSQL(t, dialect), ledger: newLedgerSQL(t), outbox: newOutboxSQL(t, dialect), log: newDecisionSQL(t), policies: newPolicydocSQL(t), retention: newRetentionSQL(t), restore: newRestoreSQL(t), proof: newProofSQL(t, dialect), dsr: newDSRSQL(t), suppression: newSuppressionSQL(t), renewals: newRenewalSQL(t), tokens: newTokenSQL(t),
		source: o.Source, clock: o.Clock, ids: o.IDs,
	}, nil
}

func newDB(c *core, executor Executor) *DB {
	db := &DB{core: c, executor: executor}
	if c.dialect == SQLite {
		db.group = &group{db: db}
	}
	return db
}

// Consent returns the stores of package consent.
func (db *DB) Consent() *ConsentStore { return &ConsentStore{core: db.core, work: db} }

// Close releases the prepared statements. It leaves the database open: that is
// the caller's.
func (db *DB) Close() error {
	if e, ok := db.executor.(*sqlExecutor); ok {
		return failure("close", e.close())
	}
	return nil
}

// write carries out a unit of work in a transaction of our own.
func (db *DB) write(ctx context.Context, op string, u unit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.group != nil {
		return db.group.do(ctx, op, u)
	}
	return db.transact(ctx, op, u)
}

// read runs statements that only read.
func (db *DB) read(ctx context.Context, op string, statements ...Statement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failure(op, interrupted(ctx, db.executor.Batch(ctx, statements)))
}
