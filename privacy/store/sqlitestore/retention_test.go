package sqlitestore_test

import (
	"context"
	"testing"

	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
	"github.com/labelop/privacykit/retention/retentiontest"
)

func newRetention(t testing.TB) retentiontest.Store { return open(t, nil).Retention() }

// joinedRetention makes a transaction of a host for every call.
func joinedRetention(t testing.TB) retentiontest.Store {
	db := open(t, nil)
	return retentiontest.InTransactions(func(ctx context.Context, do func(retentiontest.Store) error) error {
		return inTransactions(db)(ctx, func(tx *sqlstore.Tx) error { return do(tx.Retention()) })
	})
}

func TestRetentionConformance(t *testing.T) { retentiontest.Run(t, newRetention) }

func TestRetentionConformanceInHostTransactions(t *testing.T) { retentiontest.Run(t, joinedRetention) }

func TestRetentionMutants(t *testing.T) { retentiontest.RunMutants(t, newRetention) }

func TestRetentionEquivalentToMemory(t *testing.T) {
	for seed := range uint64(10) {
		if err := retentiontest.Compare(t.Context(), seed, 300, memstore.NewRetention(), newRetention(t)); err != nil {
			t.Fatal(err)
		}
	}
}
