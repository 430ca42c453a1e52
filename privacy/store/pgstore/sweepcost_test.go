package pgstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

const sweptDue = 1000

var sweptAt = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// sweptTable is a table of a host with a number of rows, of which a thousand are old
// and a hundred are those of a tenant that has left.
type sweptTable struct {
	db     *sql.DB
	rows   int
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

func newSweptTable(t testing.TB, rows int) *sweptTable {
	t.Helper()
	s := &sweptTable{rows: rows}
	s.db, _ = openSQL(t)
	table := sqltable.Table{
		System: "items", Dialect: retention.PostgreSQL, Name: "item", Key: "id", TenantColumn: "workspace",
		Categories: []privacy.CategoryID{"content"}, Role: privacy.RoleProcessor,
		Events: map[string]retention.Column{"made": {Name: "made_on", Type: retention.ColumnDate}},
	}
	indexes, err := table.Indexes()
	require.NoError(t, err)
	s.system, err = sqltable.New(s, table)
	require.NoError(t, err)
	for _, statement := range append([]string{
		`CREATE UNLOGGED TABLE item (id bigint PRIMARY KEY, workspace text NOT NULL, made_on date NOT NULL)`,
		fmt.Sprintf(`INSERT INTO item SELECT i, CASE WHEN i %% %d = 1 THEN 'leaving' ELSE 't' || (i %% 97) END,
			(CASE WHEN i %% %d = 0 THEN date '2020-01-10' ELSE date '2026-05-10' END) + (i %% 19)::int FROM generate_series(1, %d) i`,
			rows/100, rows/sweptDue, rows),
	}, append(indexes, `VACUUM (ANALYZE) item`)...) {
		_, err := s.db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
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
	require.NoError(t, err)
	return schedule
}

// pass reads every page and returns how many records are due.
func (s *sweptTable) pass(t testing.TB, schedule *retention.Schedule) int {
	t.Helper()
	due, query := 0, retention.Query{Schedule: schedule, At: sweptAt, Limit: 100}
	for {
		page, err := s.system.Source.Candidates(t.Context(), query)
		require.NoError(t, err)
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

// planNode is a node of a plan as EXPLAIN reports it.
type planNode struct {
	Type     string     `json:"Node Type"`
	Rows     float64    `json:"Actual Rows"`
	Loops    float64    `json:"Actual Loops"`
	Filtered float64    `json:"Rows Removed by Filter"`
	Recheck  float64    `json:"Rows Removed by Index Recheck"`
	Plans    []planNode `json:"Plans"`
}

// visited returns how many rows the scans of a plan have read, and the kinds of its
// nodes.
func (n *planNode) visited(kinds map[string]bool) float64 {
	kinds[n.Type] = true
	if len(n.Plans) == 0 {
		return (n.Rows + n.Filtered + n.Recheck) * n.Loops
	}
	rows := 0.0
	for i := range n.Plans {
		rows += n.Plans[i].visited(kinds)
	}
	return rows
}

func (s *sweptTable) explain(t *testing.T, asked askedStatement, kinds map[string]bool) float64 {
	t.Helper()
	var text string
	row := s.db.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+asked.text, asked.args...)
	require.NoError(t, row.Scan(&text))
	var plans []struct{ Plan planNode }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	require.Len(t, plans, 1)
	return plans[0].Plan.visited(kinds)
}

func sweptRows() int {
	if soak() {
		return 10_000_000
	}
	return 1_000_000
}

func TestSweepReadsWhatIsDue(t *testing.T) {
	s := newSweptTable(t, sweptRows())
	schedule := sweptSchedule(t)
	due := s.pass(t, schedule)
	kinds := map[string]bool{}
	visited := 0.0
	for _, asked := range s.asked {
		visited += s.explain(t, asked, kinds)
	}
	t.Logf("%d rows stored, %d due, %.0f visited by %d statements", s.rows, due, visited, len(s.asked))
	if due < sweptDue || due > 1100 || visited < float64(due) || visited > float64(due)*1.2 {
		t.Errorf("%.0f rows were visited for %d that are due", visited, due)
	}
	// A bitmap of an index, sorted, is how the server likes to read a few rows.
	if kinds["Seq Scan"] {
		t.Errorf("a statement of the pass scans the table: %v", kinds)
	}
	// The measure tells a scan.
	scan := askedStatement{text: `SELECT id FROM item WHERE made_on + 0 < '2000-01-01'`}
	if got := s.explain(t, scan, kinds); got < float64(s.rows) || !kinds["Seq Scan"] {
		t.Errorf("a scan is measured as %.0f rows by %v", got, kinds)
	}
}

// BenchmarkSweepPass reads what is due of tables of different size, with the same
// number due, and by scanning everything.
func BenchmarkSweepPass(b *testing.B) {
	sizes := []int{1_000_000}
	if soak() {
		sizes = append(sizes, 10_000_000)
	}
	schedule := sweptSchedule(b)
	for _, rows := range sizes {
		s := newSweptTable(b, rows)
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
	require.NoError(b, err)
	defer rows.Close()
	record := retention.Record{Category: "content", Role: privacy.RoleProcessor, Events: []retention.Event{{Name: "made"}}}
	for rows.Next() {
		var day time.Time
		if err := rows.Scan((*string)(&record.Tenant), &day); err != nil {
			b.Fatal(err)
		}
		record.Events[0].On = privacy.DateOf(day, time.UTC)
		schedule.Evaluate(&record, nil, sweptAt)
	}
	require.NoError(b, rows.Err())
}
