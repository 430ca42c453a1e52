package retention

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// branch selects the due rows of one category: of one tenant, or of all tenants
// but some.
type branch struct {
	table    *Table
	category privacy.CategoryID
	tenant   privacy.TenantID
	except   []privacy.TenantID
	// disposes are the alternatives of which one has to have elapsed, keeps those
	// that all must have. A branch with always needs no disposing rule.
	disposes []span
	keeps    []span
	always   bool
}

// span is the condition that one rule has elapsed.
type span struct {
	events []Column
	// ranges are the alternatives of its versions.
	ranges []dateRange
}

// dateRange is a range of days of an event, both included; from may be zero.
type dateRange struct{ from, through privacy.Date }

func (s *Schedule) branches(table *Table, at time.Time) ([]branch, error) {
	var problems privacy.Problems
	table.check(&problems)
	zones := table.Zones
	if len(zones) == 0 {
		zones = []*time.Location{s.zone}
	}
	if slices.Contains(zones, nil) {
		problems.Add("zones", "required", "without a zone no day can be told")
	}
	if len(s.tenants) > 0 && table.TenantColumn == "" && table.Tenant == "" {
		problems.Add("tenant_column", "required", "tenants have rules of their own, so rows need a column that tells them apart")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	table.Zones = zones
	// A day that has begun in any zone counts: the condition may select too much,
	// never too little.
	var today privacy.Date
	for _, zone := range zones {
		if day := privacy.DateOf(at, zone); today.Before(day) {
			today = day
		}
	}
	var branches []branch
	special := s.specialTenants(table)
	for _, category := range table.Categories {
		for _, tenant := range special {
			r := Record{Tenant: tenant, Category: category}
			lines, end := s.find(&r)
			b := branch{table: table, category: category, tenant: tenant}
			b.fill(lines, today, &problems)
			if end != nil && !end.last().IsZero() && end.last().Before(today) {
				b.endContract(lines, today, &problems)
			}
			branches = append(branches, b)
		}
		if table.TenantColumn == "" && table.Tenant != "" {
			continue
		}
		b := branch{table: table, category: category, except: special}
		b.fill(s.operator.find(category), today, &problems)
		branches = append(branches, b)
	}
	branches = slices.DeleteFunc(branches, func(b branch) bool { return !b.always && len(b.disposes) == 0 })
	return branches, problems.Err()
}

// specialTenants are those with rules or a contract end of their own, or the one
// tenant of the table.
func (s *Schedule) specialTenants(table *Table) []privacy.TenantID {
	if table.TenantColumn == "" && table.Tenant != "" {
		return []privacy.TenantID{table.Tenant}
	}
	return slices.Sorted(maps.Keys(s.tenants))
}

func (b *branch) fill(lines []*line, today privacy.Date, problems *privacy.Problems) {
	explicit := !b.table.Hidden && slices.ContainsFunc(lines, func(l *line) bool {
		return l.plain && l.always && l.scope.Explicit && l.versions[0].Action != 0
	})
	for _, l := range lines {
		disposes := slices.ContainsFunc(l.versions, func(v Rule) bool { return v.Action != 0 })
		if disposes && (!explicit || l.scope.Explicit) {
			if sp, ok := b.span(l, today, problems); ok && len(sp.ranges) > 0 {
				b.disposes = append(b.disposes, sp)
			}
		}
		// Only what surely covers every row narrows the condition.
		if !b.table.Hidden && l.kind != Maximum && l.plain && l.always && b.hasColumns(l) {
			if sp, ok := b.span(l, today, problems); ok {
				b.keeps = append(b.keeps, sp)
			}
		}
	}
}

// endContract makes everything due but what the law keeps.
func (b *branch) endContract(lines []*line, today privacy.Date, problems *privacy.Problems) {
	b.always, b.disposes, b.keeps = true, nil, nil
	for _, l := range lines {
		if !b.table.Hidden && l.kind == StatutoryMinimum && l.plain && l.always && b.hasColumns(l) {
			if sp, ok := b.span(l, today, problems); ok {
				b.keeps = append(b.keeps, sp)
			}
		}
	}
}

func (b *branch) hasColumns(l *line) bool {
	for _, event := range l.versions[0].Anchor.Events {
		if _, ok := b.table.Events[event]; !ok {
			return false
		}
	}
	return true
}

func (b *branch) span(l *line, today privacy.Date, problems *privacy.Problems) (span, bool) {
	var sp span
	for i, c := range l.cutoffs(today, nil) {
		anchor := &l.versions[i].Anchor
		for _, event := range anchor.Events {
			column, ok := b.table.Events[event]
			if !ok {
				problems.Add(fmt.Sprintf("events[%q]", event), "required", "rule %q counts from this event", c.RuleID)
				return span{}, false
			}
			if !slices.Contains(sp.events, column) {
				sp.events = append(sp.events, column)
			}
		}
		if !c.Event.IsZero() && !c.Event.Before(c.EventFrom) {
			sp.ranges = append(sp.ranges, dateRange{c.EventFrom, c.Event})
		}
	}
	return sp, true
}

func (b *branch) write(w *sqlWriter) {
	var conditions []func()
	if b.table.CategoryColumn != "" {
		conditions = append(conditions, func() { w.compare(b.table.CategoryColumn, "=", string(b.category)) })
	}
	if b.table.TenantColumn != "" {
		if b.tenant != "" {
			conditions = append(conditions, func() { w.compare(b.table.TenantColumn, "=", string(b.tenant)) })
		} else if len(b.except) > 0 {
			conditions = append(conditions, func() { b.writeExcept(w) })
		}
	}
	if !b.always {
		conditions = append(conditions, func() {
			w.any(len(b.disposes), func(i int) { b.writeSpan(w, b.disposes[i]) })
		})
	}
	for _, keep := range b.keeps {
		conditions = append(conditions, func() { b.writeSpan(w, keep) })
	}
	w.all(len(conditions), func(i int) { conditions[i]() })
}

func (b *branch) writeExcept(w *sqlWriter) {
	w.column(b.table.TenantColumn)
	w.text.WriteString(" NOT IN (")
	for i, tenant := range b.except {
		if i > 0 {
			w.text.WriteString(", ")
		}
		w.arg(string(tenant))
	}
	w.text.WriteByte(')')
}

// writeSpan writes that the latest of several events lies in one of the ranges.
// Events that have not happened are NULL and left out; with one event alone NULL
// selects nothing, as it should.
func (b *branch) writeSpan(w *sqlWriter, sp span) {
	w.any(len(sp.ranges), func(i int) {
		r := sp.ranges[i]
		if len(sp.events) == 1 {
			b.writeRange(w, sp.events[0], r)
			return
		}
		// The range from which a version governs is left out: the latest of
		// several events may lie in it while others do not.
		w.all(len(sp.events)+1, func(i int) {
			if i == len(sp.events) {
				w.any(len(sp.events), func(i int) {
					w.column(sp.events[i].Name)
					w.text.WriteString(" IS NOT NULL")
				})
				return
			}
			w.text.WriteByte('(')
			b.writeRange(w, sp.events[i], dateRange{through: r.through})
			w.text.WriteString(" OR ")
			w.column(sp.events[i].Name)
			w.text.WriteString(" IS NULL)")
		})
	})
}

func (b *branch) writeRange(w *sqlWriter, column Column, r dateRange) {
	if column.Type == ColumnDate {
		w.compare(column.Name, "<=", r.through.String())
	} else {
		w.compare(column.Name, "<", column.value(b.start(r.through.AddDays(1), time.Time.After)))
	}
	if r.from.IsZero() {
		return
	}
	w.text.WriteString(" AND ")
	if column.Type == ColumnDate {
		w.compare(column.Name, ">=", r.from.String())
	} else {
		w.compare(column.Name, ">=", column.value(b.start(r.from, time.Time.Before)))
	}
}

// start returns the start of a day in the zone of the table that gives the widest
// range.
func (b *branch) start(day privacy.Date, wider func(a, b time.Time) bool) time.Time {
	instant := day.Start(b.table.Zones[0])
	for _, zone := range b.table.Zones[1:] {
		if other := day.Start(zone); wider(other, instant) {
			instant = other
		}
	}
	return instant
}

func (c Column) value(instant time.Time) any {
	switch c.Type {
	case ColumnUnixSeconds:
		return instant.Unix()
	case ColumnUnixMillis:
		return instant.UnixMilli()
	case ColumnUnixMicros:
		return instant.UnixMicro()
	default:
		return instant.UTC()
	}
}
