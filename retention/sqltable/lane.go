package sqltable

import (
	"time"

	"github.com/labelop/privacykit/retention"
)

// lane is a part of the candidates that one index answers in order. Lanes do not
// overlap.
type lane struct {
	retention.Lane
	// hidden tells whether the lane has the rows that are hidden already, or the
	// others; nil is both.
	hidden *bool
}

// ordered reports whether the lane follows an event. Otherwise the order is that of
// the keys.
func (l *lane) ordered() bool { return l.Event.Name != "" }

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
	found, err := schedule.Lanes(retention.Table{
		Dialect: t.Dialect, Categories: t.Categories, CategoryColumn: t.CategoryColumn, TenantColumn: t.TenantColumn, Tenant: t.Tenant,
		Events: t.Events, Zones: t.Zones, Role: t.Role, Purposes: t.Purposes, Jurisdiction: t.Jurisdiction, Hidden: toHide,
	}, at)
	lanes := make([]lane, len(found))
	for i := range found {
		lanes[i] = lane{found[i], hidden}
	}
	return lanes, err
}
