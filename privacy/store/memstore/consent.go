package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// ConsentOptions configure a ConsentStore.
type ConsentOptions struct {
	// Clock stamps what effects of other packages record; nil means
	// privacy.SystemClock.
	Clock privacy.Clock
	// IDs names those events; nil means privacy.RandomIDs.
	IDs privacy.IDSource
	// Source is the CloudEvents source of their audit events; "" means
	// "/privacykit/consent".
	Source string
}

// ConsentStore is a consent.Store in memory. It is safe for concurrent use.
type ConsentStore struct {
	options ConsentOptions

	lock      sync.Mutex
	streams   map[consent.StreamKey]*stream
	outbox    []outboxRow
	position  int64
	trimmed   int64
	decisions map[privacy.TenantID]map[string]consent.DecisionRecord
}

var _ consent.Store = (*ConsentStore)(nil)

type stream struct {
	consent.Stream
	records []consent.Record
}

type outboxRow struct {
	position     int64
	recordedAt   time.Time
	event        privacy.Event
	change       *consent.Change // nil for a decision
	worker       string
	claimedUntil time.Time
	attempt      int
	delivered    bool
}

// NewConsent returns an empty store. options may be nil.
func NewConsent(options *ConsentOptions) *ConsentStore {
	s := &ConsentStore{streams: map[consent.StreamKey]*stream{}, decisions: map[privacy.TenantID]map[string]consent.DecisionRecord{}}
	if options != nil {
		s.options = *options
	}
	if s.options.Clock == nil {
		s.options.Clock = privacy.SystemClock{}
	}
	if s.options.IDs == nil {
		s.options.IDs = privacy.RandomIDs{}
	}
	if s.options.Source == "" {
		s.options.Source = "/privacykit/consent"
	}
	return s
}

// Append implements consent.LedgerStore.
func (s *ConsentStore) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	results := make([]consent.Appended, len(appends))
	for i, work := range appends {
		results[i] = s.append(work)
	}
	return results, nil
}

// Redact implements consent.LedgerStore.
func (s *ConsentStore) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	if err := ctx.Err(); err != nil {
		return consent.Appended{}, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var earlier int
	if current := s.streams[erasure.Key]; current != nil {
		earlier = len(current.records)
	}
	result := s.append(erasure)
	if result.Err != nil || result.Duplicate {
		return result, nil
	}
	records := s.streams[erasure.Key].records
	for i := range records[:earlier] {
		records[i].Payload, records[i].Salt, records[i].Key = nil, nil, ""
	}
	return result, nil
}

func (s *ConsentStore) append(work consent.Append) consent.Appended {
	current := s.streams[work.Key]
	if current == nil {
		current = &stream{Stream: consent.Stream{Key: work.Key}}
	}
	if original, ok := current.find(work.Records[0].Key); ok {
		return repeated(current, work, original)
	}
	next, records, events, err := consent.Advance(current.Stream, work)
	if err != nil {
		return consent.Appended{Err: err}
	}
	current.Stream = copyStream(next)
	for i, record := range records {
		current.records = append(current.records, copyRecord(record))
		s.enqueue(record.RecordedAt, events[i], &consent.Change{Key: work.Key, Version: record.Sequence})
	}
	s.streams[work.Key] = current
	return consent.Appended{Stream: copyStream(next), First: records[0].Sequence, Last: next.Version}
}

func (s *stream) find(key string) (int, bool) {
	if key == "" {
		return 0, false
	}
	i := slices.IndexFunc(s.records, func(r consent.Record) bool { return r.Key == key })
	return i, i >= 0
}

func repeated(current *stream, work consent.Append, original int) consent.Appended {
	stored := current.records[original:min(original+len(work.Records), len(current.records))]
	if err := work.Repeats(stored); err != nil {
		return consent.Appended{Err: err}
	}
	return consent.Appended{
		Stream: copyStream(current.Stream), Duplicate: true,
		First: stored[0].Sequence, Last: stored[len(stored)-1].Sequence,
	}
}

