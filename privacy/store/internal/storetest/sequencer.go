package storetest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// NewSequencer returns a sequencer of a store and a log of what it has placed.
func NewSequencer(t testing.TB, db *sqlstore.DB) (*proof.Sequencer, *proof.Log) {
	t.Helper()
	signer, err := proof.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	Must(t, err)
	trust := proof.Trust{Origin: "privacy.example.com/ledger", Keys: []ed25519.PublicKey{signer.Public()}}
	sequencer, err := proof.NewSequencer(db.Proof(), signer, trust, nil)
	Must(t, err)
	log, err := proof.NewLog(db.Proof(), db.Consent(), trust)
	Must(t, err)
	return sequencer, log
}

// PlaceAll places all that is pending.
func PlaceAll(t testing.TB, sequencer *proof.Sequencer) {
	t.Helper()
	for more := true; more; {
		progress, err := sequencer.Step(t.Context())
		Must(t, err)
		if progress.StandingBy {
			t.Fatal("another sequencer is at work")
		}
		more = progress.More
	}
}

// BenchmarkAppendProved compares appends by 16 callers with and without a sequencer at
// work, to a store that open returns, with the subjects in it. Only the ratio within
// one run means anything.
func BenchmarkAppendProved(b *testing.B, open func(b *testing.B) *sqlstore.DB) {
	b.Helper()
	for name, proved := range map[string]bool{"without": false, "with": true} {
		b.Run(name, func(b *testing.B) { appendProved(b, open(b), proved) })
	}
}

func appendProved(b *testing.B, db *sqlstore.DB, proved bool) {
	b.Helper()
	store, appends := db.Consent(), BenchAppends(b, b.N)
	sequencer, log := NewSequencer(b, db)
	PlaceAll(b, sequencer)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	ended := make(chan error, 1)
	var next atomic.Int64
	b.SetParallelism(8) // times GOMAXPROCS; 16 on two processors
	b.ReportAllocs()
	b.ResetTimer()
	if proved {
		go func() { ended <- sequencer.Run(ctx) }()
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			results, err := store.Append(b.Context(), appends[next.Add(1)-1:][:1])
			if err != nil || results[0].Err != nil {
				b.Error(err, results)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	checkpoint, err := log.Checkpoint(b.Context(), Tenant)
	Must(b, err)
	if cancel(); proved {
		b.ReportMetric(float64(BenchSubjects+b.N)-float64(checkpoint.Size), "backlog")
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.Error(err)
		}
	}
}
