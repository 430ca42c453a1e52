package faulttest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// TestMemoryAndSQLiteAgree does the same random things to both. rapid picks the
// seeds, and when they disagree looks for the shortest run that shows it.
func TestMemoryAndSQLiteAgree(t *testing.T) {
	t.Parallel()
	most := 150
	if soak() {
		most = 2000
	}
	rapid.Check(t, func(r *rapid.T) {
		db, err := sqlitestore.Open(t.Context(), migrated(t), nil)
		require.NoError(r, err)
		defer func() { require.NoError(r, db.Close()) }()
		seed, n := rapid.Uint64().Draw(r, "seed"), rapid.IntRange(1, most).Draw(r, "operations")
		require.NoError(r, consenttest.Compare(t.Context(), seed, n, memstore.NewConsent(nil), db.Consent()))
	})
}

// The statements and the schema do not depend on the driver that ships.
func TestConformanceOnAnotherDriver(t *testing.T) {
	t.Parallel()
	ready := readyDisk(t, newDisk(t, seeded(1)))
	consenttest.Run(t, func(t testing.TB) consent.Store {
		s := openDisk(t, ready.copy(t))
		require.NoError(t, s.err)
		t.Cleanup(s.close)
		return s.Consent()
	})
}
