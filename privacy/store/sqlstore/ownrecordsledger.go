package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

type ownLedgerSQL struct{ page, one, left string }

func newOwnLedgerSQL(t *template) ownLedgerSQL {
	const columns = `SELECT s.tenant, s.subject, s.version, s.state, e.kind, e.recorded_at
		FROM {streams} s JOIN {events} e ON e.tenant = s.tenant AND e.subject = s.subject AND e.sequence = s.version WHERE `
	return ownLedgerSQL{
		page: t.read(columns + `(s.tenant, s.subject) > ($1, $2) AND s.subject <> '' ORDER BY s.tenant, s.subject LIMIT $3`),
		one:  t.read(columns + `s.tenant = $1 AND s.subject = $2 AND s.subject <> ''`),
		left: t.read(`SELECT COUNT(*) FROM {events} WHERE tenant = $1 AND subject = $2 AND kind <> 'erased'
			AND (payload IS NOT NULL OR salt IS NOT NULL OR idempotency_key IS NOT NULL)`),
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
	record  retention.Record
	version uint64
	// erased says that nothing was recorded since it was redacted, inUse that it
	// has a relationship or a consent in force.
	erased, inUse bool
}

func (l *ownLedger) scan(row Row, found *[]ownStream) error {
	var tenant, subject, kind string
	var version, recordedAt int64
	var state []byte
	if err := row.Scan(&tenant, &subject, &version, &state, &kind, &recordedAt); err != nil {
		return err
	}
	stream := consent.Stream{Key: streamKey(tenant, subject), Version: uint64(version), State: state}
	folded, err := stream.SubjectState()
	if err != nil {
		return fmt.Errorf("sqlstore: the state of a stream cannot be read: %w", privacy.ErrInvalid)
	}
	s := ownStream{
		version: stream.Version, erased: kind == string(consent.KindErased),
		record: retention.Record{
			System: LedgerSystem, Key: subject, Tenant: stream.Key.Tenant, Subject: stream.Key.Subject,
			Category: l.options.Ledger, Role: l.options.Role,
			Events: []retention.Event{eventAt(EventLastRecorded, instant(recordedAt))},
		},
	}
	s.inUse = folded.Relationship.On || slices.ContainsFunc(folded.Purposes, func(p consent.PurposeState) bool {
		return p.Consent == consent.ConsentGranted
	})
	if ended := folded.Relationship; !ended.On && ended.Sequence > 0 {
		s.record.Events = append(s.record.Events, eventAt(EventRelationshipEnded, ended.At))
	}
	*found = append(*found, s)
	return nil
}

// Candidates gives the streams that nothing is recorded in any more.
func (l *ownLedger) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	after, err := parseOwnCursor(query.After)
	if err != nil {
		return retention.Page{}, err
	}
	var found []ownStream
	err = l.db.read(ctx, "own streams", Statement{
		SQL: l.sql.page, Args: []any{after.Tenant, after.Key, int64(query.Limit)},
		Each: func(row Row) error { return l.scan(row, &found) },
	})
	if err != nil {
		return retention.Page{}, err
	}
	var records []retention.Record
	var last ownCursor
	for i := range found {
		s := &found[i]
		last = ownCursor{Tenant: string(s.record.Tenant), Key: s.record.Key}
		if query.All || !s.erased && !s.inUse {
			records = append(records, s.record)
		}
	}
	return ownPage(query, records, len(found), last)
}

func (l *ownLedger) find(ctx context.Context, record *retention.Record) (*ownStream, error) {
	var found []ownStream
	err := l.db.read(ctx, "own stream", Statement{
		SQL: l.sql.one, Args: []any{string(record.Tenant), record.Key},
		Each: func(row Row) error { return l.scan(row, &found) },
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Dispose redacts a stream that is as it was read.
func (l *ownLedger) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return errAction(action)
	}
	stream, err := l.find(ctx, record)
	if err != nil || stream == nil || stream.erased {
		return err
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
