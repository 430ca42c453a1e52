package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// visits counts the rows that statements on counted views visit, whether they are
// part of a result or not.
var (
	visits        atomic.Int64
	registerVisit = sync.OnceValue(func() error {
		return sqlite.RegisterScalarFunction("visited", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
			visits.Add(1)
			return int64(1), nil
		})
	})
)

const sweptDue = 1000

var sweptAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// sweptTable is a table of a host with a number of rows, of which a thousand are old
// and about a hundred are those of a tenant that has left.
type sweptTable struct {
	db     *sql.DB
	rows   int
	table  sqltable.Table
	asked  []askedStatement
	system retention.System
}

type askedStatement struct {
	text string
	args []any
}

// QueryContext notes a statement and runs it.
func (s *sweptTable) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s.asked = append(s.asked, askedStatement{text, args})
	return s.db.QueryContext(ctx, text, args...)
}

// ExecContext runs a statement.
func (s *sweptTable) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s.db.ExecContext(ctx, text, args...)
}

// newSweptTable fills a table; from is the name that the sweep knows it by.
func newSweptTable(t testing.TB, rows int, from string) *sweptTable {
	t.Helper()
	must(t, registerVisit())
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "host.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	s := &sweptTable{db: db, rows: rows, table: sqltable.Table{
		System: "items", Dialect: retention.SQLite, Name: "item", Key: "id", TenantColumn: "workspace",
		Categories: []privacy.CategoryID{"content"}, Role: privacy.RoleProcessor,
		Events: map[string]retention.Column{"made": {Name: "made_on", Type: retention.ColumnDate}},
	}}
	indexes, err := s.table.Indexes()
	must(t, err)
	s.table.Name = from
	s.system, err = sqltable.New(s, s.table)
	must(t, err)
	for _, statement := range append([]string{
		`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`, `PRAGMA cache_size = -200000`,
		`CREATE TABLE item (id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, made_on TEXT NOT NULL)`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO item SELECT i, CASE WHEN i %% %d = 1 THEN 'leaving' ELSE 't' || (i %% 97) END,
			CASE WHEN i %% %d = 0 THEN '2020-01-' ELSE '2026-05-' END || (10 + i %% 19) FROM n`, rows, rows/100, rows/sweptDue),
		`CREATE VIEW counted AS SELECT * FROM item WHERE visited(id)`,
	}, append(indexes, `ANALYZE`)...) {
		_, err := db.ExecContext(t.Context(), statement)
		must(t, err)
	}
	return s
}

// sweptSchedule has a rule for everybody, one of a tenant and a contract that ended.
func sweptSchedule(t testing.TB) *retention.Schedule {
	t.Helper()
	everybody := ownRule("content", "content", "P1Y", "made")
	everybody.Scope.Role = privacy.RoleProcessor
	tenant := everybody
	tenant.ID, tenant.Scope.Tenant, tenant.Period = "t7", "t7", privacy.MustPeriod("P6M")
	schedule, err := retention.Compile([]retention.Rule{everybody, tenant}, &retention.Options{
		Zone:         time.UTC,
		Bounds:       []retention.Bound{{Categories: []privacy.CategoryID{"content"}, Longest: privacy.MustPeriod("P1Y")}},
		ContractEnds: []retention.ContractEnd{{Tenant: "leaving", On: privacy.MustDate("2026-05-01"), Choice: retention.EndByDeletion}},
	})
	must(t, err)
	return schedule
}

// pass reads every page and returns how many records are due.
func (s *sweptTable) pass(t testing.TB, schedule *retention.Schedule) int {
	t.Helper()
	due, query := 0, retention.Query{Schedule: schedule, At: sweptAt, Limit: 100}
	for {
		page, err := s.system.Source.Candidates(t.Context(), query)
		must(t, err)
		for i := range page.Records {
			if schedule.Evaluate(&page.Records[i], nil, sweptAt).Eligible() {
				due++
			}
		}
		if query.After = page.Next; query.After == "" {
			return due
		}
	}
}

func sweptRows() int {
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		return 10_000_000
	}
	return defaultSwept
}

func TestSweepReadsWhatIsDue(t *testing.T) {
	s := newSweptTable(t, sweptRows(), "counted")
	schedule := sweptSchedule(t)

	// The counter counts what is visited, not what is found.
	visits.Store(0)
	var found int
	const scanned = 10_000
	must(t, s.db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM counted WHERE +made_on < '2000-01-01' AND id <= ?`, scanned).Scan(&found))
	if visited := int(visits.Load()); found != 0 || visited != scanned {
		t.Fatalf("a scan for %d rows is counted as %d visits, want %d", found, visited, scanned)
	}

	visits.Store(0)
	due := s.pass(t, schedule)
	visited := int(visits.Load())
	t.Logf("%d rows stored, %d due, %d visited by %d statements", s.rows, due, visited, len(s.asked))
	if due < sweptDue || due > 1100 || visited > due*12/10 {
		t.Errorf("%d rows were visited for %d that are due", visited, due)
	}
	for _, asked := range s.asked {
		s.isSearch(t, asked)
	}
}

// isSearch checks that a statement reads an index and sorts nothing.
func (s *sweptTable) isSearch(t *testing.T, asked askedStatement) {
	t.Helper()
	rows, err := s.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+asked.text, asked.args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		if !strings.HasPrefix(detail, "SEARCH item USING ") || !strings.Contains(detail, "item_sweep_") {
			t.Errorf("%s\n%s", detail, asked.text)
		}
	}
	must(t, rows.Err())
}

// BenchmarkSweepPass reads what is due of tables of different size, with the same
// number due, and by scanning everything.
func BenchmarkSweepPass(b *testing.B) {
	sizes := []int{1_000_000}
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		sizes = append(sizes, 10_000_000)
	}
	schedule := sweptSchedule(b)
	for _, rows := range sizes {
		s := newSweptTable(b, rows, "item")
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.asked = s.asked[:0]
				if due := s.pass(b, schedule); due < sweptDue {
					b.Fatalf("%d are due", due)
				}
			}
		})
		b.Run(fmt.Sprintf("scan/rows=%d", rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.scan(b, schedule)
			}
		})
	}
}

// scan evaluates every row, as a sweep without cutoffs does.
func (s *sweptTable) scan(b *testing.B, schedule *retention.Schedule) {
	b.Helper()
	rows, err := s.db.QueryContext(b.Context(), `SELECT workspace, made_on FROM item`)
	must(b, err)
	defer rows.Close()
	record := retention.Record{Category: "content", Role: privacy.RoleProcessor, Events: []retention.Event{{Name: "made"}}}
	for rows.Next() {
		var day string
		must(b, rows.Scan((*string)(&record.Tenant), &day))
		record.Events[0].On, err = privacy.ParseDate(day)
		must(b, err)
		schedule.Evaluate(&record, nil, sweptAt)
	}
	must(b, rows.Err())
}
