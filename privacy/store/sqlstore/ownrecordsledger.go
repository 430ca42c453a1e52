package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

type ownLedgerSQL struct {
	all, unknown, tenant, one, left string
	settle, rest                    string
	// silent are the idle streams without a relationship, ended those with one. Those
	// of which neither is known are in a lane of their own.
	silent, ended byTime
}

func newOwnLedgerSQL(t *template) ownLedgerSQL {
	const (
		// An erasure that came as an effect has redacted nothing.
		joined = `SELECT s.tenant, s.subject, s.version, s.state, s.idle_since, CASE WHEN e.kind <> 'erased' OR EXISTS (
				SELECT 1 FROM {events} x WHERE x.tenant = s.tenant AND x.subject = s.subject AND x.kind <> 'erased' AND x.payload IS NOT NULL
			) THEN 0 ELSE 1 END, e.recorded_at
			FROM {streams} s JOIN {events} e ON e.tenant = s.tenant AND e.subject = s.subject AND e.sequence = s.version
			WHERE s.subject <> ''`
		idle = `SELECT tenant, subject, version, state, idle_since, 0, last_recorded
			FROM {streams} WHERE subject <> '' AND idle_since IS NOT NULL`
		page = ` AND (s.tenant, s.subject) > ($1, $2) ORDER BY s.tenant, s.subject LIMIT $3`
	)
	return ownLedgerSQL{
		all:     t.read(joined + page),
		unknown: t.read(joined + ` AND s.idle_since IS NOT NULL AND s.ended = 0 AND s.idle_since = 0` + page),
		tenant:  t.read(idle + ` AND idle_since > 0 AND tenant = $1 AND subject > $2 ORDER BY subject LIMIT $3`),
		one:     t.read(joined + ` AND s.tenant = $1 AND s.subject = $2`),
		settle: t.read(`UPDATE {streams} SET idle_since = $4, ended = $5, last_recorded = $6
			WHERE tenant = $1 AND subject = $2 AND version = $3 AND idle_since = 0`),
		rest: t.read(`UPDATE {streams} SET idle_since = NULL WHERE tenant = $1 AND subject = $2 AND version = $3`),
		left: t.read(`SELECT COUNT(*) FROM {events} WHERE tenant = $1 AND subject = $2 AND kind <> 'erased'
			AND (payload IS NOT NULL OR salt IS NOT NULL OR idempotency_key IS NOT NULL)`),
		silent: newByTime(t, idle+` AND ended = 0`, nil, idleUnknown, "idle_since", "tenant", "subject"),
		ended:  newByTime(t, idle+` AND ended = 1`, nil, idleUnknown, "idle_since", "tenant", "subject"),
	}
}

// ownLedger has the streams of subjects.
type ownLedger struct {
	ownRecords
	redactor Redactor
	sql      ownLedgerSQL
}

// ownStream is a stream as it is now.
type ownStream struct {
	record retention.Record
	place  ownCursor
	// redacted says that nothing is left in it to redact, inUse that it has a
	// relationship or a consent in force.
	redacted, inUse bool
	version         uint64
	// columns tell the next sweep the same.
	columns []any
}

func (s *ownStream) idle() bool { return !s.redacted && !s.inUse }

func (l *ownLedger) scan(row Row) (ownStream, error) {
	var tenant, subject string
	var version, redacted, recordedAt int64
	var idleSince *int64
	var state []byte
	if err := row.Scan(&tenant, &subject, &version, &state, &idleSince, &redacted, &recordedAt); err != nil {
		return ownStream{}, err
	}
	stream := consent.Stream{Key: streamKey(tenant, subject), Version: uint64(version), State: state}
	folded, err := subjectState(stream)
	if err != nil {
		return ownStream{}, err
	}
	s := ownStream{
		place:    ownCursor{Tenant: tenant, Key: subject},
		redacted: redacted != 0, inUse: inUse(&folded), version: stream.Version,
		columns: idleColumns(stream.Key, &folded, redacted != 0, recordedAt),
		record: retention.Record{
			System: LedgerSystem, Key: subject, Tenant: stream.Key.Tenant, Subject: stream.Key.Subject,
			Category: l.options.Ledger, Role: l.options.Role,
			Events: []retention.Event{eventAt(EventLastRecorded, instant(recordedAt))},
		},
	}
	if idleSince != nil {
		s.place.At = *idleSince
	}
	if ended := folded.Relationship; !ended.On && ended.Sequence > 0 {
		s.record.Events = append(s.record.Events, eventAt(EventRelationshipEnded, ended.At))
	}
	return s, nil
}

