package consent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// LedgerOptions configure a Ledger. The zero value is the strictest.
type LedgerOptions struct {
	// Clock tells the time; nil means privacy.SystemClock.
	Clock privacy.Clock
	// IDs names events; nil means privacy.RandomIDs.
	IDs privacy.IDSource
	// Hooks see operations: "consent.append" and "consent.redact".
	Hooks privacy.Hooks
	// Source is the CloudEvents source of audit events; "" means "/privacykit/consent".
	Source string
	// Notices checks that a notice covers the purposes of a grant, if set.
	Notices NoticeChecker
	// Validity says how consents are judged before they are recorded.
	Validity ValidityOptions
	// MaxSkew is how far in the future a fact may be said to have occurred,
	// because clocks differ; 0 means 2 minutes. Facts that forbid are never
	// refused for it: a time in the future is then replaced by now.
	MaxSkew time.Duration
}

// NoticeChecker knows what notices say. A host that publishes them with package
// policydoc looks the version up there and reconciles it for the purpose; the
// packages do not know each other.
type NoticeChecker interface {
	// CoversPurpose reports whether the version of the notice, in the locale and
	// with the text that the hash stands for, tells its reader of the purpose.
	CoversPurpose(ctx context.Context, notice Notice, purpose privacy.PurposeID) (bool, error)
}

// ErrNoticeDoesNotCover reports that the notice shown does not tell of a purpose
// that consent is said to have been given to (Art. 4(11), 7(1)). It matches
// privacy.ErrInvalid.
var ErrNoticeDoesNotCover = fmt.Errorf("consent: the notice shown does not cover the purpose: %w", privacy.ErrInvalid)

// Ledger records what happened: consent given and withdrawn, contracts,
// objections, attestations and the rest. It is append-only; the state is a fold
// of it. A Ledger is safe for concurrent use.
//
// A method for a single fact, such as Grant, is Record with that fact, at the
// present time and under a new key, and returns the errors of Record. Call
// Record itself to state another time, a key or an expected version.
type Ledger struct {
	store    LedgerStore
	register *privacy.Register
	clock    privacy.Clock
	ids      privacy.IDSource
	hooks    privacy.Hooks
	source   string
	notices  NoticeChecker
	validity ValidityOptions
	maxSkew  time.Duration
	shared   *watchers
	// touched is set on a Ledger within a transaction of the host.
	touched *touched
}

// watchers are the caches of the gates on a ledger, which see every write.
type watchers struct {
	lock   sync.RWMutex
	caches []*cache
}

func (w *watchers) add(c *cache) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.caches = append(w.caches, c)
}

func (w *watchers) each(do func(*cache)) {
	w.lock.RLock()
	defer w.lock.RUnlock()
	for _, c := range w.caches {
		do(c)
	}
}

// written shows a stream to the caches, with the losses of each before the write.
// One that came since has no more than it read, perhaps before the write.
func (w *watchers) written(stream Stream, losses []uint64) {
	w.lock.RLock()
	defer w.lock.RUnlock()
	for i, c := range w.caches {
		if i < len(losses) {
			c.written(stream, losses[i])
		} else {
			c.forget(stream.Key)
		}
	}
}

// NewLedger returns a ledger on store for what register declares. options may be
// nil. The error matches privacy.ErrInvalid if store or register is nil.
func NewLedger(store LedgerStore, register *privacy.Register, options *LedgerOptions) (*Ledger, error) {
	if store == nil || register == nil {
		return nil, fmt.Errorf("consent: a ledger needs a store and a register: %w", privacy.ErrInvalid)
	}
	if options == nil {
		options = &LedgerOptions{}
	}
	l := &Ledger{
		store: store, register: register, clock: options.Clock, ids: options.IDs, hooks: options.Hooks,
		source: options.Source, notices: options.Notices, validity: options.Validity, maxSkew: options.MaxSkew, shared: &watchers{},
	}
	if l.validity.Law == nil {
		law, err := EmbeddedValidityLaw()
		if err != nil {
			return nil, err
		}
		l.validity.Law = law
	}
	if l.clock == nil {
		l.clock = privacy.SystemClock{}
	}
	if l.ids == nil {
		l.ids = privacy.RandomIDs{}
	}
	if l.hooks == nil {
		l.hooks = privacy.NoHooks{}
	}
	if l.source == "" {
		l.source = "/privacykit/consent"
	}
	if l.maxSkew <= 0 {
		l.maxSkew = 2 * time.Minute
	}
	return l, nil
}

