package sqltable

import (
	"database/sql"
	"fmt"
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
	disposed                                             bool
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

// columns returns what is read of a row, in the order of scan. Times that SQLite holds
// as text are read as the text they are, which is what is compared: a driver may make
// something else of a column that the host calls DATE or DATETIME.
func (t *Table) columns() string {
	columns := []string{quoted(t.Key)}
	for _, column := range t.optional(&row{}) {
		if column.name != "" {
			columns = append(columns, quoted(column.name))
		}
	}
	if t.DisposedColumn != "" {
		columns = append(columns, quoted(t.DisposedColumn)+isTrue(true))
	}
	for _, event := range t.eventNames() {
		column := t.Events[event]
		text := column.Type == retention.ColumnDate || column.Type == retention.ColumnTextTimestamp
		if text && t.Dialect == retention.SQLite {
			columns = append(columns, "CAST("+quoted(column.Name)+" AS TEXT)")
		} else {
			columns = append(columns, quoted(column.Name))
		}
	}
	for _, kind := range t.suspensionKinds() {
		columns = append(columns, quoted(t.Suspensions[kind]))
	}
	return strings.Join(columns, ", ")
}

func (t *Table) scan(found *sql.Rows) (*row, error) {
	r := &row{events: make([]any, len(t.Events)), suspended: make([]sql.NullBool, len(t.Suspensions))}
	into := []any{&r.key}
	for _, column := range t.optional(r) {
		if column.name != "" {
			into = append(into, column.to)
		}
	}
	if t.DisposedColumn != "" {
		into = append(into, &r.disposed)
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
// understood is unreadable and has no events, so that it is undecidable and stays.
func (t *Table) record(r *row) retention.Record {
	record := retention.Record{
		System: t.System, Key: r.key, Tenant: t.Tenant, Subject: privacy.SubjectID(r.subject.String),
		Category: t.Categories[0], Purposes: slices.Clone(t.Purposes), Role: t.Role,
		Jurisdiction: t.Jurisdiction, Bytes: r.bytes.Int64, Disposed: r.disposed,
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
	zone, known := t.zone(r)
	events, readable := t.recordEvents(r)
	record.Zone = zone
	if known && readable && slices.Contains(t.Categories, record.Category) {
		record.Events = events
	} else {
		record.Unreadable = true
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

// recordEvents returns the events that have happened, and whether all of them can be
// read: one that cannot might be the latest.
func (t *Table) recordEvents(r *row) (events []retention.Event, ok bool) {
	for i, name := range t.eventNames() {
		if r.events[i] == nil {
			continue
		}
		event, ok := t.event(name, r.events[i])
		if !ok {
			return nil, false
		}
		events = append(events, event)
	}
	return events, true
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
	var err error
	switch t.Events[event.Name].Type {
	case retention.ColumnDate:
		event.On, err = privacy.ParseDate(text)
	case retention.ColumnTextTimestamp:
		event.At, err = parseTimestamp(text)
	default:
		err = errTimestamp
	}
	return event, err == nil
}

var errTimestamp = fmt.Errorf("sqltable: not a timestamp in UTC: %w", privacy.ErrInvalid)

// timestamps are the forms of a timestamp of text. Each takes a fraction of a second.
var timestamps = []string{time.DateTime, time.DateTime + "Z07:00", "2006-01-02T15:04:05", time.RFC3339}

// parseTimestamp reads a timestamp of text that is in the order of time, and that
// SQLite reads as well. Package time is not as strict: it takes an hour of one digit,
// several blanks, and a comma before a fraction.
func parseTimestamp(text string) (time.Time, error) {
	for _, form := range timestamps {
		instant, err := time.Parse(form, text)
		if err != nil || strings.Contains(text, ",") {
			continue
		}
		instant = instant.UTC()
		if strings.HasPrefix(strings.Replace(text, "T", " ", 1), instant.Format(time.DateTime)) {
			return instant, nil
		}
	}
	return time.Time{}, errTimestamp
}
