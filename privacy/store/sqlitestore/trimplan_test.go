package sqlitestore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// To trim costs what is trimmed: neither what was delivered since nor what waits to
// be delivered is read through for it.
func TestTrimReadsWhatItDeletes(t *testing.T) {
	db := open(t, nil)
	_, err := db.SQL().ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
		INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
		SELECT 0, 'acme', 's', i % 2, ?1 + i * 1000000, '{}', i % 10 > 0 FROM n`, moment.UnixMicro())
	require.NoError(t, err)
	stores, r := recording(t, db)
	for _, statistics := range []bool{false, true} {
		if statistics {
			_, err := db.SQL().ExecContext(t.Context(), "ANALYZE")
			require.NoError(t, err)
		}
		r.ran = nil
		_, err := stores.Consent().Trim(t.Context(), moment.Add(100*time.Second), true)
		require.NoError(t, err)
		var plans []string
		for _, s := range r.ran {
			if strings.HasPrefix(s.SQL, "DELETE") {
				plans = append(plans, explained(t, db.SQL(), s))
			}
		}
		require.Len(t, plans, 2)
		assert.Contains(t, plans[0], "INDEX privacy_outbox_delivered (recorded_at<?)")
		assert.Contains(t, plans[1], "INDEX privacy_outbox_pending")
		for _, plan := range plans {
			assert.Contains(t, plan, "SEARCH privacy_outbox USING INTEGER PRIMARY KEY (rowid=?)")
			assert.NotContains(t, plan, "TEMP B-TREE")
		}
	}
}
