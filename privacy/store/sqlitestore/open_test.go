package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
)

func TestStateSurvivesClosing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	key := subjectKey(1)
	first := openAt(t, path, nil)
	mustAppend(t, first.Consent(), granted(t, key, "event-1", "key-1"))
	require.NoError(t, first.Close())

	second := openAt(t, path, nil)
	streams, err := second.Consent().Streams(t.Context(), []consent.StreamKey{key})
	require.NoError(t, err)
	state, err := streams[0].SubjectState()
	require.NoError(t, err)
	assert.Equal(t, consent.ConsentGranted, state.Purpose("newsletter").Consent)
	records, err := second.Consent().Records(t.Context(), key, 0, 10)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.NoError(t, records[0].Verify())
}
