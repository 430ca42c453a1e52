package sqlstore

import "context"

// Row is the row that a statement's Each looks at. *sql.Rows is one.
type Row interface {
	// Scan copies the columns of the row into dest: *string, *int64, *[]byte,
	// *bool, and pointers to pointers to these for columns that may be NULL.
	// What it copies stays valid when Each has returned.
	Scan(dest ...any) error
}

// Statement is a statement with its arguments and where its result goes.
type Statement struct {
	// SQL is the text, with $1, $2, … as placeholders, or on SQLite ?1, ?2, ….
	SQL string
	// Args are strings, int64s, []bytes and nils.
	Args []any
	// Each is called for every row of the result; nil if the statement returns
	// none. Its error ends the batch.
	Each func(Row) error
	// Affected receives the number of rows that were written, where it is not nil.
	Affected *int64
}

// Batcher runs statements.
type Batcher interface {
	// Batch runs statements in their order, each seeing what the earlier ones
	// did, and stops at the first that fails. A driver that can should send them
	// together, in one round trip.
	Batch(ctx context.Context, statements []Statement) error
}

// Executor is a database as the stores need it. New makes one on database/sql;
// an adapter for a driver with an interface of its own implements it natively.
//
// Errors are the driver's own. Of an error that a server sent, the executor
// must keep the code reachable by errors.As, as a method SQLState() string, or
// Code() int with an SQLite result code.
type Executor interface {
	// Batcher runs statements outside a transaction. They only read.
	Batcher
	// Begin starts a transaction that writes, at the isolation level READ
	// COMMITTED on PostgreSQL. ctx bounds only the call itself. An executor may
	// put off BEGIN until the first batch, to send both together.
	Begin(ctx context.Context) (Transaction, error)
}

// Transaction is a transaction of an Executor.
type Transaction interface {
	Batcher
	// Commit runs statements, if any, and commits, if it can in one round trip.
	// If a statement fails, nothing of the transaction may be committed.
	// Whatever it returns, the transaction is over.
	Commit(ctx context.Context, statements []Statement) error
	// Rollback ends the transaction without effect.
	Rollback(ctx context.Context) error
}
