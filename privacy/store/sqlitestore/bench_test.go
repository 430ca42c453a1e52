package sqlitestore_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// The benchmarks come in pairs: a store, and the driver alone with the same
// statements in transactions of the same shape, with everything that is written
// made ready beforehand. Only the ratios within one run mean anything.

// benchSubjects are in the database before the clock starts.
const benchSubjects = 20_000

func benchDB(b *testing.B) *sqlitestore.DB {
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

func BenchmarkAppend(b *testing.B) {
	b.Run("single", func(b *testing.B) {
		store := benchDB(b).Consent()
		appends := benchAppends(b, b.N)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			mustAppend(b, store, appends[i])
		}
	})
	b.Run("concurrent-16", func(b *testing.B) {
		store := benchDB(b).Consent()
		appends := benchAppends(b, b.N)
		var next atomic.Int64
		b.SetParallelism(8) // times GOMAXPROCS; 16 on two processors
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				results, err := store.Append(b.Context(), appends[next.Add(1)-1:][:1])
				if err != nil || results[0].Err != nil {
					b.Error(err, results)
				}
			}
		})
	})
	b.Run("batch-100", func(b *testing.B) {
		store := benchDB(b).Consent()
		appends := benchAppends(b, b.N*100)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range b.N {
			mustAppend(b, store, appends[i*100:][:100]...)
		}
		b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
	})
}

// bareDriver has the statements of an append, prepared.
type bareDriver struct {
	db                                               *sql.DB
	stream, key, event, outbox, update, insert, read *sql.Stmt
}

