package pgstore_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// A page of the cache feed is read from the index, once, and costs what it has:
// whether the server knows how many rows there are or the table has just been
// filled, and from the beginning as from the middle. So are its end, and what is
// asked of it at every start.
func TestTheFeedIsReadByIndex(t *testing.T) {
	db := open(t, nil)
	execute(t, db, `ALTER TABLE privacy_outbox SET (autovacuum_enabled = false)`)
	const transactions, each, page = 60, 500, 1000
	for first := 0; first < transactions*each; first += each {
		execute(t, db, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event)
			SELECT pg_current_xact_id()::text::bigint, 'acme', 'subject-' || i * 7919 % 100003, i % 10, i, repeat('x', 400)
			FROM generate_series($1::bigint, $2::bigint) i`, first+1, first+each)
	}
	r := &reader{db: db}
	stores, err := sqlstore.NewWithExecutor(r, sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	first, err := stores.Consent().Changes(t.Context(), "", page)
	require.NoError(t, err)
	require.Len(t, first.Changes, page)
	_, err = stores.Consent().Changes(t.Context(), first.Next, page)
	require.NoError(t, err)
	_, err = stores.Consent().Head(t.Context())
	require.NoError(t, err)
	require.NoError(t, stores.Migrate(t.Context()), "which looks for changes of a restored dump")
	r.asked = slices.DeleteFunc(r.asked, func(s sqlstore.Statement) bool { return !strings.Contains(s.SQL, "privacy_outbox") })
	require.Len(t, r.asked, 4)

	for _, statistics := range []bool{false, true} {
		if statistics {
			execute(t, db, "VACUUM ANALYZE privacy_outbox")
		}
		for _, mode := range planModes {
			for _, statement := range r.asked {
				nodes, compiled := planned(t, db, mode, statement)
				visited := 0.0
				for _, node := range nodes {
					if node.Table != "privacy_outbox" {
						continue
					}
					visited += (node.Rows + node.Filtered + node.Recheck) * node.Loops
					assert.Contains(t, []string{"Index Scan", "Index Only Scan"}, node.Type)
					assert.Equal(t, "privacy_outbox_changes", node.Index)
					assert.InDelta(t, 1, node.Loops, 0, "%s is asked once", node.Type)
				}
				assert.Positive(t, visited)
				assert.LessOrEqual(t, visited, page+2.0, "the page, one more, and the newest")
				assert.False(t, compiled, "the server expects to read much")
			}
		}
	}
}
