package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

type ownDecisionSQL struct {
	all, tenant, one, remove string
	// decided are decisions, disclosed those about disclosures.
	decided, disclosed byTime
}

func newOwnDecisionSQL(t *template) ownDecisionSQL {
	const list = `SELECT tenant, id, subject, decided_at, recipient, LENGTH(body) FROM {decisions} WHERE `
	return ownDecisionSQL{
		all:       t.read(list + `(tenant, id) > ($1, $2) ORDER BY tenant, id LIMIT $3`),
		tenant:    t.read(list + `tenant = $1 AND id > $2 ORDER BY id LIMIT $3`),
		one:       t.read(`SELECT COUNT(*) FROM {decisions} WHERE tenant = $1 AND id = $2`),
		remove:    t.read(`DELETE FROM {decisions} WHERE tenant = $1 AND id = $2`),
		decided:   newByTime(t, list+`recipient IS NULL`, nil, math.MinInt64, "decided_at", "tenant", "id"),
		disclosed: newByTime(t, list+`recipient IS NOT NULL`, nil, math.MinInt64, "decided_at", "tenant", "id"),
	}
}

// ownDecisions has the log of decisions.
type ownDecisions struct {
	ownRecords
	sql ownDecisionSQL
}

// Candidates gives the decisions that are old enough.
func (d *ownDecisions) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	lanes, err := d.lanes(query)
	if err != nil {
		return retention.Page{}, err
	}
	return d.db.readLanes(ctx, "own decisions", query, lanes)
}

func (d *ownDecisions) lanes(query retention.Query) ([]ownLane, error) {
	if query.All {
		return []ownLane{{row: d.row, next: func(after ownCursor, _ bool) []Statement {
			return []Statement{{SQL: d.sql.all, Args: []any{after.Tenant, after.Key}}}
		}}}, nil
	}
	decisions, err := newDues(query, d.options.Decisions, EventDecided)
	if err != nil {
		return nil, err
	}
	disclosures, err := newDues(query, d.options.Disclosures, EventDecided)
	if err != nil {
		return nil, err
	}
	special := specialTenants(decisions, disclosures)
	lanes := []ownLane{
		d.byTime(d.sql.decided, decisions[0].until(EventDecided), special),
		d.byTime(d.sql.disclosed, disclosures[0].until(EventDecided), special),
	}
	for _, tenant := range special {
		before := map[privacy.CategoryID]int64{
			d.options.Decisions:   decisions.of(tenant).until(EventDecided),
			d.options.Disclosures: disclosures.of(tenant).until(EventDecided),
		}
		lanes = append(lanes, d.ofTenant(tenant, before))
	}
	return lanes, nil
}

// byTime returns the lane of all tenants but some.
func (d *ownDecisions) byTime(sql byTime, before int64, special []string) ownLane {
	return ownLane{
		next: func(after ownCursor, begin bool) []Statement {
			return sql.from(begin, nil, after.At, before, after.Tenant, after.Key)
		},
		row: func(row Row) (*retention.Record, ownCursor, error) {
			record, place, err := d.row(row)
			if _, found := slices.BinarySearch(special, place.Tenant); found {
				record = nil
			}
			return record, place, err
		},
	}
}

// ofTenant returns the lane of one tenant, by the times before which decisions are
// due in each category.
func (d *ownDecisions) ofTenant(tenant string, before map[privacy.CategoryID]int64) ownLane {
	return ownLane{
		next: func(after ownCursor, _ bool) []Statement {
			return []Statement{{SQL: d.sql.tenant, Args: []any{tenant, after.Key}}}
		},
		row: func(row Row) (*retention.Record, ownCursor, error) {
			record, place, err := d.row(row)
			if err == nil && place.At >= before[record.Category] {
				record = nil
			}
			return record, place, err
		},
	}
}

func (d *ownDecisions) row(row Row) (*retention.Record, ownCursor, error) {
	record := retention.Record{System: DecisionSystem, Category: d.options.Decisions, Role: d.options.Role}
	var decidedAt int64
	var recipient *string
	err := row.Scan((*string)(&record.Tenant), &record.Key, (*string)(&record.Subject), &decidedAt, &recipient, &record.Bytes)
	if recipient != nil {
		record.Category = d.options.Disclosures
	}
	record.Events = []retention.Event{eventAt(EventDecided, instant(decidedAt))}
	return &record, ownCursor{Tenant: string(record.Tenant), Key: record.Key, At: decidedAt}, err
}