func (s *ConsentStore) enqueue(recordedAt time.Time, event privacy.Event, change *consent.Change) {
	s.position++
	event.Time = event.Time.UTC()
	event.Data = slices.Clone(event.Data)
	s.outbox = append(s.outbox, outboxRow{position: s.position, recordedAt: recordedAt, event: event, change: change})
}

// Streams implements consent.LedgerStore.
func (s *ConsentStore) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	streams := make([]consent.Stream, len(keys))
	for i, key := range keys {
		streams[i] = consent.Stream{Key: key}
		if current := s.streams[key]; current != nil {
			streams[i] = copyStream(current.Stream)
		}
	}
	return streams, nil
}

// Records implements consent.LedgerStore.
func (s *ConsentStore) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	current := s.streams[key]
	if current == nil || after >= uint64(len(current.records)) {
		return nil, nil
	}
	var page []consent.Record
	for _, record := range current.records[after:] {
		if len(page) == limit {
			break
		}
		page = append(page, copyRecord(record))
	}
	return page, nil
}

// Subjects implements consent.LedgerStore.
func (s *ConsentStore) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var subjects []privacy.SubjectID
	for key := range s.streams {
		if key.Tenant == tenant && key.Subject > after {
			subjects = append(subjects, key.Subject)
		}
	}
	slices.Sort(subjects)
	return subjects[:min(limit, len(subjects))], nil
}

// ApplyEffects implements consent.LedgerStore.
func (s *ConsentStore) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	before := s.snapshot()
	for _, effect := range effects {
		work, err := consent.EffectAppend(effect, s.options.IDs, s.options.Clock.Now(), s.options.Source)
		if err == nil {
			err = s.append(work).Err
		}
		if err != nil {
			s.restore(before)
			return err
		}
	}
	return nil
}

// snapshot and restore make several appends one unit of work.
type snapshot struct {
	streams  map[consent.StreamKey]stream
	outbox   int
	position int64
}

func (s *ConsentStore) snapshot() snapshot {
	streams := make(map[consent.StreamKey]stream, len(s.streams))
	for key, current := range s.streams {
		streams[key] = *current
	}
	return snapshot{streams: streams, outbox: len(s.outbox), position: s.position}
}

func (s *ConsentStore) restore(before snapshot) {
	s.streams = make(map[consent.StreamKey]*stream, len(before.streams))
	for key, current := range before.streams {
		s.streams[key] = &current
	}
	s.outbox, s.position = s.outbox[:before.outbox], before.position
}

// Changes implements consent.FeedStore.
func (s *ConsentStore) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if err := ctx.Err(); err != nil {
		return consent.ChangePage{}, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	position, err := parseCursor(after)
	if err != nil {
		return consent.ChangePage{}, err
	}
	page := consent.ChangePage{Next: after, Reset: after != "" && position < s.trimmed}
	start, _ := slices.BinarySearchFunc(s.outbox, position, func(row outboxRow, position int64) int {
		return int(row.position - position)
	})
	for _, row := range s.outbox[start:] {
		if row.position <= position || row.change == nil {
			continue
		}
		if len(page.Changes) == limit {
			return page, nil
		}
		page.Changes = append(page.Changes, *row.change)
		page.Next = cursorAt(row.position)
	}
	page.Next, page.Complete = cursorAt(s.position), true
	return page, nil
}

// Head implements consent.FeedStore.
func (s *ConsentStore) Head(ctx context.Context) (consent.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	return cursorAt(s.position), nil
}

func cursorAt(position int64) consent.Cursor {
	return consent.Cursor(strconv.FormatInt(position, 10))
}

func parseCursor(cursor consent.Cursor) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	position, err := strconv.ParseInt(string(cursor), 10, 64)
	if err != nil || position < 0 {
		return 0, fmt.Errorf("memstore: malformed cursor: %w", privacy.ErrInvalid)
	}
	return position, nil
}

// Claim implements consent.OutboxStore.
func (s *ConsentStore) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var deliveries []consent.Delivery
	for i := range s.outbox {
		row := &s.outbox[i]
		if len(deliveries) == claim.Limit {
			break
		}
		if row.delivered || row.claimedUntil.After(claim.Now) {
			continue
		}
		row.worker, row.claimedUntil = claim.Worker, claim.Now.Add(claim.Lease)
		row.attempt++
		event := row.event
		event.Data = slices.Clone(event.Data)
		deliveries = append(deliveries, consent.Delivery{
			Position: strconv.FormatInt(row.position, 10), Event: event, Attempt: row.attempt,
		})
	}
	return deliveries, nil
}

