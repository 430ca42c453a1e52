package sqlitestore_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// TestNothingAcknowledgedIsLostWhenTheProcessIsKilled kills a process amid
// appends by 16 writers, 50 times, or 200 with PRIVACYKIT_SOAK=1. After each
// kill the database is opened again.
func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	kills := 50
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		kills = 200
	}
	if testing.Short() {
		kills = 3
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 0))
	const killsOfOneFile = 10
	var path string
	var known map[string]bool
	total := 0
	for kill := range kills {
		if kill%killsOfOneFile == 0 {
			total += len(known)
			path, known = filepath.Join(t.TempDir(), "privacy.db"), map[string]bool{}
		}
		name := fmt.Sprintf("run-%d", kill)
		acked := runUntilKilled(t, path, name, 1+random.IntN(100))
		check(t, path, known, name, acked)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d events and decisions in the end", total+len(known))
}

// runUntilKilled starts a child, kills it when it has acknowledged n IDs, and
// returns all that it has acknowledged by then.
func runUntilKilled(t *testing.T, path, name string, n int) []string {
	t.Helper()
	cmd := child(t, taskAppend, path, name)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var acked []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			assert.ErrorIs(t, err, io.EOF)
			break
		}
		acked = append(acked, strings.TrimSuffix(line, "\n"))
		if len(acked) == n {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "the child was killed")
	require.GreaterOrEqual(t, len(acked), n)
	return acked
}

// check opens the database and compares what is in it with what was known from
// earlier runs and what the last run has acknowledged; what it wrote beyond
// that may be there or not. It adds all to known.
func check(t *testing.T, path string, known map[string]bool, run string, acked []string) {
	t.Helper()
	db, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	stored := map[string]int{}
	rows := 0
	for subject := range crashSubjects {
		key := subjectKey(subject)
		records := allRecords(t, db.Consent(), key)
		rows += len(records)
		for _, record := range records {
			stored[record.ID]++
		}
		assertFolded(t, db.Consent(), key, records)
	}
	decisions, err := db.Consent().Decisions(t.Context(), consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 1 << 30})
	require.NoError(t, err)
	for _, decision := range decisions {
		stored[decision.ID]++
	}
	for id, times := range stored {
		assert.Equal(t, 1, times, "%s is there more than once", id)
		assert.True(t, known[id] || strings.HasPrefix(strings.TrimPrefix(id, decisionPrefix), run+"-"), "%s is of an earlier run, but was not there after it", id)
	}
	for _, id := range acked {
		assert.Equal(t, 1, stored[id], "%s was acknowledged and is lost", id)
	}
	for id := range known {
		assert.Equal(t, 1, stored[id], "%s was there after an earlier run and is lost", id)
	}
	var outbox, events int
	require.NoError(t, db.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM privacy_outbox`).Scan(&outbox))
	require.NoError(t, db.SQL().QueryRowContext(t.Context(),
		`SELECT COUNT(*) FROM privacy_events e JOIN privacy_outbox o ON (o.tenant, o.subject, o.version) = (e.tenant, e.subject, e.sequence)
		WHERE o.event LIKE '%"id":"' || e.id || '"%'`).Scan(&events))
	assert.Equal(t, len(stored), outbox, "one row of the outbox for each event and decision")
	assert.Equal(t, rows, events, "and it is that of the event")
	for id := range stored {
		known[id] = true
	}
}

func allRecords(t *testing.T, store consent.LedgerStore, key consent.StreamKey) []consent.Record {
	t.Helper()
	records, err := store.Records(t.Context(), key, 0, 1<<30)
	require.NoError(t, err)
	for i, record := range records {
		require.Equal(t, uint64(i+1), record.Sequence)
		require.NoError(t, record.Verify())
	}
	return records
}

func assertFolded(t *testing.T, store consent.LedgerStore, key consent.StreamKey, records []consent.Record) {
	t.Helper()
	streams, err := store.Streams(t.Context(), []consent.StreamKey{key})
	require.NoError(t, err)
	require.Equal(t, uint64(len(records)), streams[0].Version)
	if len(records) == 0 {
		return
	}
	var state consent.State
	for _, record := range records {
		require.NoError(t, state.Fold(record))
	}
	folded, err := state.MarshalBinary()
	require.NoError(t, err)
	assert.True(t, bytes.Equal(folded, streams[0].State), "the projection is not the fold of the events")
}
