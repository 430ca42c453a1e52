package pgstore_test

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFailover is run by testdata/full/replication.sh, with the URL of a primary
// and its synchronous standby, and the command that kills the one and promotes
// the other.
func TestFailover(t *testing.T) {
	url, command := os.Getenv("PGSTORE_FAILOVER_URL"), os.Getenv("PGSTORE_FAILOVER_COMMAND")
	if url == "" {
		t.Skip("run by testdata/full/replication.sh")
	}
	db := openAt(t, url, nil)
	var primary, promoted int
	require.NoError(t, db.Pool().QueryRow(t.Context(), "SELECT inet_server_port()").Scan(&primary))
	var count atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	results := make([]written, crashWriters)
	var wait sync.WaitGroup
	for writer := range results {
		wait.Go(func() { results[writer] = appendUntil(ctx, db.Consent(), writer, &count) })
	}
	waitFor(t, &count, 500)
	out, err := exec.CommandContext(t.Context(), "bash", command).CombinedOutput()
	assert.NoError(t, err, "%s", out)
	waitFor(t, &count, 500)
	stop()
	wait.Wait()
	acknowledged, failures := collect(t, results)
	assert.Positive(t, failures)
	require.NoError(t, db.Pool().QueryRow(t.Context(), "SELECT inet_server_port()").Scan(&promoted))
	assert.NotEqual(t, primary, promoted)
	checkEvents(t, db, acknowledged, crashWriters)
	t.Logf("%d attempts failed meanwhile", failures)
}
