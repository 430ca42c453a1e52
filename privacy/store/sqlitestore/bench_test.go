package sqlitestore_test

import (
	"database/sql"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// The benchmarks come in pairs: a store, and the driver alone with the same
// statements in transactions of the same shape, with everything that is written
// made ready beforehand. Only the ratios within one run mean anything.

func benchDB(b *testing.B) *sqlitestore.DB {
	b.Helper()
	db := open(b, nil)
	storetest.Preload(b, db.Consent())
	return db
}

func BenchmarkAppend(b *testing.B) {
	storetest.BenchmarkAppend(b, func(b *testing.B) consent.LedgerStore { return benchDB(b).Consent() })
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
		`SELECT version, state, transaction_id FROM privacy_streams WHERE tenant = $1 AND subject = $2`:   &bare.stream,
		`SELECT version, state FROM privacy_streams WHERE tenant = $1 AND subject = $2`:                   &bare.read,
		`SELECT sequence FROM privacy_events WHERE tenant = $1 AND subject = $2 AND idempotency_key = $3`: &bare.key,
		`UPDATE privacy_streams SET version = $3, state = $4, idle_since = NULL, ended = 0, last_recorded = $5, transaction_id = MAX(transaction_id, 0)
			WHERE tenant = $1 AND subject = $2`: &bare.update,
		`INSERT INTO privacy_streams (tenant, subject, version, state, idle_since, ended, last_recorded, transaction_id)
			VALUES ($1, $2, $3, $4, NULL, 0, $5, 0)`: &bare.insert,
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

// append writes work in one transaction. The read values are thrown away.
func (d *bareDriver) append(b *testing.B, work []storetest.Work) {
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
		found := stream.QueryRow(w.Tenant, w.Subject).Scan(&version, &state, &transaction) == nil
		if err := key.QueryRow(w.Tenant, w.Subject, w.Key).Scan(&sequence); err != sql.ErrNoRows {
			b.Fatal("the key is used: ", err)
		}
		_, err = event.Exec(w.Tenant, w.Subject, w.Version, w.ID, w.Kind, w.At, w.At, w.Key, w.Salt, w.Commitment, w.Payload)
		check(err)
		_, err = outbox.Exec(int64(0), w.Tenant, w.Subject, w.Version, w.At, w.Envelope)
		check(err)
		write := insert
		if found {
			write = update
		}
		_, err = write.Exec(w.Tenant, w.Subject, w.Version, w.State, w.At)
		check(err)
	}
	check(tx.Commit())
}

func BenchmarkAppendBareDriver(b *testing.B) {
	start := func(b *testing.B, n int) (*bareDriver, []storetest.Work) {
		b.Helper()
		bare := benchBareDriver(b)
		work := storetest.NewWork(b, append(storetest.Preloaded(b), storetest.BenchAppends(b, n)...))
		for first := 0; first < storetest.BenchSubjects; first += 500 {
			bare.append(b, work[first:][:500])
		}
		b.ReportAllocs()
		b.ResetTimer()
		return bare, work[storetest.BenchSubjects:]
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

func BenchmarkState(b *testing.B) { storetest.BenchmarkState(b, benchDB(b).Consent()) }

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
		key := subjectKey(random.IntN(storetest.BenchSubjects))
		var version int64
		var state []byte
		if err := read.QueryRowContext(b.Context(), string(key.Tenant), string(key.Subject)).Scan(&version, &state); err != nil {
			b.Fatal(err)
		}
	}
}
