package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// Append appends to streams, all in one transaction. See consent.LedgerStore.
func (s *ConsentStore) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	if len(appends) == 0 {
		return nil, ctx.Err()
	}
	u := s.appendUnit(appends)
	if err := s.work.write(ctx, "append", u); err != nil {
		return nil, err
	}
	return u.results, nil
}

// Redact appends an erasure and redacts what was before it. See
// consent.LedgerStore. A refusal is in the result's Err. The last record of the
// erasure must be of the kind consent.KindErased, or nothing is done.
func (s *ConsentStore) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	if n := len(erasure.Records); n == 0 || erasure.Records[n-1].Kind != consent.KindErased {
		return consent.Appended{Err: fmt.Errorf("sqlstore: redaction needs an erasure: %w", privacy.ErrInvalid)}, ctx.Err()
	}
	u := s.appendUnit([]consent.Append{erasure})
	u.redact = true
	if err := s.work.write(ctx, "redact", u); err != nil {
		return consent.Appended{}, err
	}
	return u.results[0], nil
}

// appendUnit carries out appends.
type appendUnit struct {
	sql     *ledgerSQL
	appends []consent.Append
	refused []error // by index: what is wrong with the append as it stands
	redact  bool
	// together makes the first refusal that of the whole unit.
	together bool
	// place is set where streams that are not there must be placed, to be
	// locked, instead of being inserted at the end: in a transaction of the host
	// on PostgreSQL, which a lost race would abort. All are placed before the
	// first is locked, or two such units could wait for each other.
	place bool

	streams map[consent.StreamKey]*openStream
	ordered []*openStream
	looked  bool
	results []consent.Appended
	writes  []Statement
}

// openStream is a stream while a unit works on it.
type openStream struct {
	stream          consent.Stream
	tenant, subject any // the key as arguments
	transaction     int64
	exists          bool
	// keys has the sequences of the records under the idempotency keys of the
	// work, 0 for a new one.
	keys map[string]uint64
	// originals are the payloads of stored records that appends may repeat.
	originals map[uint64][]byte
	// appended are the records that the unit has appended.
	appended []consent.Record
}

func (s *openStream) changed() bool { return len(s.appended) > 0 }

var errOvertaken = errors.New("another transaction created the stream")

// overtaken reports whether the stream was created between the two reads: there
// was no row to lock, and yet a key of its records is there.
func (s *openStream) overtaken() bool {
	if s.exists {
		return false
	}
	for _, sequence := range s.keys {
		if sequence > 0 {
			return true
		}
	}
	return false
}

func (s *ConsentStore) appendUnit(appends []consent.Append) *appendUnit {
	u := &appendUnit{
		sql: &s.core.ledger, appends: appends, refused: make([]error, len(appends)),
		place: s.joined && s.core.dialect == PostgreSQL,
	}
	for i := range appends {
		u.refused[i] = checkAppend(&appends[i])
	}
	return u
}

// checkAppend refuses what a database might take for something else, or refuse
// together with the appends beside it.
func checkAppend(a *consent.Append) error {
	if len(a.Records) == 0 {
		return fmt.Errorf("sqlstore: an append without records: %w", privacy.ErrInvalid)
	}
	if err := privacy.CheckID("tenant", string(a.Key.Tenant)); err != nil {
		return err
	}
	if a.Key.Subject != "" {
		if err := privacy.CheckID("subject", string(a.Key.Subject)); err != nil {
			return err
		}
	}
	for i := range a.Records {
		r := &a.Records[i]
		if r.Tenant != a.Key.Tenant || r.Subject != a.Key.Subject {
			return fmt.Errorf("sqlstore: a record of another stream: %w", privacy.ErrInvalid)
		}
		if err := privacy.CheckID("event id", r.ID); err != nil {
			return err
		}
		if r.Key != "" {
			if err := privacy.CheckID("idempotency key", r.Key); err != nil {
				return err
			}
		}
		if len(r.Payload) == 0 || len(r.Payload) > consent.MaxPayload {
			return fmt.Errorf("sqlstore: a payload must have 1 to %d bytes: %w", consent.MaxPayload, privacy.ErrInvalid)
		}
	}
	return nil
}

