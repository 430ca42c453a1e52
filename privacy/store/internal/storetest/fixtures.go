package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Tenant is whose data the tests are about.
const Tenant = privacy.TenantID("acme")

// Moment is when what the tests record happened: noon on 1 March 2026, in UTC.
func Moment() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// SubjectKey is the stream of the n-th subject.
func SubjectKey(n int) consent.StreamKey {
	return consent.StreamKey{Tenant: Tenant, Subject: privacy.SubjectID(fmt.Sprintf("01890000-0000-7000-8000-%012d", n))}
}

// Granted is an append of one grant, with an event of about 400 bytes.
func Granted(t testing.TB, key consent.StreamKey, id, idempotencyKey string) consent.Append {
	t.Helper()
	return Recorded(t, key, id, idempotencyKey, consent.Grant{
		Purposes: []privacy.PurposeID{"newsletter"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de-AT", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	})
}

// Recorded is an append of one fact.
func Recorded(t testing.TB, key consent.StreamKey, id, idempotencyKey string, fact consent.Fact) consent.Append {
	t.Helper()
	work, err := NewAppend(key, id, idempotencyKey, fact)
	Must(t, err)
	return work
}

// NewAppend is Recorded for a process that has no test.
func NewAppend(key consent.StreamKey, id, idempotencyKey string, fact consent.Fact) (consent.Append, error) {
	record, err := consent.NewRecord(id, idempotencyKey, Moment(), consent.Entry{
		Tenant: key.Tenant, Subject: key.Subject, OccurredAt: Moment(), Fact: fact,
	})
	return consent.Append{Key: key, Records: []consent.Record{record}, Source: "/test"}, err
}

// MustAppend appends, and fails the test if an element was refused.
func MustAppend(t testing.TB, store consent.LedgerStore, appends ...consent.Append) []consent.Appended {
	t.Helper()
	results, err := store.Append(t.Context(), appends)
	Must(t, err)
	for i, result := range results {
		if result.Err != nil {
			t.Fatalf("append %d: %v", i, result.Err)
		}
	}
	return results
}

// Must ends the test if there is an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Rule has what is of a category deleted a period after an event.
func Rule(id string, category privacy.CategoryID, period, event string) retention.Rule {
	return retention.Rule{
		ID: id, Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod(period),
		Scope:  retention.Scope{Categories: []privacy.CategoryID{category}},
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{event}},
	}
}
