package sqlitestore_test

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// TestAReceiptFitsAnExportedLedger makes a receipt on one store and compares it
// with another that the events were carried over to.
func TestAReceiptFitsAnExportedLedger(t *testing.T) {
	origin := memstore.NewConsent(nil)
	key := subjectKey(7)
	purposes := []privacy.PurposeID{"marketing"}
	for _, work := range []consent.Append{
		recorded(t, key, "event-1", "key-1", consent.Grant{Purposes: purposes, Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de-AT", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		}}),
		recorded(t, key, "event-2", "key-2", consent.Withdrawal{Purposes: purposes}),
	} {
		mustAppend(t, origin, work)
	}
	records, err := origin.Records(t.Context(), key, 0, 10)
	require.NoError(t, err)
	register, err := privacy.Compile(privacytest.Declaration())
	require.NoError(t, err)
	made, err := receipt.Profile{
		Base: "https://privacy.labelop.example/", Controller: receipt.Contact{Email: "privacy@labelop.example"},
		StoredIn: []privacy.Country{"DE"}, Jurisdictions: []privacy.Jurisdiction{"eu"},
		ControlURL: "https://labelop.example/preferences", RightsURL: "https://labelop.example/rights",
	}.Receipt(register, "receipt-1", moment.Add(time.Hour), records)
	require.NoError(t, err)
	signer, err := receipt.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	require.NoError(t, err)
	signed, err := receipt.Sign(t.Context(), signer, made)
	require.NoError(t, err)

	db := open(t, nil)
	for _, record := range records {
		mustAppend(t, db.Consent(), consent.Append{Key: key, Records: []consent.Record{record}, Source: "/import"})
	}
	ring, err := receipt.NewKeyring(receipt.Key{Public: signer.Public()})
	require.NoError(t, err)
	verified, err := ring.Verify(signed, key)
	require.NoError(t, err)
	exported, err := db.Consent().Records(t.Context(), key, 0, 10)
	require.NoError(t, err)
	require.NoError(t, verified.Match(exported))

	// The events are provable there by the same leaves.
	sequencer, log := storetest.NewSequencer(t, db.DB)
	storetest.PlaceAll(t, sequencer)
	inclusion, err := log.Inclusion(t.Context(), key, 2)
	require.NoError(t, err)
	require.NoError(t, inclusion.Shows(records[1]))
	require.Equal(t, proof.LeafOf(records[1]), inclusion.Leaf)
}
