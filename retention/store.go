package retention

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Store is everything that a Sweeper keeps. An adapter implements the roles
// below; package retentiontest checks them.
//
// All methods MUST be safe for concurrent use, return copies, and fail with the
// error of a cancelled context without writing. What one method writes is
// written whole or not at all. Identifiers are compared byte for byte.
type Store interface {
	HoldStore
	RequestStore
	SweepStore
	ShardStore
	NoticeStore
}

// HoldStore keeps holds.
type HoldStore interface {
	// PlaceHold stores a hold, which names the aliases of its subjects (see
	// Hold.WithAliases). The error MUST match privacy.ErrExists if its tenant
	// has a hold with its ID, and privacy.ErrInvalid if Hold.Validate refuses it;
	// nothing is written then. It returns the claims in flight that it covers (see
	// Hold.Covers), in the order of their tokens: claimed by a sweep before, and not
	// recorded yet. They may still be disposed of; every later claim sees the hold.
	PlaceHold(ctx context.Context, hold Hold) ([]Claim, error)
	// ReleaseHold sets the last day of a hold. Releasing again with the same day
	// succeeds; with another the error MUST match privacy.ErrConflict. It MUST
	// match privacy.ErrNotFound if the tenant has no such hold, and
	// privacy.ErrInvalid if the day is before the first of the hold.
	ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error
	// Holds returns the holds that can cover records of a tenant: its own and the
	// operator's, open and released, by ID within each. It MUST NOT return those
	// of another tenant. For the empty tenant it returns the operator's.
	Holds(ctx context.Context, tenant privacy.TenantID) ([]Hold, error)
}

// RequestStore keeps the open requests of subjects, so that a sweep takes nothing
// away that an answer still needs or that the subject wants kept. Whoever handles
// requests opens and closes them here, if possible in the transaction that opens
// and closes the case.
type RequestStore interface {
	// OpenRequest stores a request. Opening it again adds the subjects it lacks;
	// with another right the error MUST match privacy.ErrConflict, and
	// privacy.ErrInvalid if Request.Validate refuses it; nothing is written then.
	// It returns the claims in flight on records of its subjects, as PlaceHold does.
	OpenRequest(ctx context.Context, request Request) ([]Claim, error)
	// CloseRequest removes a request, for all its subjects. The error MUST match
	// privacy.ErrNotFound if the tenant has no such request.
	CloseRequest(ctx context.Context, tenant privacy.TenantID, id string) error
	// Requests returns the open requests of a tenant, by ID, each with its subjects
	// in ascending order. It MUST NOT return those of another tenant.
	Requests(ctx context.Context, tenant privacy.TenantID) ([]Request, error)
}

// SweepStore keeps sweeps, their claims and their item logs. Errors MUST match
// privacy.ErrNotFound where a sweep does not exist.
//
// Claim and Record are fenced: each lease they are given MUST be the latest of its
// shard (see ShardStore), or the error MUST match privacy.ErrConflict; and each
// claim or item MUST be of the shard of one of the leases, or the error MUST match
// privacy.ErrInvalid. Nothing is written then.
type SweepStore interface {
	// CreateSweep stores a sweep that is to be executed. Creating it again with the
	// same plan and the same approval succeeds and changes nothing; with another
	// plan, or approved by another, the error MUST match privacy.ErrConflict.
	CreateSweep(ctx context.Context, sweep Sweep) error
	// Claim claims records for disposal, in one transaction that reads the holds
	// and the open requests. Nothing MUST be claimed that a hold covers which is in
	// force on the day of the record's zone at the given instant, nor a record of
	// the subject of an open request, if PlaceHold or OpenRequest returned before
	// Claim was called; and what is claimed before they return, they return. The
	// results stand in the order of the claims. Claiming again what is claimed by
	// the same sweep succeeds; what another sweep has claimed and not recorded MUST
	// be refused while the shard it was claimed in is leased at that instant.
	Claim(ctx context.Context, sweep string, leases []Lease, claims []Claim, at time.Time) ([]ClaimResult, error)
	// Record appends items to the log of a sweep, gives them the sequence numbers
	// that follow, from 1 without a gap, and ends their claims. An item whose token
	// is in the log already MUST be left out, so that recording again changes
	// nothing. It stores the pending notices with the items they are about; one
	// whose item is left out is left out too.
	Record(ctx context.Context, sweep string, leases []Lease, items []Item, pending []Notice) error
	// Items returns up to limit items of a log with a sequence above after, in the
	// order of their sequence.
	Items(ctx context.Context, sweep string, after uint64, limit int) ([]Item, error)
	// Disposed returns for each token the action of the last item, of any sweep,
	// that recorded it as Disposed, zero if there is none, in the order of the
	// tokens. The last is that with the latest At.
	Disposed(ctx context.Context, tokens []Token) ([]Action, error)
}

// ShardStore shares a sweep among processes: whoever works on a shard holds a
// lease on it. A lease ends at a time, which lets others take over from a process
// that died, and carries a number that grows with each lease of the shard, which
// keeps out one that slept past the end of its own. Errors MUST match
// privacy.ErrNotFound where a sweep does not exist.
type ShardStore interface {
	// Lease leases shards until a time: of those asked for, the ones that are not
	// leased at now, in ascending order. Of several calls that race each shard goes
	// to exactly one. Each lease of a shard MUST have a greater Fence than the one
	// before. A call that asks for shards and gets none marks the sweep as wanted.
	Lease(ctx context.Context, sweep string, shards []Shard, now, until time.Time) ([]Lease, error)
	// Renew makes leases end at another time, and reports whether the sweep is
	// marked as wanted. If one of them is not the latest of its shard the error MUST
	// match privacy.ErrConflict; nothing is written then.
	Renew(ctx context.Context, sweep string, leases []Lease, until time.Time) (wanted bool, err error)
	// Release ends leases, so that their shards can be leased at once, and takes
	// the mark away. Those that are not the latest MUST be left alone.
	Release(ctx context.Context, sweep string, leases []Lease) error
	// InFlight returns what a sweep has claimed in shards and not recorded, in the
	// order of the tokens.
	InFlight(ctx context.Context, sweep string, shards []Shard) ([]Claim, error)
}

// NoticeStore keeps the notices that could not be delivered yet. Errors MUST match
// privacy.ErrNotFound where a sweep does not exist.
type NoticeStore interface {
	// Notices returns up to limit pending notices of a sweep with a token above
	// after, in the order of their tokens.
	Notices(ctx context.Context, sweep string, after Token, limit int) ([]Notice, error)
	// Told removes the notices with the tokens. Those that are not there MUST be
	// ignored.
	Told(ctx context.Context, sweep string, tokens []Token) error
}
