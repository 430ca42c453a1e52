package retention

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// HoldStore keeps holds. All methods MUST be safe for concurrent use, return
// copies, and fail with the error of a cancelled context without writing.
type HoldStore interface {
	// PlaceHold stores a hold, which names the aliases of its subjects (see
	// Hold.WithAliases). The error MUST match privacy.ErrExists if its tenant
	// has a hold with its ID, and privacy.ErrInvalid if Hold.Validate refuses it;
	// nothing is written then. It returns the claims in flight that it covers:
	// claimed by a sweep before, and not recorded yet. They may still be disposed
	// of; every later claim sees the hold.
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

// SweepStore keeps sweeps, their claims and their item logs. All methods MUST be
// safe for concurrent use, return copies, and fail with the error of a cancelled
// context without writing. Errors MUST match privacy.ErrNotFound where a sweep
// does not exist.
type SweepStore interface {
	// CreateSweep stores a sweep that is to be executed. Creating it again with the
	// same plan succeeds and changes nothing; with another plan the error MUST
	// match privacy.ErrConflict.
	CreateSweep(ctx context.Context, sweep Sweep) error
	// Claim claims records for disposal, in one transaction that reads the holds:
	// nothing MUST be claimed that a hold covers which is in force on the day of
	// the record's zone at the given instant and whose PlaceHold returned before
	// Claim was called. The results stand in the order of the claims. Claiming
	// again what is claimed by the same sweep succeeds; what another sweep has
	// claimed and not recorded MUST be refused.
	Claim(ctx context.Context, sweep string, claims []Claim, at time.Time) ([]ClaimResult, error)
	// Record appends items to the log of a sweep, all or none, gives them the
	// sequence numbers that follow, from 1 without a gap, and ends their claims. An
	// item whose token is in the log already MUST be left out, so that recording
	// again changes nothing.
	Record(ctx context.Context, sweep string, items []Item) error
	// Items returns up to limit items of a log with a sequence above after, in the
	// order of their sequence.
	Items(ctx context.Context, sweep string, after uint64, limit int) ([]Item, error)
	// Disposed returns for each token the action of the last item, of any sweep,
	// that recorded it as Disposed, zero if there is none, in the order of the
	// tokens.
	Disposed(ctx context.Context, tokens []Token) ([]Action, error)
}

// Token stands for a record in plans, logs and certificates: a keyed hash of
// system, tenant and key, from which nobody without the key can tell the record.
type Token = Hash

// Sweep is a plan that somebody has approved.
type Sweep struct {
	ID string `json:"id"`
	// PlanHash is Plan.Hash of what was approved.
	PlanHash Hash `json:"plan_hash"`
	// ApprovedBy is who approved it: a role or an opaque identifier.
	ApprovedBy string    `json:"approved_by"`
	StartedAt  time.Time `json:"started_at"`
}

// Claim is a record that a sweep is about to dispose of.
type Claim struct {
	Token  Token
	Record Record
}

// ClaimResult is the answer to a Claim. The zero value refuses.
type ClaimResult struct {
	// Claimed allows the disposal.
	Claimed bool
	// HoldID names the hold that refuses, "" if another sweep has the record.
	HoldID string
}

// Item is an entry of the log of a sweep: what became of one planned record.
type Item struct {
	Sequence uint64 `json:"sequence"`
	Token    Token  `json:"token"`
	PlanItem
	Outcome ItemOutcome `json:"outcome"`
	// Reason is the code of a skip or a failure, such as "hold:H1" or "not_verified".
	Reason string `json:"reason,omitempty"`
	// At is when the outcome was known, in UTC to the microsecond.
	At time.Time `json:"at"`
}

// ItemOutcome says what became of a planned record. The zero value is unknown.
type ItemOutcome uint8

const (
	// Disposed means that the system confirms the disposal.
	Disposed ItemOutcome = iota + 1
	// HiddenNow means that the record was withdrawn from use.
	HiddenNow
	// Skipped means that the record was left alone, for the Reason.
	Skipped
	// Failed means that the disposal was tried and is not confirmed.
	Failed
)

var itemOutcomeCodes = codes{"", "disposed", "hidden", "skipped", "failed"}

// String returns the code, "unknown" for every value that is no constant.
func (o ItemOutcome) String() string { return itemOutcomeCodes.text(uint8(o)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (o ItemOutcome) MarshalText() ([]byte, error) {
	return itemOutcomeCodes.marshal("outcome", uint8(o))
}

// UnmarshalText parses a code and leaves o unchanged on error, which matches
// privacy.ErrInvalid.
func (o *ItemOutcome) UnmarshalText(text []byte) error {
	parsed, err := itemOutcomeCodes.parse("outcome", string(text))
	if err == nil {
		*o = ItemOutcome(parsed)
	}
	return err
}
