package sqlitestore_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/consent/proof/prooftest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func openProof(t testing.TB) prooftest.Opened {
	t.Helper()
	db := open(t, nil)
	return prooftest.Opened{Proof: db.Proof(), Ledger: db.Consent()}
}

func TestProofConformance(t *testing.T) { prooftest.Run(t, openProof) }

func TestProofMutants(t *testing.T) {
	newDB := copies(t)
	prooftest.RunMutants(t, func(t testing.TB) prooftest.Opened {
		db := newDB(t)
		return prooftest.Opened{Proof: db.Proof(), Ledger: db.Consent()}
	})
}

// TestProofConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestProofConformanceInHostTransactions(t *testing.T) {
	prooftest.Run(t, func(t testing.TB) prooftest.Opened {
		db := open(t, nil)
		return prooftest.Opened{Proof: hostProofs{host: db.SQL(), stores: db.DB}, Ledger: db.Consent()}
	})
}

// hostProofs makes a transaction for every call.
type hostProofs struct {
	host   *sql.DB
	stores *sqlstore.DB
}

func withinProofs[T any](ctx context.Context, h hostProofs, do func(proof.Store) (T, error)) (T, error) {
	var result T
	tx, err := h.host.BeginTx(ctx, nil)
	if err != nil {
		return result, err
	}
	result, err = do(h.stores.WithTx(tx).Proof())
	return result, errors.Join(err, tx.Commit())
}

func (h hostProofs) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	return withinProofs(ctx, h, func(s proof.Store) (proof.Lease, error) { return s.Lease(ctx, request) })
}

func (h hostProofs) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	return withinProofs(ctx, h, func(s proof.Store) (proof.Batch, error) { return s.Pending(ctx, limit) })
}

func (h hostProofs) Extend(ctx context.Context, extension proof.Extension) error {
	_, err := withinProofs(ctx, h, func(s proof.Store) (struct{}, error) { return none(s.Extend(ctx, extension)) })
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

func newSequencer(t testing.TB, db *sqlitestore.DB) (*proof.Sequencer, *proof.Log) {
	t.Helper()
	signer, err := proof.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	require.NoError(t, err)
	trust := proof.Trust{Origin: "privacy.example.com/ledger", Keys: []ed25519.PublicKey{signer.Public()}}
	sequencer, err := proof.NewSequencer(db.Proof(), signer, trust, nil)
	require.NoError(t, err)
	log, err := proof.NewLog(db.Proof(), db.Consent(), trust)
	require.NoError(t, err)
	return sequencer, log
}

func placeAll(t testing.TB, sequencer *proof.Sequencer) {
	t.Helper()
	for more := true; more; {
		progress, err := sequencer.Step(t.Context())
		require.NoError(t, err)
		require.False(t, progress.StandingBy)
		more = progress.More
	}
}

// TestWhatWasWrittenByHandIsFound alters the database as its administrator could.
func TestWhatWasWrittenByHandIsFound(t *testing.T) {
	key := subjectKey(7)
	for name, c := range map[string]struct {
		statement string
		want      proof.Fault
	}{
		"a payload":     {`UPDATE privacy_events SET payload = CAST(replace(payload, 'newsletter', 'telephones') AS BLOB) WHERE subject = ?1 AND sequence = 2`, proof.Fault{Code: proof.PayloadAltered, Sequence: 2}},
		"a time":        {`UPDATE privacy_events SET recorded_at = recorded_at - 1 WHERE subject = ?1 AND sequence = 3`, proof.Fault{Code: proof.EventAltered, Sequence: 3}},
		"a row less":    {`DELETE FROM privacy_events WHERE subject = ?1 AND sequence = 3`, proof.Fault{Code: proof.EventMissing, Sequence: 3}},
		"a leaf less":   {`DELETE FROM privacy_proof_leaves WHERE subject = ?1 AND sequence = 2`, proof.Fault{Code: proof.EventUnplaced, Sequence: 2}},
		"a place moved": {`UPDATE privacy_proof_leaves SET leaf_index = leaf_index + 1 WHERE subject = ?1 AND sequence = 3`, proof.Fault{Code: proof.EventAltered, Sequence: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, nil)
			for i := range 100 {
				of := subjectKey(i % 10)
				mustAppend(t, db.Consent(), granted(t, of, fmt.Sprintf("event-%d", i), fmt.Sprintf("key-%d", i)))
			}
			sequencer, log := newSequencer(t, db)
			placeAll(t, sequencer)
			report, err := log.Verify(t.Context(), tenant)
			require.NoError(t, err)
			require.Equal(t, uint64(100), report.Events)

			_, err = db.SQL().ExecContext(t.Context(), c.statement, string(key.Subject))
			require.NoError(t, err)
			_, err = log.Verify(t.Context(), tenant)
			var fault *proof.FaultError
			require.ErrorAs(t, err, &fault)
			fault.Fault.Index = 0
			c.want.Tenant, c.want.Subject = tenant, key.Subject
			assert.Equal(t, c.want, fault.Fault)
		})
	}
}

// BenchmarkAppendProved compares appends by 16 callers with and without a
// sequencer at work. Only the ratio within one run means anything.
func BenchmarkAppendProved(b *testing.B) {
	run := func(b *testing.B, proved bool) {
		db := benchDB(b)
		appends := benchAppends(b, b.N)
		sequencer, log := newSequencer(b, db)
		placeAll(b, sequencer)
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
		checkpoint, err := log.Checkpoint(b.Context(), tenant)
		require.NoError(b, err)
		if cancel(); proved {
			b.ReportMetric(float64(benchSubjects+b.N)-float64(checkpoint.Size), "backlog")
			require.ErrorIs(b, <-ended, context.Canceled)
		}
	}
	b.Run("without", func(b *testing.B) { run(b, false) })
	b.Run("with", func(b *testing.B) { run(b, true) })
}

// BenchmarkSequence is the cost of the place of an event.
func BenchmarkSequence(b *testing.B) {
	db := benchDB(b)
	appends := benchAppends(b, b.N)
	sequencer, _ := newSequencer(b, db)
	placeAll(b, sequencer)
	for chunk := range slices.Chunk(appends, 500) {
		mustAppend(b, db.Consent(), chunk...)
	}
	b.ReportAllocs()
	b.ResetTimer()
	placeAll(b, sequencer)
}
