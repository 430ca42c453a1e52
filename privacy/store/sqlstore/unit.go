package sqlstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// unit is a unit of work as a store describes it, without saying whose
// transaction it runs in. It reads and locks what it decides on, decides, and
// writes. It may be run again from its start after a lost race.
type unit interface {
	// start forgets earlier runs and returns the statements to begin with.
	start() []Statement
	// next is called when those ran. It returns what to run now, and whether
	// these are the last: then all is decided. Its error is a refusal by the
	// rules, not a failure of the database: nothing was written then.
	next() (statements []Statement, last bool, err error)
}

// single is a unit that has nothing to decide. It must be safe to call again.
type single func() []Statement

func (s single) start() []Statement { return nil }

func (s single) next() ([]Statement, bool, error) { return s(), true, nil }

// work is where a store runs its units: a DB, or a transaction of the host.
type work interface {
	write(ctx context.Context, op string, u unit) error
	read(ctx context.Context, op string, statements ...Statement) error
}

// decide runs a unit up to its last statements, which it returns.
func decide(ctx context.Context, op string, b Batcher, u unit) ([]Statement, error) {
	statements := u.start()
	for {
		if len(statements) > 0 {
			if err := b.Batch(ctx, statements); err != nil {
				return nil, failure(op, interrupted(ctx, err))
			}
		}
		var last bool
		var err error
		if statements, last, err = u.next(); err != nil || last {
			return statements, err
		}
	}
}

// perform runs a unit to its end, without committing.
func perform(ctx context.Context, op string, b Batcher, u unit) error {
	statements, err := decide(ctx, op, b, u)
	if err != nil || len(statements) == 0 {
		return err
	}
	return failure(op, interrupted(ctx, b.Batch(ctx, statements)))
}

// failed tells a failure of the database from a refusal of a unit.
func failed(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// attempts bounds how often a unit is repeated that lost a race.
const attempts = 10

// transact carries out a unit in a transaction of its own.
func (db *DB) transact(ctx context.Context, op string, u unit) error {
	for attempt := 1; ; attempt++ {
		err := db.try(ctx, op, u)
		if attempt == attempts || classOf(err) != classRetry {
			return err
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

func (db *DB) try(ctx context.Context, op string, u unit) error {
	tx, err := db.executor.Begin(ctx)
	if err != nil {
		return failure(op, interrupted(ctx, err))
	}
	statements, err := decide(ctx, op, tx, u)
	if err != nil {
		return rollback(ctx, tx, err)
	}
	return failure(op, interrupted(ctx, tx.Commit(ctx, statements)))
}

// rollback undoes the transaction whatever the context says. The error that led
// to it is the one to report: a transaction that cannot be rolled back is one
// that the database has dropped.
func rollback(ctx context.Context, tx Transaction, cause error) error {
	_ = tx.Rollback(context.WithoutCancel(ctx))
	return cause
}

// pause waits before a lost race is run again, the longer the more it was lost.
func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(rand.N(time.Duration(attempt) * time.Millisecond))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