func (u *appendUnit) start() []Statement {
	u.streams, u.ordered, u.writes = make(map[consent.StreamKey]*openStream, len(u.appends)), nil, nil
	u.looked = false
	u.results = make([]consent.Appended, len(u.appends))
	for i := range u.appends {
		if u.results[i].Err = u.refused[i]; u.refused[i] == nil {
			u.open(&u.appends[i])
		}
	}
	// Every unit locks streams in the same order, so that none waits in a circle.
	slices.SortFunc(u.ordered, func(a, b *openStream) int {
		return cmp.Or(strings.Compare(string(a.stream.Key.Tenant), string(b.stream.Key.Tenant)),
			strings.Compare(string(a.stream.Key.Subject), string(b.stream.Key.Subject)))
	})
	if u.place {
		return append(u.placeholders(), u.reads()...)
	}
	return u.reads()
}

func (u *appendUnit) open(a *consent.Append) {
	s := u.streams[a.Key]
	if s == nil {
		s = &openStream{
			stream: consent.Stream{Key: a.Key}, tenant: string(a.Key.Tenant), subject: string(a.Key.Subject),
			keys: make(map[string]uint64, len(a.Records)),
		}
		u.streams[a.Key] = s
		u.ordered = append(u.ordered, s)
	}
	for i := range a.Records {
		if key := a.Records[i].Key; key != "" {
			s.keys[key] = 0
		}
	}
}

func (u *appendUnit) reads() []Statement {
	statements := make([]Statement, 0, 2*len(u.ordered))
	for _, s := range u.ordered {
		statements = append(statements, Statement{
			SQL: u.sql.lockStream, Args: []any{s.tenant, s.subject},
			Each: func(row Row) error {
				var version int64
				s.exists = true
				err := row.Scan(&version, &s.stream.State, &s.transaction)
				s.stream.Version = uint64(version)
				return err
			},
		})
		for key := range s.keys {
			statements = append(statements, Statement{
				SQL: u.sql.findKey, Args: []any{s.tenant, s.subject, key},
				Each: func(row Row) error {
					var sequence int64
					err := row.Scan(&sequence)
					s.keys[key] = uint64(sequence)
					return err
				},
			})
		}
	}
	return statements
}

func (u *appendUnit) next() ([]Statement, bool, error) {
	if !u.looked {
		u.looked = true
		if slices.ContainsFunc(u.ordered, (*openStream).overtaken) {
			return nil, false, &Error{Op: "append", kind: ErrBusy, cause: errOvertaken, class: classRetry}
		}
		if statements := u.originals(); len(statements) > 0 {
			return statements, false, nil
		}
	}
	for i := range u.appends {
		result := &u.results[i]
		if result.Err == nil {
			u.apply(&u.appends[i], result)
		}
		if result.Err != nil && u.together {
			return nil, false, result.Err
		}
	}
	if err := u.writeStreams(); err != nil {
		return nil, false, err
	}
	return u.writes, true, nil
}

func (u *appendUnit) placeholders() []Statement {
	statements := make([]Statement, 0, 3*len(u.ordered))
	for _, s := range u.ordered {
		statements = append(statements, Statement{SQL: u.sql.placeStream, Args: []any{s.tenant, s.subject}})
	}
	return statements
}

// originals reads the records that appends with a used key may repeat.
func (u *appendUnit) originals() []Statement {
	var statements []Statement
	for i := range u.appends {
		if u.refused[i] != nil {
			continue
		}
		s := u.streams[u.appends[i].Key]
		first := s.keys[u.appends[i].Records[0].Key]
		if first == 0 {
			continue
		}
		statements = append(statements, Statement{
			SQL: u.sql.readPayloads, Args: []any{s.tenant, s.subject, int64(first), int64(len(u.appends[i].Records))},
			Each: func(row Row) error {
				var sequence int64
				var payload []byte
				err := row.Scan(&sequence, &payload)
				if s.originals == nil {
					s.originals = map[uint64][]byte{}
				}
				s.originals[uint64(sequence)] = payload
				return err
			},
		})
	}
	return statements
}

