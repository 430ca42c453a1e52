package pgstore_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/retentiontest"
)

// newRetention returns stores that share a pool, each with a schema of its own.
func newRetention(t *testing.T) func(t testing.TB) retentiontest.Store {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) }))
	return func(t testing.TB) retentiontest.Store { return newDB(t).Retention() }
}

func TestRetentionConformance(t *testing.T) { retentiontest.Run(t, newRetention(t)) }

// TestRetentionConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestRetentionConformanceInHostTransactions(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	retentiontest.Run(t, func(t testing.TB) retentiontest.Store {
		db := newDB(t)
		return retentiontest.InTransactions(func(ctx context.Context, do func(retentiontest.Store) error) error {
			return inTransactions(db)(ctx, func(tx *sqlstore.Tx) error { return do(tx.Retention()) })
		})
	})
}

func TestRetentionMutants(t *testing.T) { retentiontest.RunMutants(t, newRetention(t)) }

func TestRetentionEquivalentToMemory(t *testing.T) {
	newStore := newRetention(t)
	seeds := uint64(5)
	if soak() {
		seeds = 200
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			require.NoError(t, retentiontest.Compare(t.Context(), seed, 300, memstore.NewRetention(), newStore(t)))
		})
	}
}

// A claim waits for a hold that a host is placing in a transaction of its own, and
// sees it if the transaction commits.
func TestClaimsWaitForHoldsOfOpenTransactions(t *testing.T) {
	for commits, want := range map[bool]retention.ClaimResult{true: {HoldID: "H"}, false: {Claimed: true}} {
		db := open(t, nil)
		store := db.Retention()
		require.NoError(t, store.CreateSweep(t.Context(), retention.Sweep{ID: "s", StartedAt: moment}))
		leases, err := store.Lease(t.Context(), "s", []retention.Shard{0}, moment, moment.Add(time.Hour))
		require.NoError(t, err)

		tx, err := db.Pool().Begin(t.Context())
		require.NoError(t, err)
		_, err = db.WithTx(tx).Retention().PlaceHold(t.Context(), retention.Hold{
			ID: "H", Owner: "legal", From: privacy.MustDate("2026-01-01"), Scope: retention.HoldScope{Tenant: tenant},
		})
		require.NoError(t, err)
		var results []retention.ClaimResult
		var claimErr error
		var wait sync.WaitGroup
		wait.Go(func() {
			results, claimErr = store.Claim(t.Context(), "s", leases, []retention.Claim{{Record: retention.Record{Tenant: tenant, Key: "k"}}}, moment)
		})
		awaitLock(t, db)
		if commits {
			require.NoError(t, tx.Commit(t.Context()))
		} else {
			require.NoError(t, tx.Rollback(t.Context()))
		}
		wait.Wait()
		require.NoError(t, claimErr)
		require.Equal(t, []retention.ClaimResult{want}, results)
	}
}

// awaitLock returns when a statement waits for another transaction.
func awaitLock(t *testing.T, db *pgstore.DB) {
	t.Helper()
	for waiting := false; !waiting; time.Sleep(time.Millisecond) {
		require.NoError(t, db.Pool().QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting))
	}
}
