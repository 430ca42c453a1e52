package pgstore_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/retention"
)

func newSweptTable(t testing.TB, rows int) *storetest.SweptTable {
	t.Helper()
	db, _ := openSQL(t)
	table := storetest.ItemTable(retention.PostgreSQL)
	indexes, err := table.Indexes()
	require.NoError(t, err)
	for _, statement := range append([]string{
		`CREATE UNLOGGED TABLE item (id bigint PRIMARY KEY, workspace text NOT NULL, made_on date NOT NULL)`,
		fmt.Sprintf(`INSERT INTO item SELECT i, CASE WHEN i %% %d = 1 THEN 'leaving' ELSE 't' || (i %% 97) END,
			(CASE WHEN i %% %d = 0 THEN date '2020-01-10' ELSE date '2026-05-10' END) + (i %% 19)::int FROM generate_series(1, %d) i`,
			rows/100, rows/storetest.SweptDue, rows),
	}, append(indexes, `VACUUM (ANALYZE) item`)...) {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	return storetest.NewSweptTable(t, db, rows, table)
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

func visitedBy(t *testing.T, db *sql.DB, asked storetest.Asked, kinds map[string]bool) float64 {
	t.Helper()
	var text string
	row := db.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) "+asked.Text, asked.Args...)
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
	due := s.Pass(t, storetest.SweptSchedule(t))
	kinds := map[string]bool{}
	visited := 0.0
	for _, asked := range s.Asked {
		visited += visitedBy(t, s.DB, asked, kinds)
	}
	t.Logf("%d rows stored, %d due, %.0f visited by %d statements", s.Rows, due, visited, len(s.Asked))
	if due < storetest.SweptDue || due > 1100 || visited < float64(due) || visited > float64(due)*1.2 {
		t.Errorf("%.0f rows were visited for %d that are due", visited, due)
	}
	// A bitmap of an index, sorted, is how the server likes to read a few rows.
	if kinds["Seq Scan"] {
		t.Errorf("a statement of the pass scans the table: %v", kinds)
	}
	// The measure tells a scan.
	scan := storetest.Asked{Text: `SELECT id FROM item WHERE made_on + 0 < '2000-01-01'`}
	if got := visitedBy(t, s.DB, scan, kinds); got < float64(s.Rows) || !kinds["Seq Scan"] {
		t.Errorf("a scan is measured as %.0f rows by %v", got, kinds)
	}
}

func BenchmarkSweepPass(b *testing.B) {
	sizes := []int{1_000_000}
	if soak() {
		sizes = append(sizes, 10_000_000)
	}
	storetest.BenchmarkSweepPass(b, sizes, func(b *testing.B, rows int) *storetest.SweptTable { return newSweptTable(b, rows) })
}