// Acknowledge implements consent.OutboxStore.
func (s *ConsentStore) Acknowledge(ctx context.Context, worker string, positions []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	lost := 0
	for _, position := range positions {
		i := slices.IndexFunc(s.outbox, func(row outboxRow) bool { return strconv.FormatInt(row.position, 10) == position })
		if i < 0 || s.outbox[i].worker != worker {
			lost++
			continue
		}
		s.outbox[i].delivered = true
	}
	if lost > 0 {
		return fmt.Errorf("memstore: %d deliveries are not held by the worker: %w", lost, privacy.ErrConflict)
	}
	return nil
}

// Trim implements consent.OutboxStore.
func (s *ConsentStore) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	kept := s.outbox[:0:0]
	for _, row := range s.outbox {
		if row.recordedAt.Before(before) && (row.delivered || undelivered) {
			s.trimmed = max(s.trimmed, row.position)
			continue
		}
		kept = append(kept, row)
	}
	trimmed := len(s.outbox) - len(kept)
	s.outbox = kept
	return trimmed, nil
}

// RecordDecision implements consent.DecisionStore.
func (s *ConsentStore) RecordDecision(ctx context.Context, record consent.DecisionRecord) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if stored, ok := s.decisions[record.Tenant][record.ID]; ok {
		if string(stored.Body) != string(record.Body) {
			return fmt.Errorf("memstore: a decision with this ID exists: %w", privacy.ErrConflict)
		}
		return nil
	}
	if !s.holds(record) {
		return fmt.Errorf("memstore: the state has changed since the decision: %w", privacy.ErrConflict)
	}
	if s.decisions[record.Tenant] == nil {
		s.decisions[record.Tenant] = map[string]consent.DecisionRecord{}
	}
	stored := record
	stored.At = record.At.UTC().Truncate(time.Microsecond)
	stored.Body = slices.Clone(record.Body)
	s.decisions[record.Tenant][record.ID] = stored
	s.enqueue(stored.At, record.Event, nil)
	return nil
}

func (s *ConsentStore) holds(record consent.DecisionRecord) bool {
	version := func(key consent.StreamKey) uint64 {
		if current := s.streams[key]; current != nil {
			return current.Version
		}
		return 0
	}
	if version(consent.StreamKey{Tenant: record.Tenant}) != record.Guard.TenantVersion {
		return false
	}
	return record.Subject == "" || version(consent.StreamKey{Tenant: record.Tenant, Subject: record.Subject}) == record.Guard.SubjectVersion
}

// Decisions implements consent.DecisionStore.
func (s *ConsentStore) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var found []consent.DecisionRecord
	for _, id := range slices.Sorted(maps.Keys(s.decisions[filter.Tenant])) {
		stored := s.decisions[filter.Tenant][id]
		if len(found) == filter.Limit {
			break
		}
		if id <= filter.After || (filter.ID != "" && id != filter.ID) || (!filter.AllSubjects && stored.Subject != filter.Subject) || (filter.Disclosures && stored.Recipient == "") {
			continue
		}
		record := stored
		record.Guard, record.Event, record.Body = consent.Guard{}, privacy.Event{}, slices.Clone(stored.Body)
		found = append(found, record)
	}
	return found, nil
}

// ForgetDecisions implements consent.DecisionStore.
func (s *ConsentStore) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	count := 0
	for id, stored := range s.decisions[key.Tenant] {
		if stored.Subject == key.Subject && stored.At.Before(before) {
			delete(s.decisions[key.Tenant], id)
			count++
		}
	}
	return count, nil
}

func copyStream(stream consent.Stream) consent.Stream {
	stream.State = slices.Clone(stream.State)
	return stream
}

func copyRecord(record consent.Record) consent.Record {
	record.Salt = slices.Clone(record.Salt)
	record.Payload = slices.Clone(record.Payload)
	return record
}
