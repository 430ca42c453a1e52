package sqlstore

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailuresAreClassified(t *testing.T) {
	for name, c := range map[string]struct {
		cause error
		kind  error
		class class
		code  string
	}{
		"unique violation":      {stateError("23505"), ErrBusy, classRetry, "23505"},
		"serialization failure": {stateError("40001"), ErrBusy, classRetry, "40001"},
		"deadlock":              {stateError("40P01"), ErrBusy, classRetry, "40P01"},
		"table made twice":      {stateError("42P07"), ErrBusy, classRetry, "42P07"},
		"type made twice":       {stateError("42710"), ErrBusy, classRetry, "42710"},
		"lock timeout":          {stateError("55P03"), ErrBusy, classGone, "55P03"},
		"disk full":             {stateError("53100"), ErrFull, classOther, "53100"},
		"standby":               {stateError("25006"), ErrReadOnly, classGone, "25006"},
		"no table":              {stateError("42P01"), nil, classSafe, "42P01"},
		"shutdown":              {stateError("57P01"), nil, classSafe, "57P01"},
		"bad value":             {stateError("22021"), nil, classOther, "22021"},
		"empty state":           {stateError(""), nil, classOther, ""},
		"sqlite busy":           {codeError(sqliteBusy), ErrBusy, classGone, "5"},
		"sqlite stale snapshot": {codeError(sqliteBusySnapshot), ErrBusy, classRetry, "517"},
		"sqlite full":           {codeError(sqliteFull), ErrFull, classSafe, "13"},
		"sqlite read-only":      {codeError(sqliteReadOnly | 4<<8), ErrReadOnly, classGone, "1032"},
		"sqlite other":          {codeError(11), nil, classSafe, "11"},
		"network":               {errors.New("reset by peer"), nil, classOther, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, cause := range []error{c.cause, fmt.Errorf("driver: %w", c.cause)} {
				err := failure("append", cause)
				var e *Error
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, c.cause)
				assert.Equal(t, "append", e.Op)
				assert.Equal(t, c.code, e.Code)
				assert.Equal(t, c.class, classOf(err))
				for _, kind := range []error{ErrFull, ErrReadOnly, ErrBusy} {
					assert.Equal(t, errors.Is(kind, c.kind), errors.Is(err, kind), kind)
				}
			}
		})
	}
}

func TestNoErrorQuotesTheData(t *testing.T) {
	// Messages of these classes may hold values, as "invalid byte sequence" does.
	for _, code := range []string{"22021", "22P02", "23514", "P0001", "40001", "23505"} {
		assert.NotContains(t, failure("append", stateError(code)).Error(), "secret", code)
		assert.Contains(t, failure("append", stateError(code)).Error(), code)
	}
	assert.Contains(t, failure("append", stateError("57P01")).Error(), "server says")
}

func TestAFailureIsWrappedOnce(t *testing.T) {
	first := failure("append", stateError("53100"))
	assert.Equal(t, first, failure("commit", first))
	require.NoError(t, failure("append", nil))
}
