package dsr

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labelop/privacykit/privacy"
)

// CaseStore keeps cases and their logs. Implementations are safe for concurrent
// use. Package dsrtest holds one check for each sentence of these contracts.
//
// Every method is scoped by tenant: what one tenant stored MUST NOT be visible
// to, nor conflict with, another. Identifiers MUST be compared byte for byte.
// Times MUST come back as the same instant to the microsecond, in UTC. Values
// that are returned or passed in MUST NOT share memory with what is stored. A
// call whose context is done MUST return its error and write nothing. A limit
// below 1 MUST be an error matching privacy.ErrInvalid.
type CaseStore interface {
	// Update writes a unit of work: all of it, or nothing. What u.Validate refuses
	// MUST be an error matching privacy.ErrInvalid.
	//
	// If u.Expect is 0 the case is new, and one that exists is an error matching
	// privacy.ErrExists. Otherwise the stored version MUST be u.Expect, or the
	// error matches privacy.ErrConflict; of several updates that race from the
	// same version exactly one wins. A case that is not there is
	// privacy.ErrNotFound. Log lines MUST be appended in order, as ChainLog returns
	// them, and are never altered. Effects MUST reach the ledger of consent in the
	// same transaction, in order; a store that cannot hand them on MUST fail, also
	// where the ledger refuses one: under a key that was used for something else
	// that is privacy.ErrConflict. Events MUST be handed to the outbox in the same
	// transaction, in order.
	//
	// A store that keeps the open requests of subjects, which sweeps leave alone,
	// MUST have there, in the same transaction, one for each of u.Case.OpenRights,
	// under OpenRequestID, about u.Case.Subject, and none for another right of the
	// case. Subjects that a host added to one stay until the right is not open any
	// more.
	//
	// If u.Key was used before in the tenant with the same u.Digest, Update MUST
	// return nil and write nothing; with another digest the error matches
	// privacy.ErrConflict. This is looked at first, once the update is valid.
	//
	// If u.Completes is set, the lease MUST still be the latest of its wake-up,
	// or the error matches privacy.ErrConflict; the wake-up is then gone. A
	// wake-up in u.Wakes whose (tenant, kind, key) waits already MUST leave that
	// one as it is.
	Update(ctx context.Context, u Update) error
	// Digest returns the digest under which a key was used in the tenant. The
	// error matches privacy.ErrNotFound if it was not.
	Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error)
	// Case returns a case. The error matches privacy.ErrNotFound.
	Case(ctx context.Context, tenant privacy.TenantID, id CaseID) (Case, error)
	// Log returns at most limit lines of the log of a case, in order, from the
	// one after the given sequence number (0 for the first). A case that is not
	// there has no lines.
	Log(ctx context.Context, tenant privacy.TenantID, id CaseID, after uint64, limit int) ([]LogLine, error)
	// Open returns at most limit summaries of open cases in order of their due
	// day, then id, cases without a due day last, from the one after the given
	// position (the zero Position for the first). A case that is added or moved
	// while pages are read MUST NOT make another case appear twice or not at all.
	Open(ctx context.Context, tenant privacy.TenantID, after Position, limit int) ([]Summary, error)
}

// ListStore answers what a dashboard and a person who asks about their own
// requests want to see. The sentences of CaseStore on tenants, memory, times,
// contexts and limits hold here too.
type ListStore interface {
	// ByState returns at most limit summaries of the cases in a state, as
	// Case.State reports it, in the order of CaseStore.Open, from the one after the
	// given position (the zero Position for the first).
	ByState(ctx context.Context, tenant privacy.TenantID, state State, after Position, limit int) ([]Summary, error)
	// OfSubject returns at most limit summaries of the cases of a subject, open and
	// closed, in order of their ids, from the one after the given id ("" for the
	// first). An empty subject has no cases: nobody is known by it.
	OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after CaseID, limit int) ([]Summary, error)
}

// DeadTaskStore finds the cases that wait for people because a task was given up.
// The sentences of CaseStore on tenants, memory, times, contexts and limits hold
// here too.
type DeadTaskStore interface {
	// WithDeadTask returns at most limit summaries of the cases that have a dead task
	// (Case.HasDeadTask), in the order of CaseStore.Open, from the one after the
	// given position (the zero Position for the first).
	WithDeadTask(ctx context.Context, tenant privacy.TenantID, after Position, limit int) ([]Summary, error)
}

