package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// TestEquivalentToMemory compares random sequences of operations with memstore,
// the oracle.
func TestEquivalentToMemory(t *testing.T) {
	pool := openPool(t, cluster.Database(t), hasty)
	rapid.Check(t, func(rt *rapid.T) {
		seed, n := rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 200).Draw(rt, "operations")
		clock := privacytest.NewClock(moment)
		_, err := pool.Exec(t.Context(), "DROP SCHEMA IF EXISTS sequence CASCADE; CREATE SCHEMA sequence")
		require.NoError(rt, err)
		db, err := pgstore.New(t.Context(), pool, &pgstore.Options{Store: sqlstore.Options{Schema: "sequence", Clock: clock, IDs: privacy.RandomIDs{}}})
		require.NoError(rt, err)
		memory := memstore.NewConsent(&memstore.ConsentOptions{Clock: clock, IDs: privacy.RandomIDs{}})
		require.NoError(rt, consenttest.Compare(t.Context(), seed, n, memory, db.Consent()))
	})
}
