package sqlstore

import (
	"context"
	"database/sql"
)

// Tx is a DB within a transaction of the host: what its stores write is
// committed or rolled back with the host's own work. They read what the
// transaction has written, and keep every promise of their contracts, but that
// nothing is durable before the host has committed.
//
// A refusal, such as privacy.ErrConflict, writes nothing and leaves the
// transaction usable, also on PostgreSQL. A failure of the database ends it on
// PostgreSQL; the host rolls back. A race that was lost at an isolation level
// above READ COMMITTED is both: it matches privacy.ErrConflict, and the host
// rolls back and begins anew.
//
// A Tx serves one goroutine at a time, and is of no use after the transaction.
type Tx struct {
	core    *core
	batcher Batcher
}

// WithTx returns the DB within tx, which must be on the same database. On
// SQLite it should have been begun with the write lock (BEGIN IMMEDIATE): a
// transaction that has read before may find that it cannot write any more.
func (db *DB) WithTx(tx *sql.Tx) *Tx { return db.Join(hostTransaction{tx}) }

// Join is WithTx for a driver's own kind of transaction.
func (db *DB) Join(transaction Batcher) *Tx { return &Tx{core: db.core, batcher: transaction} }

// Consent returns the stores of package consent within the transaction.
func (tx *Tx) Consent() *ConsentStore { return &ConsentStore{core: tx.core, work: tx, joined: true} }

func (tx *Tx) write(ctx context.Context, op string, u unit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if lock := tx.core.lock(); len(lock) > 0 {
		if err := tx.batcher.Batch(ctx, lock); err != nil {
			return conflicting(failure(op, interrupted(ctx, err)))
		}
	}
	return conflicting(perform(ctx, op, tx.batcher, u))
}

func (tx *Tx) read(ctx context.Context, op string, statements ...Statement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failure(op, interrupted(ctx, tx.batcher.Batch(ctx, statements)))
}
