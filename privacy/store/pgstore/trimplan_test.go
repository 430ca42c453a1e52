package pgstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// To trim costs what is trimmed: neither what was delivered since nor what waits to
// be delivered is read through for it.
func TestTrimReadsWhatItDeletes(t *testing.T) {
	db := open(t, nil)
	execute(t, db, `ALTER TABLE privacy_outbox SET (autovacuum_enabled = false)`)
	execute(t, db, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
		SELECT 1, 'acme', 's', i % 2, $1::bigint + i * 1000000, repeat('x', 400), CASE i % 10 WHEN 0 THEN 0 ELSE 1 END
		FROM generate_series(1::bigint, 30000) i`, moment.UnixMicro())
	l := &listener{}
	stores, err := sqlstore.NewWithExecutor(l, sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	_, err = stores.Consent().Trim(t.Context(), moment.Add(101*time.Second), true)
	require.NoError(t, err)
	require.Len(t, l.asked, 2)
	for _, statistics := range []bool{false, true} {
		if statistics {
			execute(t, db, "VACUUM ANALYZE privacy_outbox")
		}
		for _, mode := range planModes {
			for i, index := range []string{"privacy_outbox_delivered", "privacy_outbox_pending"} {
				nodes, _ := planned(t, db, mode, l.asked[i])
				visited := map[string]float64{}
				for _, node := range nodes {
					assert.NotEqual(t, "Seq Scan", node.Type, "%s, with statistics %t", mode, statistics)
					if node.Index != "" {
						visited[node.Index] += (node.Rows + node.Filtered + node.Recheck) * node.Loops
					}
				}
				deleted := []float64{90, 10}[i]
				assert.InDelta(t, deleted, visited["privacy_outbox_pkey"], 0)
				if i == 0 {
					assert.InDelta(t, deleted, visited[index], 0)
				} else {
					assert.InDelta(t, 3000, visited[index], 0, "what waits")
				}
			}
		}
	}
}
