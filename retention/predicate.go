package retention

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Dialect is the SQL a Predicate is written in. The zero value is unknown.
type Dialect uint8

const (
	// SQLite has "?" for arguments.
	SQLite Dialect = iota + 1
	// PostgreSQL has "$1", "$2" and so on.
	PostgreSQL
)

// ColumnType is how a column holds the time of an event. The zero value is unknown.
type ColumnType uint8

const (
	// ColumnDate holds civil days: DATE in PostgreSQL, text as YYYY-MM-DD in SQLite.
	ColumnDate ColumnType = iota + 1
	// ColumnTimestamp holds instants that the driver compares with a time.Time:
	// TIMESTAMPTZ in PostgreSQL. Refused for SQLite.
	ColumnTimestamp
	// ColumnUnixSeconds holds instants as whole seconds since 1970-01-01T00:00:00Z.
	ColumnUnixSeconds
	// ColumnUnixMillis holds instants as whole milliseconds since then.
	ColumnUnixMillis
	// ColumnUnixMicros holds instants as whole microseconds since then.
	ColumnUnixMicros
	// ColumnTextTimestamp holds instants in UTC as text that SQLite writes for
	// CURRENT_TIMESTAMP, "2006-01-02 15:04:05", or that RFC 3339 does,
	// "2006-01-02T15:04:05Z", each with a fraction of a second or without. Text with
	// an offset other than +00:00 is unreadable: it is not in the order of time. Refused
	// for PostgreSQL, where the order of text depends on the collation.
	ColumnTextTimestamp
)

// Check reports whether columns of a database can be of the type. The error matches
// privacy.ErrInvalid and says what to declare instead.
func (c ColumnType) Check(dialect Dialect) error {
	switch {
	case c < ColumnDate || c > ColumnTextTimestamp:
		return fmt.Errorf("say how the column holds its time: %w", privacy.ErrInvalid)
	case c == ColumnTimestamp && dialect == SQLite:
		return fmt.Errorf("SQLite has no timestamps: use ColumnDate (text YYYY-MM-DD), ColumnTextTimestamp, "+
			"ColumnUnixSeconds, ColumnUnixMillis or ColumnUnixMicros: %w", privacy.ErrInvalid)
	case c == ColumnTextTimestamp && dialect == PostgreSQL:
		return fmt.Errorf("PostgreSQL has timestamps: use ColumnTimestamp (TIMESTAMPTZ): %w", privacy.ErrInvalid)
	default:
		return nil
	}
}

// Column is a column of the host's table.
type Column struct {
	// Name is an identifier, or a table's and a column's joined by a dot, of
	// ASCII letters, digits and underscores.
	Name string
	Type ColumnType
}

// Value returns an instant as the column holds it, in UTC for ColumnTimestamp. For
// ColumnTextTimestamp that is the form of SQLite, one of several that it can have there.
// A ColumnDate holds none.
func (c Column) Value(instant time.Time) any {
	switch c.Type {
	case ColumnUnixSeconds:
		return instant.Unix()
	case ColumnUnixMillis:
		return instant.UnixMilli()
	case ColumnUnixMicros:
		return instant.UnixMicro()
	case ColumnTextTimestamp:
		return instant.UTC().Format(textTimestamp)
	default:
		return instant.UTC()
	}
}

// textTimestamp is how SQLite writes an instant, and textSecond how RFC 3339 begins a
// whole second. The day decides the order, and within it a blank comes before a T: text
// of either form that is earlier than a second comes before the latter, and none that is
// as late comes before the former.
const (
	textTimestamp = "2006-01-02 15:04:05.999999999"
	textSecond    = "2006-01-02T15:04:05"
)

// Table tells a Predicate where records lie in a table of the host.
type Table struct {
	Dialect Dialect
	// Categories are all that rows can be of. Required.
	Categories []privacy.CategoryID
	// CategoryColumn holds the category. It may be empty if there is only one.
	CategoryColumn string
	// TenantColumn holds the tenant, empty if Tenant says it for all rows.
	TenantColumn string
	Tenant       privacy.TenantID
	// Events are the columns of the events that rules count from.
	Events map[string]Column
	// Zones are all zones that rows can have. Empty takes the schedule's.
	Zones []*time.Location
	// Role, Purposes and Jurisdiction are those of all rows. Empty means that rows
	// differ, so that a rule about one of them may cover any row.
	Role         privacy.Role
	Purposes     []privacy.PurposeID
	Jurisdiction privacy.Jurisdiction
	// Hidden selects the rows that are Hidden too. The host adds its own condition
	// that leaves out those it has hidden already.
	Hidden bool
}