// Dispose deletes a decision.
func (d *ownDecisions) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return errAction(action)
	}
	return d.db.write(ctx, "delete decision", single(func() []Statement {
		return []Statement{{SQL: d.sql.remove, Args: []any{string(record.Tenant), record.Key}}}
	}))
}

// Disposed asks whether a decision is gone.
func (d *ownDecisions) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	left := int64(-1)
	err := d.db.read(ctx, "own decision", Statement{
		SQL: d.sql.one, Args: []any{string(record.Tenant), record.Key},
		Each: func(row Row) error { return row.Scan(&left) },
	})
	return left == 0, err
}

type ownOutboxSQL struct {
	all, one, remove string
	delivered        byTime
}

func newOwnOutboxSQL(t *template) ownOutboxSQL {
	const list = `SELECT position, tenant, subject, recorded_at, event FROM {outbox} WHERE delivered = 1`
	return ownOutboxSQL{
		all:       t.read(list + ` AND position > $1 ORDER BY position LIMIT $2`),
		delivered: newByTime(t, list, nil, math.MinInt64, "recorded_at", "position"),
		one:       t.read(`SELECT event FROM {outbox} WHERE position = $1`),
		// As in Trim, what the cache feed does not show yet stays.
		remove: t.read(`DELETE FROM {outbox} WHERE position = $1 AND event = $2 AND delivered = 1 AND {settled}
			RETURNING version, {order}`),
	}
}

// ownOutbox has the delivered rows of the outbox. A key is the position and the
// event's ID: positions alone come again after a restore.
type ownOutbox struct {
	ownRecords
	sql ownOutboxSQL
}

func eventID(envelope string) (string, error) {
	var event privacy.Event
	if err := json.Unmarshal([]byte(envelope), &event); err != nil {
		return "", fmt.Errorf("sqlstore: a stored audit event cannot be read: %w", privacy.ErrInvalid)
	}
	return event.ID, nil
}

// Candidates gives the delivered rows that are old enough.
func (o *ownOutbox) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	lane := ownLane{row: o.scan, next: func(after ownCursor, _ bool) []Statement {
		return []Statement{{SQL: o.sql.all, Args: []any{after.Position}}}
	}}
	if !query.All {
		dues, err := newDues(query, o.options.Outbox, EventLastRecorded)
		if err != nil {
			return retention.Page{}, err
		}
		before := int64(math.MinInt64)
		for i := range dues {
			before = max(before, dues[i].until(EventLastRecorded))
		}
		lane.next = func(after ownCursor, begin bool) []Statement {
			return o.sql.delivered.from(begin, nil, after.At, before, after.Position)
		}
	}
	return o.db.readLanes(ctx, "own outbox", query, []ownLane{lane})
}

func (o *ownOutbox) scan(row Row) (*retention.Record, ownCursor, error) {
	record := retention.Record{System: OutboxSystem, Category: o.options.Outbox, Role: o.options.Role}
	var at ownCursor
	var envelope string
	if err := row.Scan(&at.Position, (*string)(&record.Tenant), (*string)(&record.Subject), &at.At, &envelope); err != nil {
		return nil, at, err
	}
	id, err := eventID(envelope)
	record.Key, record.Bytes = strconv.FormatInt(at.Position, 10)+":"+id, int64(len(envelope))
	record.Events = []retention.Event{eventAt(EventLastRecorded, instant(at.At))}
	return &record, at, err
}

// row returns the position of a record and, if its event is still there, the event.
func (o *ownOutbox) row(ctx context.Context, record *retention.Record) (position int64, envelope string, there bool, err error) {
	number, id, _ := strings.Cut(record.Key, ":")
	if position, err = strconv.ParseInt(number, 10, 64); err != nil {
		return 0, "", false, fmt.Errorf("sqlstore: not a row of the outbox: %w", privacy.ErrInvalid)
	}
	err = o.db.read(ctx, "own outbox", Statement{
		SQL: o.sql.one, Args: []any{position}, Each: func(row Row) error { return row.Scan(&envelope) },
	})
	if err != nil || envelope == "" {
		return position, "", false, err
	}
	found, err := eventID(envelope)
	return position, envelope, found == id, err
}

// Dispose deletes a row, and raises the horizon of the cache feed over it.
func (o *ownOutbox) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return errAction(action)
	}
	position, envelope, there, err := o.row(ctx, record)
	if err != nil || !there {
		return err
	}
	return o.db.write(ctx, "delete from outbox", &trimUnit{
		raise: o.db.core.outbox.raise, remove: o.sql.remove, args: []any{position, envelope},
	})
}

// Disposed asks whether a row is gone.
func (o *ownOutbox) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	_, _, there, err := o.row(ctx, record)
	return !there && err == nil, err
}
