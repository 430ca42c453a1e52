package sqlstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// maxSubjects bounds the subjects of one statement.
const maxSubjects = 500

// Streams returns the streams of keys. See consent.LedgerStore. It takes one
// statement for up to 500 subjects of a tenant.
func (s *ConsentStore) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	streams := make([]consent.Stream, len(keys))
	for i, key := range keys {
		streams[i].Key = key
	}
	var statements []Statement
	switch len(keys) {
	case 0:
		return streams, ctx.Err()
	case 1:
		statements = []Statement{s.oneStream(&streams[0])}
	default:
		statements = s.manyStreams(streams)
	}
	if err := s.work.read(ctx, "streams", statements...); err != nil {
		return nil, err
	}
	return streams, nil
}

func (s *ConsentStore) oneStream(into *consent.Stream) Statement {
	return Statement{
		SQL:  s.core.ledger.readStream,
		Args: []any{string(into.Key.Tenant), string(into.Key.Subject)},
		Each: func(row Row) error {
			var version int64
			err := row.Scan(&version, &into.State)
			into.Version = uint64(version)
			return err
		},
	}
}

func (s *ConsentStore) manyStreams(streams []consent.Stream) []Statement {
	places := make(map[consent.StreamKey][]int, len(streams))
	subjects := map[privacy.TenantID][]any{}
	for i := range streams {
		key := streams[i].Key
		if places[key] == nil {
			subjects[key.Tenant] = append(subjects[key.Tenant], string(key.Subject))
		}
		places[key] = append(places[key], i)
	}
	var statements []Statement
	for tenant, all := range subjects {
		for chunk := range slices.Chunk(all, maxSubjects) {
			statements = append(statements, Statement{
				SQL:  s.core.ledger.readStreams + placeholders(s.core.dialect, 2, padded(len(chunk))),
				Args: append([]any{string(tenant)}, pad(chunk)...),
				Each: func(row Row) error { return scanStream(row, tenant, places, streams) },
			})
		}
	}
	return statements
}

func scanStream(row Row, tenant privacy.TenantID, places map[consent.StreamKey][]int, streams []consent.Stream) error {
	key := consent.StreamKey{Tenant: tenant}
	var version int64
	var state []byte
	if err := row.Scan((*string)(&key.Subject), &version, &state); err != nil {
		return err
	}
	for n, i := range places[key] {
		if n > 0 {
			state = slices.Clone(state)
		}
		streams[i].Version, streams[i].State = uint64(version), state
	}
	return nil
}

// padded rounds a number of arguments up to one of a few, so that there are few
// statements to prepare.
func padded(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return min(size, max(n, maxSubjects))
}

// pad repeats the last argument, which changes nothing in a list for IN.
func pad(args []any) []any {
	list := make([]any, padded(len(args)))
	for i := copy(list, args); i < len(list); i++ {
		list[i] = args[len(args)-1]
	}
	return list
}

// placeholders returns "($first, …)" with n placeholders.
func placeholders(dialect Dialect, first, n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte(dialect.placeholder())
		b.WriteString(strconv.Itoa(first + i))
	}
	b.WriteByte(')')
	return b.String()
}

// Records returns a page of a stream's records. See consent.LedgerStore.
func (s *ConsentStore) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	if limit < 1 {
		return nil, errLimit("records")
	}
	var records []consent.Record
	err := s.work.read(ctx, "records", Statement{
		SQL:  s.core.ledger.readRecords,
		Args: []any{string(key.Tenant), string(key.Subject), int64(min(after, 1<<63-1)), int64(limit)},
		Each: func(row Row) error {
			record, err := scanRecord(row, key)
			records = append(records, record)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return records, nil
}

func scanRecord(row Row, key consent.StreamKey) (consent.Record, error) {
	record := consent.Record{Tenant: key.Tenant, Subject: key.Subject}
	var sequence, occurredAt, recordedAt int64
	var idempotencyKey *string
	var commitment []byte
	err := row.Scan(&sequence, &record.ID, (*string)(&record.Kind), &occurredAt, &recordedAt,
		&idempotencyKey, &record.Salt, &commitment, &record.Payload)
	if err != nil {
		return record, err
	}
	if len(commitment) != sha256.Size {
		return record, fmt.Errorf("a stored commitment has %d bytes: %w", len(commitment), privacy.ErrInvalid)
	}
	record.Sequence = uint64(sequence)
	record.OccurredAt, record.RecordedAt = instant(occurredAt), instant(recordedAt)
	if idempotencyKey != nil {
		record.Key = *idempotencyKey
	}
	copy(record.Commitment[:], commitment)
	return record, nil
}

// Subjects returns a page of a tenant's subjects. See consent.LedgerStore.
func (s *ConsentStore) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	if limit < 1 {
		return nil, errLimit("subjects")
	}
	var subjects []privacy.SubjectID
	err := s.work.read(ctx, "subjects", Statement{
		SQL:  s.core.ledger.readSubjects,
		Args: []any{string(tenant), string(after), int64(limit)},
		Each: func(row Row) error {
			var subject string
			err := row.Scan(&subject)
			subjects = append(subjects, privacy.SubjectID(subject))
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return subjects, nil
}
