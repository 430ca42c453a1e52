package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// The benchmarks come in pairs: a store, and the driver alone with the same
// statements in transactions of the same shape, with everything that is written
// made ready beforehand. Only the ratios within one run mean anything.

func benchDB(b *testing.B) *pgstore.DB {
	b.Helper()
	db := open(b, nil)
	storetest.Preload(b, db.Consent())
	// The next checkpoint comes when it comes, but not with this work to do.
	execute(b, db, "VACUUM ANALYZE")
	execute(b, db, "CHECKPOINT")
	return db
}

func BenchmarkAppend(b *testing.B) {
	storetest.BenchmarkAppend(b, func(b *testing.B) consent.LedgerStore { return benchDB(b).Consent() })
}

// BenchmarkAppendBareDriver sends two batches for a call, as the store does: it
// begins, locks the streams and looks for the keys, then writes and commits.
func BenchmarkAppendBareDriver(b *testing.B) {
	for _, shape := range storetest.Shapes() {
		b.Run(shape.Name, func(b *testing.B) {
			db := benchDB(b)
			// What concurrent callers write is of the same size whoever comes first.
			all := append(storetest.Preloaded(b), storetest.BenchAppends(b, b.N*shape.Size)...)
			work := storetest.NewWork(b, all)[storetest.BenchSubjects:]
			shape.Measure(b, "events", func(call int) error {
				return appendBare(b.Context(), db.Pool(), work[call*shape.Size:][:shape.Size])
			})
		})
	}
}

const (
	bareLock   = `SELECT version, state, transaction_id FROM privacy_streams WHERE tenant = $1 AND subject = $2 FOR UPDATE`
	bareFind   = `SELECT sequence FROM privacy_events WHERE tenant = $1 AND subject = $2 AND idempotency_key = $3`
	bareRead   = `SELECT version, state FROM privacy_streams WHERE tenant = $1 AND subject = $2`
	bareUpdate = `UPDATE privacy_streams SET version = $3, state = $4, idle_since = NULL, ended = 0, last_recorded = $5,
		transaction_id = GREATEST(transaction_id, pg_current_xact_id()::text::bigint)
		WHERE tenant = $1 AND subject = $2`
	bareOutbox = `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event)
		VALUES (GREATEST($1, pg_current_xact_id()::text::bigint), $2, $3, $4, $5, $6)`
	bareEvent = `INSERT INTO privacy_events
		(tenant, subject, sequence, id, kind, occurred_at, recorded_at, idempotency_key, salt, commitment, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
)

func appendBare(ctx context.Context, pool *pgxpool.Pool, work []storetest.Work) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	versions := make([]int64, len(work))
	reads, writes := &pgx.Batch{}, &pgx.Batch{}
	reads.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	for i, w := range work {
		reads.Queue(bareLock, w.Tenant, w.Subject).QueryRow(func(row pgx.Row) error {
			var state []byte
			var transaction int64
			return row.Scan(&versions[i], &state, &transaction)
		})
		reads.Queue(bareFind, w.Tenant, w.Subject, w.Key).QueryRow(func(row pgx.Row) error {
			var sequence int64
			if err := row.Scan(&sequence); !errors.Is(err, pgx.ErrNoRows) {
				return fmt.Errorf("the key is used: %w", err)
			}
			return nil
		})
	}
	if err := conn.SendBatch(ctx, reads).Close(); err != nil {
		return err
	}
	// The same subject may come several times in a batch, and with concurrent
	// callers in another order than it was made ready in.
	again := map[string]int64{}
	for i, w := range work {
		again[w.Subject]++
		version := versions[i] + again[w.Subject]
		writes.Queue(bareEvent, w.Tenant, w.Subject, version, w.ID, w.Kind, w.At, w.At, w.Key, w.Salt, w.Commitment, w.Payload)
		writes.Queue(bareOutbox, int64(0), w.Tenant, w.Subject, version, w.At, w.Envelope)
	}
	for i, w := range work {
		if n := again[w.Subject]; n > 0 {
			writes.Queue(bareUpdate, w.Tenant, w.Subject, versions[i]+n, w.State, w.At)
			again[w.Subject] = 0
		}
	}
	writes.Queue("COMMIT")
	return conn.SendBatch(ctx, writes).Close()
}

func BenchmarkState(b *testing.B) { storetest.BenchmarkState(b, benchDB(b).Consent()) }

func BenchmarkStateBareDriver(b *testing.B) {
	db := benchDB(b)
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		key := subjectKey(random.IntN(storetest.BenchSubjects))
		var version int64
		var state []byte
		if err := db.Pool().QueryRow(b.Context(), bareRead, string(key.Tenant), string(key.Subject)).Scan(&version, &state); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckAll checks subjects that no cache knows.
func BenchmarkCheckAll(b *testing.B) {
	b.Run("subjects=1000", func(b *testing.B) {
		db, trips := openCounted(b, benchDB(b).Pool().Config().ConnString(), func(c *pgxpool.Config) { require.NoError(b, pgstore.Configure(c, nil)) })
		n, err := newNode(db.Consent(), nil)
		require.NoError(b, err)
		subjects := make([]privacy.Subject, 1000)
		for i := range subjects {
			subjects[i] = privacy.Subject{Tenant: tenant, ID: subjectKey(i).Subject}
		}
		_, err = n.use.CheckAll(b.Context(), subjects)
		require.NoError(b, err)
		before := trips.Load()
		b.ReportAllocs()
		for b.Loop() {
			decisions, err := n.use.CheckAll(b.Context(), subjects)
			if err != nil || !decisions[999].Allowed() {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(trips.Load()-before)/float64(b.N), "round-trips/op")
	})
}
