package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// DSRStore keeps what package dsr stores, in memory. Effects reach the streams
// and events the outbox of a ConsentStore. It is safe for concurrent use.
type DSRStore struct {
	ledger   *ConsentStore
	requests *RetentionStore

	lock     sync.Mutex
	cases    map[caseKey]*storedCase
	keys     map[updateKey]usedKey
	wakes    map[wakeKey]*wake
	buried   []dsr.Lease
	breaches map[breachKey]storedBreach
	effects  []privacy.Effect
	events   []privacy.Event
}

var _ dsr.Store = (*DSRStore)(nil)

type caseKey struct {
	tenant privacy.TenantID
	id     dsr.CaseID
}

type storedCase struct {
	body    []byte
	summary dsr.Summary
	version uint64
	subject privacy.SubjectID
	rights  []privacy.Right
	regime  string
	open    bool
	dead    bool
	// over is Case.Ended; redacted and ended are those of dsr.ClosedCase.
	over     bool
	redacted bool
	ended    time.Time
	lines    []dsr.LogLine
}

type updateKey struct {
	tenant privacy.TenantID
	key    string
}

type usedKey struct {
	digest string
	id     dsr.CaseID
}

// NewDSR returns an empty store that hands effects and events to ledger. Without
// one, updates that bring any fail.
func NewDSR(ledger *ConsentStore) *DSRStore {
	return &DSRStore{
		ledger: ledger, cases: map[caseKey]*storedCase{}, keys: map[updateKey]usedKey{},
		wakes: map[wakeKey]*wake{}, breaches: map[breachKey]storedBreach{},
	}
}

// WithRetention has the rights that are open in a case be open requests of a
// store, under dsr.OpenRequestID, so that sweeps leave their subject's records
// alone. It returns s, and is called before s is used.
func (s *DSRStore) WithRetention(requests *RetentionStore) *DSRStore {
	s.requests = requests
	return s
}

// enter begins a call, which leave ends.
func (s *DSRStore) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	return nil
}

func (s *DSRStore) leave() { s.lock.Unlock() }

func limited(n int) error {
	if n < 1 {
		return fmt.Errorf("memstore: a limit must be at least 1: %w", privacy.ErrInvalid)
	}
	return nil
}

// Update implements dsr.CaseStore.
func (s *DSRStore) Update(ctx context.Context, u dsr.Update) error {
	if err := u.Validate(); err != nil {
		return err
	}
	body, err := dsr.EncodeCase(u.Case)
	if err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	if used, ok := s.keys[updateKey{u.Case.Tenant, u.Key}]; ok && u.Key != "" {
		if used.digest != u.Digest {
			return fmt.Errorf("memstore: the key was used for something else: %w", privacy.ErrConflict)
		}
		return nil
	}
	if err := s.check(&u); err != nil {
		return err
	}
	stored := s.cases[caseKey{u.Case.Tenant, u.Case.ID}]
	if stored == nil {
		stored = &storedCase{}
	}
	lines, _, err := dsr.ChainLog(u.Case.Tenant, u.Case.ID, stored.head(), u.Lines)
	if err != nil {
		return err
	}
	if err := s.hand(u.Effects, u.Events); err != nil {
		return err
	}
	if s.requests != nil {
		s.requests.follow(stored, &u.Case)
	}
	stored.replace(&u, body, lines)
	s.write(&u, stored)
	return nil
}

// check reports why an update must not be written.
func (s *DSRStore) check(u *dsr.Update) error {
	stored := s.cases[caseKey{u.Case.Tenant, u.Case.ID}]
	switch {
	case u.Expect == 0 && stored != nil:
		return fmt.Errorf("memstore: the case exists: %w", privacy.ErrExists)
	case u.Expect != 0 && stored == nil:
		return fmt.Errorf("memstore: no such case: %w", privacy.ErrNotFound)
	case u.Expect != 0 && stored.version != u.Expect:
		return fmt.Errorf("memstore: the case has another version: %w", privacy.ErrConflict)
	}
	if u.Completes != nil {
		if held := s.wakes[keyOf(u.Completes.Wake)]; held == nil || held.lease.Token != u.Completes.Token {
			return fmt.Errorf("memstore: the lease is not the latest: %w", privacy.ErrConflict)
		}
	}
	return nil
}

// hand gives effects and events to the ledger, all or none.
func (s *DSRStore) hand(effects []privacy.Effect, events []privacy.Event) error {
	if len(effects)+len(events) == 0 {
		return nil
	}
	if s.ledger == nil {
		return fmt.Errorf("memstore: no ledger of consent to hand effects and events to: %w", privacy.ErrInvalid)
	}
	if err := s.ledger.accept(effects, events); err != nil {
		return err
	}
	for _, effect := range effects {
		effect.Purposes = slices.Clone(effect.Purposes)
		s.effects = append(s.effects, effect)
	}
	for _, event := range events {
		event.Data = slices.Clone(event.Data)
		s.events = append(s.events, event)
	}
	return nil
}

