package sqlstore

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestListsArePaddedToFewLengths(t *testing.T) {
	lengths := map[int]bool{}
	for n := 1; n <= maxSubjects; n++ {
		size := padded(n)
		assert.GreaterOrEqual(t, size, n)
		assert.LessOrEqual(t, size, maxSubjects)
		lengths[size] = true
	}
	assert.LessOrEqual(t, len(lengths), 10)
	assert.Equal(t, []any{"a", "b", "c", "c"}, pad([]any{"a", "b", "c"}))
	assert.Equal(t, "($2, $3, $4)", placeholders(PostgreSQL, 2, 3))
	assert.Equal(t, "(?2, ?3, ?4)", placeholders(SQLite, 2, 3))
}

func TestManyStreamsTakeFewStatements(t *testing.T) {
	store := fakeDB(t, &fakeExecutor{}, PostgreSQL).Consent()
	streams := make([]consent.Stream, 1000)
	for i := range streams {
		streams[i].Key = consent.StreamKey{Tenant: "acme", Subject: privacy.SubjectID(rune('a' + i))}
	}
	assert.Len(t, store.manyStreams(streams), 2)
	streams[999].Key.Tenant = "umbra"
	assert.Len(t, store.manyStreams(streams), 3)
	for i := range streams {
		streams[i].Key = streams[0].Key
	}
	statements := store.manyStreams(streams)
	assert.Len(t, statements, 1)
	assert.Len(t, statements[0].Args, 2, "a key asked for twice is read once")
}

// A driver for SQLite may bind $3 to the name that comes third in the text.
func TestSQLitePlaceholdersAreNumbers(t *testing.T) {
	c, err := newCore(SQLite, nil)
	require.NoError(t, err)
	texts := append([]string{c.schemas.exists, c.outbox.changes, c.ledger.readRecords, c.ledger.readSubjects, c.log.list[1][1][1]}, c.template.writes...)
	for _, text := range texts {
		assert.NotContains(t, text, "$")
	}
}
