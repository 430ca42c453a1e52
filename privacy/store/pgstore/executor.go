package pgstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// executor is the sqlstore.Executor on pgx: statements that are given together
// travel together.
type executor struct {
	pool *pgxpool.Pool
	// settings is the statement that bounds a transaction; "" where the
	// connections are bounded already.
	settings string
	// oneByOne runs statements one after another, unprepared, as those must that
	// create what the next one names.
	oneByOne bool
}

func newExecutor(pool *pgxpool.Pool, timeouts map[string]string) *executor {
	e := &executor{pool: pool}
	parameters := pool.Config().ConnConfig.RuntimeParams
	for name := range timeouts {
		if parameters[name] == "" {
			e.settings = settingsSQL(timeouts)
		}
	}
	return e
}

// settingsSQL holds until the end of the transaction it runs in.
func settingsSQL(timeouts map[string]string) string {
	var calls []string
	for _, name := range []string{lockTimeout, statementTimeout, idleTimeout} {
		calls = append(calls, fmt.Sprintf("set_config('%s', '%s', true)", name, timeouts[name]))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// Batch runs statements that only read.
func (e *executor) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	return run(ctx, e.pool, e.oneByOne, statements)
}

// Begin takes no connection yet: BEGIN travels with the first statements.
func (e *executor) Begin(context.Context) (sqlstore.Transaction, error) {
	return &transaction{executor: e}, nil
}

// beginSQL leaves it to the server's settings whether the transaction may write.
const beginSQL = "BEGIN ISOLATION LEVEL READ COMMITTED"

// rollbackTimeout bounds a rollback, which no context ends. The server rolls
// back by itself when the connection is closed.
const rollbackTimeout = 5 * time.Second

// transaction is a transaction of our own.
type transaction struct {
	executor *executor
	conn     *pgxpool.Conn // nil before the first batch and after the end
}

func (t *transaction) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	opening, err := t.open(ctx)
	if err != nil {
		return err
	}
	return run(ctx, t.conn, t.executor.oneByOne, append(opening, statements...))
}

// open takes a connection for the first batch and returns what that begins with.
func (t *transaction) open(ctx context.Context) ([]sqlstore.Statement, error) {
	if t.conn != nil {
		return nil, nil
	}
	conn, err := t.executor.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	t.conn = conn
	opening := []sqlstore.Statement{{SQL: beginSQL}}
	if t.executor.settings != "" {
		opening = append(opening, sqlstore.Statement{SQL: t.executor.settings})
	}
	return opening, nil
}

// Commit sends COMMIT along with the last statements: the server skips it if
// one of them fails.
func (t *transaction) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	if t.conn == nil && len(statements) == 0 {
		return nil
	}
	opening, err := t.open(ctx)
	if err != nil {
		return err
	}
	all := make([]sqlstore.Statement, 0, len(opening)+len(statements)+1)
	all = append(append(append(all, opening...), statements...), sqlstore.Statement{SQL: "COMMIT"})
	if err := run(ctx, t.conn, t.executor.oneByOne, all); err != nil {
		_ = t.Rollback(context.WithoutCancel(ctx))
		return err
	}
	t.release()
	return nil
}

func (t *transaction) Rollback(ctx context.Context) error {
	if t.conn == nil {
		return nil
	}
	defer t.release()
	ctx, cancel := context.WithTimeout(ctx, rollbackTimeout)
	defer cancel()
	_, err := t.conn.Exec(ctx, "ROLLBACK")
	return err
}

// release gives the connection back to the pool, which closes one that is not
// idle.
func (t *transaction) release() {
	t.conn.Release()
	t.conn = nil
}

// joined runs statements in a transaction of the host.
type joined struct{ tx pgx.Tx }

func (j joined) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	return run(ctx, j.tx, false, statements)
}

// session is a pool, a connection or a transaction.
type session interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
	CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error)
}

func run(ctx context.Context, s session, oneByOne bool, statements []sqlstore.Statement) error {
	if len(statements) == 1 || oneByOne {
		for i := range statements {
			if err := runOne(ctx, s, oneByOne, &statements[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if groups := gather(statements); len(groups) > 0 {
		return runTogether(ctx, s, statements, groups)
	}
	return send(ctx, s, statements)
}

// send sends statements in one batch, and returns when all have run.
func send(ctx context.Context, s session, statements []sqlstore.Statement) error {
	if len(statements) == 0 {
		return nil
	}
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, 0, len(statements))}
	for i := range statements {
		queue(batch, &statements[i])
	}
	return s.SendBatch(ctx, batch).Close()
}

func queue(batch *pgx.Batch, statement *sqlstore.Statement) {
	query := batch.Queue(statement.SQL, statement.Args...)
	switch {
	case statement.Each != nil:
		query.Query(func(rows pgx.Rows) error { return each(rows, statement) })
	case statement.Affected != nil:
		query.Exec(func(tag pgconn.CommandTag) error {
			*statement.Affected = tag.RowsAffected()
			return nil
		})
	}
}

func runOne(ctx context.Context, s session, unprepared bool, statement *sqlstore.Statement) error {
	args := statement.Args
	if unprepared {
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	rows, err := s.Query(ctx, statement.SQL, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if statement.Each != nil {
		if err := each(rows, statement); err != nil {
			return err
		}
	}
	rows.Close()
	if statement.Affected != nil {
		*statement.Affected = rows.CommandTag().RowsAffected()
	}
	return rows.Err()
}

func each(rows pgx.Rows, statement *sqlstore.Statement) error {
	for rows.Next() {
		if err := statement.Each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
