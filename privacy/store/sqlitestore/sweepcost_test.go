package sqlitestore_test

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"modernc.org/sqlite"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/retention"
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

// newSweptTable fills a table; from is the name that the sweep knows it by.
func newSweptTable(t testing.TB, rows int, from string) *storetest.SweptTable {
	t.Helper()
	must(t, registerVisit())
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "host.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	table := storetest.ItemTable(retention.SQLite)
	indexes, err := table.Indexes()
	must(t, err)
	for _, statement := range append([]string{
		`PRAGMA journal_mode = OFF`, `PRAGMA synchronous = OFF`, `PRAGMA cache_size = -200000`,
		`CREATE TABLE item (id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, made_on TEXT NOT NULL)`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO item SELECT i, CASE WHEN i %% %d = 1 THEN 'leaving' ELSE 't' || (i %% 97) END,
			CASE WHEN i %% %d = 0 THEN '2020-01-' ELSE '2026-05-' END || (10 + i %% 19) FROM n`, rows, rows/100, rows/storetest.SweptDue),
		`CREATE VIEW counted AS SELECT * FROM item WHERE visited(id)`,
	}, append(indexes, `ANALYZE`)...) {
		_, err := db.ExecContext(t.Context(), statement)
		must(t, err)
	}
	table.Name = from
	return storetest.NewSweptTable(t, db, rows, table)
}

func sweptRows() int {
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		return 10_000_000
	}
	return defaultSwept
}

func TestSweepReadsWhatIsDue(t *testing.T) {
	s := newSweptTable(t, sweptRows(), "counted")

	// The counter counts what is visited, not what is found.
	visits.Store(0)
	var found int
	const scanned = 10_000
	must(t, s.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM counted WHERE +made_on < '2000-01-01' AND id <= ?`, scanned).Scan(&found))
	if visited := int(visits.Load()); found != 0 || visited != scanned {
		t.Fatalf("a scan for %d rows is counted as %d visits, want %d", found, visited, scanned)
	}

	visits.Store(0)
	due := s.Pass(t, storetest.SweptSchedule(t))
	visited := int(visits.Load())
	t.Logf("%d rows stored, %d due, %d visited by %d statements", s.Rows, due, visited, len(s.Asked))
	if due < storetest.SweptDue || due > 1100 || visited > due*12/10 {
		t.Errorf("%d rows were visited for %d that are due", visited, due)
	}
	for _, asked := range s.Asked {
		isSearch(t, s.DB, asked)
	}
}

// isSearch checks that a statement reads an index and sorts nothing.
func isSearch(t *testing.T, db *sql.DB, asked storetest.Asked) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+asked.Text, asked.Args...)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		must(t, rows.Scan(&id, &parent, &unused, &detail))
		if !strings.HasPrefix(detail, "SEARCH item USING ") || !strings.Contains(detail, "item_sweep_") {
			t.Errorf("%s\n%s", detail, asked.Text)
		}
	}
	must(t, rows.Err())
}

func BenchmarkSweepPass(b *testing.B) {
	sizes := []int{1_000_000}
	if os.Getenv("PRIVACYKIT_SOAK") == "1" {
		sizes = append(sizes, 10_000_000)
	}
	storetest.BenchmarkSweepPass(b, sizes, func(b *testing.B, rows int) *storetest.SweptTable { return newSweptTable(b, rows, "item") })
}
