package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// sqlExecutor is the Executor on database/sql. It prepares each statement once.
type sqlExecutor struct {
	writers, readers *preparer
	begin            *sql.TxOptions
	// writes are the statements of transactions, prepared before the first one
	// begins: in it, that would take a second connection.
	writes   []string
	prepared atomic.Bool
}

func newSQLExecutor(writers, readers *sql.DB, dialect Dialect, writes []string) *sqlExecutor {
	e := &sqlExecutor{writers: newPreparer(writers), writes: writes}
	e.readers = e.writers
	if readers != nil && readers != writers {
		e.readers = newPreparer(readers)
	}
	if dialect == PostgreSQL {
		e.begin = &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	return e
}

// Batch prepares and runs statements on the readers' pool.
func (e *sqlExecutor) Batch(ctx context.Context, statements []Statement) error {
	for i := range statements {
		prepared, err := e.readers.prepare(ctx, statements[i].SQL)
		if err != nil {
			return err
		}
		if err := runPrepared(ctx, prepared, &statements[i]); err != nil {
			return err
		}
	}
	return nil
}

// Begin starts a transaction on the writers' pool. database/sql would roll the
// transaction back when the context of BeginTx ends; here that may happen only
// until it has begun.
func (e *sqlExecutor) Begin(ctx context.Context) (Transaction, error) {
	e.prepareWrites(ctx)
	bound, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	tx, err := e.writers.db.BeginTx(bound, e.begin)
	if !stop() {
		// The context ended meanwhile: bound is cancelled or about to be.
		if err == nil {
			err = errors.Join(context.Cause(ctx), tx.Rollback())
		}
		cancel()
		return nil, err
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &sqlTransaction{tx: tx, end: cancel, preparer: e.writers, bound: map[string]*sql.Stmt{}}, nil
}

// prepareWrites does nothing lasting if it fails, as it does while the tables
// are not there: statements run unprepared then.
func (e *sqlExecutor) prepareWrites(ctx context.Context) {
	if e.prepared.Load() {
		return
	}
	for _, text := range e.writes {
		if _, err := e.writers.prepare(ctx, text); err != nil { //nolint:sqlclosecheck // kept by the preparer, which closes it
			return
		}
	}
	e.prepared.Store(true)
}

func (e *sqlExecutor) close() error {
	e.prepared.Store(false)
	err := e.writers.close()
	if e.readers != e.writers {
		err = errors.Join(err, e.readers.close())
	}
	return err
}

// sqlTransaction is a transaction of our own, on prepared statements.
type sqlTransaction struct {
	tx       *sql.Tx
	end      context.CancelFunc
	preparer *preparer
	bound    map[string]*sql.Stmt
}

func (t *sqlTransaction) Batch(ctx context.Context, statements []Statement) error {
	for i := range statements {
		if err := t.run(ctx, &statements[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *sqlTransaction) run(ctx context.Context, statement *Statement) error {
	prepared, ok := t.bound[statement.SQL]
	if !ok {
		known := t.preparer.known(statement.SQL)
		if known == nil {
			return runText(ctx, t.tx, statement)
		}
		prepared = t.tx.StmtContext(ctx, known)
		t.bound[statement.SQL] = prepared
	}
	return runPrepared(ctx, prepared, statement)
}

func (t *sqlTransaction) Commit(ctx context.Context, statements []Statement) error {
	if err := t.Batch(ctx, statements); err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	defer t.end()
	return t.tx.Commit()
}

func (t *sqlTransaction) Rollback(context.Context) error {
	defer t.end()
	return t.tx.Rollback()
}

// hostTransaction runs statements in a transaction of the host.
type hostTransaction struct{ tx *sql.Tx }

func (t hostTransaction) Batch(ctx context.Context, statements []Statement) error {
	for i := range statements {
		if err := runText(ctx, t.tx, &statements[i]); err != nil {
			return err
		}
	}
	return nil
}

func runPrepared(ctx context.Context, prepared *sql.Stmt, statement *Statement) error {
	if statement.Each == nil {
		result, err := prepared.ExecContext(ctx, statement.Args...)
		return affected(result, err, statement)
	}
	rows, err := prepared.QueryContext(ctx, statement.Args...)
	if err != nil {
		return err
	}
	return each(rows, statement)
}

func runText(ctx context.Context, tx *sql.Tx, statement *Statement) error {
	if statement.Each == nil {
		result, err := tx.ExecContext(ctx, statement.SQL, statement.Args...)
		return affected(result, err, statement)
	}
	rows, err := tx.QueryContext(ctx, statement.SQL, statement.Args...)
	if err != nil {
		return err
	}
	return each(rows, statement)
}

func affected(result sql.Result, err error, statement *Statement) error {
	if err != nil || statement.Affected == nil {
		return err
	}
	*statement.Affected, err = result.RowsAffected()
	return err
}

func each(rows *sql.Rows, statement *Statement) error {
	defer rows.Close()
	for rows.Next() {
		if err := statement.Each(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// preparer keeps the prepared statements of a pool. Their number is bounded by
// that of the texts of this package.
type preparer struct {
	db *sql.DB

	mu         sync.RWMutex
	statements map[string]*sql.Stmt
}

func newPreparer(db *sql.DB) *preparer {
	return &preparer{db: db, statements: map[string]*sql.Stmt{}}
}

func (p *preparer) known(text string) *sql.Stmt {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.statements[text]
}

func (p *preparer) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if prepared := p.known(text); prepared != nil {
		return prepared, nil
	}
	prepared, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.statements[text]; first != nil {
		return first, prepared.Close() //nolint:sqlclosecheck // the loser of a race
	}
	p.statements[text] = prepared
	return prepared, nil
}

func (p *preparer) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	for _, text := range slices.Sorted(maps.Keys(p.statements)) {
		err = errors.Join(err, p.statements[text].Close())
	}
	clear(p.statements)
	return err
}
