package sqlitestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// copies opens copies of an empty database: it takes a tenth of the time of
// making one.
func copies(t *testing.T) func(t testing.TB) *sqlitestore.DB {
	t.Helper()
	original := filepath.Join(t.TempDir(), "privacy.db")
	db, err := sqlitestore.Open(t.Context(), original, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	return func(t testing.TB) *sqlitestore.DB {
		t.Helper()
		path := filepath.Join(t.TempDir(), "privacy.db")
		if err := os.WriteFile(path, empty, 0o600); err != nil {
			t.Fatal(err)
		}
		return openAt(t, path, nil)
	}
}

func TestConsentMutants(t *testing.T) {
	newDB := copies(t)
	consenttest.RunMutants(t, func(t testing.TB) consent.Store { return newDB(t).Consent() })
}

func TestPolicydocMutants(t *testing.T) {
	newDB := copies(t)
	policydoctest.RunMutants(t, func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: db.Policydoc(), Events: outbox(db)}
	})
}
