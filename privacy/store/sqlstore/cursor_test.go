package sqlstore

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestCursorsComeBack(t *testing.T) {
	for _, p := range []place{{}, {1, 2, 3}, {0, 0, 7}, {math.MaxInt64, math.MaxInt64, math.MaxInt64}} {
		got, err := parseCursor(p.cursor())
		require.NoError(t, err)
		assert.Equal(t, p, got)
	}
	got, err := parseCursor("")
	require.NoError(t, err)
	assert.Equal(t, place{}, got)
}

func TestOtherCursorsAreRefused(t *testing.T) {
	for _, cursor := range []consent.Cursor{"1", "12", "1.2.3", "2.1.2.3", "1.1.2.3.4", "1.-1.2.3", "1.01.2.3", "1.1.2.x", "1.1.2.9223372036854775808", "1.1.2.3 ", "1...", "é"} {
		_, err := parseCursor(cursor)
		require.ErrorIs(t, err, privacy.ErrInvalid, "%q", cursor)
		assert.NotContains(t, err.Error(), string(cursor)+"\x00")
	}
}

func TestPlacesGoByTransactionThenVersionThenPosition(t *testing.T) {
	ordered := []place{{}, {0, 0, 5}, {1, 0, 0}, {1, 1, 9}, {1, 2, 3}, {1, 2, 4}, {2, 1, 1}}
	for i, p := range ordered {
		for j, q := range ordered {
			assert.Equal(t, i < j, p.before(q), "%v before %v", p, q)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	for _, seed := range []string{"", "1.0.0.0", "1.10.2.3", "1.1.2.9223372036854775807", "0.1.2.3", "1.+1.2.3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseCursor(consent.Cursor(text))
		if err != nil {
			require.ErrorIs(t, err, privacy.ErrInvalid)
			return
		}
		if text != "" {
			assert.Equal(t, consent.Cursor(text), p.cursor(), "one place has one cursor")
		}
		assert.False(t, p.before(place{}))
	})
}
