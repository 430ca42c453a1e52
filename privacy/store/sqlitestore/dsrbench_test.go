package sqlitestore_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func benchCasesDB(b *testing.B) *sqlitestore.DB {
	b.Helper()
	db := open(b, nil)
	fillCases(b, db.SQL(), storetest.BenchCases)
	return db
}

func BenchmarkDSRUpdate(b *testing.B) {
	storetest.BenchmarkCaseUpdate(b, func(b *testing.B) dsr.CaseStore { return benchCasesDB(b).DSR() })
}

// BenchmarkDSRUpdateBareDriver runs the statements of the same updates, recorded
// beforehand, prepared, in transactions of the same shape. What is read is
// thrown away.
func BenchmarkDSRUpdateBareDriver(b *testing.B) {
	stores, r := recording(b, benchCasesDB(b))
	work := make([][]sqlstore.Statement, 0, b.N)
	for _, u := range storetest.BenchUpdates(b.N) {
		r.ran = nil
		require.NoError(b, stores.DSR().Update(b.Context(), u))
		work = append(work, r.ran)
	}
	db := benchCasesDB(b).SQL()
	prepared := map[string]*sql.Stmt{}
	for _, s := range work[0] {
		statement, err := db.PrepareContext(b.Context(), s.SQL)
		require.NoError(b, err)
		b.Cleanup(func() { _ = statement.Close() })
		prepared[s.SQL] = statement
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, statements := range work {
		if err := replay(b, db, prepared, statements); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}

func replay(b *testing.B, db *sql.DB, prepared map[string]*sql.Stmt, statements []sqlstore.Statement) error {
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		return err
	}
	for _, s := range statements {
		statement := tx.StmtContext(b.Context(), prepared[s.SQL])
		if s.Each == nil {
			_, err = statement.ExecContext(b.Context(), s.Args...)
		} else {
			err = discard(statement.QueryContext(b.Context(), s.Args...))
		}
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func discard(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
	}
	return rows.Err()
}

func BenchmarkDSROpenPage(b *testing.B) {
	db := open(b, nil)
	fillCases(b, db.SQL(), 1_000_000)
	storetest.BenchmarkOpenPage(b, db.DSR())
}
