package sqlitestore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func pages(t *testing.T, db *sqlitestore.DB) (n int) {
	t.Helper()
	require.NoError(t, db.SQL().QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n))
	return n
}

func limitPages(t *testing.T, db *sqlitestore.DB, n int) {
	t.Helper()
	_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n))
	require.NoError(t, err)
}

// large is an append of a record of about n bytes.
func large(t *testing.T, key consent.StreamKey, id string, n int) consent.Append {
	t.Helper()
	return recorded(t, key, id, id, consent.RelationshipStarted{Reference: strings.Repeat("x", n)})
}

func TestAFullDiskFailsWithNothingHalfDone(t *testing.T) {
	db := open(t, nil)
	store := db.Consent()
	limitPages(t, db, pages(t, db)+60)
	acked := 0
	var err error
	for n := range 1000 {
		if _, err = store.Append(t.Context(), []consent.Append{large(t, subjectKey(n%3), fmt.Sprintf("event-%d", n), 2000)}); err != nil {
			break
		}
		acked++
	}
	require.ErrorIs(t, err, sqlstore.ErrFull)
	assert.NotContains(t, err.Error(), "xxx")
	assertSound := func(want int) {
		t.Helper()
		got := 0
		for n := range 3 {
			records := allRecords(t, store, subjectKey(n))
			assertFolded(t, store, subjectKey(n), records)
			got += len(records)
		}
		assert.Equal(t, want, got)
		var outbox int
		require.NoError(t, db.SQL().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM privacy_outbox").Scan(&outbox))
		assert.Equal(t, want, outbox)
	}
	assertSound(acked)

	limitPages(t, db, pages(t, db)+1000)
	mustAppend(t, store, large(t, subjectKey(0), "event-after", 2000))
	assertSound(acked + 1)
}

// Callers that share a transaction do not share the fault of one that needs
// more room than there is.
func TestAFullDiskFailsOnlyWhatDoesNotFit(t *testing.T) { synctest.Test(t, fullDisk) }

func fullDisk(t *testing.T) {
	db := open(t, nil)
	store := db.Consent()
	limitPages(t, db, pages(t, db)+100)
	faults := make([]error, 12)
	var wait sync.WaitGroup
	holdWriter(t, db, func() {
		for i := range faults {
			wait.Go(func() {
				size := 100
				if i == 5 {
					size = 800_000
				}
				_, faults[i] = store.Append(t.Context(), []consent.Append{large(t, subjectKey(i), fmt.Sprintf("event-%d", i), size)})
			})
		}
	})
	wait.Wait()
	for i, err := range faults {
		if i == 5 {
			require.ErrorIs(t, err, sqlstore.ErrFull)
			assert.Empty(t, allRecords(t, store, subjectKey(i)))
			continue
		}
		require.NoError(t, err)
		assert.Len(t, allRecords(t, store, subjectKey(i)), 1)
	}
}
