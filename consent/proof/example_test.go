package proof_test

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
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

// A consent is proved to have been recorded, also after its data was erased.
func Example() {
	ctx := context.Background()
	store := memstore.NewConsent(nil)
	trees := memstore.NewProof(store)
	ledger := must(consent.NewLedger(store, must(privacy.Compile(privacytest.Declaration())), nil))

	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // a real one is secret
	signer := must(proof.NewSigner(key))
	trust := proof.Trust{Origin: "privacy.example.com/ledger", Keys: []ed25519.PublicKey{signer.Public()}}
	sequencer := must(proof.NewSequencer(trees, signer, trust, nil))
	log := must(proof.NewLog(trees, store, trust))

	ada := privacy.Subject{Tenant: "acme", ID: "account-1815", Jurisdiction: "DE"}
	must(ledger.Withdraw(ctx, ada, consent.Withdrawal{Purposes: []privacy.PurposeID{"marketing"}}))

	// A host runs sequencer.Run in the background instead.
	must(sequencer.Step(ctx))
	first := must(log.Checkpoint(ctx, "acme"))
	stream := consent.StreamKey{Tenant: ada.Tenant, Subject: ada.ID}
	inclusion := must(log.Inclusion(ctx, stream, 1))

	must(ledger.Redact(ctx, ada.Tenant, ada.ID, "case-7"))
	must(sequencer.Step(ctx))

	// Whoever has the public key and the proof needs nothing else.
	checkpoint := must(trust.VerifyInclusion(inclusion))
	fmt.Println(inclusion.Leaf.Kind, "is in", checkpoint.Origin, "of size", checkpoint.Size)
	record := must(ledger.Records(ctx, stream, 0, 1))[0]
	fmt.Println("redacted:", record.Redacted(), "- fits the proof:", inclusion.Shows(record) == nil)
	newer := must(trust.VerifyConsistency(first, must(log.Consistency(ctx, "acme", first.Size))))
	fmt.Println("the tree of size", newer.Size, "begins with that of size", first.Size)
	report := must(log.Verify(ctx, "acme"))
	fmt.Println(report.Events, "events,", report.Redacted, "redacted, nothing wrong")
	// Output:
	// withdrawn is in privacy.example.com/ledger/acme of size 1
	// redacted: true - fits the proof: true
	// the tree of size 2 begins with that of size 1
	// 2 events, 1 redacted, nothing wrong
}
