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
	// first and today are the earliest and the latest day that it is in a zone of
	// the table. A day that has begun in any counts: the condition may select too
	// much, never too little.
	first, today privacy.Date
	// disposes are the alternatives of which one has to have elapsed, keeps those
	// that all must have. A branch with always needs no disposing rule.
	disposes []span
	keeps    []span
	always   bool
}

// span is the condition that a rule has elapsed, or has never governed: one of its
// ranges holds.
type span []dateRange

// dateRange is the days that the latest of some events lies in, both included; from
// may be zero.
type dateRange struct {
	events        []Column
	from, through privacy.Date
}

func (s *Schedule) branches(table *Table, at time.Time) ([]branch, error) {
	var problems privacy.Problems
	table.check(&problems)
	if len(table.Zones) == 0 {
		table.Zones = []*time.Location{s.zone}
	}
	if slices.Contains(table.Zones, nil) {
		problems.Add("zones", "required", "without a zone no day can be told")
	}
	if len(s.tenants) > 0 && table.TenantColumn == "" && table.Tenant == "" {
		problems.Add("tenant_column", "required", "tenants have rules of their own, so rows need a column that tells them apart")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	var days []privacy.Date
	for _, zone := range table.Zones {
		days = append(days, privacy.DateOf(at, zone))
	}
	all := branch{table: table, first: slices.MinFunc(days, privacy.Date.Compare), today: slices.MaxFunc(days, privacy.Date.Compare)}
	var branches []branch
	special := s.specialTenants(table)
	for _, category := range table.Categories {
		for _, tenant := range special {
			lines, end := s.find(&Record{Tenant: tenant, Category: category})
			b := all
			b.category, b.tenant, b.always = category, tenant, end.mayHaveEnded(table, b.today)
			b.fill(lines, &problems)
			branches = append(branches, b)
		}
		if table.TenantColumn == "" && table.Tenant != "" {
			continue
		}
		b := all
		b.category, b.except = category, special
		b.fill(s.operator.find(category), &problems)
		branches = append(branches, b)
	}
	return slices.DeleteFunc(branches, branch.selectsNothing), problems.Err()
}

// selectsNothing reports whether nothing has elapsed of what disposes, or of a rule
// that keeps.
func (b branch) selectsNothing() bool {
	return !b.always && len(b.disposes) == 0 || slices.ContainsFunc(b.keeps, func(keep span) bool { return len(keep) == 0 })
}

// mayHaveEnded reports whether the end of a contract makes rows of a table due.
func (e *ContractEnd) mayHaveEnded(table *Table, today privacy.Date) bool {
	return e != nil && !e.last().IsZero() && e.last().Before(today) && (table.Role == 0 || table.Role == privacy.RoleProcessor)
}

// specialTenants are those with rules or a contract end of their own, or the one
// tenant of the table.
func (s *Schedule) specialTenants(table *Table) []privacy.TenantID {
	if table.TenantColumn == "" && table.Tenant != "" {
		return []privacy.TenantID{table.Tenant}
	}
	return slices.Sorted(maps.Keys(s.tenants))
}

// fill adds what lines say. At the end of a contract that is what the law keeps.
func (b *branch) fill(lines []*line, problems *privacy.Problems) {
	explicit := !b.table.Hidden && slices.ContainsFunc(lines, b.disposesOfAll)
	for _, l := range lines {
		some, all := b.table.covers(l)
		if some && !b.always && l.disposes() && (!explicit || l.scope.Explicit) {
			b.addDisposal(l, problems)
		}
		// Only what surely covers every row narrows the condition.
		if all && !b.table.Hidden && (l.kind == StatutoryMinimum || l.kind == PolicyKeep && !b.always) {
			b.addKeep(l)
		}
	}
}

// covers reports whether a line may cover some rows of the table, as far as it is
// known what they have in common, and whether it covers all of them.
func (t *Table) covers(l *line) (some, all bool) {
	scope, row := &l.scope, Record{Jurisdiction: t.Jurisdiction}
	all = true
	for _, part := range []struct{ asked, known, met bool }{
		{scope.Role != 0, t.Role != 0, scope.Role == t.Role},
		{len(scope.Purposes) > 0, len(t.Purposes) > 0, overlap(t.Purposes, scope.Purposes)},
		{len(scope.Jurisdictions) > 0, t.Jurisdiction != "", slices.ContainsFunc(scope.Jurisdictions, row.under)},
		{len(scope.Labels) > 0, false, false},
	} {
		switch {
		case !part.asked:
		case !part.known:
			all = false
		case !part.met:
			return false, false
		}
	}
	return true, all
}

// disposesOfAll reports whether a line is an explicit disposal that governs every
// row: then no implicit one decides. A version of it that disposes of nothing keeps,
// and has to have elapsed all the same.
func (b *branch) disposesOfAll(l *line) bool {
	_, all := b.table.covers(l)
	return all && l.scope.Explicit && l.disposes() && l.governsAll(b.first)
}

func (l *line) disposes() bool {
	return slices.ContainsFunc(l.versions, func(v Rule) bool { return v.Action != 0 })
}

// governsAll reports whether on a day some version governs whatever a line covers.
func (l *line) governsAll(today privacy.Date) bool {
	first := &l.versions[0]
	return first.EffectiveFrom.IsZero() || first.ReachesRunning && !today.Before(first.EffectiveFrom)
}

func (b *branch) addDisposal(l *line, problems *privacy.Problems) {
	elapsed, missing := b.elapsed(l)
	if missing != "" {
		problems.Add(fmt.Sprintf("events[%q]", missing), "required", "rule %q counts from this event", l.versions[0].ID)
		return
	}
	if len(elapsed) > 0 {
		b.disposes = append(b.disposes, elapsed)
	}
}

// addKeep leaves out the rows that a line keeps: those that a version governs whose
// period runs. What lies before the first version is governed by none, and so is
// everything until that is in force.
func (b *branch) addKeep(l *line) {
	over, missing := b.elapsed(l)
	first := &l.versions[0]
	if missing != "" || b.first.Before(first.EffectiveFrom) {
		return
	}
	if before := first.Anchor.lastEvent(first.EffectiveFrom.AddDays(-1)); !before.IsZero() && !l.governsAll(b.first) {
		events, _ := b.columns(&first.Anchor)
		over = over.or(dateRange{events: events, through: before})
	}
	b.keeps = append(b.keeps, over)
}

// elapsed returns the ranges in which the period of a version has elapsed, or an
// event without a column. A version that comes into force while it is still the day
// before in some zone is in force: what had elapsed by then stays in the ranges.
func (b *branch) elapsed(l *line) (over span, missing string) {
	for i, c := range l.cutoffs(b.today, nil) {
		events, missing := b.columns(&l.versions[i].Anchor)
		if missing != "" {
			return nil, missing
		}
		if !c.Event.IsZero() && !c.Event.Before(c.EventFrom) {
			over = over.or(dateRange{events, c.EventFrom, c.Event})
		}
	}
	return over, ""
}

// columns returns the columns of the events of an anchor, or an event without one.
func (b *branch) columns(anchor *Anchor) (columns []Column, missing string) {
	for _, event := range anchor.Events {
		column, ok := b.table.Events[event]
		if !ok {
			return nil, event
		}
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	return columns, ""
}

// or adds a range, to one that it goes on from if there is one.
func (sp span) or(r dateRange) span {
	for i := range sp {
		if other := &sp[i]; other.from.IsZero() && !other.through.Before(r.from.AddDays(-1)) && slices.Equal(other.events, r.events) {
			if other.through.Before(r.through) {
				other.through = r.through
			}
			return sp
		}
	}
	return append(sp, r)
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
	b.writeDue(w, conditions...)
}

// writeDue writes what makes a row of the branch due, after further conditions.
func (b *branch) writeDue(w *sqlWriter, conditions ...func()) {
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

// writeExcept leaves out the rows of some tenants. A row without a tenant is of none of
// them.
func (b *branch) writeExcept(w *sqlWriter) {
	w.text.WriteByte('(')
	w.column(b.table.TenantColumn)
	w.text.WriteString(" IS NULL OR ")
	w.column(b.table.TenantColumn)
	w.text.WriteString(" NOT IN (")
	for i, tenant := range b.except {
		if i > 0 {
			w.text.WriteString(", ")
		}
		w.arg(string(tenant))
	}
	w.text.WriteString("))")
}

// writeSpan writes that the latest of several events lies in one of the ranges.
// Events that have not happened are NULL and left out; with one event alone NULL
// selects nothing, as it should.
func (b *branch) writeSpan(w *sqlWriter, sp span) {
	w.any(len(sp), func(i int) {
		r := sp[i]
		if len(r.events) == 1 {
			b.writeRange(w, r.events[0], r)
			return
		}
		// The range from which a version governs is left out: the latest of
		// several events may lie in it while others do not.
		w.all(len(r.events)+1, func(i int) {
			if i == len(r.events) {
				w.any(len(r.events), func(i int) {
					w.column(r.events[i].Name)
					w.text.WriteString(" IS NOT NULL")
				})
				return
			}
			w.text.WriteByte('(')
			b.writeThrough(w, r.events[i], r.through)
			w.text.WriteString(" OR ")
			w.column(r.events[i].Name)
			w.text.WriteString(" IS NULL)")
		})
	})
}

func (b *branch) writeRange(w *sqlWriter, column Column, r dateRange) {
	b.writeThrough(w, column, r.through)
	if r.from.IsZero() {
		return
	}
	w.text.WriteString(" AND ")
	if column.Type == ColumnDate {
		w.compare(column.Name, ">=", r.from.String())
	} else {
		w.compare(column.Name, ">=", column.Value(b.start(r.from, time.Time.Before)))
	}
}

// writeThrough writes that a column lies on a day or before.
func (b *branch) writeThrough(w *sqlWriter, column Column, day privacy.Date) {
	if column.Type == ColumnDate {
		w.compare(column.Name, "<=", day.String())
		return
	}
	end := b.start(day.AddDays(1), time.Time.After)
	if column.Type == ColumnTextTimestamp {
		w.compare(column.Name, "<", end.UTC().Format(textSecond))
		return
	}
	w.compare(column.Name, "<", column.Value(end))
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