// Entries are facts to record for one subject, or with an empty Subject for the
// tenant, in one unit of work.
type Entries struct {
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
	// Facts are in order; at least one.
	Facts []Fact
	// OccurredAt is when it happened, in the zone it was observed in; zero
	// means now.
	OccurredAt time.Time
	// Key makes the call idempotent within the stream: repeating it with the
	// same facts changes nothing, with others fails with privacy.ErrConflict.
	// Empty means a key derived from the facts and OccurredAt, and without
	// OccurredAt a new one.
	Key string
	// Expected is the version the stream must still have, else
	// privacy.ErrConflict; nil accepts any. A withdrawal accepts any always,
	// unless a fact that permits something comes with it.
	Expected *uint64
	// Cause names what led to it, such as the identifier of a case; optional.
	Cause string
}

// Receipt says what a write did.
type Receipt struct {
	// Stamp is for Recheck and CheckAtLeast: it has the version that the write
	// gave the stream.
	Stamp Stamp
	// First and Last are the sequences of the events.
	First, Last uint64
	// Duplicate is true if the write had been made before.
	Duplicate bool
}

// Record records entries. It returns privacy.Problems for entries that are not
// valid or name what the register does not declare (names to withdraw, object
// to or opt out of need not be declared any more), privacy.ErrConflict for an
// unexpected version or a key used for something else, ErrErased for an erased
// subject, ErrNoticeDoesNotCover, an *InvalidConsentError, or the store's error.
//
// Facts that only forbid, said again with the same time and no key, are not taken
// for a repetition if something that permits came in between.
func (l *Ledger) Record(ctx context.Context, entries Entries) (Receipt, error) {
	results, err := l.RecordAll(ctx, []Entries{entries})
	if err != nil {
		return Receipt{}, err
	}
	return results[0].Receipt, results[0].Err
}

// Recorded is the outcome of one element of RecordAll.
type Recorded struct {
	Receipt Receipt
	Err     error
}

// RecordAll records entries for many streams in few round trips. Each element
// succeeds or fails on its own, with the errors of Record. The returned error
// is the store's and for the whole call: repeat it then.
func (l *Ledger) RecordAll(ctx context.Context, entries []Entries) (results []Recorded, err error) {
	ctx, end := l.hooks.Start(ctx, "consent.append")
	defer func() { end(err) }()
	results = make([]Recorded, len(entries))
	work := make([]Append, 0, len(entries))
	places := make([]int, 0, len(entries))
	for i, element := range entries {
		prepared, err := l.prepare(ctx, element)
		if err != nil {
			results[i].Err = err
			continue
		}
		work = append(work, prepared)
		places = append(places, i)
	}
	if len(work) == 0 {
		return results, nil
	}
	appended, err := l.append(ctx, work)
	if err != nil {
		return nil, err
	}
	for i, outcome := range appended {
		results[places[i]] = outcome
	}
	if err := l.repeatOvertaken(ctx, entries, work, places, results); err != nil {
		return nil, err
	}
	return results, nil
}

func (l *Ledger) append(ctx context.Context, work []Append) ([]Recorded, error) {
	l.touch(work)
	losses := l.losses(work)
	appended, err := l.store.Append(ctx, work)
	if err == nil && len(appended) != len(work) {
		err = fmt.Errorf("the store returned %d results for %d: %w", len(appended), len(work), privacy.ErrInvalid)
	}
	if err != nil {
		l.forget(work)
		return nil, fmt.Errorf("consent: append: %w", err)
	}
	results := make([]Recorded, len(appended))
	for i, outcome := range appended {
		results[i] = l.finish(outcome, losses[i])
	}
	return results, nil
}

// losses returns, for each element of work, those of each cache before the write.
func (l *Ledger) losses(work []Append) [][]uint64 {
	losses := make([][]uint64, len(work))
	if l.touched == nil {
		for i, element := range work {
			l.shared.each(func(c *cache) { losses[i] = append(losses[i], c.losses(element.Key)) })
		}
	}
	return losses
}

