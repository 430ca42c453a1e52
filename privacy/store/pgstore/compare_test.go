package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// TestEquivalentToMemory compares random sequences of operations with memstore,
// the oracle.
func TestEquivalentToMemory(t *testing.T) {
	pool := openPool(t, cluster.Database(t), hasty)
	sequence := newReusable(t, pool, "sequence")
	rapid.Check(t, func(rt *rapid.T) {
		seed, n := rapid.Uint64().Draw(rt, "seed"), rapid.IntRange(1, 200).Draw(rt, "operations")
		clock := privacytest.NewClock(moment)
		execute(t, sequence.db, sequence.wipe)
		db := sequence.again(t, pool, sqlstore.Options{Clock: clock, IDs: privacy.RandomIDs{}})
		memory := memstore.NewConsent(&memstore.ConsentOptions{Clock: clock, IDs: privacy.RandomIDs{}})
		require.NoError(rt, consenttest.Compare(t.Context(), seed, n, memory, db.Consent()))
	})
}
