package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
)

// held is a database whose transactions begin once release was called.
func held(t *testing.T, executor *fakeExecutor) (db *DB, release func()) {
	t.Helper()
	open := make(chan struct{})
	begin := executor.begin
	executor.begin = func(ctx context.Context) error {
		select {
		case <-open:
		case <-ctx.Done():
			return ctx.Err()
		}
		if begin != nil {
			return begin(ctx)
		}
		return nil
	}
	return fakeDB(t, executor, SQLite), func() { close(open) }
}

// idle checks that the group has nothing left to do.
func idle(t *testing.T, db *DB) {
	t.Helper()
	assert.False(t, db.group.leading, "the lead was not given back")
	assert.Empty(t, db.group.queue)
}

// gathered runs units at once: the transaction of the first begins only when
// the callers of the others have queued up.
func gathered(t *testing.T, executor *fakeExecutor, units []unit) []error {
	t.Helper()
	db, release := held(t, executor)
	faults := make([]error, len(units))
	var wait sync.WaitGroup
	for i, u := range units {
		wait.Go(func() { faults[i] = db.write(t.Context(), "test", u) })
		synctest.Wait()
	}
	release()
	wait.Wait()
	idle(t, db)
	return faults
}

func texts(n int) []unit {
	units := make([]unit, n)
	for i := range units {
		units[i] = writing(fmt.Sprintf("unit %d", i))
	}
	return units
}

func TestWaitingUnitsShareOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{}
		for i, err := range gathered(t, executor, texts(10)) {
			require.NoError(t, err)
			assert.True(t, executor.durable(fmt.Sprintf("unit %d", i)))
		}
		assert.Equal(t, 1, executor.commits)
	})
}

func TestMoreUnitsThanFitTakeSeveralCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{}
		for _, err := range gathered(t, executor, texts(2*maxGroup+1)) {
			require.NoError(t, err)
		}
		assert.Equal(t, 3, executor.commits)
	})
}

func TestARefusalConcernsItsUnitOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{}
		units := texts(5)
		units[2] = refusing{privacy.ErrConflict}
		faults := gathered(t, executor, units)
		for i, err := range faults {
			if i == 2 {
				require.ErrorIs(t, err, privacy.ErrConflict)
				assert.False(t, failed(err))
				continue
			}
			require.NoError(t, err)
			assert.True(t, executor.durable(fmt.Sprintf("unit %d", i)))
		}
		assert.Equal(t, 1, executor.commits)
	})
}

func TestAFailureConcernsItsUnitOnly(t *testing.T) {
	for name, executor := range map[string]*fakeExecutor{
		"statement": {run: func(text string) error {
			if text == "unit 3" {
				return codeError(sqliteFull)
			}
			return nil
		}},
		"commit": {commit: func(texts []string) error {
			if slices.Contains(texts, "unit 3") {
				return codeError(sqliteFull)
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for i, err := range gathered(t, executor, texts(6)) {
					if i == 3 {
						require.ErrorIs(t, err, ErrFull)
						continue
					}
					require.NoError(t, err)
					assert.True(t, executor.durable(fmt.Sprintf("unit %d", i)))
				}
				assert.False(t, executor.durable("unit 3"))
			})
		})
	}
}

func TestACommitOfUnknownOutcomeIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{commit: func([]string) error { return errors.New("connection lost") }}
		for _, err := range gathered(t, executor, texts(4)) {
			require.Error(t, err)
			assert.True(t, failed(err))
		}
		assert.Equal(t, 1, executor.begins)
	})
}

func TestABusyDatabaseFailsAllWhoWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{begin: func(context.Context) error { return codeError(sqliteBusy) }}
		for _, err := range gathered(t, executor, texts(4)) {
			require.ErrorIs(t, err, ErrBusy)
		}
		assert.Equal(t, 1, executor.begins)
	})
}

func TestACancelledCallerLeavesTheOthersAlone(t *testing.T) {
	for cancelled, role := range []string{"leader", "first waiter", "last waiter"} {
		t.Run(role, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				executor := &fakeExecutor{}
				db, release := held(t, executor)
				ctx, cancel := context.WithCancel(t.Context())
				var wait sync.WaitGroup
				faults := make([]error, 3)
				for i := range faults {
					own := t.Context()
					if i == cancelled {
						own = ctx
					}
					wait.Go(func() { faults[i] = db.write(own, "test", writing(fmt.Sprintf("unit %d", i))) })
					synctest.Wait()
				}
				cancel()
				synctest.Wait()
				require.ErrorIs(t, faults[cancelled], context.Canceled, "it returns at once")
				release()
				wait.Wait()
				idle(t, db)
				for i, err := range faults {
					if i == cancelled {
						assert.False(t, executor.durable(fmt.Sprintf("unit %d", i)))
						continue
					}
					require.NoError(t, err)
					assert.True(t, executor.durable(fmt.Sprintf("unit %d", i)))
				}
			})
		})
	}
}

func TestAUnitThatHasStartedIsFinishedDespiteItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		executor := &fakeExecutor{run: func(text string) error {
			if text == "unit 0" {
				cancel()
			}
			return nil
		}}
		require.NoError(t, fakeDB(t, executor, SQLite).write(ctx, "test", writing("unit 0")))
		assert.True(t, executor.durable("unit 0"))
	})
}

func TestACancelledContextNeverStarts(t *testing.T) {
	for _, dialect := range []Dialect{SQLite, PostgreSQL} {
		executor := &fakeExecutor{}
		db := fakeDB(t, executor, dialect)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, db.write(ctx, "test", writing("unit")), context.Canceled)
		require.ErrorIs(t, db.read(ctx, "test", Statement{SQL: "read"}), context.Canceled)
		assert.Zero(t, executor.begins)
	}
}

type panicking struct{}

func (panicking) start() []Statement { panic("a unit panics") }

func (panicking) next() ([]Statement, bool, error) { return nil, true, nil }

func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{}
		db, release := held(t, executor)
		faults := make([]error, 3)
		var panicked any
		var wait sync.WaitGroup
		for i := range faults {
			wait.Go(func() {
				defer func() {
					if r := recover(); r != nil {
						panicked = r
					}
				}()
				u := writing("unit")
				if i == 1 {
					u = panicking{}
				}
				faults[i] = db.write(t.Context(), "test", u)
			})
			synctest.Wait()
		}
		release()
		wait.Wait()
		idle(t, db)
		assert.Equal(t, "a unit panics", panicked, "in the goroutine of the leader")
		require.Error(t, faults[1])
		require.Error(t, faults[2])
		assert.Equal(t, 1, executor.rollback)
		require.NoError(t, db.write(t.Context(), "test", writing("after")))
	})
}