// ClosedStore ends what is kept of closed cases when its time has come: first
// what identifies the person, then, when the regime no longer wants the record
// (regime.Regime.RecordsKept), the rest (GDPR Art. 5(1)(e)). A case ends at the
// latest time of a line of its log, and not before it was received.
//
// The sentences of CaseStore on tenants, memory, times, contexts and limits hold
// here too.
type ClosedStore interface {
	// Closed returns at most q.Limit cases that have ended (Case.Ended), before
	// q.Before, in order of when they ended, then of their ids, from the one after
	// q.After (zero for the first). If q.Unredacted is set, those that were redacted
	// are left out.
	Closed(ctx context.Context, tenant privacy.TenantID, q ClosedQuery) ([]ClosedCase, error)
	// Redact writes what Case.Redact returns in the place of a case, forgets the
	// idempotency keys of its updates and hands d.Events to the outbox, all or
	// nothing. The log and the time when it ended MUST stay as they are, and an
	// update that was computed from the version before MUST NOT bring back what was
	// redacted. A case that has not ended, or not before d.Before, is an error
	// matching privacy.ErrConflict; nothing is then written. A case that was
	// redacted or is not there MUST be a success that writes nothing.
	Redact(ctx context.Context, d Disposal) error
	// Erase removes a case with its log and the idempotency keys of its updates and
	// hands d.Events to the outbox, all or nothing. The conditions are those of
	// Redact. A case that is not there MUST be a success that writes nothing.
	Erase(ctx context.Context, d Disposal) error
}

// Store is every role that a store plays.
type Store interface {
	CaseStore
	ListStore
	DeadTaskStore
	WakeStore
	BreachStore
	ClosedStore
}

// WakeStore hands out wake-ups: what is to be done at a time. The database is
// the truth, and a wake-up only wakes. Whoever claims one holds a lease with a
// token that grows with every claim, so that a process that slept past its
// lease is fenced off.
//
// The sentences of CaseStore on memory, times, contexts and limits hold here too.
type WakeStore interface {
	// Claim leases at most limit wake-ups that are due at now until the given
	// time, of all tenants, in order of the time from which they can be claimed:
	// their own, or the end of the lease before; then of tenant, kind and key. One
	// that is leased MUST NOT be claimed by another before its lease ends; of
	// several claims that race each wake-up goes to exactly one. Every claim of a
	// wake-up MUST have a greater token than the one before, also if it was gone
	// and set anew meanwhile: the greater of the last token plus one, and now in
	// microseconds since 1970.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Lease, error)
	// Retry gives a wake-up back, to be claimed again from at, which becomes its
	// time, with the code of the problem. A lease that is not the latest is
	// privacy.ErrConflict, a wake-up that is gone privacy.ErrNotFound; nothing is
	// then written.
	Retry(ctx context.Context, lease Lease, at time.Time, problem string) error
	// Bury ends a wake-up for good, with the code of the problem: it MUST NOT be
	// claimed again. The errors are those of Retry.
	Bury(ctx context.Context, lease Lease, problem string) error
	// Buried returns the buried wake-ups of a tenant in the order of burial.
	Buried(ctx context.Context, tenant privacy.TenantID) ([]Lease, error)
}

// BreachStore keeps the register of breaches (GDPR Art. 33(5)). The sentences of
// CaseStore on tenants, memory, times, contexts and limits hold here too.
type BreachStore interface {
	// SaveBreach writes an entry iff the version stored is b.Version-1: a new
	// entry has version 1. The error otherwise matches privacy.ErrConflict. What
	// b.Validate refuses MUST be an error matching privacy.ErrInvalid.
	SaveBreach(ctx context.Context, b Breach) error
	// Breach returns the latest version. The error matches privacy.ErrNotFound.
	Breach(ctx context.Context, tenant privacy.TenantID, id BreachID) (Breach, error)
	// Breaches returns at most limit entries in order of their ids, from the one
	// after the given id ("" for the first).
	Breaches(ctx context.Context, tenant privacy.TenantID, after BreachID, limit int) ([]Breach, error)
}

// Update is a unit of work.
type Update struct {
	// Expect is the version that the change was computed from, 0 for a new case.
	Expect uint64
	// Case is the next version.
	Case Case
	// Due is the earliest due day of an open item, zero if none has one.
	Due privacy.Date
	// Lines are appended to the log; the store numbers and chains them.
	Lines []LogLine
	// Effects reach the ledger of consent.
	Effects []privacy.Effect
	// Events are handed to the outbox.
	Events []privacy.Event
	// Wakes are wake-ups to set.
	Wakes []Wake
	// Completes is the lease under which this was done, nil if none.
	Completes *Lease
	// Key makes the update idempotent in the tenant, "" for none; Digest stands
	// for what was asked.
	Key    string
	Digest string
}

