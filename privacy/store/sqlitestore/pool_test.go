package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// ordinary is a pool as a host may have it: several connections, and
// transactions that do not begin with the write lock.
func ordinary(t *testing.T, path string) *sqlstore.DB {
	t.Helper()
	pool, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	db, err := sqlstore.New(pool, sqlstore.SQLite, nil)
	require.NoError(t, err)
	require.NoError(t, db.Migrate(t.Context()))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Two DBs on one file know as little of each other as two processes do: without
// the write lock from the start, one would find that what it read is out of date.
func TestPoolsOfAHostTakeTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.db")
	dbs := []*sqlstore.DB{ordinary(t, path), ordinary(t, path)}
	const writers, each = 8, 25
	var wait sync.WaitGroup
	for writer := range writers {
		wait.Go(func() {
			for n := range each {
				id := fmt.Sprintf("%d-%d", writer, n)
				results, err := dbs[writer%2].Consent().Append(t.Context(), []consent.Append{fresh(subjectKey(1), id, consent.Withdrawal{})})
				if assert.NoError(t, err) {
					assert.NoError(t, results[0].Err)
				}
			}
		})
	}
	wait.Wait()
	records := allRecords(t, dbs[0].Consent(), subjectKey(1))
	assert.Len(t, records, writers*each)
	assertFolded(t, dbs[1].Consent(), subjectKey(1), records)
}

// A pool of one connection must do: nothing may ask for a second while it holds
// the first.
func TestAPoolOfOneConnectionIsEnough(t *testing.T) {
	db, err := sqlstore.New(plain(t, filepath.Join(t.TempDir(), "host.db")), sqlstore.SQLite, nil)
	require.NoError(t, err)
	require.NoError(t, db.Migrate(t.Context()))
	mustAppend(t, db.Consent(), oneGrant(t)...)
	require.NoError(t, db.Consent().RecordDecision(t.Context(), decision("decision-1")))
	assert.Len(t, allRecords(t, db.Consent(), subjectKey(7)), 1)
	require.NoError(t, db.Close())
}

func TestResultsOfOneCallShareNoMemory(t *testing.T) {
	store := open(t, nil).Consent()
	work := oneGrant(t)[0]
	results := mustAppend(t, store, work, work, work)
	want := results[0].Stream.State[0]
	results[1].Stream.State[0]++
	assert.Equal(t, want, results[0].Stream.State[0])
	assert.Equal(t, want, results[2].Stream.State[0])
	key := work.Key
	streams, err := store.Streams(t.Context(), []consent.StreamKey{key, key})
	require.NoError(t, err)
	streams[0].State[0]++
	assert.Equal(t, want, streams[1].State[0])
}

func TestEventsComeBackInUTC(t *testing.T) {
	store := open(t, nil).Consent()
	record := decision("decision-1")
	record.Event.Time = moment.Add(1234567).In(time.FixedZone("", 3600))
	require.NoError(t, store.RecordDecision(t.Context(), record))
	deliveries, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 1, Now: moment, Lease: time.Minute})
	require.NoError(t, err)
	require.Len(t, deliveries, 1)
	assert.Equal(t, moment.Add(1234*time.Microsecond), deliveries[0].Event.Time)
}
