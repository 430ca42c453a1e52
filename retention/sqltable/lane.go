package sqltable

import (
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// lane is a part of the candidates that one index answers in order: those of one
// category, of one tenant or of all without rules of their own, up to the cutoff of
// one event. Lanes do not overlap.
type lane struct {
	predicate retention.Predicate
	category  privacy.CategoryID
	tenant    privacy.TenantID
	except    []any
	// hidden tells whether the lane has the rows that are hidden already, or the
	// others; nil is both.
	hidden *bool
	// event is the one whose order the lane follows, with its bound. It is nil
	// where all of a tenant's rows are due; the order is that of the keys.
	event *bound
	// earlier are the bounds of the lanes that have the other rows.
	earlier []*bound
}

// bound is the latest that the column of an event can hold in a row that is due.
type bound struct {
	column retention.Column
	last   any
}

// lanes takes apart what the schedule asks for. Their order depends on the schedule
// and the instant alone, so that a cursor can name one by its number.
func (t *Table) lanes(schedule *retention.Schedule, at time.Time) ([]lane, error) {
	hidden, shown := true, false
	if t.HiddenColumn == "" {
		return t.lanesOf(schedule, at, false, nil)
	}
	lanes, err := t.lanesOf(schedule, at, true, &shown)
	if err != nil {
		return nil, err
	}
	among, err := t.lanesOf(schedule, at, false, &hidden)
	return append(lanes, among...), err
}

// lanesOf returns the lanes of what is due, and what is to be hidden if toHide is
// set, among rows that are hidden or not.
func (t *Table) lanesOf(schedule *retention.Schedule, at time.Time, toHide bool, hidden *bool) ([]lane, error) {
	var lanes []lane
	for _, category := range t.Categories {
		p := prober{table: t, schedule: schedule, at: at, category: category, toHide: toHide}
		special, err := p.special()
		if err != nil {
			return nil, err
		}
		for _, tenant := range append(special, "") {
			found, err := p.lanes(tenant, special)
			if err != nil {
				return nil, err
			}
			for i := range found {
				found[i].hidden = hidden
			}
			lanes = append(lanes, found...)
		}
	}
	return lanes, nil
}

// prober asks a schedule for predicates on tables that differ from the real one in
// what their arguments then tell: arguments come with the type of their column.
type prober struct {
	table    *Table
	schedule *retention.Schedule
	at       time.Time
	category privacy.CategoryID
	toHide   bool
}

func (p *prober) ask(change func(*retention.Table)) (retention.Predicate, error) {
	table := retention.Table{
		Dialect: p.table.Dialect, Categories: []privacy.CategoryID{p.category}, Tenant: p.table.Tenant,
		Events: maps.Clone(p.table.Events), Zones: p.table.Zones, Hidden: p.toHide,
	}
	change(&table)
	return p.schedule.Predicate(table, p.at)
}

// setTypes types the column of one event apart from those of all others.
func setTypes(events map[string]retention.Column, one retention.Column, its, others retention.ColumnType) {
	for event, column := range events {
		if column == one {
			column.Type = its
		} else {
			column.Type = others
		}
		events[event] = column
	}
}

// special returns the tenants with rules or a contract end of their own: with all
// times as numbers they are the only texts among the arguments.
func (p *prober) special() ([]privacy.TenantID, error) {
	if p.table.TenantColumn == "" {
		return nil, nil
	}
	all, err := p.ask(func(table *retention.Table) {
		table.Tenant, table.TenantColumn = "", p.table.TenantColumn
		setTypes(table.Events, retention.Column{}, 0, retention.ColumnUnixSeconds)
	})
	if err != nil {
		return nil, err
	}
	var tenants []privacy.TenantID
	for _, arg := range all.Args {
		if tenant, ok := arg.(string); ok {
			tenants = append(tenants, privacy.TenantID(tenant))
		}
	}
	slices.Sort(tenants)
	return slices.Compact(tenants), nil
}

// lanes returns the lanes of a special tenant, or with "" those of everybody else.
func (p *prober) lanes(tenant privacy.TenantID, special []privacy.TenantID) ([]lane, error) {
	whose := lane{category: p.category, tenant: tenant}
	asked := tenant
	if tenant == "" && p.table.TenantColumn != "" {
		asked = "-"
		for slices.Contains(special, asked) {
			asked += "-"
		}
		for _, other := range special {
			whose.except = append(whose.except, string(other))
		}
	}
	of := func(table *retention.Table) {
		if p.table.TenantColumn != "" {
			table.Tenant = asked
		}
	}
	var err error
	if whose.predicate, err = p.ask(of); err != nil {
		return nil, err
	}
	// The condition on the category is written if there is anything to select.
	// Alone, it selects everything.
	all, err := p.ask(func(table *retention.Table) {
		of(table)
		table.CategoryColumn, table.Hidden = "category", true
	})
	switch {
	case err != nil || len(all.Args) == 0:
		return nil, err
	case len(all.Args) == 1:
		return []lane{whose}, nil
	}
	bounds, err := p.bounds(of)
	lanes := make([]lane, len(bounds))
	for i := range bounds {
		lanes[i] = whose
		lanes[i].event, lanes[i].earlier = bounds[i], bounds[:i]
	}
	return lanes, err
}

// bounds returns the bound of every column that a disposing rule counts from.
func (p *prober) bounds(of func(*retention.Table)) ([]*bound, error) {
	var bounds []*bound
	for _, event := range slices.Sorted(maps.Keys(p.table.Events)) {
		column := p.table.Events[event]
		if slices.ContainsFunc(bounds, func(b *bound) bool { return b.column == column }) {
			continue
		}
		its, others := retention.ColumnUnixMicros, retention.ColumnDate
		if column.Type == retention.ColumnDate {
			its, others = retention.ColumnDate, retention.ColumnUnixMicros
		}
		answer, err := p.ask(func(table *retention.Table) {
			of(table)
			table.Hidden = true
			setTypes(table.Events, column, its, others)
		})
		if err != nil {
			return nil, err
		}
		if last := latest(answer.Args, column.Type); last != nil {
			bounds = append(bounds, &bound{column, last})
		}
	}
	return bounds, nil
}

// latest returns the greatest argument of the type that its column was given, as
// the column holds it; nil if there is none.
func latest(args []any, kind retention.ColumnType) any {
	var day string
	var micros int64
	found := false
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			day = max(day, arg)
		case int64:
			if !found || micros < arg {
				micros, found = arg, true
			}
		}
	}
	if kind == retention.ColumnDate {
		if day == "" {
			return nil
		}
		return day
	}
	if !found {
		return nil
	}
	return inColumn(time.UnixMicro(micros).UTC(), kind)
}

// inColumn returns an instant as a column holds it.
func inColumn(instant time.Time, kind retention.ColumnType) any {
	switch kind {
	case retention.ColumnUnixSeconds:
		return instant.Unix()
	case retention.ColumnUnixMillis:
		return instant.UnixMilli()
	case retention.ColumnUnixMicros:
		return instant.UnixMicro()
	default:
		return instant
	}
}

// within is the operator by which a column lies within its bound. The bound of
// days is the last one, that of instants the first that is too late.
func (b *bound) within() string {
	if b.column.Type == retention.ColumnDate {
		return " <= "
	}
	return " < "
}

func (b *bound) beyond() string {
	if b.column.Type == retention.ColumnDate {
		return " > "
	}
	return " >= "
}