// forget empties the caches of streams whose writes may have happened or not.
func (l *Ledger) forget(work []Append) {
	for _, element := range work {
		l.shared.each(func(c *cache) { c.forget(element.Key) })
	}
}

// finish shows the caches what was written. losses are theirs from before.
func (l *Ledger) finish(outcome Appended, losses []uint64) Recorded {
	if outcome.Err != nil {
		return Recorded{Err: outcome.Err}
	}
	if l.touched == nil {
		l.shared.written(outcome.Stream, losses)
	}
	stamp := Stamp{Register: l.register.Hash()}
	if outcome.Stream.Key.Subject == "" {
		stamp.TenantVersion = outcome.Stream.Version
	} else {
		stamp.SubjectVersion = outcome.Stream.Version
	}
	return Recorded{Receipt: Receipt{Stamp: stamp, First: outcome.First, Last: outcome.Last, Duplicate: outcome.Duplicate}}
}

func (l *Ledger) prepare(ctx context.Context, entries Entries) (Append, error) {
	if err := l.check(ctx, entries); err != nil {
		return Append{}, err
	}
	entries, err := l.judged(ctx, entries)
	if err != nil {
		return Append{}, err
	}
	now := l.clock.Now()
	occurredAt, err := l.occurredAt(entries, now)
	if err != nil {
		return Append{}, err
	}
	assumed := !occurredAt.Equal(entries.OccurredAt)
	work := Append{Key: StreamKey{Tenant: entries.Tenant, Subject: entries.Subject}, Expected: entries.Expected, Source: l.source, TimeAssumed: assumed && entries.Key != ""}
	for _, fact := range entries.Facts {
		record, err := NewRecord(l.ids.NewID(), "", now, Entry{
			Tenant: entries.Tenant, Subject: entries.Subject, OccurredAt: occurredAt, Cause: entries.Cause, Fact: fact,
		})
		if err != nil {
			return Append{}, err
		}
		work.Records = append(work.Records, record)
		work.facts = append(work.facts, fact)
	}
	if acceptsAnyVersion(entries.Facts) {
		work.Expected = nil
	}
	setKeys(work.Records, entries.Key, assumed)
	return work, nil
}

// acceptsAnyVersion reports whether facts withdraw consent and permit nothing
// beside that.
func acceptsAnyVersion(facts []Fact) bool {
	withdraws := slices.ContainsFunc(facts, func(fact Fact) bool { return fact.Kind() == KindWithdrawn })
	return withdraws && !slices.ContainsFunc(facts, func(fact Fact) bool { return !forbids(fact.Kind()) })
}

// setKeys gives records their idempotency keys, and derives the first where the
// caller gave none. Facts without a time cannot be told from the same that
// happened again: their key is new. A derived key may tell of the payload, as a
// hash of something that can be guessed does; that is why redaction removes
// keys too.
func setKeys(records []Record, key string, timeAssumed bool) {
	if key == "" && timeAssumed {
		key = records[0].ID
	}
	if key == "" {
		hash := sha256.New()
		for _, record := range records {
			sum := sha256.Sum256(record.Payload)
			hash.Write(sum[:])
		}
		key = hex.EncodeToString(hash.Sum(nil))
	}
	for i := range records {
		records[i].Key = key
		if i > 0 {
			records[i].Key = fmt.Sprintf("%s#%d", key, i)
		}
	}
}

func (l *Ledger) occurredAt(entries Entries, now time.Time) (time.Time, error) {
	at := entries.OccurredAt
	if micros(at).IsZero() {
		return now, nil
	}
	if !at.After(now.Add(l.maxSkew)) {
		return at, nil
	}
	for _, fact := range entries.Facts {
		if !forbids(fact.Kind()) {
			return time.Time{}, privacy.Problems{{Path: "occurred_at", Code: ProblemFuture, Detail: "the time lies in the future"}}
		}
	}
	return now.In(at.Location()), nil
}

