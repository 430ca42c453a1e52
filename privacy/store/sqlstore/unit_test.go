package sqlstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
)

func TestALostRaceIsRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := 0
		executor := &fakeExecutor{run: func(string) error {
			if lost < 3 {
				lost++
				return stateError("23505")
			}
			return nil
		}}
		require.NoError(t, fakeDB(t, executor, PostgreSQL).write(t.Context(), "test", writing("unit")))
		assert.Equal(t, 4, executor.begins)
		assert.Equal(t, 1, executor.commits)
	})
}

func TestARaceLostForEverIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		executor := &fakeExecutor{run: func(string) error { return stateError("40001") }}
		err := fakeDB(t, executor, PostgreSQL).write(t.Context(), "test", writing("unit"))
		require.ErrorIs(t, err, ErrBusy)
		assert.Equal(t, attempts, executor.begins)
	})
}

func TestOtherFailuresAreNotRepeated(t *testing.T) {
	for _, cause := range []error{errors.New("connection lost"), stateError("42601"), stateError("53100"), codeError(sqliteFull)} {
		executor := &fakeExecutor{run: func(string) error { return cause }}
		err := fakeDB(t, executor, PostgreSQL).write(t.Context(), "test", writing("unit"))
		require.ErrorIs(t, err, cause)
		assert.Equal(t, 1, executor.begins)
	}
}

func TestARefusalRollsBack(t *testing.T) {
	executor := &fakeExecutor{}
	err := fakeDB(t, executor, PostgreSQL).write(t.Context(), "test", refusing{privacy.ErrConflict})
	require.ErrorIs(t, err, privacy.ErrConflict)
	assert.False(t, failed(err))
	assert.Equal(t, 1, executor.rollback)
	assert.Zero(t, executor.commits)
}

func TestInAHostTransactionALostRaceIsAConflict(t *testing.T) {
	executor := &fakeExecutor{run: func(text string) error {
		if text == "unit" {
			return stateError("40001")
		}
		return nil
	}}
	db := fakeDB(t, executor, PostgreSQL)
	tx, err := executor.Begin(t.Context())
	require.NoError(t, err)
	err = db.Join(tx).write(t.Context(), "test", writing("unit"))
	require.ErrorIs(t, err, privacy.ErrConflict)
	require.NotErrorIs(t, err, ErrBusy)
	assert.Zero(t, executor.commits+executor.rollback, "the transaction is the host's")
}

func TestTheContextShowsThroughADriversError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	executor := &fakeExecutor{run: func(string) error {
		cancel()
		return stateError("57014")
	}}
	err := fakeDB(t, executor, PostgreSQL).write(ctx, "test", writing("unit"))
	require.ErrorIs(t, err, context.Canceled)
}
