package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// The benchmarks come in pairs: a store, and the driver alone with the same
// statements in transactions of the same shape, with everything that is written
// made ready beforehand. Only the ratios within one run mean anything.

// benchSubjects are in the database before the clock starts.
const benchSubjects = 20_000

func benchDB(b *testing.B) *pgstore.DB {
	b.Helper()
	db := open(b, nil)
	for first := 0; first < benchSubjects; first += 500 {
		appends := make([]consent.Append, 500)
		for i := range appends {
			n := first + i
			appends[i] = granted(b, subjectKey(n), fmt.Sprintf("01890000-0000-7000-9000-%012d", n), fmt.Sprintf("preloaded-%d", n))
		}
		mustAppend(b, db.Consent(), appends...)
	}
	// The next checkpoint comes when it comes, but not with this work to do.
	execute(b, db, "VACUUM ANALYZE")
	execute(b, db, "CHECKPOINT")
	return db
}

// benchAppends are appends to random subjects, made ready beforehand. The keys
// are of the length of those that consent derives.
func benchAppends(b *testing.B, n int) []consent.Append {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	appends := make([]consent.Append, n)
	for i := range appends {
		appends[i] = granted(b, subjectKey(random.IntN(benchSubjects)), fmt.Sprintf("01890000-0000-7000-a000-%012d", i), fmt.Sprintf("%064x", i))
	}
	return appends
}

// shapes are the ways in which appends arrive.
var shapes = []struct {
	name    string
	size    int // appends in a call
	callers int
}{{"single", 1, 1}, {"concurrent-16", 1, 16}, {"batch-100", 100, 1}}

func benchShape(b *testing.B, size, callers int, do func(call int) error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	if callers == 1 {
		for call := range b.N {
			if err := do(call); err != nil {
				b.Fatal(err)
			}
		}
	} else {
		var next atomic.Int64
		b.SetParallelism(callers / 2) // times GOMAXPROCS; 16 on two processors
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := do(int(next.Add(1)) - 1); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkAppend(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			store := benchDB(b).Consent()
			appends := benchAppends(b, b.N*shape.size)
			benchShape(b, shape.size, shape.callers, func(call int) error {
				results, err := store.Append(b.Context(), appends[call*shape.size:][:shape.size])
				for _, result := range results {
					err = errors.Join(err, result.Err)
				}
				return err
			})
		})
	}
}

// BenchmarkAppendBareDriver sends two batches for a call, as the store does: it
// begins, locks the streams and looks for the keys, then writes and commits.
func BenchmarkAppendBareDriver(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			db := benchDB(b)
			work := benchWork(b, benchAppends(b, b.N*shape.size))
			benchShape(b, shape.size, shape.callers, func(call int) error {
				return appendBare(b.Context(), db.Pool(), work[call*shape.size:][:shape.size])
			})
		})
	}
}

// bareWork is what an append writes, with everything computed.
type bareWork struct {
	tenant, subject           string
	version                   int64
	state                     []byte
	id, kind, key             string
	at                        int64
	salt, commitment, payload []byte
	envelope                  string
}

// benchWork follows concurrent callers too: what they write is of about the same
// size whoever comes first. Versions are those in the order of appends.
func benchWork(b *testing.B, appends []consent.Append) []bareWork {
	b.Helper()
	streams := map[consent.StreamKey]consent.Stream{}
	work := make([]bareWork, len(appends))
	for i, a := range appends {
		current, ok := streams[a.Key]
		if !ok {
			current = consent.Stream{Key: a.Key}
			preloaded, _, _, err := consent.Advance(current, a)
			require.NoError(b, err)
			current = preloaded
		}
		next, records, events, err := consent.Advance(current, a)
		require.NoError(b, err)
		streams[a.Key] = next
		envelope, err := json.Marshal(events[0])
		require.NoError(b, err)
		r := records[0]
		work[i] = bareWork{
			tenant: string(r.Tenant), subject: string(r.Subject), version: int64(r.Sequence), state: next.State,
			id: r.ID, kind: string(r.Kind), key: r.Key, at: r.RecordedAt.UnixMicro(),
			salt: r.Salt, commitment: r.Commitment[:], payload: r.Payload, envelope: string(envelope),
		}
	}
	return work
}

const (
	bareLock   = `SELECT version, state, transaction_id FROM privacy_streams WHERE tenant = $1 AND subject = $2 FOR UPDATE`
	bareFind   = `SELECT sequence FROM privacy_events WHERE tenant = $1 AND subject = $2 AND idempotency_key = $3`
	bareRead   = `SELECT version, state FROM privacy_streams WHERE tenant = $1 AND subject = $2`
	bareUpdate = `UPDATE privacy_streams SET version = $3, state = $4, transaction_id = GREATEST(transaction_id, pg_current_xact_id()::text::bigint)
		WHERE tenant = $1 AND subject = $2`
	bareOutbox = `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event)
		VALUES (GREATEST($1, pg_current_xact_id()::text::bigint), $2, $3, $4, $5, $6)`
	bareEvent = `INSERT INTO privacy_events
		(tenant, subject, sequence, id, kind, occurred_at, recorded_at, idempotency_key, salt, commitment, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
)

func appendBare(ctx context.Context, pool *pgxpool.Pool, work []bareWork) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	versions := make([]int64, len(work))
	reads, writes := &pgx.Batch{}, &pgx.Batch{}
	reads.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
	for i, w := range work {
		reads.Queue(bareLock, w.tenant, w.subject).QueryRow(func(row pgx.Row) error {
			var state []byte
			var transaction int64
			return row.Scan(&versions[i], &state, &transaction)
		})
		reads.Queue(bareFind, w.tenant, w.subject, w.key).QueryRow(func(row pgx.Row) error {
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
		again[w.subject]++
		version := versions[i] + again[w.subject]
		writes.Queue(bareEvent, w.tenant, w.subject, version, w.id, w.kind, w.at, w.at, w.key, w.salt, w.commitment, w.payload)
		writes.Queue(bareOutbox, int64(0), w.tenant, w.subject, version, w.at, w.envelope)
	}
	for i, w := range work {
		if n := again[w.subject]; n > 0 {
			writes.Queue(bareUpdate, w.tenant, w.subject, versions[i]+n, w.state)
			again[w.subject] = 0
		}
	}
	writes.Queue("COMMIT")
	return conn.SendBatch(ctx, writes).Close()
}

func BenchmarkState(b *testing.B) {
	store := benchDB(b).Consent()
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		streams, err := store.Streams(b.Context(), []consent.StreamKey{subjectKey(random.IntN(benchSubjects))})
		if err != nil || streams[0].Version == 0 {
			b.Fatal(err, streams)
		}
	}
}

func BenchmarkStateBareDriver(b *testing.B) {
	db := benchDB(b)
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		key := subjectKey(random.IntN(benchSubjects))
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
