package dsr

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Guard is a condition that keeps a transition from happening. It is an error,
// so that errors.Is(err, dsr.GuardTooLate) tells which; it matches
// privacy.ErrInvalid.
type Guard uint8

// The guards.
const (
	// GuardActor: whoever acts may not cause this event.
	GuardActor Guard = iota + 1
	// GuardProcessorNotAuthorised: a processor does not decide a request unless
	// the controller authorised it in writing (GDPR Art. 28(3)(e); SCC 2021/914
	// clause 10(a)).
	GuardProcessorNotAuthorised
	// GuardNotProcessor: only a processor forwards a request.
	GuardNotProcessor
	// GuardNoReasonableDoubt: identity is asked for on reasonable doubt only
	// (GDPR Art. 12(6)).
	GuardNoReasonableDoubt
	// GuardVerificationNotAllowed: the law forbids to ask (11 CCR § 7060(b)).
	GuardVerificationNotAllowed
	// GuardVerificationNotNeeded: the act needs no more than its channel (GDPR
	// Art. 7(3), Art. 21(3)).
	GuardVerificationNotNeeded
	// GuardAlreadyExtended: a period is extended once.
	GuardAlreadyExtended
	// GuardExtensionNotProvided: the law gives no extension.
	GuardExtensionNotProvided
	// GuardTooLate: the extension was not told within the first period.
	GuardTooLate
	// GuardReasonsRequired: reasons must be given.
	GuardReasonsRequired
	// GuardGroundNotAllowed: the ground is none of those the law names.
	GuardGroundNotAllowed
	// GuardBurdenOfProof: the controller must have evidence (GDPR Art. 12(5)).
	GuardBurdenOfProof
	// GuardHoldActive: data under a hold or an exception cannot be erased in
	// full; fulfil partially or refuse (GDPR Art. 17(3)).
	GuardHoldActive
	// GuardTasksOpen: an answer comes when every task is over.
	GuardTasksOpen
	// GuardTooEarly: the requester's time to reply is not over.
	GuardTooEarly
	// GuardNoAppealRight: the law knows no appeal to the controller.
	GuardNoAppealRight
	// GuardNoComplaintRight: the law knows no complaint to the controller.
	GuardNoComplaintRight
	// GuardNoComplaintOpen: there is no complaint to answer.
	GuardNoComplaintOpen
)

var guardNames = []string{
	"", "actor", "processor_not_authorised", "not_processor", "no_reasonable_doubt", "verification_not_allowed",
	"verification_not_needed", "already_extended", "extension_not_provided", "too_late", "reasons_required",
	"ground_not_allowed", "burden_of_proof", "hold_active", "tasks_open", "too_early", "no_appeal_right", "no_complaint_right",
	"no_complaint_open",
}

// Guards returns every guard in the order of the constants.
func Guards() []Guard { return all[Guard](guardNames) }

// String returns the code, "unknown" for the zero value.
func (g Guard) String() string { return text(guardNames, g) }

// Error returns "guard:" and the code.
func (g Guard) Error() string { return "guard:" + g.String() }

// Is reports whether target is privacy.ErrInvalid.
func (g Guard) Is(target error) bool { return target == privacy.ErrInvalid }

// TransitionError reports an event that the table does not know in a state. It
// matches privacy.ErrInvalid.
type TransitionError struct {
	From  State
	Event Event
}

// Error names the state and the event.
func (e *TransitionError) Error() string {
	return fmt.Sprintf("no transition from %s on %s", e.From, e.Event)
}

// Is reports whether target is privacy.ErrInvalid.
func (e *TransitionError) Is(target error) bool { return target == privacy.ErrInvalid }
