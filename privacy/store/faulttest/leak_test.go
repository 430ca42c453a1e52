package faulttest

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

func TestNoGoroutineOutlivesClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), "privacy.db")
	db, err := sqlitestore.Open(t.Context(), path, nil)
	require.NoError(t, err)
	h := newHost(t, db.Consent(), privacy.SystemClock{}, nil)
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			s := subject(fmt.Sprintf("subject-%d", n))
			_, err := h.ledger.Grant(t.Context(), s, grant())
			assert.NoError(t, err)
			_, err = h.adapting().Check(t.Context(), s)
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	require.NoError(t, db.Close())
	_, err = h.ledger.Withdraw(t.Context(), subject("subject-1"), consent.Withdrawal{})
	require.Error(t, err)
}

func TestNoGoroutineOutlivesAFailedOpen(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	_, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "none", "privacy.db"), nil)
	require.Error(t, err)
	_, err = sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), &sqlitestore.Options{NoMigration: true})
	require.Error(t, err)
}

func TestNoGoroutineOutlivesFollow(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	db, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), nil)
	require.NoError(t, err)
	h := newHost(t, db.Consent(), privacy.SystemClock{}, &consent.CacheOptions{PollInterval: time.Millisecond, MaxBytes: 1 << 16})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.gate.Follow(ctx) }()
	_, err = h.ledger.Grant(t.Context(), subject("subject-1"), grant())
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, db.Close())
}

// TestNoGoroutineOutlivesCancelledWriters cancels writers that wait while the
// host holds the only connection that writes.
func TestNoGoroutineOutlivesCancelledWriters(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	db, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), nil)
	require.NoError(t, err)
	h := newHost(t, db.Consent(), privacy.SystemClock{}, nil)
	tx, err := db.SQL().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	faults := make([]error, 8)
	var ready, wait sync.WaitGroup
	ready.Add(len(faults))
	for n := range faults {
		wait.Go(func() {
			ready.Done()
			_, faults[n] = h.ledger.Grant(ctx, subject(fmt.Sprintf("subject-%d", n)), grant())
		})
	}
	ready.Wait()
	cancel()
	wait.Wait()
	for _, err := range faults {
		require.ErrorIs(t, err, context.Canceled)
		assertHarmless(t, err)
	}
	require.NoError(t, tx.Rollback())
	_, err = h.ledger.Grant(t.Context(), subject("subject-1"), grant())
	require.NoError(t, err, "the others are served")
	require.NoError(t, db.Close())
}

// The check must find a goroutine.
func TestALeakIsFound(t *testing.T) {
	current := goleak.IgnoreCurrent()
	stop := make(chan struct{})
	go func() { <-stop }()
	require.Error(t, goleak.Find(current))
	close(stop)
	require.NoError(t, goleak.Find(current))
}
