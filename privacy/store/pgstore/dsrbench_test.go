package pgstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func benchCasesDB(b *testing.B) *pgstore.DB {
	b.Helper()
	db := open(b, nil)
	fillCases(b, db, storetest.BenchCases)
	execute(b, db, "CHECKPOINT")
	return db
}

func BenchmarkDSRUpdate(b *testing.B) {
	storetest.BenchmarkCaseUpdate(b, func(b *testing.B) dsr.CaseStore { return benchCasesDB(b).DSR() })
}

// BenchmarkDSRUpdateBareDriver sends the statements of the same updates, recorded
// beforehand, in two batches, as the store does: it begins, locks and reads, then
// writes and commits. What is read is thrown away.
func BenchmarkDSRUpdateBareDriver(b *testing.B) {
	for _, shape := range storetest.Shapes()[:2] {
		b.Run(shape.Name, func(b *testing.B) {
			work := recordUpdates(b, storetest.BenchUpdates(b.N))
			pool := benchCasesDB(b).Pool()
			shape.Measure(b, "updates", func(call int) error {
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

func BenchmarkDSROpenPage(b *testing.B) {
	db := open(b, nil)
	fillCases(b, db, 1_000_000)
	storetest.BenchmarkOpenPage(b, db.DSR())
}
