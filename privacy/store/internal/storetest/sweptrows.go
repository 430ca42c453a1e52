package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// SweptDue is how many rows of a SweptTable are old. About a hundred more are those of
// a tenant that has left.
const SweptDue = 1000

// SweptAt is when a SweptTable is swept.
func SweptAt() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// Asked is a statement that a sweep has asked.
type Asked struct {
	Text string
	Args []any
}

// SweptTable is a table of a host, as a sweep reads it.
type SweptTable struct {
	*sql.DB
	Rows   int
	Asked  []Asked
	System retention.System
}

// ItemTable declares the table that an adapter fills.
func ItemTable(dialect retention.Dialect) sqltable.Table {
	return sqltable.Table{
		System: "items", Dialect: dialect, Name: "item", Key: "id", TenantColumn: "workspace",
		Categories: []privacy.CategoryID{"content"}, Role: privacy.RoleProcessor,
		Events: map[string]retention.Column{"made": {Name: "made_on", Type: retention.ColumnDate}},
	}
}

// NewSweptTable is a table of db with a number of rows.
func NewSweptTable(t testing.TB, db *sql.DB, rows int, table sqltable.Table) *SweptTable {
	t.Helper()
	s := &SweptTable{DB: db, Rows: rows}
	var err error
	s.System, err = sqltable.New(s, table)
	Must(t, err)
	return s
}

// QueryContext notes a statement and runs it.
func (s *SweptTable) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s.Asked = append(s.Asked, Asked{text, args})
	return s.DB.QueryContext(ctx, text, args...)
}

// SweptSchedule has a rule for everybody, one of a tenant and a contract that ended.
func SweptSchedule(t testing.TB) *retention.Schedule {
	t.Helper()
	everybody := Rule("content", "content", "P1Y", "made")
	everybody.Scope.Role = privacy.RoleProcessor
	tenant := everybody
	tenant.ID, tenant.Scope.Tenant, tenant.Period = "t7", "t7", privacy.MustPeriod("P6M")
	schedule, err := retention.Compile([]retention.Rule{everybody, tenant}, &retention.Options{
		Zone:         time.UTC,
		Bounds:       []retention.Bound{{Categories: []privacy.CategoryID{"content"}, Longest: privacy.MustPeriod("P1Y")}},
		ContractEnds: []retention.ContractEnd{{Tenant: "leaving", On: privacy.MustDate("2026-05-01"), Choice: retention.EndByDeletion}},
	})
	Must(t, err)
	return schedule
}

// Pass reads every page and returns how many records are due.
func (s *SweptTable) Pass(t testing.TB, schedule *retention.Schedule) int {
	t.Helper()
	due, query := 0, retention.Query{Schedule: schedule, At: SweptAt(), Limit: 100}
	for {
		page, err := s.System.Source.Candidates(t.Context(), query)
		Must(t, err)
		for i := range page.Records {
			if schedule.Evaluate(&page.Records[i], nil, SweptAt()).Eligible() {
				due++
			}
		}
		if query.After = page.Next; query.After == "" {
			return due
		}
	}
}

// BenchmarkSweepPass reads what is due of tables of different size, with the same
// number due, and by scanning everything.
func BenchmarkSweepPass(b *testing.B, sizes []int, open func(b *testing.B, rows int) *SweptTable) {
	b.Helper()
	schedule := SweptSchedule(b)
	for _, rows := range sizes {
		s := open(b, rows)
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Asked = s.Asked[:0]
				if due := s.Pass(b, schedule); due < SweptDue {
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
func (s *SweptTable) scan(b *testing.B, schedule *retention.Schedule) {
	b.Helper()
	rows, err := s.DB.QueryContext(b.Context(), `SELECT workspace, made_on FROM item`)
	Must(b, err)
	defer rows.Close()
	record := retention.Record{Category: "content", Role: privacy.RoleProcessor, Events: []retention.Event{{Name: "made"}}}
	for rows.Next() {
		var day any // of the driver's kind
		if err := rows.Scan((*string)(&record.Tenant), &day); err != nil {
			b.Fatal(err)
		}
		if record.Events[0].On, err = dateOf(day); err != nil {
			b.Fatal(err)
		}
		schedule.Evaluate(&record, nil, SweptAt())
	}
	Must(b, rows.Err())
}

func dateOf(day any) (privacy.Date, error) {
	if at, ok := day.(time.Time); ok {
		return privacy.DateOf(at, time.UTC), nil
	}
	return privacy.ParseDate(fmt.Sprint(day))
}
