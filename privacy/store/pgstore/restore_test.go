package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
)

// Transaction ids of another cluster lie in the future of this one: until Migrate
// puts them right, the feed withholds what they belong to. It does so for ids of
// rows, and of a horizon that is all that is left of them.
func TestIDsOfARestoredDumpAreReset(t *testing.T) {
	const later = `pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000000`
	for _, tables := range [][]string{{"privacy_outbox", "privacy_streams"}, {"privacy_feed"}} {
		db := open(t, nil)
		mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
		before, err := db.Consent().Changes(t.Context(), "", 10)
		require.NoError(t, err)
		require.True(t, before.Complete)
		for _, table := range tables {
			execute(t, db, "UPDATE "+table+" SET transaction_id = "+later)
		}
		page, err := db.Consent().Changes(t.Context(), before.Next, 10)
		require.NoError(t, err)
		assert.True(t, !page.Complete || page.Reset, "the ids matter")

		require.NoError(t, db.Migrate(t.Context()))
		mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-2", "key-2"))
		page, err = db.Consent().Changes(t.Context(), "", 10)
		require.NoError(t, err)
		assert.True(t, page.Complete)
		assert.Equal(t, []consent.Change{{Key: subjectKey(1), Version: 1}, {Key: subjectKey(1), Version: 2}}, page.Changes)
		page, err = db.Consent().Changes(t.Context(), before.Next, 10)
		require.NoError(t, err)
		assert.False(t, page.Reset)
	}
}
