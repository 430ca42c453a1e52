package consent_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// TestFactsAsGivenFoldAsTheyAreStored holds the state that a write leaves, made
// from the facts as the caller gave them, against the fold of what was stored.
func TestFactsAsGivenFoldAsTheyAreStored(t *testing.T) {
	w := newWorld(t, setup{})
	until := time.Now().Add(1000*time.Hour + 123456789) // with a monotonic reading, in the local zone
	marketing := []privacy.PurposeID{"marketing", "marketing"}
	granted := grantOf("marketing")
	granted.Until, granted.Purposes = until, marketing
	attested := attestationOf("x", "content")
	attested.Until = until
	subjectFacts := []consent.Fact{
		consent.RelationshipStarted{Reference: "é"}, granted, consent.Renewal{Purposes: marketing, Evidence: granted.Evidence, Explicit: true},
		consent.Expiry{Purposes: marketing}, consent.Refusal{Purposes: marketing}, consent.Withdrawal{Purposes: []privacy.PurposeID{}},
		consent.Objection{DirectMarketing: true}, consent.Objection{Purposes: marketing}, consent.ObjectionEnded{Reason: "taken_back"},
		consent.Restriction{}, consent.RestrictionLifted{}, consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)},
		consent.OptIn{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)}, consent.AgeEvidence{BornOnOrAfter: privacy.MustDate("2000-02-29"), Method: "document"},
		consent.RelationshipEnded{}, consent.Erasure{Cause: "case-1"},
	}
	tenantFacts := []consent.Fact{
		attested, consent.Instruction{ID: "i", Purposes: []privacy.PurposeID{"annotation"}, Operations: []privacy.Operation{privacy.OperationUse}, Recipients: []privacy.RecipientID{}, GivenBy: "u", Until: until},
		consent.InstructionFlagged{ID: "i", Concern: "unlawful"}, consent.SharingDecision{With: "p", By: "u"}, consent.Export{ID: "e", By: "u"},
		consent.SubProcessorAnnounced{Recipient: "model", ObjectUntil: until}, consent.SubProcessorObjection{Recipient: "model"},
		consent.SubProcessorObjectionLifted{Recipient: "model"}, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 2, From: until},
		consent.InstructionWithdrawn{}, consent.AttestationWithdrawn{ID: "x"},
	}
	for _, test := range []struct {
		key   consent.StreamKey
		facts []consent.Fact
	}{{consent.StreamKey{Tenant: "acme", Subject: "s"}, subjectFacts}, {consent.StreamKey{Tenant: "acme"}, tenantFacts}} {
		for _, fact := range test.facts {
			_, err := w.ledger.Record(t.Context(), consent.Entries{Tenant: test.key.Tenant, Subject: test.key.Subject, Facts: []consent.Fact{fact}})
			must(t, err)
			streams, err := w.store.Streams(t.Context(), []consent.StreamKey{test.key})
			must(t, err)
			if folded := refold(t, w.store, test.key); !bytes.Equal(folded, streams[0].State) {
				t.Fatalf("%s: the state that was written is not the fold of what was stored:\n%s\n%s", fact.Kind(), streams[0].State, folded)
			}
		}
	}
}

func refold(t *testing.T, store consent.LedgerStore, key consent.StreamKey) []byte {
	t.Helper()
	records, err := store.Records(t.Context(), key, 0, 1000)
	must(t, err)
	var subject consent.State
	var tenant consent.TenantState
	for _, record := range records {
		if key.Subject == "" {
			must(t, tenant.Fold(record))
		} else {
			must(t, subject.Fold(record))
		}
	}
	var folded []byte
	if key.Subject == "" {
		folded, err = tenant.MarshalBinary()
	} else {
		folded, err = subject.MarshalBinary()
	}
	must(t, err)
	return folded
}
