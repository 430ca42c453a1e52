package dsr

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// CaseStore keeps cases and their logs. Implementations are safe for concurrent
// use. Package dsrtest holds one check for each sentence of these contracts.
//
// Every method is scoped by tenant: what one tenant stored MUST NOT be visible
// to, nor conflict with, another. Identifiers MUST be compared byte for byte.
// Times MUST come back as the same instant to the microsecond, in UTC. Values
// that are returned or passed in MUST NOT share memory with what is stored. A
// call whose context is done MUST return its error and write nothing.
type CaseStore interface {
	// Update writes a unit of work: all of it, or nothing.
	//
	// If u.Expect is 0 the case is new, and one that exists is an error matching
	// privacy.ErrExists. Otherwise the stored version MUST be u.Expect, or the
	// error matches privacy.ErrConflict; of several updates that race from the
	// same version exactly one wins. A case that is not there is
	// privacy.ErrNotFound. Log lines MUST be appended in order and are never
	// altered. Effects MUST reach the ledger of consent in the same transaction,
	// in order; a store that cannot do so MUST fail. Events MUST be handed to the
	// outbox in the same transaction, in order.
	//
	// If u.Key was used before in the tenant with the same u.Digest, Update MUST
	// return nil and write nothing; with another digest the error matches
	// privacy.ErrConflict. This is looked at first.
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

// WakeStore hands out wake-ups: what is to be done at a time. The database is
// the truth, and a wake-up only wakes. Whoever claims one holds a lease with a
// token that grows with every claim, so that a process that slept past its
// lease is fenced off.
//
// The sentences of CaseStore on memory, times and contexts hold here too.
type WakeStore interface {
	// Claim leases at most limit wake-ups that are due at now until the given
	// time, the earliest first, of all tenants. One that is leased MUST NOT be
	// claimed by another before its lease ends; of several claims that race each
	// wake-up goes to exactly one. Every claim of a wake-up MUST have a greater
	// token than the one before.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Lease, error)
	// Retry gives a wake-up back, to be claimed again from at, with the code of
	// the problem. A lease that is not the latest is privacy.ErrConflict, a
	// wake-up that is gone privacy.ErrNotFound; nothing is then written.
	Retry(ctx context.Context, lease Lease, at time.Time, problem string) error
	// Bury ends a wake-up for good, with the code of the problem: it MUST NOT be
	// claimed again. The errors are those of Retry.
	Bury(ctx context.Context, lease Lease, problem string) error
	// Buried returns the buried wake-ups of a tenant in the order of burial.
	Buried(ctx context.Context, tenant privacy.TenantID) ([]Lease, error)
}

// BreachStore keeps the register of breaches (GDPR Art. 33(5)). The sentences of
// CaseStore on tenants, memory, times and contexts hold here too.
type BreachStore interface {
	// SaveBreach writes an entry iff the version stored is b.Version-1: a new
	// entry has version 1. The error otherwise matches privacy.ErrConflict.
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
	// Lines are appended to the log; the store numbers them.
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

// LogLine is a line of the log of a case. It holds codes and references only.
type LogLine struct {
	// Sequence counts the lines of a case from 1; the store sets it.
	Sequence uint64 `json:"sequence"`
	// At is when it happened.
	At time.Time `json:"at"`
	// Payload is the entry in canonical JSON.
	Payload string `json:"payload"`
}

// Summary is a case as a list shows it.
type Summary struct {
	ID       CaseID
	State    State
	Due      privacy.Date
	Received time.Time
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