// apply carries out one append on the open streams and collects what to write.
func (u *appendUnit) apply(a *consent.Append, result *consent.Appended) {
	s := u.streams[a.Key]
	if first := s.keys[a.Records[0].Key]; first > 0 {
		if result.Err = a.Repeats(s.stored(first, len(a.Records))); result.Err == nil {
			*result = consent.Appended{Stream: s.copy(), First: first, Last: first + uint64(len(a.Records)) - 1, Duplicate: true}
		}
		return
	}
	if result.Err = s.checkFurtherKeys(a); result.Err != nil {
		return
	}
	next, records, events, err := consent.Advance(s.stream, *a)
	if err != nil {
		result.Err = err
		return
	}
	writes, err := u.recordWrites(s, records, events)
	if err != nil {
		result.Err = err
		return
	}
	u.writes = append(u.writes, writes...)
	s.stream, s.appended = next, append(s.appended, records...)
	*result = consent.Appended{Stream: s.copy(), First: records[0].Sequence, Last: next.Version}
	for i := range records {
		if key := records[i].Key; key != "" {
			s.keys[key] = records[i].Sequence
		}
	}
}

// stored returns up to n records from the one with the sequence first on, as
// far as Repeats looks at them.
func (s *openStream) stored(first uint64, n int) []consent.Record {
	var records []consent.Record
	for sequence := first; len(records) < n && sequence <= s.stream.Version; sequence++ {
		if s.changed() && sequence >= s.appended[0].Sequence {
			records = append(records, s.appended[sequence-s.appended[0].Sequence])
			continue
		}
		payload, ok := s.originals[sequence]
		if !ok {
			break
		}
		records = append(records, consent.Record{Sequence: sequence, Payload: payload})
	}
	return records
}

// checkFurtherKeys refuses an append that shares a key with others, but not its
// first: it neither repeats an append nor is it new.
func (s *openStream) checkFurtherKeys(a *consent.Append) error {
	for i := 1; i < len(a.Records); i++ {
		key := a.Records[i].Key
		if key == "" {
			continue
		}
		repeated := slices.ContainsFunc(a.Records[:i], func(r consent.Record) bool { return r.Key == key })
		if repeated || s.keys[key] > 0 {
			return fmt.Errorf("sqlstore: the idempotency key of a further record was used before: %w", privacy.ErrConflict)
		}
	}
	return nil
}

func (s *openStream) copy() consent.Stream {
	stream := s.stream
	stream.State = slices.Clone(stream.State)
	return stream
}

func (u *appendUnit) recordWrites(s *openStream, records []consent.Record, events []privacy.Event) ([]Statement, error) {
	writes := make([]Statement, 0, 2*len(records)+1)
	if u.redact {
		writes = append(writes, Statement{SQL: u.sql.redact, Args: []any{s.tenant, s.subject, int64(records[0].Sequence)}})
	}
	for i := range records {
		r := &records[i]
		envelope, err := encodeEvent(events[i])
		if err != nil {
			return nil, err
		}
		recordedAt := r.RecordedAt.UnixMicro()
		writes = append(writes,
			Statement{SQL: u.sql.insertEvent, Args: []any{s.tenant, s.subject, int64(r.Sequence), r.ID, string(r.Kind),
				r.OccurredAt.UnixMicro(), recordedAt, text(r.Key), blob(r.Salt), r.Commitment[:], r.Payload}},
			Statement{SQL: u.sql.insertOutbox, Args: []any{s.transaction, s.tenant, s.subject, int64(r.Sequence), recordedAt, envelope}},
		)
	}
	return writes, nil
}

func (u *appendUnit) writeStreams() error {
	for _, s := range u.ordered {
		if !s.changed() {
			continue
		}
		sql := u.sql.insertStream
		if s.exists {
			sql = u.sql.updateStream
		}
		last := &s.appended[len(s.appended)-1]
		state, err := subjectState(s.stream)
		if err != nil {
			return err
		}
		u.writes = append(u.writes, Statement{SQL: sql, Args: append(
			[]any{s.tenant, s.subject, int64(s.stream.Version), s.stream.State},
			idleColumns(s.stream.Key, &state, u.redact, last.RecordedAt.UnixMicro())...,
		)})
	}
	return nil
}

// encodeEvent returns the JSON of an audit event with its time in UTC and whole
// microseconds, as everything is stored.
func encodeEvent(event privacy.Event) (string, error) {
	event.Time = instant(event.Time.UnixMicro())
	envelope, err := json.Marshal(event)
	if err != nil {
		return "", fmt.Errorf("sqlstore: an audit event cannot be encoded: %w", privacy.ErrInvalid)
	}
	return string(envelope), nil
}
