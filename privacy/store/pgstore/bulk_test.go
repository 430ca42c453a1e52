package pgstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
)

// A batch of any size is written as if one by one: by single statements, by
// statements of many rows, and by COPY.
func TestBatchesOfEverySize(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	for _, size := range []int{7, 8, 9, 63, 64, 73, 127, 128, 700} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			db := newDB(t)
			appends := make([]consent.Append, size)
			for i := range appends {
				id := fmt.Sprintf("event-%d", i)
				appends[i] = granted(t, subjectKey(i%5), id, id)
			}
			appends[3].Records[0].Key = "" // is NULL
			tx, err := db.Pool().Begin(t.Context())
			require.NoError(t, err)
			mustAppend(t, db.WithTx(tx).Consent(), appends...)
			require.NoError(t, tx.Rollback(t.Context()))

			mustAppend(t, db.Consent(), appends...)
			checkBatch(t, db.Consent(), size)
			appends[3].Records[0].Key = "another"
			for i, result := range mustAppend(t, db.Consent(), appends...) {
				assert.Equal(t, i != 3, result.Duplicate)
			}
		})
	}
}

func checkBatch(t *testing.T, store consent.Store, size int) {
	t.Helper()
	total := 0
	for subject := range 5 {
		records := foldedRecords(t, store, subjectKey(subject))
		for i, record := range records {
			assert.Equal(t, fmt.Sprintf("event-%d", i*5+subject), record.ID)
		}
		total += len(records)
	}
	assert.Equal(t, size, total)
	deliveries, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 2 * size, Now: moment, Lease: 1})
	require.NoError(t, err)
	for i, delivery := range deliveries {
		assert.Equal(t, fmt.Sprintf("event-%d", i), delivery.Event.ID)
	}
	assert.Len(t, deliveries, size)
}
