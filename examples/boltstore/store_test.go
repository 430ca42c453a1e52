package boltstore_test

import (
	"path/filepath"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/examples/boltstore"
)

func TestConformance(t *testing.T) {
	consenttest.Run(t, func(t testing.TB) consent.Store {
		store, err := boltstore.Open(filepath.Join(t.TempDir(), "consent.bolt"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
		return store
	})
}
