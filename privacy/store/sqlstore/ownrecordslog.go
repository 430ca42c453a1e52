package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

type ownDecisionSQL struct{ page, one, remove string }

func newOwnDecisionSQL(t *template) ownDecisionSQL {
	return ownDecisionSQL{
		page: t.read(`SELECT tenant, id, subject, decided_at, recipient, LENGTH(body) FROM {decisions}
			WHERE (tenant, id) > ($1, $2) AND decided_at < $3 ORDER BY tenant, id LIMIT $4`),
		one:    t.read(`SELECT COUNT(*) FROM {decisions} WHERE tenant = $1 AND id = $2`),
		remove: t.read(`DELETE FROM {decisions} WHERE tenant = $1 AND id = $2`),
	}
}

// ownDecisions has the log of decisions.
type ownDecisions struct {
	ownRecords
	sql ownDecisionSQL
}

// Candidates gives the decisions that are old enough.
func (d *ownDecisions) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	after, err := parseOwnCursor(query.After)
	if err != nil {
		return retention.Page{}, err
	}
	decisions, err := latestDue(query, d.options.Decisions, EventDecided)
	if err != nil {
		return retention.Page{}, err
	}
	disclosures, err := latestDue(query, d.options.Disclosures, EventDecided)
	if err != nil {
		return retention.Page{}, err
	}
	var records []retention.Record
	err = d.db.read(ctx, "own decisions", Statement{
		SQL: d.sql.page, Args: []any{after.Tenant, after.Key, max(decisions, disclosures), int64(query.Limit)},
		Each: func(row Row) error {
			record, err := d.scan(row)
			records = append(records, record)
			return err
		},
	})
	if err != nil || len(records) == 0 {
		return retention.Page{}, err
	}
	last := &records[len(records)-1]
	return ownPage(query, records, len(records), ownCursor{Tenant: string(last.Tenant), Key: last.Key})
}

func (d *ownDecisions) scan(row Row) (retention.Record, error) {
	record := retention.Record{System: DecisionSystem, Category: d.options.Decisions, Role: d.options.Role}
	var decidedAt int64
	var recipient *string
	err := row.Scan((*string)(&record.Tenant), &record.Key, (*string)(&record.Subject), &decidedAt, &recipient, &record.Bytes)
	if recipient != nil {
		record.Category = d.options.Disclosures
	}
	record.Events = []retention.Event{eventAt(EventDecided, instant(decidedAt))}
	return record, err
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

type ownOutboxSQL struct{ page, one, remove string }

func newOwnOutboxSQL(t *template) ownOutboxSQL {
	return ownOutboxSQL{
		page: t.read(`SELECT position, tenant, subject, recorded_at, event FROM {outbox}
			WHERE position > $1 AND delivered = 1 AND recorded_at < $2 ORDER BY position LIMIT $3`),
		one: t.read(`SELECT event FROM {outbox} WHERE position = $1`),
		// As in Trim, what the cache feed does not show yet stays.
		remove: t.read(`DELETE FROM {outbox} WHERE position = $1 AND event = $2 AND delivered = 1 AND {settled}
			RETURNING position, version, {order}`),
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
	after, err := parseOwnCursor(query.After)
	if err != nil {
		return retention.Page{}, err
	}
	latest, err := latestDue(query, o.options.Outbox, EventLastRecorded)
	if err != nil {
		return retention.Page{}, err
	}
	var records []retention.Record
	var last ownCursor
	err = o.db.read(ctx, "own outbox", Statement{
		SQL: o.sql.page, Args: []any{after.Position, latest, int64(query.Limit)},
		Each: func(row Row) error {
			record := retention.Record{System: OutboxSystem, Category: o.options.Outbox, Role: o.options.Role}
			var recordedAt int64
			var envelope string
			if err := row.Scan(&last.Position, (*string)(&record.Tenant), (*string)(&record.Subject), &recordedAt, &envelope); err != nil {
				return err
			}
			id, err := eventID(envelope)
			record.Key, record.Bytes = strconv.FormatInt(last.Position, 10)+":"+id, int64(len(envelope))
			record.Events = []retention.Event{eventAt(EventLastRecorded, instant(recordedAt))}
			records = append(records, record)
			return err
		},
	})
	if err != nil {
		return retention.Page{}, err
	}
	return ownPage(query, records, len(records), last)
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
	u := &removeUnit{trimUnit: trimUnit{sql: &o.db.core.outbox}, remove: o.sql.remove, position: position, envelope: envelope}
	return o.db.write(ctx, "delete from outbox", u)
}

// removeUnit is a trimUnit for one row.
type removeUnit struct {
	trimUnit
	remove, envelope string
	position         int64
}

func (u *removeUnit) start() []Statement {
	statements := u.trimUnit.start()
	statements[0].SQL, statements[0].Args = u.remove, []any{u.position, u.envelope}
	return statements
}

// Disposed asks whether a row is gone.
func (o *ownOutbox) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	_, _, there, err := o.row(ctx, record)
	return !there && err == nil, err
}