// forbids reports whether events of the kind only narrow what is allowed, so
// that they are accepted whatever clock they come with.
func forbids(kind Kind) bool {
	switch kind {
	case KindWithdrawn, KindRefused, KindObjected, KindRestricted, KindOptedOut, KindRelationshipEnded,
		KindErased, KindAttestationWithdrawn, KindInstructionWithdrawn, KindSubProcessorObjected:
		return true
	}
	return false
}

// State returns the state of a subject as the store has it; the zero State for
// a subject without events. It returns an error that matches privacy.ErrInvalid
// for identifiers that are not legal or a state that is unreadable.
func (l *Ledger) State(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) (State, error) {
	if err := errors.Join(privacy.CheckID("tenant", string(tenant)), privacy.CheckID("subject", string(subject))); err != nil {
		return State{}, err
	}
	streams, err := readStreams(ctx, l.store, []StreamKey{{Tenant: tenant, Subject: subject}})
	if err != nil {
		return State{}, fmt.Errorf("consent: state: %w", err)
	}
	return streams[0].SubjectState()
}

// TenantState returns the state of a tenant, as State does for a subject.
func (l *Ledger) TenantState(ctx context.Context, tenant privacy.TenantID) (TenantState, error) {
	if err := privacy.CheckID("tenant", string(tenant)); err != nil {
		return TenantState{}, err
	}
	streams, err := readStreams(ctx, l.store, []StreamKey{{Tenant: tenant}})
	if err != nil {
		return TenantState{}, fmt.Errorf("consent: state: %w", err)
	}
	return streams[0].TenantState()
}

// readStreams does not take one stream for another, whatever the store does.
func readStreams(ctx context.Context, store LedgerStore, keys []StreamKey) ([]Stream, error) {
	streams, err := store.Streams(ctx, keys)
	if err != nil {
		return nil, err
	}
	same := func(stream Stream, key StreamKey) bool { return stream.Key == key }
	if !slices.EqualFunc(streams, keys, same) {
		return nil, fmt.Errorf("the store did not return the streams asked for: %w", privacy.ErrInvalid)
	}
	return streams, nil
}

// Records returns up to limit events of a stream after the given sequence, in
// order: the evidence, for those who must demonstrate it. The error matches
// privacy.ErrInvalid for an illegal key or a limit below 1, or is the store's.
func (l *Ledger) Records(ctx context.Context, key StreamKey, after uint64, limit int) ([]Record, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, fmt.Errorf("consent: limit is at least 1: %w", privacy.ErrInvalid)
	}
	records, err := l.store.Records(ctx, key, after, limit)
	if err != nil {
		return nil, fmt.Errorf("consent: records: %w", err)
	}
	return records, nil
}

// Redact erases what the ledger knows of a subject: the payloads, salts and
// keys of all its events. Kinds, times and commitments stay, and an event that
// says so is appended. Nothing is allowed for the subject afterwards: a person
// who comes back needs a new SubjectID. cause names what led to it, such as the
// identifier of a case, and is required. It returns the errors of Record. Doing
// it twice for the same cause does it once.
func (l *Ledger) Redact(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, cause string) (receipt Receipt, err error) {
	ctx, end := l.hooks.Start(ctx, "consent.redact")
	defer func() { end(err) }()
	if err := privacy.CheckID("subject", string(subject)); err != nil {
		return Receipt{}, err
	}
	key := sha256.Sum256([]byte(cause))
	work, err := l.prepare(ctx, Entries{
		Tenant: tenant, Subject: subject, Key: "redact-" + hex.EncodeToString(key[:]), Facts: []Fact{Erasure{Cause: cause}},
	})
	if err != nil {
		return Receipt{}, err
	}
	l.touch([]Append{work})
	losses := l.losses([]Append{work})
	outcome, err := l.store.Redact(ctx, work)
	if err != nil {
		l.forget([]Append{work})
		return Receipt{}, fmt.Errorf("consent: redact: %w", err)
	}
	result := l.finish(outcome, losses[0])
	return result.Receipt, result.Err
}

func checkKey(key StreamKey) error {
	if err := privacy.CheckID("tenant", string(key.Tenant)); err != nil {
		return err
	}
	if key.Subject == "" {
		return nil
	}
	return privacy.CheckID("subject", string(key.Subject))
}
