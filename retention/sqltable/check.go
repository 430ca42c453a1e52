package sqltable

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// check reports everything that is wrong with a declaration.
func (t *Table) check(problems *privacy.Problems) {
	if err := privacy.CheckID("system", string(t.System)); err != nil {
		problems.Add("system", "identifier", "%v", err)
	}
	if t.Dialect != retention.SQLite && t.Dialect != retention.PostgreSQL {
		problems.Add("dialect", "required", "say which SQL the database speaks")
	}
	if !validTable(t.Name) {
		problems.Add("name", "table_name", "a table name consists of ASCII letters, digits and underscores, with a schema and a dot before it if need be")
	}
	if t.BackupCycleDays < 0 {
		problems.Add("backup_cycle_days", "negative", "a cycle takes no negative time")
	}
	t.checkColumns(problems)
	t.checkWhose(problems)
	t.checkCategories(problems)
	t.checkEvents(problems)
	t.checkZones(problems)
	t.checkMethods(problems)
}

func (t *Table) checkColumns(problems *privacy.Problems) {
	if t.Key == "" {
		problems.Add("key", "required", "say which column is the key")
	}
	for _, column := range [][2]string{
		{"key", t.Key}, {"tenant_column", t.TenantColumn}, {"subject_column", t.SubjectColumn}, {"category_column", t.CategoryColumn},
		{"zone_column", t.ZoneColumn}, {"jurisdiction_column", t.JurisdictionColumn}, {"labels_column", t.LabelsColumn},
		{"bytes_column", t.BytesColumn}, {"hidden_column", t.HiddenColumn}, {"disposed_column", t.DisposedColumn},
	} {
		if column[1] != "" {
			checkColumn(column[0], column[1], problems)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(t.Suspensions)) {
		checkColumn(fmt.Sprintf("suspensions[%q]", kind), t.Suspensions[kind], problems)
	}
}

func checkColumn(path, name string, problems *privacy.Problems) {
	if !validName(name) {
		problems.Add(path, "column_name", "a column name consists of ASCII letters, digits and underscores")
	}
}

func (t *Table) checkWhose(problems *privacy.Problems) {
	switch {
	case t.TenantColumn != "" && t.Tenant != "":
		problems.Add("tenant", "contradictory", "the tenant is in a column or the same for all rows, not both")
	case t.TenantColumn == "" && t.KeyWithinTenant:
		problems.Add("key_within_tenant", "required", "keys within a tenant need a column that holds it")
	case t.Tenant != "":
		if err := privacy.CheckID("tenant", string(t.Tenant)); err != nil {
			problems.Add("tenant", "identifier", "%v", err)
		}
	}
	if t.JurisdictionColumn != "" && t.Jurisdiction != "" {
		problems.Add("jurisdiction", "contradictory", "the jurisdiction is in a column or the same for all rows, not both")
	}
}

func (t *Table) checkCategories(problems *privacy.Problems) {
	if len(t.Categories) == 0 {
		problems.Add("categories", "required", "say which categories the rows can be of")
	}
	for i, category := range t.Categories {
		path := fmt.Sprintf("categories[%d]", i)
		if err := privacy.CheckID("category", string(category)); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
		if slices.Contains(t.Categories[:i], category) {
			problems.Add(path, "duplicate", "the category was named before")
		}
	}
	if t.CategoryColumn == "" && len(t.Categories) > 1 {
		problems.Add("category_column", "required", "rows of several categories need a column that tells them apart")
	}
}

func (t *Table) checkEvents(problems *privacy.Problems) {
	if len(t.Events) == 0 {
		problems.Add("events", "required", "say which column holds an event that rules count from")
	}
	for _, event := range slices.Sorted(maps.Keys(t.Events)) {
		column, path := t.Events[event], fmt.Sprintf("events[%q]", event)
		checkColumn(path, column.Name, problems)
		if err := column.Type.Check(t.Dialect); err != nil {
			problems.Add(path, "column_type", "%v", err)
		}
	}
}

func (t *Table) checkZones(problems *privacy.Problems) {
	if slices.Contains(t.Zones, nil) {
		problems.Add("zones", "required", "without a zone no day can be told")
	}
	switch {
	case t.ZoneColumn != "" && len(t.Zones) == 0:
		problems.Add("zones", "required", "say which zones the column can name")
	case t.ZoneColumn == "" && len(t.Zones) > 1:
		problems.Add("zone_column", "required", "rows of several zones need a column that tells them apart")
	}
}

func (t *Table) checkMethods(problems *privacy.Problems) {
	if t.DisposedColumn == "" && (len(t.Anonymise) > 0 || t.Keys != nil) {
		problems.Add("disposed_column", "required", "a row that stays needs a column that says its data is gone")
	}
	for i := range t.Anonymise {
		replacement, path := &t.Anonymise[i], fmt.Sprintf("anonymise[%d]", i)
		checkColumn(path+".column", replacement.Column, problems)
		switch replacement.Column {
		case t.Key, t.TenantColumn, t.HiddenColumn, t.DisposedColumn:
			problems.Add(path+".column", "reserved", "the column tells the row or its state and is not replaced")
		}
		if slices.ContainsFunc(t.Anonymise[:i], func(r Replacement) bool { return r.Column == replacement.Column }) {
			problems.Add(path+".column", "duplicate", "the column is replaced once")
		}
		if replacement.Func != nil && replacement.Value != nil {
			problems.Add(path, "contradictory", "a value is constant or made of the old one, not both")
		}
		switch replacement.Value.(type) {
		case nil, bool, int64, string, []byte:
		default:
			problems.Add(path+".value", "type", "a value is nil, a bool, an int64, a string or bytes")
		}
	}
	if t.HiddenColumn != "" && t.HiddenColumn == t.DisposedColumn {
		problems.Add("disposed_column", "duplicate", "hidden is not disposed of: two columns")
	}
}

// validName reports whether name is an identifier.
func validName(name string) bool {
	return name != "" && len(name) <= 63 && (name[0] < '0' || name[0] > '9') &&
		strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func validTable(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) <= 2 && !slices.ContainsFunc(parts, func(part string) bool { return !validName(part) })
}

// clone keeps a declaration from changing under the system.
func (t *Table) clone() Table {
	c := *t
	c.Categories, c.Zones, c.Purposes = slices.Clone(t.Categories), slices.Clone(t.Zones), slices.Clone(t.Purposes)
	c.Events, c.Suspensions, c.Anonymise = maps.Clone(t.Events), maps.Clone(t.Suspensions), slices.Clone(t.Anonymise)
	return c
}