func benchBareDriver(b *testing.B) *bareDriver {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?"+url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-65536)", "wal_autocheckpoint(4000)"}, "_txlock": {"immediate"},
	}.Encode())
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = db.Close() })
	migrations, err := sqlstore.Migrations(sqlstore.SQLite, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, migration := range migrations {
		if _, err := db.ExecContext(b.Context(), migration.SQL); err != nil {
			b.Fatal(err)
		}
	}
	bare := &bareDriver{db: db}
	for text, statement := range map[string]**sql.Stmt{
		`SELECT version, state, transaction_id FROM privacy_streams WHERE tenant = $1 AND subject = $2`:                                     &bare.stream,
		`SELECT version, state FROM privacy_streams WHERE tenant = $1 AND subject = $2`:                                                     &bare.read,
		`SELECT sequence FROM privacy_events WHERE tenant = $1 AND subject = $2 AND idempotency_key = $3`:                                   &bare.key,
		`UPDATE privacy_streams SET version = $3, state = $4, transaction_id = MAX(transaction_id, 0) WHERE tenant = $1 AND subject = $2`:   &bare.update,
		`INSERT INTO privacy_streams (tenant, subject, version, state, transaction_id) VALUES ($1, $2, $3, $4, 0)`:                          &bare.insert,
		`INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event) VALUES (MAX($1, 0), $2, $3, $4, $5, $6)`: &bare.outbox,
		`INSERT INTO privacy_events (tenant, subject, sequence, id, kind, occurred_at, recorded_at, idempotency_key, salt, commitment, payload)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`: &bare.event,
	} {
		if *statement, err = db.PrepareContext(b.Context(), text); err != nil {
			b.Fatal(err)
		}
	}
	return bare
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

func benchWork(b *testing.B, appends []consent.Append) []bareWork {
	b.Helper()
	streams := map[consent.StreamKey]consent.Stream{}
	work := make([]bareWork, len(appends))
	for i, a := range appends {
		current, ok := streams[a.Key]
		if !ok {
			current = consent.Stream{Key: a.Key}
		}
		next, records, events, err := consent.Advance(current, a)
		if err != nil {
			b.Fatal(err)
		}
		streams[a.Key] = next
		envelope, err := json.Marshal(events[0])
		if err != nil {
			b.Fatal(err)
		}
		r := records[0]
		work[i] = bareWork{
			tenant: string(r.Tenant), subject: string(r.Subject), version: int64(r.Sequence), state: next.State,
			id: r.ID, kind: string(r.Kind), key: r.Key, at: r.RecordedAt.UnixMicro(),
			salt: r.Salt, commitment: r.Commitment[:], payload: r.Payload, envelope: string(envelope),
		}
	}
	return work
}

// append writes work in one transaction. The read values are thrown away.
func (d *bareDriver) append(b *testing.B, work []bareWork) {
	tx, err := d.db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	stream, key, event, outbox, update, insert := tx.Stmt(d.stream), tx.Stmt(d.key), tx.Stmt(d.event), tx.Stmt(d.outbox), tx.Stmt(d.update), tx.Stmt(d.insert)
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, w := range work {
		var version, transaction, sequence int64
		var state []byte
		found := stream.QueryRow(w.tenant, w.subject).Scan(&version, &state, &transaction) == nil
		if err := key.QueryRow(w.tenant, w.subject, w.key).Scan(&sequence); err != sql.ErrNoRows {
			b.Fatal("the key is used: ", err)
		}
		_, err = event.Exec(w.tenant, w.subject, w.version, w.id, w.kind, w.at, w.at, w.key, w.salt, w.commitment, w.payload)
		check(err)
		_, err = outbox.Exec(int64(0), w.tenant, w.subject, w.version, w.at, w.envelope)
		check(err)
		write := insert
		if found {
			write = update
		}
		_, err = write.Exec(w.tenant, w.subject, w.version, w.state)
		check(err)
	}
	check(tx.Commit())
}

func BenchmarkAppendBareDriver(b *testing.B) {
	start := func(b *testing.B, n int) (*bareDriver, []bareWork) {
		b.Helper()
		bare := benchBareDriver(b)
		preloaded := make([]consent.Append, 0, benchSubjects+n)
		for i := range benchSubjects {
			preloaded = append(preloaded, granted(b, subjectKey(i), fmt.Sprintf("01890000-0000-7000-9000-%012d", i), fmt.Sprintf("preloaded-%d", i)))
		}
		work := benchWork(b, append(preloaded, benchAppends(b, n)...))
		for first := 0; first < benchSubjects; first += 500 {
			bare.append(b, work[first:][:500])
		}
		b.ReportAllocs()
		b.ResetTimer()
		return bare, work[benchSubjects:]
	}
	b.Run("single", func(b *testing.B) {
		bare, work := start(b, b.N)
		for i := range b.N {
			bare.append(b, work[i:][:1])
		}
	})
	b.Run("batch-16", func(b *testing.B) {
		bare, work := start(b, b.N*16)
		for i := range b.N {
			bare.append(b, work[i*16:][:16])
		}
		b.ReportMetric(float64(b.N)*16/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("batch-100", func(b *testing.B) {
		bare, work := start(b, b.N*100)
		for i := range b.N {
			bare.append(b, work[i*100:][:100])
		}
		b.ReportMetric(float64(b.N)*100/b.Elapsed().Seconds(), "events/s")
	})
}

func BenchmarkState(b *testing.B) {
	store := benchDB(b).Consent()
	b.ReportAllocs()
	b.ResetTimer()
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		streams, err := store.Streams(b.Context(), []consent.StreamKey{subjectKey(random.IntN(benchSubjects))})
		if err != nil || streams[0].Version != 1 {
			b.Fatal(err, streams)
		}
	}
}

func BenchmarkStateBareDriver(b *testing.B) {
	db := benchDB(b)
	path := ""
	if err := db.SQL().QueryRowContext(b.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		b.Fatal(err)
	}
	bare, err := sql.Open("sqlite", "file:"+path+"?_pragma=query_only(ON)")
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	read, err := bare.PrepareContext(b.Context(), `SELECT version, state FROM privacy_streams WHERE tenant = $1 AND subject = $2`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		key := subjectKey(random.IntN(benchSubjects))
		var version int64
		var state []byte
		if err := read.QueryRowContext(b.Context(), string(key.Tenant), string(key.Subject)).Scan(&version, &state); err != nil {
			b.Fatal(err)
		}
	}
}
