package sqltable

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

var _ retention.Source = (*rows)(nil)

// cursor is the place after a row: its lane and the values of the lane's order.
type cursor struct {
	Lane   int    `json:"lane"`
	Text   string `json:"text,omitempty"`
	Number int64  `json:"number,omitempty"`
	Tenant string `json:"tenant,omitempty"`
	Key    string `json:"key,omitempty"`
}

// Candidates implements retention.Source. A page goes from lane to lane until it
// is full. The error matches privacy.ErrInvalid if the schedule asks for what the
// table does not have, or the cursor is of another schedule.
func (r *rows) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	lanes := []lane{{}}
	if !query.All {
		var err error
		if lanes, err = r.table.lanes(query.Schedule, query.At); err != nil {
			return retention.Page{}, err
		}
	}
	at, err := parseCursor(query.After, len(lanes))
	if err != nil {
		return retention.Page{}, err
	}
	var page retention.Page
	for ; at.Lane < len(lanes); at = (cursor{Lane: at.Lane + 1}) {
		last, err := r.read(ctx, &lanes[at.Lane], query.All, at, query.Limit, &page)
		if err != nil {
			return retention.Page{}, err
		}
		if len(page.Records) < query.Limit {
			continue
		}
		last.Lane = at.Lane
		next, err := json.Marshal(last)
		page.Next = string(next)
		return page, err
	}
	return page, nil
}

func parseCursor(text string, lanes int) (cursor, error) {
	var at cursor
	if text == "" {
		return at, nil
	}
	if err := privacy.DecodeJSON([]byte(text), &at); err != nil || at.Lane < 0 || at.Lane >= max(lanes, 1) {
		return at, fmt.Errorf("sqltable: not a page of this schedule: %w", privacy.ErrInvalid)
	}
	return at, nil
}

// read adds the rows of a lane after a cursor, up to the limit of the page, and
// returns the cursor after the last if the page is full. Rows of the same time as the
// last one come from a statement of their own: a comparison of both columns at once is
// more than an index of SQLite answers beside the bound, and a day may have many rows.
func (r *rows) read(ctx context.Context, l *lane, all bool, after cursor, limit int, page *retention.Page) (cursor, error) {
	order := l.order(&r.table)
	if after == (cursor{Lane: after.Lane}) {
		return r.readPart(ctx, l, all, limit, page, func(*statement) {})
	}
	values := l.values(&r.table, after)
	if l.ordered() {
		event := quoted(order[0])
		last, err := r.readPart(ctx, l, all, limit, page, func(s *statement) {
			s.add(" AND ", event, " = ").arg(values[0]).add(" AND (", quotedAll(order[1:]), ") > ").list(values[1:])
		})
		if err != nil || len(page.Records) == limit {
			return last, err
		}
		order, values = order[:1], values[:1]
	}
	return r.readPart(ctx, l, all, limit, page, func(s *statement) {
		s.add(" AND (", quotedAll(order), ") > ").list(values)
	})
}

// readPart adds the rows of a lane that meet a further condition, and returns the
// cursor after the last, the zero one without any.
func (r *rows) readPart(ctx context.Context, l *lane, all bool, limit int, page *retention.Page, further func(*statement)) (cursor, error) {
	t := &r.table
	s := newStatement(t.Dialect, "SELECT ", t.columns(), " FROM ", quoted(t.Name), " WHERE ")
	if all {
		s.add("1 = 1")
	} else {
		l.write(s, t)
	}
	further(s)
	s.add(" ORDER BY ", quotedAll(l.order(t)), " LIMIT ").arg(int64(limit - len(page.Records)))
	var last cursor
	err := r.each(ctx, "read", s, func(found *sql.Rows) error {
		row, err := t.scan(found)
		if err != nil {
			return err
		}
		record := t.record(row)
		record.Hidden = l.hidden != nil && *l.hidden
		page.Records = append(page.Records, record)
		last = l.cursor(t, row)
		return nil
	})
	return last, err
}

// write writes the condition of a lane. The predicate comes first: its arguments
// are numbered from 1.
func (l *lane) write(s *statement, t *Table) {
	s.add(l.Predicate.SQL)
	s.args = append(s.args, l.Predicate.Args...)
	if t.CategoryColumn != "" {
		s.add(" AND ", quoted(t.CategoryColumn), " = ").arg(string(l.Category))
	}
	if t.TenantColumn != "" && l.Tenant != "" {
		l.writeTenant(s, t)
	}
	if len(l.Except) > 0 {
		var except []any
		for _, tenant := range l.Except {
			except = append(except, string(tenant))
		}
		s.add(" AND (", quoted(t.TenantColumn), " IS NULL OR ", quoted(t.TenantColumn), " NOT IN ").list(except)
		s.add(")")
	}
	if l.hidden != nil {
		s.add(" AND ", quoted(t.HiddenColumn), isTrue(*l.hidden))
	}
	if t.DisposedColumn != "" {
		s.add(" AND ", quoted(t.DisposedColumn), isTrue(false))
	}
}

// writeTenant restricts a lane to its tenant. What SQLite knows of the values in a
// table may tell it to read what is old of all tenants instead; that a tenant is one
// of many, it is told.
func (l *lane) writeTenant(s *statement, t *Table) {
	if t.Dialect == retention.SQLite {
		s.add(" AND likelihood(", quoted(t.TenantColumn), " = ").arg(string(l.Tenant)).add(", 0.000001)")
		return
	}
	s.add(" AND ", quoted(t.TenantColumn), " = ").arg(string(l.Tenant))
}

func isTrue(yes bool) string {
	if yes {
		return " IS TRUE"
	}
	return " IS NOT TRUE"
}

// order returns the columns that the rows of a lane are in the order of.
func (l *lane) order(t *Table) []string {
	var order []string
	if l.ordered() {
		order = append(order, l.Event.Name)
	}
	if l.byTenant(t) {
		order = append(order, t.TenantColumn)
	}
	return append(order, t.Key)
}

// byTenant reports whether the order needs the tenant to tell keys apart.
func (l *lane) byTenant(t *Table) bool { return t.KeyWithinTenant && l.Tenant == "" }

// cursor returns the place after a row.
func (l *lane) cursor(t *Table, row *row) cursor {
	c := cursor{Key: row.key}
	if l.byTenant(t) {
		c.Tenant = row.tenant.String
	}
	if !l.ordered() {
		return c
	}
	at := slices.Index(t.eventNames(), t.eventOf(l.Event))
	switch value := row.events[at].(type) {
	case time.Time:
		if l.Event.Type == retention.ColumnDate {
			c.Text = value.Format(time.DateOnly)
		} else {
			c.Number = value.UnixMicro()
		}
	case int64:
		c.Number = value
	case string:
		c.Text = value
	case []byte:
		c.Text = string(value)
	}
	return c
}

// values returns a cursor as arguments in the order of the lane.
func (l *lane) values(t *Table, c cursor) []any {
	var values []any
	switch {
	case !l.ordered():
	case l.Event.Type == retention.ColumnDate, l.Event.Type == retention.ColumnTextTimestamp:
		values = append(values, c.Text)
	case l.Event.Type == retention.ColumnTimestamp:
		values = append(values, time.UnixMicro(c.Number).UTC())
	default:
		values = append(values, c.Number)
	}
	if l.byTenant(t) {
		values = append(values, c.Tenant)
	}
	return append(values, c.Key)
}