// Predicate is a condition for WHERE, in parentheses, and its arguments.
type Predicate struct {
	SQL  string
	Args []any
}

// Predicate returns a condition that selects every row of a table that is due at an
// instant, and few others: rows that a hold, a suspension or a rule about labels
// keeps are selected too, and what a rule keeps that is about a role, purposes or a
// jurisdiction if the table does not say which its rows have. Evaluate decides on
// each. A row without the event that a rule counts from is not due, and as a rule not
// selected: Sweeper.Undecided finds it. An index on the category, the tenant and the
// event column answers it without reading what is not due; Lanes suits a reader of many
// pages. A schedule under which nothing can be due gives a condition that selects
// nothing.
//
// Names are checked and quoted, values are arguments. The error is
// privacy.Problems and matches privacy.ErrInvalid: a bad name, a missing zone, an
// event of a disposing rule without its column, or tenants with rules of their own
// without a column that tells them apart.
func (s *Schedule) Predicate(table Table, at time.Time) (Predicate, error) {
	branches, err := s.branches(&table, at)
	if err != nil {
		return Predicate{}, err
	}
	w := sqlWriter{dialect: table.Dialect}
	w.any(len(branches), func(i int) { branches[i].write(&w) })
	return w.predicate(), nil
}

func (t *Table) check(problems *privacy.Problems) {
	if t.Dialect != SQLite && t.Dialect != PostgreSQL {
		problems.Add("dialect", "required", "say which SQL to write")
	}
	if len(t.Categories) == 0 {
		problems.Add("categories", "required", "say which categories the rows can be of")
	}
	if t.CategoryColumn == "" && len(t.Categories) > 1 {
		problems.Add("category_column", "required", "rows of several categories need a column that tells them apart")
	}
	name := func(path, name string) {
		if name != "" && !validColumn(name) {
			problems.Add(path, "column_name", "a column name consists of ASCII letters, digits and underscores")
		}
	}
	name("category_column", t.CategoryColumn)
	name("tenant_column", t.TenantColumn)
	for _, event := range slices.Sorted(maps.Keys(t.Events)) {
		column := t.Events[event]
		path := fmt.Sprintf("events[%q]", event)
		if column.Name == "" {
			problems.Add(path, "required", "the event needs the name of its column")
		}
		name(path, column.Name)
		if err := column.Type.Check(t.Dialect); err != nil {
			problems.Add(path, "column_type", "%v", err)
		}
	}
}

func validColumn(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) <= 2 && !slices.ContainsFunc(parts, func(part string) bool {
		if part == "" || len(part) > 63 || part[0] >= '0' && part[0] <= '9' {
			return true
		}
		return strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != ""
	})
}

// sqlWriter writes conditions with their arguments in order.
type sqlWriter struct {
	dialect Dialect
	text    strings.Builder
	args    []any
}

func (w *sqlWriter) predicate() Predicate { return Predicate{SQL: w.text.String(), Args: w.args} }

func (w *sqlWriter) arg(value any) {
	w.args = append(w.args, value)
	if w.dialect == PostgreSQL {
		fmt.Fprintf(&w.text, "$%d", len(w.args))
		return
	}
	w.text.WriteByte('?')
}

func (w *sqlWriter) column(name string) {
	w.text.WriteString(`"` + strings.ReplaceAll(name, ".", `"."`) + `"`)
}

func (w *sqlWriter) compare(column, operator string, value any) {
	w.column(column)
	w.text.WriteString(" " + operator + " ")
	w.arg(value)
}

// any joins n conditions by OR; none is false. all joins by AND; none is true.
func (w *sqlWriter) any(n int, write func(i int)) { w.join(n, " OR ", "(1 = 0)", write) }
func (w *sqlWriter) all(n int, write func(i int)) { w.join(n, " AND ", "(1 = 1)", write) }

func (w *sqlWriter) join(n int, operator, none string, write func(i int)) {
	if n == 0 {
		w.text.WriteString(none)
		return
	}
	w.text.WriteByte('(')
	for i := range n {
		if i > 0 {
			w.text.WriteString(operator)
		}
		write(i)
	}
	w.text.WriteByte(')')
}
