package sqltabletest

import (
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/retention"
)

// Run runs every check on a database, in which it needs the right to create tables
// whose names begin with "sqltabletest_".
func Run(t *testing.T, db *sql.DB, dialect retention.Dialect) {
	t.Helper()
	s := &suite{db: db, dialect: dialect}
	for _, c := range []struct {
		rule string
		run  func(*testing.T)
	}{
		{"every due row is a candidate, and none twice", s.everyDueRow},
		{"a row without a tenant is a candidate by the rules for everybody", s.withoutTenant},
		{"pages of all rows hold each row once", s.allRows},
		{"rows are held for the declared purposes, and rules about others select none", s.declaredPurposes},
		{"a deleted row is gone, and deleting again succeeds", s.deletes},
		{"a row whose events changed since it was read is left alone", s.leavesChanged},
		{"a row of another tenant is left alone", s.leavesOtherTenants},
		{"a hidden row is a candidate again only when it is due", s.hides},
		{"an anonymised row has the declared values and is no candidate any more", s.anonymises},
		{"an anonymised row that is written to is not taken as anonymised", s.verifiesAnonymised},
		{"a shredded row has no key, and other rows have theirs", s.shreds},
		{"a key of which a copy may remain does not count", s.distrustsCopies},
		{"a row in an unknown zone or category, or with an unreadable day, is unreadable", s.distrustsRows},
		{"a timestamp of text is read in each of its forms and in no other", s.readsText},
		{"all rows but those disposed of tell what nobody decided on", s.undecided},
		{"a cancelled context ends every call", s.honoursContext},
	} {
		t.Run(c.rule, c.run)
	}
}

type suite struct {
	db      *sql.DB
	dialect retention.Dialect
}

// at is when the checks take place.
var at = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func (s *suite) execute(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// table makes an empty table. Its columns hold times in every way there is.
func (s *suite) table(t testing.TB, name string) {
	t.Helper()
	s.execute(t, `DROP TABLE IF EXISTS `+name)
	stamp, seen, flag := "TIMESTAMPTZ", "TIMESTAMPTZ", "BOOLEAN"
	if s.dialect == retention.SQLite {
		stamp, seen, flag = "INTEGER", "DATETIME", "INTEGER"
	}
	s.execute(t, `CREATE TABLE `+name+` (
		id TEXT NOT NULL, workspace TEXT NOT NULL, person TEXT, category TEXT NOT NULL, zone TEXT, law TEXT, labels TEXT,
		size BIGINT, made_on DATE, used_at `+stamp+`, seen_at `+seen+`, sent_ms BIGINT, open_case `+flag+`, hidden `+flag+`, gone `+flag+`,
		mail TEXT, address TEXT, score BIGINT, sealed TEXT, PRIMARY KEY (workspace, id))`)
	t.Cleanup(func() { s.drop(t, name) })
}

func (s *suite) drop(t testing.TB, name string) {
	if _, err := s.db.Exec(`DROP TABLE ` + name); err != nil { //nolint:noctx // the test's context is over
		t.Errorf("drop: %v", err)
	}
}

// stampType is how the column used_at holds its time.
func (s *suite) stampType() retention.ColumnType {
	if s.dialect == retention.SQLite {
		return retention.ColumnUnixSeconds
	}
	return retention.ColumnTimestamp
}

// stamp returns an instant as used_at holds it.
func (s *suite) stamp(instant time.Time) any {
	if s.dialect == retention.SQLite {
		return instant.Unix()
	}
	return instant.UTC()
}

// seenType is how the column seen_at holds its time.
func (s *suite) seenType() retention.ColumnType {
	if s.dialect == retention.SQLite {
		return retention.ColumnTextTimestamp
	}
	return retention.ColumnTimestamp
}

// seen returns an instant as seen_at holds it, in one of the forms of text.
func (s *suite) seen(instant time.Time, form int) any {
	if s.dialect == retention.SQLite {
		return instant.UTC().Format(textForms[form%len(textForms)])
	}
	return instant.UTC()
}

// textForms are those of a ColumnTextTimestamp.
var textForms = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04:05.000", "2006-01-02T15:04:05Z", "2006-01-02T15:04:05.000000Z", "2006-01-02 15:04:05+00:00",
}

// cells are a row's values by their column.
type cells map[string]any

func (s *suite) insert(t testing.TB, table string, row cells) {
	t.Helper()
	var columns, places []string
	var args []any
	for column, value := range row {
		columns, args = append(columns, column), append(args, value)
		places = append(places, s.placeholder(len(args)))
	}
	s.execute(t, "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ("+strings.Join(places, ", ")+")", args...)
}

func (s *suite) placeholder(n int) string {
	if s.dialect == retention.SQLite {
		return "?"
	}
	return "$" + strconv.Itoa(n)
}

// value returns what a query of one value gives, "NULL" for NULL and "none" without
// a row.
func (s *suite) value(t testing.TB, query string) string {
	t.Helper()
	var value sql.NullString
	err := s.db.QueryRowContext(t.Context(), query).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "none"
	case err != nil:
		t.Fatalf("%s: %v", query, err)
	case !value.Valid:
		return "NULL"
	}
	return value.String
}
