package sqlstore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Closed returns a page of the closed cases. See dsr.ClosedStore.
func (s *DSRStore) Closed(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
	if q.Limit < 1 {
		return nil, errLimit("cases")
	}
	sql := s.core.dsr.closed
	if q.Unredacted {
		sql = s.core.dsr.unredacted
	}
	ended := int64(math.MinInt64)
	if !q.After.Ended.IsZero() {
		ended = q.After.Ended.UnixMicro()
	}
	var found []dsr.ClosedCase
	err := s.work.read(ctx, "closed cases", Statement{
		SQL: sql, Args: []any{string(tenant), ended, string(q.After.ID), before(q.Before), int64(q.Limit)},
		Each: func(row Row) error {
			var c dsr.ClosedCase
			var ended, redacted int64
			err := row.Scan((*string)(&c.ID), &c.Regime, &ended, &redacted)
			c.Ended, c.Redacted = instant(ended), redacted != 0
			found = append(found, c)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Redact takes what identifies the person out of a case. See dsr.ClosedStore.
func (s *DSRStore) Redact(ctx context.Context, d dsr.Disposal) error {
	return s.dispose(ctx, "redact case", d, func(u *disposalUnit) ([]Statement, error) {
		if u.redacted != 0 {
			return nil, nil
		}
		c, err := dsr.DecodeCase(u.body)
		if err != nil {
			return nil, err
		}
		c = c.Redact()
		body, err := dsr.EncodeCase(c)
		if err != nil {
			return nil, err
		}
		return append([]Statement{
			{SQL: u.sql.redact, Args: append(u.key(), int64(c.Version), body)},
			{SQL: u.sql.eraseKeys, Args: u.key()},
		}, u.events...), nil
	})
}

// Erase removes a case and its log. See dsr.ClosedStore.
func (s *DSRStore) Erase(ctx context.Context, d dsr.Disposal) error {
	return s.dispose(ctx, "erase case", d, func(u *disposalUnit) ([]Statement, error) {
		return append([]Statement{
			{SQL: u.sql.eraseLog, Args: u.key()},
			{SQL: u.sql.eraseKeys, Args: u.key()},
			{SQL: u.sql.erase, Args: u.key()},
		}, u.events...), nil
	})
}

func (s *DSRStore) dispose(ctx context.Context, op string, d dsr.Disposal, write func(*disposalUnit) ([]Statement, error)) error {
	events, err := s.caseEvents(d.Tenant, d.Events)
	if err != nil {
		return err
	}
	return s.work.write(ctx, op, &disposalUnit{sql: &s.core.dsr, disposal: &d, events: events, write: write})
}

// disposalUnit disposes of a case that ended in time.
type disposalUnit struct {
	sql      *dsrSQL
	disposal *dsr.Disposal
	events   []Statement
	write    func(*disposalUnit) ([]Statement, error)

	there    bool
	ended    *int64
	redacted int64
	body     []byte
}

func (u *disposalUnit) key() []any { return []any{string(u.disposal.Tenant), string(u.disposal.ID)} }

func (u *disposalUnit) start() []Statement {
	u.there, u.ended, u.redacted, u.body = false, nil, 0, nil
	return []Statement{{SQL: u.sql.lockDisposed, Args: u.key(), Each: func(row Row) error {
		u.there = true
		return row.Scan(&u.ended, &u.redacted, &u.body)
	}}}
}

func (u *disposalUnit) next() ([]Statement, bool, error) {
	switch {
	case !u.there:
		return nil, true, nil
	case u.ended == nil || *u.ended >= before(u.disposal.Before):
		return nil, false, fmt.Errorf("sqlstore: the case has not ended by then: %w", privacy.ErrConflict)
	}
	statements, err := u.write(u)
	return statements, err == nil, err
}

// before returns the microseconds that a stored time must be under to be before t.
func before(t time.Time) int64 {
	microseconds := t.UnixMicro()
	if t.Nanosecond()%1000 > 0 {
		microseconds++
	}
	return microseconds
}
