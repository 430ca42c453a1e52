package sqlstore

import (
	"context"
	"slices"
	"sync"
	"testing"
)

// fakeExecutor is a database of statement texts: what was committed, in order.
type fakeExecutor struct {
	begin  func(ctx context.Context) error
	run    func(text string) error
	commit func(texts []string) error

	mu                        sync.Mutex
	committed                 []string
	begins, commits, rollback int
}

func (f *fakeExecutor) Batch(context.Context, []Statement) error { return nil }

func (f *fakeExecutor) Begin(ctx context.Context) (Transaction, error) {
	f.mu.Lock()
	f.begins++
	f.mu.Unlock()
	if f.begin != nil {
		if err := f.begin(ctx); err != nil {
			return nil, err
		}
	}
	return &fakeTransaction{executor: f}, nil
}

func (f *fakeExecutor) durable(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Contains(f.committed, text)
}

type fakeTransaction struct {
	executor *fakeExecutor
	texts    []string
}

func (t *fakeTransaction) Batch(ctx context.Context, statements []Statement) error {
	for _, statement := range statements {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.executor.run != nil {
			if err := t.executor.run(statement.SQL); err != nil {
				return err
			}
		}
		t.texts = append(t.texts, statement.SQL)
	}
	return nil
}

func (t *fakeTransaction) Commit(ctx context.Context, statements []Statement) error {
	if err := t.Batch(ctx, statements); err != nil {
		return err
	}
	if t.executor.commit != nil {
		if err := t.executor.commit(t.texts); err != nil {
			return err
		}
	}
	t.executor.mu.Lock()
	defer t.executor.mu.Unlock()
	t.executor.commits++
	t.executor.committed = append(t.executor.committed, t.texts...)
	return nil
}

func (t *fakeTransaction) Rollback(context.Context) error {
	t.executor.mu.Lock()
	defer t.executor.mu.Unlock()
	t.executor.rollback++
	return nil
}

func fakeDB(t *testing.T, executor *fakeExecutor, dialect Dialect) *DB {
	t.Helper()
	db, err := NewWithExecutor(executor, dialect, nil)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// writing is a unit that writes a statement of this text.
func writing(text string) unit {
	return single(func() []Statement { return []Statement{{SQL: text}} })
}

// refusing is a unit that the rules refuse.
type refusing struct{ err error }

func (refusing) start() []Statement { return []Statement{{SQL: "read"}} }

func (r refusing) next() ([]Statement, bool, error) { return nil, false, r.err }

// stateError and codeError are what drivers return.
type stateError string

func (e stateError) Error() string    { return "server says secret" }
func (e stateError) SQLState() string { return string(e) }

type codeError int

func (e codeError) Error() string { return "sqlite says so" }
func (e codeError) Code() int     { return int(e) }
