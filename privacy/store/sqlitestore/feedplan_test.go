package sqlitestore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// A page of the cache feed is read from where it begins, whether the database has
// statistics or not.
func TestTheFeedIsReadByIndex(t *testing.T) {
	require.NoError(t, registerVisit())
	db := open(t, nil)
	const page = 1000
	_, err := db.SQL().ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
		INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event)
		SELECT 0, 'acme', 'subject-' || (i * 7919 % 100003), 1 + i % 10, i, '{}' FROM n`)
	require.NoError(t, err)
	c := &counting{Executor: plainExecutor{db.SQL()}}
	stores, err := sqlstore.NewWithExecutor(c, sqlstore.SQLite, nil)
	require.NoError(t, err)
	for _, statistics := range []bool{false, true} {
		if statistics {
			_, err := db.SQL().ExecContext(t.Context(), "ANALYZE")
			require.NoError(t, err)
		}
		visits.Store(0)
		c.ran = nil
		first, err := stores.Consent().Changes(t.Context(), "", page)
		require.NoError(t, err)
		require.Len(t, first.Changes, page)
		second, err := stores.Consent().Changes(t.Context(), first.Next, page)
		require.NoError(t, err)
		require.Len(t, second.Changes, page)
		assert.EqualValues(t, 2*(page+1), visits.Load(), "two pages, and one more row of each")
		for _, s := range c.ran {
			plan := explained(t, db.SQL(), s)
			assert.Contains(t, plan, "SEARCH privacy_outbox USING INTEGER PRIMARY KEY (rowid>?)")
			assert.NotContains(t, plan, "SCAN privacy_outbox")
		}
	}
}
