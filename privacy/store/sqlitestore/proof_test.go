package sqlitestore_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/consent/proof/prooftest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func openProof(t testing.TB) prooftest.Opened {
	t.Helper()
	db := open(t, nil)
	return prooftest.Opened{Proof: db.Proof(), Ledger: db.Consent()}
}

func TestProofConformance(t *testing.T) { prooftest.Run(t, openProof) }

func TestProofMutants(t *testing.T) { prooftest.RunMutants(t, openProof) }

// TestProofConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestProofConformanceInHostTransactions(t *testing.T) {
	prooftest.Run(t, func(t testing.TB) prooftest.Opened {
		db := open(t, nil)
		return prooftest.Opened{Proof: storetest.ProofInTransactions(inTransactions(db)), Ledger: db.Consent()}
	})
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
			sequencer, log := storetest.NewSequencer(t, db.DB)
			storetest.PlaceAll(t, sequencer)
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

func BenchmarkAppendProved(b *testing.B) {
	storetest.BenchmarkAppendProved(b, func(b *testing.B) *sqlstore.DB { return benchDB(b).DB })
}

// BenchmarkSequence is the cost of the place of an event.
func BenchmarkSequence(b *testing.B) {
	db := benchDB(b)
	appends := storetest.BenchAppends(b, b.N)
	sequencer, _ := storetest.NewSequencer(b, db.DB)
	storetest.PlaceAll(b, sequencer)
	for chunk := range slices.Chunk(appends, 500) {
		mustAppend(b, db.Consent(), chunk...)
	}
	b.ReportAllocs()
	b.ResetTimer()
	storetest.PlaceAll(b, sequencer)
}
