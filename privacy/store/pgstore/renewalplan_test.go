package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// Of a hundred thousand subjects a hundred owe a renewed consent.
func TestWhoOwesARenewalIsReadByIndex(t *testing.T) {
	db := open(t, nil)
	execute(t, db, `ALTER TABLE privacy_renewals SET (autovacuum_enabled = false)`)
	execute(t, db, `INSERT INTO privacy_renewals (tenant, subject, purpose, notice_version, given_at, until_at)
		SELECT $1, 'subject-' || lpad((i * 7919 % 100003)::text, 8, '0'), 'newsletter', CASE i % 1000 WHEN 0 THEN 1 ELSE 2 END,
			$2::bigint + CASE i % 1000 WHEN 0 THEN -i ELSE i END, CASE WHEN i % 1000 = 0 THEN $2::bigint - i WHEN i % 3 > 0 THEN $2::bigint + i END
		FROM generate_series(1, 100000) i`, string(tenant), moment.UnixMicro())
	r := &reader{db: db}
	stores, err := sqlstore.NewWithExecutor(r, sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	for _, statistics := range []bool{false, true} {
		if statistics {
			execute(t, db, "VACUUM ANALYZE privacy_renewals")
		}
		for index, query := range storetest.Owing() {
			r.asked = nil
			owe := storetest.AllOwing(t, stores.Renewals(), query)
			assert.Equal(t, 100, owe)
			for _, mode := range planModes {
				visited := 0.0
				for _, s := range r.asked {
					nodes, _ := planned(t, db, mode, s)
					for _, node := range nodes {
						assert.NotEqual(t, "Seq Scan", node.Type)
						if node.Index != "" {
							visited += (node.Rows + node.Filtered + node.Recheck) * node.Loops
							assert.Equal(t, "privacy_"+index, node.Index)
						}
					}
				}
				t.Logf("%s: %d owe, %.0f visited by %d statements, %s", index, owe, visited, len(r.asked), mode)
				assert.GreaterOrEqual(t, visited, float64(owe), "the counter counts")
				assert.LessOrEqual(t, visited, float64(owe)*1.2)
			}
		}
	}
}
