package receipt_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/receipt"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// must makes an example shorter; a host handles its errors.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func profile() receipt.Profile {
	return receipt.Profile{
		Base: "https://privacy.labelop.example/", Controller: receipt.Contact{Email: "privacy@labelop.example"},
		StoredIn: []privacy.Country{"DE"}, Jurisdictions: []privacy.Jurisdiction{"eu"},
		ControlURL: "https://labelop.example/preferences", RightsURL: "https://labelop.example/privacy/rights",
	}
}

// A person who has consented is given a signed receipt, and anybody who knows the
// operator's public key can verify it.
func Example() {
	ctx := context.Background()
	store, register := memstore.NewConsent(nil), must(privacy.Compile(privacytest.Declaration()))
	ledger := must(consent.NewLedger(store, register, nil))
	ada := privacy.Subject{Tenant: "labelop", ID: "account-1815", Jurisdiction: "DE"}
	must(ledger.Grant(ctx, ada, consent.Grant{
		Purposes: []privacy.PurposeID{"marketing"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	}))

	stream := consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}
	document := must(profile().Receipt(register, "a6f58318-72e6-46a2-bfd7-f36d795e30cd", time.Now(), must(ledger.Records(ctx, stream, 0, 1000))))
	signer := must(receipt.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))) // a real one is secret
	signed := must(receipt.Sign(ctx, signer, document))

	published := must(json.Marshal(must(receipt.NewKeyring(receipt.Key{Public: signer.Public()}))))

	keyring := must(receipt.ReadKeyring(published)) // by whoever verifies it, offline
	verified := must(keyring.Verify(signed, stream))
	for _, record := range verified.Records {
		fmt.Println(record.Processes[0].Purposes[0].Title, "-", record.Statuses[0].Type, "under", record.Notices[0].Identifier)
	}
	fmt.Println("fits the ledger:", verified.Match(must(ledger.Records(ctx, stream, 0, 1000))) == nil)
	_, err := keyring.Verify(signed, consent.StreamKey{Tenant: "umbra", Subject: ada.ID})
	fmt.Println(err)
	// Output:
	// Send news about the service - dpv:ConsentGiven under privacy-policy@3
	// fits the ledger: true
	// receipt: the receipt of another tenant or subject: invalid
}
