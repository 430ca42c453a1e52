package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

const tenant = privacy.TenantID("acme")

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// open opens a database in a directory of the test.
func open(t testing.TB, options *sqlitestore.Options) *sqlitestore.DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "privacy.db"), options)
}

func openAt(t testing.TB, path string, options *sqlitestore.Options) *sqlitestore.DB {
	t.Helper()
	db, err := sqlitestore.Open(t.Context(), path, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func subjectKey(n int) consent.StreamKey {
	return consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("01890000-0000-7000-8000-%012d", n))}
}

// granted is an append of one grant, with an event of about 400 bytes.
func granted(t testing.TB, key consent.StreamKey, id, idempotencyKey string) consent.Append {
	t.Helper()
	return recorded(t, key, id, idempotencyKey, consent.Grant{
		Purposes: []privacy.PurposeID{"newsletter"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de-AT", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	})
}

func recorded(t testing.TB, key consent.StreamKey, id, idempotencyKey string, fact consent.Fact) consent.Append {
	t.Helper()
	record, err := consent.NewRecord(id, idempotencyKey, moment, consent.Entry{
		Tenant: key.Tenant, Subject: key.Subject, OccurredAt: moment, Fact: fact,
	})
	if err != nil {
		t.Fatal(err)
	}
	return consent.Append{Key: key, Records: []consent.Record{record}, Source: "/test"}
}

// mustAppend appends, and fails the test if an element was refused.
func mustAppend(t testing.TB, store consent.LedgerStore, appends ...consent.Append) []consent.Appended {
	t.Helper()
	results, err := store.Append(t.Context(), appends)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Err != nil {
			t.Fatalf("append %d: %v", i, result.Err)
		}
	}
	return results
}

func oneGrant(t testing.TB) []consent.Append {
	t.Helper()
	return []consent.Append{granted(t, subjectKey(7), "event-7", "key-7")}
}