// Candidates gives the streams that nothing is recorded in any more.
func (l *ownLedger) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	if query.All {
		return l.db.readLanes(ctx, "own streams", query, []ownLane{l.byKey(l.sql.all, func(*ownStream) bool { return true })})
	}
	dues, err := newDues(query, l.options.Ledger, EventLastRecorded, EventRelationshipEnded)
	if err != nil {
		return retention.Page{}, err
	}
	// A stream whose relationship ended lies where that lies, or its last event if
	// that is earlier, and hence before the later of the two bounds if it is due.
	ended, _ := dues[0].latest()
	ordinary := func(s *ownStream) bool { return s.idle() && !dues.special(string(s.record.Tenant)) }
	lanes := []ownLane{
		l.byTime(l.sql.silent, dues[0].until(EventLastRecorded), ordinary),
		l.byTime(l.sql.ended, ended, ordinary),
	}
	for _, tenant := range specialTenants(dues) {
		if _, some := dues.of(tenant).latest(); some {
			lanes = append(lanes, l.ofTenant(tenant))
		}
	}
	// These come last: what is written down of one puts it into another lane.
	var unknown []ownStream
	lanes = append(lanes, l.byKey(l.sql.unknown, func(s *ownStream) bool {
		unknown = append(unknown, *s)
		return s.idle()
	}))
	page, err := l.db.readLanes(ctx, "own streams", query, lanes)
	if err != nil {
		return retention.Page{}, err
	}
	return page, l.settle(ctx, unknown)
}

// byKey returns the lane of streams in the order of their keys.
func (l *ownLedger) byKey(sql string, candidate func(*ownStream) bool) ownLane {
	return ownLane{row: l.row(candidate), next: func(after ownCursor, _ bool) []Statement {
		return []Statement{{SQL: sql, Args: []any{after.Tenant, after.Key}}}
	}}
}

// byTime returns the lane of streams in the order of since when they are idle.
func (l *ownLedger) byTime(sql byTime, before int64, candidate func(*ownStream) bool) ownLane {
	return ownLane{row: l.row(candidate), next: func(after ownCursor, begin bool) []Statement {
		return sql.from(begin, nil, after.At, before, after.Tenant, after.Key)
	}}
}

// ofTenant returns the lane of the idle streams of one tenant.
func (l *ownLedger) ofTenant(tenant string) ownLane {
	return ownLane{row: l.row((*ownStream).idle), next: func(after ownCursor, _ bool) []Statement {
		return []Statement{{SQL: l.sql.tenant, Args: []any{tenant, after.Key}}}
	}}
}

func (l *ownLedger) row(candidate func(*ownStream) bool) func(Row) (*retention.Record, ownCursor, error) {
	return func(row Row) (*retention.Record, ownCursor, error) {
		s, err := l.scan(row)
		if err != nil || !candidate(&s) {
			return nil, s.place, err
		}
		return &s.record, s.place, nil
	}
}

// settle writes down what was found out about streams, so that it is not asked
// again. Where nothing can be written, it is.
func (l *ownLedger) settle(ctx context.Context, streams []ownStream) error {
	if len(streams) == 0 {
		return nil
	}
	statements := make([]Statement, len(streams))
	for i := range streams {
		s := &streams[i]
		statements[i] = Statement{SQL: l.sql.settle, Args: append([]any{s.place.Tenant, s.place.Key, int64(s.version)}, s.columns...)}
	}
	err := l.db.write(ctx, "settle streams", single(func() []Statement { return statements }))
	if errors.Is(err, ErrReadOnly) {
		return nil
	}
	return err
}

func (l *ownLedger) find(ctx context.Context, record *retention.Record) (*ownStream, error) {
	var found *ownStream
	err := l.db.read(ctx, "own stream", Statement{
		SQL: l.sql.one, Args: []any{string(record.Tenant), record.Key},
		Each: func(row Row) error {
			s, err := l.scan(row)
			found = &s
			return err
		},
	})
	return found, err
}

// Dispose redacts a stream that is as it was read. One of which nothing is left is no
// candidate from then on.
func (l *ownLedger) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return errAction(action)
	}
	stream, err := l.find(ctx, record)
	if err != nil || stream == nil {
		return err
	}
	if stream.redacted {
		return l.db.write(ctx, "settle stream", single(func() []Statement {
			return []Statement{{SQL: l.sql.rest, Args: []any{string(record.Tenant), record.Key, int64(stream.version)}}}
		}))
	}
	if !slices.EqualFunc(stream.record.Events, record.Events, func(a, b retention.Event) bool { return a.Name == b.Name && a.At.Equal(b.At) }) {
		return nil
	}
	// What was recorded after a redaction is redacted for a cause of its own.
	_, err = l.redactor.Redact(ctx, record.Tenant, privacy.SubjectID(record.Key), fmt.Sprintf("retention-%d", stream.version))
	return err
}

// Disposed asks whether any event but erasures still has what redaction takes.
func (l *ownLedger) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	left := int64(-1)
	err := l.db.read(ctx, "own stream", Statement{
		SQL: l.sql.left, Args: []any{string(record.Tenant), record.Key},
		Each: func(row Row) error { return row.Scan(&left) },
	})
	return left == 0, err
}
