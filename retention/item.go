package retention

import "time"

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

// Item is an entry of the log of a sweep: what became of one planned record.
type Item struct {
	Sequence uint64 `json:"sequence"`
	Token    Token  `json:"token"`
	Shard    Shard  `json:"shard"`
	PlanItem
	Outcome ItemOutcome `json:"outcome"`
	// Reason is the code of a skip: of a ClaimResult or a Verdict, "verdict_changed", or
	// "not_found". Of a failure it is "error", "timeout", "panic", "not_verified",
	// "key_copies" or "changed".
	Reason string `json:"reason,omitempty"`
	// Notice says whether those downstream were told of it when it was logged, zero
	// if there was nothing to tell or nobody.
	Notice NoticeState `json:"notice,omitempty"`
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
