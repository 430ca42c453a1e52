package retention

import (
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Lane is a part of what a Predicate selects that one index answers in order: rows of
// one category, of one tenant or of all without rules of their own, and of one event.
type Lane struct {
	Category privacy.CategoryID
	// Tenant is whose rows they are. If it is empty, they are those of every tenant
	// but the ones in Except, and of none.
	Tenant privacy.TenantID
	Except []privacy.TenantID
	// Event is the column to follow: what is due lies at its beginning. It is the zero
	// Column where all rows of a tenant are due.
	Event Column
	// Predicate selects among the rows of the category and the tenant, which it does
	// not compare. How late Event can be stands first and is the first argument.
	Predicate Predicate
}

// Lanes takes apart what Predicate selects, for a reader that follows indexes through
// many rows page by page: every row that is selected is in one lane. Their order
// depends on the schedule, the table and the instant alone. The error is that of
// Predicate.
func (s *Schedule) Lanes(table Table, at time.Time) ([]Lane, error) {
	branches, err := s.branches(&table, at)
	var lanes []Lane
	for i := range branches {
		lanes = append(lanes, branches[i].lanes()...)
	}
	return lanes, err
}

// bound is the latest day of a column's event.
type bound struct {
	column Column
	day    privacy.Date
}

func (b *branch) lanes() []Lane {
	if b.always {
		return []Lane{b.lane(nil)}
	}
	bounds := b.bounds()
	lanes := make([]Lane, len(bounds))
	for i := range bounds {
		within := b.within(bounds[i])
		lanes[i] = within.lane(bounds[:i+1])
	}
	return lanes
}

// within returns the branch without the conditions that every row within a bound meets.
func (b branch) within(bound bound) branch {
	met := func(sp span) bool {
		return slices.ContainsFunc(sp, func(r dateRange) bool {
			return len(r.events) == 1 && r.events[0] == bound.column && r.from.IsZero() && !r.through.Before(bound.day)
		})
	}
	b.always = slices.ContainsFunc(b.disposes, met)
	b.keeps = slices.DeleteFunc(slices.Clone(b.keeps), met)
	return b
}

// lane returns the lane within the last bound and beyond the others, whose lanes have
// the rows within them.
func (b *branch) lane(bounds []bound) Lane {
	lane := Lane{Category: b.category, Tenant: b.tenant, Except: slices.Clone(b.except)}
	w := sqlWriter{dialect: b.table.Dialect}
	var conditions []func()
	for i, other := range slices.Backward(bounds) {
		if i == len(bounds)-1 {
			lane.Event = other.column
			conditions = append(conditions, func() { b.writeThrough(&w, other.column, other.day) })
			continue
		}
		conditions = append(conditions, func() {
			w.text.WriteByte('(')
			w.column(other.column.Name)
			w.text.WriteString(" IS NULL OR NOT ")
			b.writeThrough(&w, other.column, other.day)
			w.text.WriteByte(')')
		})
	}
	b.writeDue(&w, conditions...)
	lane.Predicate = w.predicate()
	return lane
}

// bounds returns the bound of every column that a disposing rule counts from. A row
// that is due lies within one of them.
func (b *branch) bounds() []bound {
	var bounds []bound
	for _, event := range slices.Sorted(maps.Keys(b.table.Events)) {
		column := b.table.Events[event]
		if slices.ContainsFunc(bounds, func(b bound) bool { return b.column == column }) {
			continue
		}
		if day := b.latest(column); !day.IsZero() {
			bounds = append(bounds, bound{column, day})
		}
	}
	return bounds
}

// latest returns the latest day of a column in a row for which a disposing rule that
// counts from it has elapsed and nothing keeps it; zero if none counts from it.
func (b *branch) latest(column Column) privacy.Date {
	var latest privacy.Date
	for _, disposes := range b.disposes {
		if day, _ := disposes.latest(column); latest.Before(day) {
			latest = day
		}
	}
	for _, keep := range b.keeps {
		if day, all := keep.latest(column); all {
			latest = earlier(latest, day)
		}
	}
	return latest
}

// latest returns the latest day of a column within the ranges about it, and whether
// all of them are.
func (sp span) latest(column Column) (latest privacy.Date, all bool) {
	all = true
	for _, r := range sp {
		if !slices.Contains(r.events, column) {
			all = false
		} else if latest.Before(r.through) {
			latest = r.through
		}
	}
	return latest, all
}
