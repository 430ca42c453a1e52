package sqltable

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// row is a row as it was read.
type row struct {
	key                                                  string
	tenant, subject, category, zone, jurisdiction, label sql.NullString
	bytes                                                sql.NullInt64
	events                                               []any
	suspended                                            []sql.NullBool
}

func (t *Table) eventNames() []string { return slices.Sorted(maps.Keys(t.Events)) }

// eventOf returns an event that a column holds.
func (t *Table) eventOf(column retention.Column) string {
	for _, event := range t.eventNames() {
		if t.Events[event] == column {
			return event
		}
	}
	return ""
}

func (t *Table) suspensionKinds() []string { return slices.Sorted(maps.Keys(t.Suspensions)) }

// optional are the columns that a table may lack, with where they are read to.
func (t *Table) optional(r *row) []struct {
	name string
	to   any
} {
	return []struct {
		name string
		to   any
	}{
		{t.TenantColumn, &r.tenant},
		{t.SubjectColumn, &r.subject},
		{t.CategoryColumn, &r.category},
		{t.ZoneColumn, &r.zone},
		{t.JurisdictionColumn, &r.jurisdiction},
		{t.LabelsColumn, &r.label},
		{t.BytesColumn, &r.bytes},
	}
}

// columns returns what is read of a row, in the order of scan.
func (t *Table) columns() []string {
	columns := []string{t.Key}
	for _, column := range t.optional(&row{}) {
		if column.name != "" {
			columns = append(columns, column.name)
		}
	}
	for _, event := range t.eventNames() {
		columns = append(columns, t.Events[event].Name)
	}
	for _, kind := range t.suspensionKinds() {
		columns = append(columns, t.Suspensions[kind])
	}
	return columns
}

func (t *Table) scan(found *sql.Rows) (*row, error) {
	r := &row{events: make([]any, len(t.Events)), suspended: make([]sql.NullBool, len(t.Suspensions))}
	into := []any{&r.key}
	for _, column := range t.optional(r) {
		if column.name != "" {
			into = append(into, column.to)
		}
	}
	for i := range r.events {
		into = append(into, &r.events[i])
	}
	for i := range r.suspended {
		into = append(into, &r.suspended[i])
	}
	return r, found.Scan(into...)
}

// record returns what the schedule needs to know of a row. A row that cannot be
// understood has no events, so that it is undecidable and stays.
func (t *Table) record(r *row) retention.Record {
	record := retention.Record{
		System: t.System, Key: r.key, Tenant: t.Tenant, Subject: privacy.SubjectID(r.subject.String),
		Category: t.Categories[0], Purposes: slices.Clone(t.Purposes), Role: t.Role,
		Jurisdiction: t.Jurisdiction, Bytes: r.bytes.Int64,
	}
	if t.TenantColumn != "" {
		record.Tenant = privacy.TenantID(r.tenant.String)
	}
	if t.CategoryColumn != "" {
		record.Category = privacy.CategoryID(r.category.String)
	}
	if t.JurisdictionColumn != "" {
		record.Jurisdiction = privacy.Jurisdiction(r.jurisdiction.String)
	}
	for label := range strings.SplitSeq(r.label.String, ",") {
		if label = strings.TrimSpace(label); label != "" {
			record.Labels = append(record.Labels, label)
		}
	}
	for i, kind := range t.suspensionKinds() {
		if r.suspended[i].Bool {
			record.Suspensions = append(record.Suspensions, retention.Suspension{Kind: kind})
		}
	}
	zone, ok := t.zone(r)
	record.Zone = zone
	if ok {
		record.Events = t.recordEvents(r)
	}
	return record
}

// zone returns the zone of a row, nil for that of the schedule, and whether it is
// known.
func (t *Table) zone(r *row) (*time.Location, bool) {
	if t.ZoneColumn == "" {
		if len(t.Zones) == 0 {
			return nil, true
		}
		return t.Zones[0], true
	}
	for _, zone := range t.Zones {
		if zone.String() == r.zone.String {
			return zone, true
		}
	}
	return nil, false
}

// recordEvents returns the events that have happened, none if one cannot be read:
// it might be the latest.
func (t *Table) recordEvents(r *row) []retention.Event {
	var events []retention.Event
	for i, name := range t.eventNames() {
		if r.events[i] == nil {
			continue
		}
		event, ok := t.event(name, r.events[i])
		if !ok {
			return nil
		}
		events = append(events, event)
	}
	return events
}

func (t *Table) event(name string, value any) (retention.Event, bool) {
	event := retention.Event{Name: name}
	kind := t.Events[name].Type
	switch value := value.(type) {
	case time.Time:
		if kind == retention.ColumnDate {
			event.On = privacy.DateOf(value, value.Location())
		} else {
			event.At = value.UTC()
		}
	case string:
		return t.dated(event, value)
	case []byte:
		return t.dated(event, string(value))
	case int64:
		switch kind {
		case retention.ColumnUnixSeconds:
			event.At = time.Unix(value, 0).UTC()
		case retention.ColumnUnixMillis:
			event.At = time.UnixMilli(value).UTC()
		case retention.ColumnUnixMicros:
			event.At = time.UnixMicro(value).UTC()
		}
	}
	return event, !event.On.IsZero() || !event.At.IsZero()
}

func (t *Table) dated(event retention.Event, text string) (retention.Event, bool) {
	if t.Events[event.Name].Type != retention.ColumnDate {
		return event, false
	}
	day, err := privacy.ParseDate(text)
	event.On = day
	return event, err == nil
}
