package sqlitestore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// Of many subjects a hundred owe a renewed consent.
func TestWhoOwesARenewalIsReadByIndex(t *testing.T) {
	require.NoError(t, registerVisit())
	db := open(t, nil)
	_, err := db.SQL().ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?3)
		INSERT INTO privacy_renewals (tenant, subject, purpose, notice_version, given_at, until_at)
		SELECT ?1, printf('subject-%08d', i * 7919 % 100003), 'newsletter', 2 - (i % (?3 / 100) = 0),
			?2 + CASE i % (?3 / 100) WHEN 0 THEN -i ELSE i END, CASE WHEN i % (?3 / 100) = 0 THEN ?2 - i WHEN i % 3 > 0 THEN ?2 + i END FROM n`,
		string(tenant), moment.UnixMicro(), defaultRenewals)
	require.NoError(t, err)
	c := &counting{Executor: plainExecutor{db.SQL()}}
	stores, err := sqlstore.NewWithExecutor(c, sqlstore.SQLite, nil)
	require.NoError(t, err)
	for _, statistics := range []bool{false, true} {
		if statistics {
			_, err := db.SQL().ExecContext(t.Context(), "ANALYZE")
			require.NoError(t, err)
		}
		for index, query := range storetest.Owing() {
			c.ran = nil
			visits.Store(0)
			owe := storetest.AllOwing(t, stores.Renewals(), query)
			visited := int(visits.Load())
			t.Logf("%s: %d owe, %d visited by %d statements", index, owe, visited, len(c.ran))
			assert.Equal(t, 100, owe)
			assert.GreaterOrEqual(t, visited, owe, "the counter counts")
			assert.LessOrEqual(t, visited, owe*12/10)
			for _, s := range c.ran {
				plan := explained(t, db.SQL(), s)
				assert.Contains(t, plan, "USING INDEX privacy_"+index+" (tenant=? AND purpose=? AND ")
				assert.NotContains(t, plan, "SCAN")
				assert.NotContains(t, plan, "TEMP B-TREE")
			}
		}
	}
}