// Validate reports what keeps an update from being written, as privacy.Problems:
// identifiers that are none, a version that does not follow the expected one,
// effects that cannot be applied, and what belongs to another tenant.
func (u Update) Validate() error {
	var problems privacy.Problems
	tenant := u.Case.Tenant
	identify := func(path, id string) {
		if err := privacy.CheckID(path, id); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	own := func(path string, owner privacy.TenantID) {
		if owner != tenant {
			problems.Add(path, "tenant", "belongs to another tenant than the case")
		}
	}
	identify("case.tenant", string(tenant))
	identify("case.id", string(u.Case.ID))
	if u.Case.Subject != "" {
		identify("case.subject", string(u.Case.Subject))
	}
	if u.Case.Version != u.Expect+1 {
		problems.Add("case.version", "version", "does not follow the expected version")
	}
	if len(u.Case.Items) == 0 {
		problems.Add("case.items", "required", "a case without items has no state")
	}
	if u.Key != "" {
		identify("key", u.Key)
		identify("digest", u.Digest)
	}
	if u.Completes != nil {
		own("completes", u.Completes.Tenant)
	}
	for i, wake := range u.Wakes {
		path := fmt.Sprintf("wakes[%d]", i)
		own(path, wake.Tenant)
		identify(path+".kind", wake.Kind)
		identify(path+".key", wake.Key)
		if !utf8.ValidString(wake.Payload) || strings.Contains(wake.Payload, "\x00") {
			problems.Add(path+".payload", "text", "is not text")
		}
	}
	for i, effect := range u.Effects {
		path := fmt.Sprintf("effects[%d]", i)
		own(path, effect.Tenant)
		if err := effect.Validate(); err != nil {
			problems.Add(path, "effect", "%v", err)
		}
	}
	for i, event := range u.Events {
		own(fmt.Sprintf("events[%d]", i), event.Tenant)
	}
	return problems.Err()
}

// Summary is a case as a list shows it.
type Summary struct {
	ID       CaseID
	State    State
	Due      privacy.Date
	Received time.Time
}

// ClosedQuery asks a ClosedStore for a page.
type ClosedQuery struct {
	// Before is the time before which the cases ended.
	Before time.Time
	// Unredacted leaves out cases that were redacted.
	Unredacted bool
	// After is the Position of the last case of the page before.
	After ClosedPosition
	// Limit is the greatest number of cases, at least 1.
	Limit int
}

// ClosedCase is a closed case as a ClosedStore lists it.
type ClosedCase struct {
	ID CaseID
	// Regime is the version of the law, which says how long the record is kept.
	Regime string
	// Ended is when the case ended.
	Ended time.Time
	// Redacted: what identified the person is gone.
	Redacted bool
}

// ClosedPosition is where a page of closed cases ended.
type ClosedPosition struct {
	Ended time.Time
	ID    CaseID
}

// Position returns the place of the case in the order of ClosedStore.Closed.
func (c ClosedCase) Position() ClosedPosition { return ClosedPosition{c.Ended, c.ID} }

// Compare orders positions by when the cases ended, then by id.
func (p ClosedPosition) Compare(q ClosedPosition) int {
	return cmp.Or(p.Ended.Compare(q.Ended), cmp.Compare(p.ID, q.ID))
}

// Disposal says which case is redacted or erased.
type Disposal struct {
	Tenant privacy.TenantID
	ID     CaseID
	// Before is the time before which the case must have ended: one that was
	// reopened since it was listed is left alone.
	Before time.Time
	// Events are handed to the outbox.
	Events []privacy.Event
}

// Position is where a page of summaries ended.
type Position struct {
	Due privacy.Date
	ID  CaseID
}

// Position returns the place of the summary in the order of CaseStore.Open.
func (s Summary) Position() Position { return Position{s.Due, s.ID} }

// Less reports whether p comes before q in the order of CaseStore.Open: by due
// day, none last, then by id. The zero Position comes before all.
func (p Position) Less(q Position) bool {
	switch {
	case p == Position{} || q == Position{}:
		return p == Position{} && q != Position{}
	case p.Due == q.Due:
		return p.ID < q.ID
	case p.Due.IsZero() || q.Due.IsZero():
		return q.Due.IsZero()
	}
	return p.Due.Before(q.Due)
}

// Wake is something to be done at a time.
type Wake struct {
	Tenant privacy.TenantID
	// Kind says what, such as "deadline".
	Kind string
	// Key is unique within (tenant, kind) while the wake-up waits.
	Key string
	// RunAt is the earliest time.
	RunAt time.Time
	// Payload is the handler's. No personal data.
	Payload string
}

// Lease is a claimed wake-up.
type Lease struct {
	Wake
	// Token grows with every claim.
	Token uint64
	// Until is when the lease ends.
	Until time.Time
	// Attempts counts the claims.
	Attempts int
	// Problem is the code of the last failure.
	Problem string
}
