package pgstore_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/consent/proof/prooftest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// proofs opens stores in a schema of their own for every case.
func proofs(t *testing.T) func(t testing.TB) prooftest.Opened {
	t.Helper()
	newDB := schemas(t, openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) }))
	return func(t testing.TB) prooftest.Opened {
		t.Helper()
		db := newDB(t)
		return prooftest.Opened{Proof: db.Proof(), Ledger: db.Consent()}
	}
}

func TestProofConformance(t *testing.T) { prooftest.Run(t, proofs(t)) }

func TestProofMutants(t *testing.T) { prooftest.RunMutants(t, proofs(t)) }

// TestProofConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestProofConformanceInHostTransactions(t *testing.T) {
	newDB := schemas(t, openPool(t, cluster.Database(t), hasty))
	prooftest.Run(t, func(t testing.TB) prooftest.Opened {
		db := newDB(t)
		return prooftest.Opened{Proof: hostProofs{db}, Ledger: db.Consent()}
	})
}

// hostProofs makes a transaction for every call.
type hostProofs struct{ db *pgstore.DB }

func withinProofs[T any](ctx context.Context, h hostProofs, do func(proof.Store) (T, error)) (T, error) {
	var result T
	tx, err := h.db.Pool().Begin(ctx)
	if err != nil {
		return result, err
	}
	result, err = do(h.db.WithTx(tx).Proof())
	return result, errors.Join(err, tx.Commit(context.WithoutCancel(ctx)))
}

func (h hostProofs) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	return withinProofs(ctx, h, func(s proof.Store) (proof.Lease, error) { return s.Lease(ctx, request) })
}

func (h hostProofs) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	return withinProofs(ctx, h, func(s proof.Store) (proof.Batch, error) { return s.Pending(ctx, limit) })
}

func (h hostProofs) Extend(ctx context.Context, extension proof.Extension) error {
	_, err := withinProofs(ctx, h, func(s proof.Store) (struct{}, error) { return struct{}{}, s.Extend(ctx, extension) })
	return err
}

func (h hostProofs) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	return withinProofs(ctx, h, func(s proof.Store) ([]proof.Tree, error) { return s.Trees(ctx, filter) })
}

func (h hostProofs) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	return withinProofs(ctx, h, func(s proof.Store) ([]proof.Tile, error) { return s.Tiles(ctx, tenant, ids) })
}

func (h hostProofs) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	return withinProofs(ctx, h, func(s proof.Store) ([]proof.Position, error) { return s.Positions(ctx, key, after, limit) })
}

// place places all that is pending and returns the number of events, and whether
// nothing was held back.
func place(t *testing.T, db *pgstore.DB, token uint64) (events int, complete bool) {
	t.Helper()
	for {
		batch, err := db.Proof().Pending(t.Context(), 100)
		require.NoError(t, err)
		extension := proof.Extension{Token: token, Cursor: batch.Cursor}
		for _, tree := range batch.Trees {
			growth := proof.Growth{From: tree.Size, Tree: proof.Tree{Tenant: tree.Tenant, Size: tree.Size}}
			for _, leaf := range batch.Leaves {
				growth.Positions = append(growth.Positions, proof.Position{Key: leaf.Key(), Sequence: leaf.Sequence, Index: growth.Tree.Size})
				growth.Tree.Size++
			}
			extension.Growths = append(extension.Growths, growth)
		}
		require.NoError(t, db.Proof().Extend(t.Context(), extension))
		if events += len(batch.Leaves); !batch.More {
			return events, batch.Complete
		}
	}
}

// A transaction that began before others and commits after them must not be
// passed over.
func TestAnEventThatIsCommittedLateIsPlaced(t *testing.T) {
	db := open(t, nil)
	lease, err := db.Proof().Lease(t.Context(), proof.LeaseRequest{Holder: "a", Now: moment, Duration: time.Minute})
	require.NoError(t, err)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	events, complete := place(t, db, lease.Token)
	require.Equal(t, 1, events)
	require.True(t, complete)

	early, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	mustAppend(t, db.WithTx(early).Consent(), granted(t, subjectKey(2), "event-2", "key-2"))
	mustAppend(t, db.Consent(), granted(t, subjectKey(3), "event-3", "key-3"))
	held, complete := place(t, db, lease.Token)
	assert.False(t, complete, "what is held back is told")

	require.NoError(t, early.Commit(t.Context()))
	rest, complete := place(t, db, lease.Token)
	assert.True(t, complete)
	assert.Equal(t, 2, held+rest)
	for _, n := range []int{2, 3} {
		positions, err := db.Proof().Positions(t.Context(), subjectKey(n), 0, 10)
		require.NoError(t, err)
		assert.Len(t, positions, 1)
	}
}

// BenchmarkAppendProved compares appends by 16 callers with and without a
// sequencer at work. Only the ratio within one run means anything.
func BenchmarkAppendProved(b *testing.B) {
	run := func(b *testing.B, proved bool) {
		db := open(b, nil)
		appends := make([]consent.Append, b.N)
		for i := range appends {
			appends[i] = granted(b, subjectKey(i%20_000), fmt.Sprintf("event-%d", i), fmt.Sprintf("key-%d", i))
		}
		signer, err := proof.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
		require.NoError(b, err)
		sequencer, err := proof.NewSequencer(db.Proof(), signer, proof.Trust{Origin: "privacy.example.com/ledger", Keys: []ed25519.PublicKey{signer.Public()}}, nil)
		require.NoError(b, err)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		var next atomic.Int64
		b.SetParallelism(8)
		b.ReportAllocs()
		b.ResetTimer()
		if proved {
			go func() { ended <- sequencer.Run(ctx) }()
		}
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				results, err := db.Consent().Append(b.Context(), appends[next.Add(1)-1:][:1])
				if err != nil || results[0].Err != nil {
					b.Error(err, results)
				}
			}
		})
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		trees, err := db.Proof().Trees(b.Context(), proof.TreeFilter{Tenant: tenant, Limit: 1})
		require.NoError(b, err)
		if cancel(); proved {
			require.ErrorIs(b, <-ended, context.Canceled)
		}
		if len(trees) == 1 {
			b.ReportMetric(float64(b.N)-float64(trees[0].Size), "backlog")
		}
	}
	b.Run("without", func(b *testing.B) { run(b, false) })
	b.Run("with", func(b *testing.B) { run(b, true) })
}

// A dump that is restored into another cluster brings a cursor that this one has
// not reached.
func TestARestoredDumpIsPlaced(t *testing.T) {
	db := open(t, nil)
	lease, err := db.Proof().Lease(t.Context(), proof.LeaseRequest{Holder: "a", Now: moment, Duration: time.Minute})
	require.NoError(t, err)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	events, _ := place(t, db, lease.Token)
	require.Equal(t, 1, events)

	execute(t, db, `UPDATE privacy_proof_sequencer SET feed_cursor = 'feed 1.4000000000.0.0'`)
	mustAppend(t, db.Consent(), granted(t, subjectKey(2), "event-2", "key-2"))
	events, complete := place(t, db, lease.Token)
	assert.Equal(t, 1, events)
	assert.True(t, complete)
}
