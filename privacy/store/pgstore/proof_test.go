package pgstore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/consent/proof/prooftest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// proofs opens stores in a schema of their own for every case.
func proofs(t *testing.T) func(t testing.TB) prooftest.Opened {
	t.Helper()
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) }))
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
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	prooftest.Run(t, func(t testing.TB) prooftest.Opened {
		db := newDB(t)
		return prooftest.Opened{Proof: storetest.ProofInTransactions(inTransactions(db)), Ledger: db.Consent()}
	})
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

func BenchmarkAppendProved(b *testing.B) {
	storetest.BenchmarkAppendProved(b, func(b *testing.B) *sqlstore.DB { return benchDB(b).DB })
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
