package consent

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Store is everything this package keeps: the union of the role interfaces, for
// hosts that implement them all in one place. Package consenttest is its
// specification as a test suite, with one case for every sentence that says
// MUST. Every adapter of the SDK implements it.
//
// All methods MUST be safe for concurrent use. A cancelled context MUST make
// them fail without having written anything, unless the write was already
// decided. Times MUST come back in UTC, exact to the microsecond. Slices that
// go in or come out MUST be copies. Identifiers MUST be compared byte for byte.
//
// What this package passes is valid: legal identifiers, limits of at least 1,
// appends with at least one record, whose tenant and subject are the append's
// key. A Store need not check it, and may refuse anything else with
// privacy.ErrInvalid.
type Store interface {
	LedgerStore
	FeedStore
	OutboxStore
	DecisionStore
}

// LedgerStore keeps the streams of events and their projections.
type LedgerStore interface {
	// Append appends to streams. Each element is a unit of work: its records,
	// the stream's new version and state, and one outbox row per record MUST be
	// written together or not at all, whatever happens to the other elements.
	// Elements are applied in order, so that a later one sees the effect of an
	// earlier one on the same stream. What each did or why it did nothing is in
	// the result at its index.
	//
	// The Store MUST compute what it writes with Advance, on the stream as it is
	// inside its transaction, and MUST NOT let another write to the stream come
	// between: of appends racing with the same Expected, one wins and the others
	// get privacy.ErrConflict.
	//
	// If a record with the key of the element's first record exists in the
	// stream, nothing is written: if Append.Repeats finds the stored records to
	// be the same, the result MUST be that of the original append with Duplicate
	// set; otherwise the element MUST fail with privacy.ErrConflict. This comes
	// before the expected version, which the original append has changed.
	//
	// The returned error is for the whole call: when it is not nil, the caller
	// cannot know which elements were written and retries them with the same
	// keys. When it is nil, every element without an error MUST be durable.
	Append(ctx context.Context, appends []Append) ([]Appended, error)

	// Redact is Append for a single element whose last record is an erasure; a
	// refusal is in Appended.Err as there. In the same unit of work it MUST set
	// Payload, Salt and Key of every earlier record of the stream to nothing,
	// and MUST leave the rest of those records as it was.
	Redact(ctx context.Context, erasure Append) (Appended, error)

	// Streams returns the streams of keys, in the order of keys. A stream
	// without events MUST come back with version 0 and no state, not as an
	// error. The result MUST include every append that was acknowledged before
	// the call.
	Streams(ctx context.Context, keys []StreamKey) ([]Stream, error)

	// Records returns up to limit records of a stream with a sequence greater
	// than after, in order of sequence. It returns none for an unknown stream.
	Records(ctx context.Context, key StreamKey, after uint64, limit int) ([]Record, error)

	// Subjects returns up to limit subjects of a tenant that have events, in
	// byte order, beginning with the first that is greater than after. The
	// tenant's own stream is not among them. A subject that was there before
	// the first page MUST NOT be missed because others are added meanwhile.
	Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error)

	// ApplyEffects applies effects of another package to the ledger, all of them
	// in one unit of work, each as the append that EffectAppend makes of it. An
	// effect whose key was applied before MUST NOT be applied again, unless its
	// record was redacted since: the key went with it.
	ApplyEffects(ctx context.Context, effects []privacy.Effect) error
}

// Cursor is a place in the cache feed. Only the Store that made it can read it.
// The empty Cursor is the place before the oldest change still kept.
type Cursor string

// Change says that a stream has reached a version.
type Change struct {
	Key     StreamKey
	Version uint64
}

// ChangePage is a part of the cache feed.
type ChangePage struct {
	// Changes are in an order in which no stream's versions go back. The same
	// change may come again in a later page.
	Changes []Change
	// Next is where the next page begins.
	Next Cursor
	// Complete is true if every change that was committed before the call is in
	// this page or an earlier one.
	Complete bool
	// Reset is true if changes between the given cursor and this page may have
	// been trimmed: whoever follows the feed must forget all it knows.
	Reset bool
}

