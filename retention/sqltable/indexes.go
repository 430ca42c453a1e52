package sqltable

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Indexes returns the statements that create the indexes by which a sweep reads
// what is due and nothing else. With a TenantColumn there are some for tenants with
// rules of their own, which a table without such tenants can do without. The error
// is that of New.
func (t *Table) Indexes() ([]string, error) {
	var problems privacy.Problems
	t.check(&problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	var statements []string
	for _, columns := range t.indexed() {
		for _, condition := range t.conditions() {
			statements = append(statements, t.index(len(statements)+1, columns, condition))
		}
	}
	return statements, nil
}

// indexed returns the columns of the indexes: what lanes compare, then what they are
// in the order of. The last is for tenants of whom everything is due.
func (t *Table) indexed() [][]string {
	var events []string
	for _, event := range slices.Sorted(maps.Keys(t.Events)) {
		if name := t.Events[event].Name; !slices.Contains(events, name) {
			events = append(events, name)
		}
	}
	within := ""
	if t.KeyWithinTenant {
		within = t.TenantColumn
	}
	var indexes [][]string
	for _, event := range events {
		indexes = append(indexes, []string{t.CategoryColumn, event, within, t.Key})
		if t.TenantColumn != "" {
			indexes = append(indexes, []string{t.TenantColumn, t.CategoryColumn, event, t.Key})
		}
	}
	if t.TenantColumn != "" {
		indexes = append(indexes, []string{t.TenantColumn, t.CategoryColumn, t.Key})
	}
	for i := range indexes {
		indexes[i] = slices.DeleteFunc(indexes[i], func(column string) bool { return column == "" })
	}
	return indexes
}

// conditions restrict indexes to rows that can still be candidates, as lanes do.
func (t *Table) conditions() []string {
	var rest []string
	if t.DisposedColumn != "" {
		rest = append(rest, quoted(t.DisposedColumn)+isTrue(false))
	}
	if t.HiddenColumn == "" {
		return []string{strings.Join(rest, " AND ")}
	}
	var conditions []string
	for _, hidden := range []bool{false, true} {
		conditions = append(conditions, strings.Join(append([]string{quoted(t.HiddenColumn) + isTrue(hidden)}, rest...), " AND "))
	}
	return conditions
}

func (t *Table) index(number int, columns []string, condition string) string {
	schema, name, found := strings.Cut(t.Name, ".")
	if !found {
		schema, name = "", schema
	}
	index := quoted(name[:min(len(name), maxIndexed)] + "_sweep_" + strconv.Itoa(number))
	on := quoted(t.Name)
	// SQLite wants the schema before the name of the index.
	if t.Dialect == retention.SQLite && schema != "" {
		index, on = quoted(schema)+"."+index, quoted(name)
	}
	text := "CREATE INDEX " + index + " ON " + on + " (" + quotedAll(columns) + ")"
	if condition != "" {
		text += " WHERE " + condition
	}
	return text
}

// maxIndexed is how much of a table's name an index bears, within the 63 bytes of
// PostgreSQL.
const maxIndexed = 48
