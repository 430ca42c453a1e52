package sqlitestore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention/retentiontest"
)

func newRetention(t testing.TB) retentiontest.Store { return open(t, nil).Retention() }

// joinedRetention makes a transaction of a host for every call.
func joinedRetention(t testing.TB) retentiontest.Store {
	db := open(t, nil)
	return retentiontest.InTransactions(func(ctx context.Context, do func(retentiontest.Store) error) error {
		tx, err := db.SQL().BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return errors.Join(do(db.WithTx(tx).Retention()), tx.Commit())
	})
}

func TestRetentionConformance(t *testing.T) { retentiontest.Run(t, newRetention) }

func TestRetentionConformanceInHostTransactions(t *testing.T) { retentiontest.Run(t, joinedRetention) }

func TestRetentionMutants(t *testing.T) {
	newDB := copies(t)
	retentiontest.RunMutants(t, func(t testing.TB) retentiontest.Store { return newDB(t).Retention() })
}

func TestRetentionEquivalentToMemory(t *testing.T) {
	for seed := range uint64(10) {
		if err := retentiontest.Compare(t.Context(), seed, 300, memstore.NewRetention(), newRetention(t)); err != nil {
			t.Fatal(err)
		}
	}
}
