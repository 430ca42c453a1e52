// Package sqlstore keeps everything in SQLite or PostgreSQL through
// database/sql. It imports no driver: the host brings its own, or uses
// sqlitestore or pgstore, which come with one.
//
//	pool, err := sql.Open("pgx", url)
//	...
//	db, err := sqlstore.New(pool, sqlstore.PostgreSQL, nil)
//	...
//	err = db.Migrate(ctx)
//	...
//	ledger, err := consent.NewLedger(db.Consent(), register, nil)
//
// # Units of work
//
// Every method that writes is one transaction, at the isolation level READ
// COMMITTED on PostgreSQL. It reads and locks the rows it decides on, decides in
// Go, by the same pure functions on every database, and writes. A race for rows
// that are not there yet is run again; conflicts are told apart from failures of
// the database, which are of type *Error.
//
// SQLite has one writer at a time and waits for the disk at every commit. There,
// concurrent callers share transactions: whoever finds nobody at work runs the
// units of all who are waiting, commits once, and every caller returns when its
// own unit is durable. A unit that is refused, fails or panics does not affect
// those beside it.
//
// # The host's transaction
//
// WithTx gives the same stores within a transaction of the host: the host's own
// rows and ours are committed together. A conflict does not abort it.
//
//	tx, err := pool.BeginTx(ctx, nil)
//	...
//	joined := ledger.Join(db.WithTx(tx).Consent())
//	defer joined.Done()
//
// # Schema
//
// Migrations are embedded, only ever added, and applied by Migrate, each in a
// transaction of its own; Migrations returns them as SQL for another tool. Times
// are UTC microseconds. Identifiers are compared byte for byte, with the
// collation "C" on PostgreSQL. Tables of subjects begin with (tenant, subject).
// Nothing relies on LISTEN/NOTIFY, advisory locks or the order of a sequence.
//
// The outbox is both feeds. For delivery its rows are claimed. As the cache feed
// it is read from a cursor: on PostgreSQL in the order of transaction ids, and
// only up to the oldest transaction that is still open, so that one that began
// early and commits late is not missed. Until that one ends, the feed says that
// it is not complete. Trim what was delivered, or the outbox grows for ever; a
// cursor older than what was trimmed is told to start anew.
//
// Transaction ids mean nothing in another cluster. After restoring a dump, call
// Migrate before anything else: it notices ids that lie in the future and resets
// them.
//
// # Retention of our own records
//
// The ledger, the decisions, the outbox and the cases are personal data too:
// OwnRecords and CaseRecords give them as systems for a retention.Sweeper.
//
// # Other drivers
//
// NewWithExecutor takes an Executor in place of a *sql.DB: a few methods that
// run lists of statements. One that sends a list in a single round trip, as pgx
// can, makes an append two round trips, with a hundred elements as with one.
package sqlstore