// FeedStore is the cache feed: how each node learns of every committed change.
type FeedStore interface {
	// Changes returns up to limit changes after cursor. Following the feed from
	// a cursor MUST deliver every change committed after that cursor was made,
	// also of transactions that began early and committed late.
	Changes(ctx context.Context, after Cursor, limit int) (ChangePage, error)

	// Head returns a cursor such that following the feed from it delivers every
	// change that is not yet committed at the time of the call.
	Head(ctx context.Context) (Cursor, error)
}

// Delivery is an audit event claimed from the outbox.
type Delivery struct {
	// Position identifies the outbox row; it is opaque.
	Position string
	Event    privacy.Event
	// Attempt counts how often the row was claimed, from 1.
	Attempt int
}

// Claim asks for events to deliver.
type Claim struct {
	// Worker names who claims, and must be unique among processes.
	Worker string
	// Limit is the greatest number of events, at least 1.
	Limit int
	// Now and Lease say until when the claim holds: Now + Lease.
	Now   time.Time
	Lease time.Duration
}

// OutboxStore is the delivery feed: audit events that the host hands on, each
// at least once, to one group of consumers.
type OutboxStore interface {
	// Claim returns undelivered events in the order of their rows and reserves
	// them for the worker until the lease ends. An event MUST NOT be claimed by
	// two workers at a time, and MUST be claimable again when its lease ended
	// without it being acknowledged.
	Claim(ctx context.Context, claim Claim) ([]Delivery, error)

	// Acknowledge marks events as delivered. A position that the worker does
	// not hold any more MUST NOT be marked, and makes the call fail with
	// privacy.ErrConflict after the others were marked.
	Acknowledge(ctx context.Context, worker string, positions []string) error

	// Trim deletes rows of events recorded before the given time and returns
	// their number. Undelivered rows MUST stay unless undelivered is true.
	Trim(ctx context.Context, before time.Time, undelivered bool) (int, error)
}

// DecisionRecord is a decision of the gate as Stores keep it.
type DecisionRecord struct {
	// ID identifies the decision; recording it twice records it once.
	ID      string
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
	// At is when it was decided.
	At time.Time
	// Recipient is set where an allowed decision discloses.
	Recipient privacy.RecipientID
	// Guard are the versions that the decision rests on.
	Guard Guard
	// Body is the JSON of the decision, with codes and identifiers only.
	Body []byte
	// Event is the audit event to put in the outbox.
	Event privacy.Event
}

// Guard says on which versions of the subject's and the tenant's stream
// something rests.
type Guard struct {
	SubjectVersion uint64
	TenantVersion  uint64
}

// DecisionFilter selects recorded decisions.
type DecisionFilter struct {
	Tenant privacy.TenantID
	// Subject limits the result to one subject; with AllSubjects it is ignored.
	Subject     privacy.SubjectID
	AllSubjects bool
	// ID limits the result to the decision with this ID, if set.
	ID string
	// Disclosures limits the result to decisions that disclose.
	Disclosures bool
	// After is the ID of the last decision of the previous page, "" for the first.
	After string
	// Limit is the greatest number of decisions, at least 1.
	Limit int
}

// DecisionStore is the log of decisions and disclosures.
type DecisionStore interface {
	// RecordDecision writes a decision and its outbox row in one unit of work.
	// If the version of the subject's or the tenant's stream is not the one in
	// the guard, it MUST fail with privacy.ErrConflict and write nothing. For a
	// decision without a subject only the tenant's version counts. If the ID
	// exists in the tenant, it MUST do nothing and succeed if the body is the
	// same, and fail with privacy.ErrConflict otherwise.
	RecordDecision(ctx context.Context, decision DecisionRecord) error

	// Decisions returns recorded decisions in byte order of their IDs, without
	// their guards and events.
	Decisions(ctx context.Context, filter DecisionFilter) ([]DecisionRecord, error)

	// ForgetDecisions deletes decisions of a subject made before the given
	// time, and returns their number. The tenant's other decisions MUST stay.
	ForgetDecisions(ctx context.Context, key StreamKey, before time.Time) (int, error)
}
