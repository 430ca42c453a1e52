package receipt_test

import (
	"crypto/ed25519"
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var (
	moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stream = consent.StreamKey{Tenant: "labelop", Subject: "account-1815"}
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// register has a recipient for the purposes based on consent.
func register(t testing.TB) *privacy.Register {
	t.Helper()
	declaration := privacytest.Declaration()
	for i := range declaration.Activities {
		if declaration.Activities[i].Purpose == "marketing" {
			declaration.Activities[i].Recipients = []privacy.RecipientID{"payments"}
		}
	}
	compiled, err := privacy.Compile(declaration)
	ok(t, err)
	return compiled
}

func fullProfile() receipt.Profile {
	p := profile()
	p.Recipients = map[privacy.RecipientID]receipt.Contact{"payments": {
		Name: "Mailhouse Fictional Ltd", Address: "1 Example Street, Dublin", Country: "IE", Email: "privacy@mailhouse.example", Phone: "+353 1 5550100", URL: "https://mailhouse.example",
	}}
	return p
}

func evidence() consent.Evidence {
	return consent.Evidence{
		Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		Act:    "checkbox_ticked_by_subject", Channel: "web",
	}
}

// facts are everything that can be said about consent, and something else.
func facts() []consent.Fact {
	marketing, both := []privacy.PurposeID{"marketing"}, []privacy.PurposeID{"marketing", "accessibility"}
	return []consent.Fact{
		consent.RelationshipStarted{Reference: "contract"},
		consent.Refusal{Purposes: marketing, Evidence: evidence()},
		consent.Grant{Purposes: both, Evidence: evidence(), Explicit: true, Until: moment.AddDate(1, 0, 0)},
		consent.Renewal{Purposes: marketing, Evidence: evidence()},
		consent.Expiry{Purposes: []privacy.PurposeID{"accessibility"}},
		consent.Withdrawal{},
	}
}

// fill records facts, a minute apart, and returns the records.
func fill(t testing.TB, store consent.LedgerStore, key consent.StreamKey, facts ...consent.Fact) []consent.Record {
	t.Helper()
	for i, fact := range facts {
		id, at := fmt.Sprintf("event-%s-%d", key.Tenant, i+1), moment.Add(time.Duration(i)*time.Minute)
		record, err := consent.NewRecord(id, id, at, consent.Entry{Tenant: key.Tenant, Subject: key.Subject, OccurredAt: at, Fact: fact})
		ok(t, err)
		results, err := store.Append(t.Context(), []consent.Append{{Key: key, Records: []consent.Record{record}, Source: "/test"}})
		ok(t, err)
		ok(t, results[0].Err)
	}
	records, err := store.Records(t.Context(), key, 0, 1000)
	ok(t, err)
	return records
}

// made returns a receipt of all facts, with the records it is of.
func made(t testing.TB) (receipt.Receipt, []consent.Record) {
	t.Helper()
	records := fill(t, memstore.NewConsent(nil), stream, facts()...)
	document, err := fullProfile().Receipt(register(t), "receipt-1", moment.Add(time.Hour), records)
	ok(t, err)
	return document, records
}

func signerOf(t testing.TB, n byte) receipt.Signer {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	signer, err := receipt.NewSigner(ed25519.NewKeyFromSeed(seed))
	ok(t, err)
	return signer
}

func ringOf(t testing.TB, keys ...receipt.Key) *receipt.Keyring {
	t.Helper()
	ring, err := receipt.NewKeyring(keys...)
	ok(t, err)
	return ring
}
