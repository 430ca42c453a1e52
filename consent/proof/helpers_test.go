package proof_test

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

const tenant = privacy.TenantID("acme")

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func keyOf(tenant privacy.TenantID, subject privacy.SubjectID) consent.StreamKey {
	return consent.StreamKey{Tenant: tenant, Subject: subject}
}

// signerOf returns the signer with the n-th key.
func signerOf(t testing.TB, n byte) proof.Signer {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = n
	signer, err := proof.NewSigner(ed25519.NewKeyFromSeed(seed))
	ok(t, err)
	return signer
}

func trusting(signers ...proof.Signer) proof.Trust {
	trust := proof.Trust{Origin: "privacy.example.com/ledger"}
	for _, signer := range signers {
		trust.Keys = append(trust.Keys, signer.Public())
	}
	return trust
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench are stores with what works on them.
type bench struct {
	t      testing.TB
	store  *memstore.ConsentStore
	trees  *memstore.ProofStore
	clock  *privacytest.Clock
	signer proof.Signer
	trust  proof.Trust
	events int
}

func newBench(t testing.TB) *bench {
	t.Helper()
	store := memstore.NewConsent(nil)
	signer := signerOf(t, 1)
	return &bench{t: t, store: store, trees: memstore.NewProof(store), clock: privacytest.NewClock(moment), signer: signer, trust: trusting(signer)}
}

// record appends an event to a stream.
func (b *bench) record(key consent.StreamKey) {
	b.t.Helper()
	b.events++
	id := fmt.Sprintf("event-%06d", b.events)
	at := moment.Add(time.Duration(b.events) * time.Second)
	var fact consent.Fact = consent.RelationshipStarted{Reference: id}
	if key.Subject == "" {
		fact = consent.AttestationWithdrawn{ID: id}
	}
	record, err := consent.NewRecord(id, id, at, consent.Entry{Tenant: key.Tenant, Subject: key.Subject, OccurredAt: at, Fact: fact})
	ok(b.t, err)
	results, err := b.store.Append(b.t.Context(), []consent.Append{{Key: key, Records: []consent.Record{record}, Source: "/test"}})
	ok(b.t, err)
	ok(b.t, results[0].Err)
}

// redact erases a subject.
func (b *bench) redact(key consent.StreamKey) {
	b.t.Helper()
	record, err := consent.NewRecord("erasure-"+string(key.Subject), "erasure", moment, consent.Entry{Tenant: key.Tenant, Subject: key.Subject, OccurredAt: moment, Fact: consent.Erasure{Cause: "case-1"}})
	ok(b.t, err)
	result, err := b.store.Redact(b.t.Context(), consent.Append{Key: key, Records: []consent.Record{record}, Source: "/test"})
	ok(b.t, err)
	ok(b.t, result.Err)
}

func (b *bench) sequencer(store proof.Store, options proof.SequencerOptions) *proof.Sequencer {
	b.t.Helper()
	if options.Clock == nil {
		options.Clock = b.clock
	}
	sequencer, err := proof.NewSequencer(store, b.signer, b.trust, &options)
	ok(b.t, err)
	return sequencer
}

// place places everything.
func (b *bench) place() {
	b.t.Helper()
	sequencer := b.sequencer(b.trees, proof.SequencerOptions{Batch: 7, Holder: "bench"})
	for {
		progress, err := sequencer.Step(b.t.Context())
		ok(b.t, err)
		if progress.StandingBy {
			b.t.Fatal("another sequencer has the lease")
		}
		if !progress.More {
			return
		}
	}
}

func (b *bench) log() *proof.Log {
	b.t.Helper()
	return b.logOn(b.trees, b.store)
}

func (b *bench) logOn(trees proof.Store, ledger proof.Ledger) *proof.Log {
	b.t.Helper()
	log, err := proof.NewLog(trees, ledger, b.trust)
	ok(b.t, err)
	return log
}

// records returns a stream's records.
func (b *bench) records(key consent.StreamKey) []consent.Record {
	b.t.Helper()
	records, err := b.store.Records(b.t.Context(), key, 0, 1<<20)
	ok(b.t, err)
	return slices.Clone(records)
}