// Effects returns the effects that reached the ledger in a tenant, oldest first,
// for tests.
func (s *DSRStore) Effects(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	return slices.DeleteFunc(slices.Clone(s.effects), func(e privacy.Effect) bool { return e.Tenant != tenant }), nil
}

// Events returns the events that were handed to the outbox in a tenant, oldest
// first, for tests.
func (s *DSRStore) Events(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	return slices.DeleteFunc(slices.Clone(s.events), func(e privacy.Event) bool { return e.Tenant != tenant }), nil
}

// accept applies effects and enqueues events, all or none.
func (s *ConsentStore) accept(effects []privacy.Effect, events []privacy.Event) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	before := map[consent.StreamKey]*stream{}
	rows, position := len(s.outbox), s.position
	for _, effect := range effects {
		key := consent.StreamKey{Tenant: effect.Tenant, Subject: effect.Subject}
		if _, known := before[key]; !known {
			before[key] = nil
			if current := s.streams[key]; current != nil {
				kept := *current
				before[key] = &kept
			}
		}
		work, err := consent.EffectAppend(effect, s.options.IDs, s.options.Clock.Now(), s.options.Source)
		if err == nil {
			err = s.append(work).Err
		}
		if err != nil {
			maps.Copy(s.streams, before)
			maps.DeleteFunc(s.streams, func(_ consent.StreamKey, current *stream) bool { return current == nil })
			s.outbox, s.position = s.outbox[:rows], position
			return err
		}
	}
	for _, event := range events {
		event.Time = event.Time.Truncate(time.Microsecond)
		s.enqueue(event.Time.UTC(), event, nil)
	}
	return nil
}

func (c *storedCase) head() dsr.LogHead {
	if len(c.lines) == 0 {
		return dsr.LogHead{}
	}
	last := c.lines[len(c.lines)-1]
	return dsr.LogHead{Sequence: last.Sequence, Hash: last.Hash}
}

// replace puts the next version in the place of the one stored.
func (c *storedCase) replace(u *dsr.Update, body []byte, lines []dsr.LogLine) {
	received := u.Case.Received.UTC().Truncate(time.Microsecond)
	c.body, c.version = body, u.Case.Version
	c.summary = dsr.Summary{ID: u.Case.ID, State: u.Case.State(), Due: u.Due, Received: received}
	c.subject, c.regime, c.redacted, c.open = u.Case.Subject, u.Case.Regime, u.Case.Redacted, u.Case.Open()
	c.over, c.dead, c.rights = u.Case.Ended(), u.Case.HasDeadTask(), u.Case.OpenRights()
	c.lines = append(c.lines, lines...)
	if c.ended.Before(received) {
		c.ended = received
	}
	for _, line := range lines {
		if c.ended.Before(line.At) {
			c.ended = line.At
		}
	}
}

func (s *DSRStore) write(u *dsr.Update, c *storedCase) {
	s.cases[caseKey{u.Case.Tenant, u.Case.ID}] = c
	if u.Key != "" {
		s.keys[updateKey{u.Case.Tenant, u.Key}] = usedKey{u.Digest, u.Case.ID}
	}
	if u.Completes != nil {
		delete(s.wakes, keyOf(u.Completes.Wake))
	}
	for _, next := range u.Wakes {
		if _, waits := s.wakes[keyOf(next)]; !waits {
			next.RunAt = next.RunAt.UTC().Truncate(time.Microsecond)
			s.wakes[keyOf(next)] = &wake{lease: dsr.Lease{Wake: next}, from: next.RunAt}
		}
	}
}

// Digest implements dsr.CaseStore.
func (s *DSRStore) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	if err := s.enter(ctx); err != nil {
		return "", err
	}
	defer s.leave()
	used, ok := s.keys[updateKey{tenant, key}]
	if !ok {
		return "", fmt.Errorf("memstore: the key was not used: %w", privacy.ErrNotFound)
	}
	return used.digest, nil
}

// Case implements dsr.CaseStore.
func (s *DSRStore) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	if err := s.enter(ctx); err != nil {
		return dsr.Case{}, err
	}
	defer s.leave()
	stored := s.cases[caseKey{tenant, id}]
	if stored == nil {
		return dsr.Case{}, fmt.Errorf("memstore: no such case: %w", privacy.ErrNotFound)
	}
	return dsr.DecodeCase(stored.body)
}

// Log implements dsr.CaseStore.
func (s *DSRStore) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	if err := limited(limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	stored := s.cases[caseKey{tenant, id}]
	if stored == nil || after >= uint64(len(stored.lines)) {
		return nil, nil
	}
	return page(slices.Clone(stored.lines[after:]), limit), nil
}

func page[T any](all []T, limit int) []T { return all[:min(limit, len(all))] }
