package regime

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// State is how a clock stands.
type State string

// The states of a clock.
const (
	// StateRunning: there is a start, and a due day unless the law gives no number.
	StateRunning State = "running"
	// StateNotStarted: something must happen before the period begins.
	StateNotStarted State = "not_started"
	// StatePaused: the period is suspended, its end is open.
	StatePaused State = "paused"
	// StateWithdrawn: by the requester's silence the request ended.
	StateWithdrawn State = "withdrawn"
)

// Deadline is every date that follows from a Query. A zero date is one that the
// law does not set, or that is still open.
type Deadline struct {
	// Regime is the version that was applied, as Regime.Version names it.
	Regime  string
	Request Request
	State   State
	// Start is the day from which the period runs; it is not counted.
	Start privacy.Date
	// Acknowledge is the last day to confirm receipt.
	Acknowledge privacy.Date
	// Due is the last day to answer.
	Due privacy.Date
	// DueEnd is the first instant after Due in the controller's zone.
	DueEnd time.Time
	// Standard is the law's own words for how fast, beside a number or without.
	Standard string
	// Target is the last day by which a regulator expects an answer.
	Target privacy.Date
	// ExtensionNotice is the last day to tell of an extension.
	ExtensionNotice privacy.Date
	// RefusalNotice is the last day to tell of a refusal.
	RefusalNotice privacy.Date
	// Extension says whether the extension that was told is valid.
	Extension ExtensionResult
	// FeeReflectionEnds is the last day to confirm a fee.
	FeeReflectionEnds privacy.Date
	// SuitNotBefore is the first day on which the requester may go to court.
	SuitNotBefore privacy.Date
	// OnExpiry is what silence means.
	OnExpiry Expiry
	// Steps derive every date.
	Steps []Step
}

// ExtensionResult says what became of an extension. The zero value: none was told.
type ExtensionResult string

// What became of an extension.
const (
	ExtensionNone        ExtensionResult = ""
	ExtensionValid       ExtensionResult = "valid"
	ExtensionTooLate     ExtensionResult = "too_late"
	ExtensionNoReason    ExtensionResult = "reason_missing"
	ExtensionNoGround    ExtensionResult = "ground_not_allowed"
	ExtensionTooLong     ExtensionResult = "too_long"
	ExtensionNotProvided ExtensionResult = "not_provided_for"
)

// Deadline computes every date of a request. Where the regime has no clock for
// the request the error matches ErrNotRegulated, where the request came when
// the version was not in force ErrNotInForce; where the calendar lacks a day
// that is needed, privacy.ErrOutOfCoverage.
func (r *Regime) Deadline(q Query) (Deadline, error) {
	c, err := r.computation(q)
	if err != nil {
		return Deadline{}, err
	}
	if err := c.run(); err != nil {
		return Deadline{}, fmt.Errorf("%s, %s: %w", r.Version(), q.Request, err)
	}
	return c.out, nil
}

func (r *Regime) computation(q Query) (*computation, error) {
	if q.Received.IsZero() || q.Zone == nil {
		return nil, fmt.Errorf("a deadline needs a time of receipt and a zone: %w", privacy.ErrInvalid)
	}
	received := privacy.DateOf(q.Received, q.Zone)
	bound := q.BoundOn
	if bound.IsZero() {
		bound = received
	}
	if !r.InForce(bound) {
		return nil, fmt.Errorf("%s on %s: %w", r.Version(), bound, ErrNotInForce)
	}
	clock := r.clock(q.Request)
	if clock == nil {
		return nil, fmt.Errorf("%s, request %q: %w", r.Version(), q.Request, ErrNotRegulated)
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	return &computation{
		regime: r, clock: clock, query: q, received: received, response: clock.response(q),
		out: Deadline{
			Regime: r.Version(), Request: q.Request, State: StateRunning, OnExpiry: clock.OnExpiry,
			Steps: make([]Step, 0, 8),
		},
	}, nil
}
