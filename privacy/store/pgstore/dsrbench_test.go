package pgstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// benchCases are in the database before the clock starts.
const benchCases = 20_000

// benchUpdates move random-looking cases to their next version, each with a line,
// an event, a wake-up and a key, as a service does.
func benchUpdates(n int) []dsr.Update {
	updates := make([]dsr.Update, n)
	for i := range updates {
		id := dsr.CaseID(fmt.Sprintf("case-%08d", 1+i*7919%benchCases))
		version := uint64(2 + i/benchCases)
		at := moment.Add(time.Duration(version) * time.Hour)
		name := fmt.Sprintf("acme/%s/%d", id, version)
		updates[i] = dsr.Update{
			Expect: version - 1,
			Case: dsr.Case{
				Tenant: "acme", ID: id, Version: version, Subject: "subject", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25",
				Received: moment, ContentHash: "00ff", Channel: "web_form",
				Items: []dsr.Item{{Request: regime.RequestErasure, Work: dsr.StateInProgress}},
			},
			Due:    privacy.MustDate("2026-04-02"),
			Lines:  []dsr.LogLine{{At: at, Payload: `{"actor":"controller_staff","event":"begin","from":"received","item":0,"to":"in_progress","version":2}`}},
			Events: []privacy.Event{{ID: name, Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.begin", Time: at, Tenant: "acme"}},
			Wakes:  []dsr.Wake{{Tenant: "acme", Kind: "dsr.deadline", Key: name, RunAt: at, Payload: "{}"}},
			Key:    name, Digest: "d",
		}
	}
	return updates
}

func benchCasesDB(b *testing.B) *pgstore.DB {
	b.Helper()
	db := open(b, nil)
	fillCases(b, db, benchCases)
	execute(b, db, "CHECKPOINT")
	return db
}

func BenchmarkDSRUpdate(b *testing.B) {
	for _, shape := range shapes[:2] {
		b.Run(shape.name, func(b *testing.B) {
			store, updates := benchCasesDB(b).DSR(), benchUpdates(b.N)
			benchShape(b, 1, shape.callers, func(call int) error { return store.Update(b.Context(), updates[call]) })
		})
	}
}

// BenchmarkDSRUpdateBareDriver sends the statements of the same updates, recorded
// beforehand, in two batches, as the store does: it begins, locks and reads, then
// writes and commits. What is read is thrown away.
func BenchmarkDSRUpdateBareDriver(b *testing.B) {
	for _, shape := range shapes[:2] {
		b.Run(shape.name, func(b *testing.B) {
			work := recordUpdates(b, benchUpdates(b.N))
			pool := benchCasesDB(b).Pool()
			benchShape(b, 1, shape.callers, func(call int) error {
				conn, err := pool.Acquire(b.Context())
				if err != nil {
					return err
				}
				defer conn.Release()
				for i, statements := range work[call] {
					batch := &pgx.Batch{}
					if i == 0 {
						batch.Queue("BEGIN ISOLATION LEVEL READ COMMITTED")
					}
					for _, s := range statements {
						batch.Queue(s.SQL, s.Args...)
					}
					if i == len(work[call])-1 {
						batch.Queue("COMMIT")
					}
					if err := conn.SendBatch(b.Context(), batch).Close(); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
}

// recordUpdates returns the batches of each update.
func recordUpdates(b *testing.B, updates []dsr.Update) [][][]sqlstore.Statement {
	b.Helper()
	r := &recorder{db: benchCasesDB(b)}
	stores, err := sqlstore.NewWithExecutor(r, sqlstore.PostgreSQL, nil)
	require.NoError(b, err)
	work := make([][][]sqlstore.Statement, 0, len(updates))
	for _, u := range updates {
		r.ran = nil
		require.NoError(b, stores.DSR().Update(b.Context(), u))
		work = append(work, r.ran)
	}
	return work
}

// recorder is the smallest executor, and keeps the batches it ran.
type recorder struct {
	db  *pgstore.DB
	ran [][]sqlstore.Statement
}

type recordedTransaction struct {
	recorder *recorder
	tx       pgx.Tx
}

func (r *recorder) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	return pgx.BeginFunc(ctx, r.db.Pool(), func(tx pgx.Tx) error { return recordedTransaction{r, tx}.Batch(ctx, statements) })
}

func (r *recorder) Begin(ctx context.Context) (sqlstore.Transaction, error) {
	tx, err := r.db.Pool().Begin(ctx)
	return recordedTransaction{r, tx}, err
}

func (t recordedTransaction) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	t.recorder.ran = append(t.recorder.ran, statements)
	for _, s := range statements {
		rows, err := t.tx.Query(ctx, s.SQL, s.Args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if s.Each != nil {
				if err := s.Each(rows); err != nil {
					return err
				}
			}
		}
		if rows.Close(); rows.Err() != nil {
			return rows.Err()
		}
	}
	return nil
}

func (t recordedTransaction) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	if err := t.Batch(ctx, statements); err != nil {
		return err
	}
	return t.tx.Commit(ctx)
}

func (t recordedTransaction) Rollback(ctx context.Context) error { return t.tx.Rollback(ctx) }

// BenchmarkDSROpenPage reads a page of 50 of a million open cases, from a random
// place.
func BenchmarkDSROpenPage(b *testing.B) {
	db := open(b, nil)
	fillCases(b, db, 1_000_000)
	store := db.DSR()
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		after := dsr.Position{Due: privacy.MustDate("2026-01-01").AddDays(random.IntN(390)), ID: dsr.CaseID(fmt.Sprintf("case-%08d", random.IntN(1_000_000)))}
		page, err := store.Open(b.Context(), "acme", after, 50)
		if err != nil || len(page) != 50 {
			b.Fatal(len(page), err)
		}
	}
}
