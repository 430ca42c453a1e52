package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/pgstore/pgtest"
)

// TestNothingAcknowledgedIsLostWhenWritersAreKilled kills processes amid appends
// by 8 writers each, two processes at a time, 50 times in all, or 200 with
// PRIVACYKIT_SOAK=1.
func TestNothingAcknowledgedIsLostWhenWritersAreKilled(t *testing.T) {
	t.Parallel()
	kills := 50
	if soak() {
		kills = 200
	}
	url := cluster.Database(t)
	db := openAt(t, url, nil)
	var lock sync.Mutex
	acknowledged := map[string]bool{}
	var wait sync.WaitGroup
	for lane := range 2 {
		wait.Go(func() {
			for kill := range kills / 2 {
				ids := runUntilKilled(t, url, fmt.Sprintf("run-%d-%d", lane, kill), 1+rand.IntN(100))
				lock.Lock()
				for _, id := range ids {
					acknowledged[id] = true
				}
				lock.Unlock()
			}
		})
	}
	wait.Wait()
	// Each writer of a killed process may have had one more under way.
	checkEvents(t, db, acknowledged, kills*crashWriters)
}

// awaitAlone returns when no other client is connected. Until then the server
// may still carry out what one has sent that is gone or does not wait any more;
// a session that has yet to read it looks idle.
func awaitAlone(t *testing.T, db *pgstore.DB) {
	t.Helper()
	db.Pool().Reset()
	conn, err := db.Pool().Acquire(t.Context())
	require.NoError(t, err)
	defer conn.Release()
	for {
		var others int
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others))
		if others == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// runUntilKilled starts a writer, kills it when it has acknowledged n events,
// and returns all that it has acknowledged by then.
func runUntilKilled(t *testing.T, url, name string, n int) []string {
	c := spawn(t, roleWriter, url, name)
	var ids []string
	for c.lines.Scan() {
		if ids = append(ids, c.lines.Text()); len(ids) == n {
			assert.NoError(t, c.Process.Kill())
		}
	}
	assert.Error(t, c.Wait(), "the child was killed")
	assert.GreaterOrEqual(t, len(ids), n)
	return ids
}

// checkEvents checks that every acknowledged event is there once, with at most
// spare others, that every projection is the fold of its events, and that each
// event has its row in the outbox.
func checkEvents(t *testing.T, db *pgstore.DB, acknowledged map[string]bool, spare int) {
	t.Helper()
	awaitAlone(t, db)
	stored := map[string]int{}
	for subject := range crashSubjects {
		for _, record := range foldedRecords(t, db.Consent(), subjectKey(subject)) {
			stored[record.ID]++
		}
	}
	for id, times := range stored {
		assert.Equal(t, 1, times, "%s is there more than once", id)
	}
	for id := range acknowledged {
		assert.Equal(t, 1, stored[id], "%s was acknowledged and is lost", id)
	}
	assert.LessOrEqual(t, len(stored), len(acknowledged)+spare)
	var rows, matching int
	require.NoError(t, db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM privacy_outbox`).Scan(&rows))
	require.NoError(t, db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM privacy_events e JOIN privacy_outbox o
		ON (o.tenant, o.subject, o.version) = (e.tenant, e.subject, e.sequence) AND o.event::json->>'id' = e.id`).Scan(&matching))
	assert.Equal(t, []int{len(stored), len(stored)}, []int{rows, matching}, "rows of the outbox, and those of an event")
	t.Logf("%d events acknowledged, %d stored", len(acknowledged), len(stored))
}

// foldedRecords returns the records of a stream, after it has checked that its
// projection is their fold.
func foldedRecords(t testing.TB, store consent.LedgerStore, key consent.StreamKey) []consent.Record {
	t.Helper()
	records, err := store.Records(t.Context(), key, 0, 1<<30)
	require.NoError(t, err)
	streams, err := store.Streams(t.Context(), []consent.StreamKey{key})
	require.NoError(t, err)
	require.Equal(t, uint64(len(records)), streams[0].Version)
	if len(records) == 0 {
		return nil
	}
	var state consent.State
	for i, record := range records {
		require.Equal(t, uint64(i+1), record.Sequence)
		require.NoError(t, record.Verify())
		require.NoError(t, state.Fold(record))
	}
	folded, err := state.MarshalBinary()
	require.NoError(t, err)
	assert.True(t, bytes.Equal(folded, streams[0].State), "the projection is not the fold of the events")
	return records
}

// TestNothingAcknowledgedIsLostWhenTheServerIsKilled kills the server amid
// appends, 10 times, or 50 with PRIVACYKIT_SOAK=1. Writers repeat what failed
// with the same keys, on the same pool.
func TestNothingAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	t.Parallel()
	kills := 10
	if soak() {
		kills = 50
	}
	server := pgtest.NewServer(t)
	url, err := server.CreateDatabase(t.Context(), "crash")
	require.NoError(t, err)
	db := openAt(t, url, nil)
	var count atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	results := make([]written, crashWriters)
	var wait sync.WaitGroup
	for writer := range results {
		wait.Go(func() { results[writer] = appendUntil(ctx, db.Consent(), writer, &count) })
	}
	for range kills {
		waitFor(t, &count, int64(20+rand.IntN(100)))
		server.Kill()
		require.NoError(t, server.Start())
	}
	waitFor(t, &count, 100)
	stop()
	wait.Wait()
	acknowledged, failures := collect(t, results)
	assert.GreaterOrEqual(t, failures, kills, "every kill was noticed")
	checkEvents(t, db, acknowledged, crashWriters)
}

// waitFor returns when n more events were acknowledged.
func waitFor(t *testing.T, count *atomic.Int64, n int64) {
	t.Helper()
	for end := count.Load() + n; count.Load() < end; time.Sleep(time.Millisecond) {
		require.NoError(t, t.Context().Err())
	}
}

// written is what a writer has done.
type written struct {
	ids      []string
	failures int
	fault    error // a failure of another kind than the database's
}

// collect returns all that writers have acknowledged and how often they failed.
func collect(t *testing.T, results []written) (acknowledged map[string]bool, failures int) {
	t.Helper()
	acknowledged = map[string]bool{}
	for _, result := range results {
		require.NoError(t, result.fault)
		failures += result.failures
		for _, id := range result.ids {
			acknowledged[id] = true
		}
	}
	return acknowledged, failures
}

// appendUntil appends events until ctx ends, each until it is acknowledged.
func appendUntil(ctx context.Context, store consent.LedgerStore, writer int, count *atomic.Int64) (w written) {
	for n := 0; ; n++ {
		id := fmt.Sprintf("%d-%d", writer, n)
		for {
			err := appendAny(ctx, store, (writer+n)%crashSubjects, id, n)
			if ctx.Err() != nil {
				return w
			}
			if err == nil {
				break
			}
			w.failures++
			if !failed(err) || strings.Contains(err.Error(), id) {
				w.fault = errors.Join(w.fault, err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		w.ids = append(w.ids, id)
		count.Add(1)
	}
}
