package sqlitestore_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
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

func benchCasesDB(b *testing.B) *sqlitestore.DB {
	b.Helper()
	db := open(b, nil)
	fillCases(b, db.SQL(), benchCases)
	return db
}

func BenchmarkDSRUpdate(b *testing.B) {
	b.Run("single", func(b *testing.B) {
		store, updates := benchCasesDB(b).DSR(), benchUpdates(b.N)
		b.ReportAllocs()
		b.ResetTimer()
		for i := range updates {
			if err := store.Update(b.Context(), updates[i]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	})
	b.Run("concurrent-16", func(b *testing.B) {
		store, updates := benchCasesDB(b).DSR(), benchUpdates(b.N)
		var next atomic.Int64
		b.SetParallelism(8) // times GOMAXPROCS; 16 on two processors
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := store.Update(b.Context(), updates[next.Add(1)-1]); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
	})
}

// BenchmarkDSRUpdateBareDriver runs the statements of the same updates, recorded
// beforehand, prepared, in transactions of the same shape. What is read is
// thrown away.
func BenchmarkDSRUpdateBareDriver(b *testing.B) {
	stores, r := recording(b, benchCasesDB(b))
	work := make([][]sqlstore.Statement, 0, b.N)
	for _, u := range benchUpdates(b.N) {
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

// BenchmarkDSROpenPage reads a page of 50 of a million open cases, from a random
// place.
func BenchmarkDSROpenPage(b *testing.B) {
	db := open(b, nil)
	fillCases(b, db.SQL(), 1_000_000)
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
