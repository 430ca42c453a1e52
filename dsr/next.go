package dsr

import (
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Step is what an event leads to: the next state, and everything that goes with it.
type Step struct {
	// To is the next state.
	To State
	// Reason is the coded reason of a state that ends the request.
	Reason Reason
	// Clock is what happens to the clock.
	Clock ClockEffect
	// SideEffect happens to the processing at once.
	SideEffect SideEffect
	// Duties are owed besides the message.
	Duties DutySet
	// Timer is a period that begins: for an appeal, or for the acknowledgement
	// of a complaint; nil if none does. It is shared and must not be changed.
	Timer *privacy.Period
	// MustInclude are the contents of the message to the requester. It is shared
	// and must not be changed.
	MustInclude []regime.Content
	// Instead is what the controller evaluates the request as where the identity
	// was not proved, "" if it is refused and nothing else (11 CCR § 7024).
	Instead regime.Request
	// Forwarded: the request was passed on; see Step.Evidence.
	Forwarded bool
	// MustNotify: the requester must be told of this step.
	MustNotify bool
	// Extended: the period is extended from now on.
	Extended bool
	// Overdue: the period ended without an answer.
	Overdue bool
	// Alert: people must see this at once.
	Alert bool
	// ComplaintOpen: a complaint to the controller is open.
	ComplaintOpen bool
	// Reopened: the request is worked on again.
	Reopened bool
	// KeepOriginalDue: reopening does not move the due day.
	KeepOriginalDue bool
	// KeepRecord: the record of the request stays (GDPR Art. 5(2)).
	KeepRecord bool
}

// Evidence names something that the record of a case must hold.
type Evidence string

// The evidence of a forwarded request.
const (
	EvidenceReceivedAt  Evidence = "received_at"
	EvidenceForwardedAt Evidence = "forwarded_at"
	EvidenceController  Evidence = "controller"
	EvidenceContentHash Evidence = "content_hash"
)

// Evidence returns what the record must hold as proof of the step.
func (s *Step) Evidence() []Evidence {
	if !s.Forwarded {
		return nil
	}
	return []Evidence{EvidenceReceivedAt, EvidenceForwardedAt, EvidenceController, EvidenceContentHash}
}

// Next returns what an event leads to. It is a pure function of the table, the
// law and the facts, and does not allocate unless it fails. A Guard as error
// says which condition refused the event; a *TransitionError that the table
// does not know it in this state. With an error the Step is zero.
func Next(law *Law, from State, event Event, facts *Facts) (step Step, err error) {
	if law == nil || facts == nil || from >= maxStates || event >= maxEvents {
		return step, &TransitionError{from, event}
	}
	c := &cells[index(from, event)]
	if !c.known {
		return step, &TransitionError{from, event}
	}
	if guard := c.refuses(facts); guard != 0 {
		return step, guard
	}
	step.To = c.to
	if guard := law.apply(&step, from, event, facts); guard != 0 {
		return Step{}, guard
	}
	return step, nil
}

// refuses checks who acts, and in which role.
func (c *cell) refuses(f *Facts) Guard {
	switch {
	case c.guardedBy(GuardProcessorNotAuthorised) && !f.mayDecide():
		return GuardProcessorNotAuthorised
	case c.guardedBy(GuardNotProcessor) && f.Role != privacy.RoleProcessor:
		return GuardNotProcessor
	case f.Actor == 0 || c.actors>>f.Actor&1 == 0:
		return GuardActor
	case f.Actor == ActorProcessor && f.Role != privacy.RoleProcessor:
		return GuardActor
	}
	return 0
}

// mayDecide reports whether the service may answer for the controller.
func (f *Facts) mayDecide() bool {
	switch f.Role {
	case privacy.RoleController, privacy.RoleJointController:
		return true
	case privacy.RoleProcessor:
		return f.AuthorisedByController
	}
	return false
}

// apply checks the guards that depend on the law and completes the step.
func (l *Law) apply(step *Step, from State, event Event, f *Facts) Guard {
	switch event {
	case EventAgentSubmitted:
		l.agentSubmitted(step, f)
	case EventIdentityRequested:
		step.Clock = l.pause[BlockerIdentity].on(f)
		return l.verifying(f).mayAsk(f)
	case EventFeeRequested:
		step.Clock = l.pause[BlockerFee].on(f)
		if !f.Evidence {
			return GuardBurdenOfProof
		}
	case EventClarificationRequested:
		step.Clock = l.pause[BlockerClarification].on(f)
	case EventAuthorityConfirmed, EventIdentityConfirmed, EventFeePaid, EventClarificationReceived:
		step.Clock = ClockRunning
	case EventAuthorityFailed:
		l.refuse(step, ReasonAgentNotAuthorised)
	case EventIdentityFailed:
		l.refuse(step, l.failedReason())
		step.Instead = l.verify.instead
	case EventNoReply:
		return l.noReply(step, from, f)
	case EventForwardToController:
		step.Forwarded = true
	case EventObjectionReceived:
		step.SideEffect = SideEffectRestrict
		if f.DirectMarketing {
			step.SideEffect = SideEffectStop
		}
	case EventAccuracyContested:
		if f.RestrictionRequested {
			step.SideEffect = SideEffectRestrict
		}
	case EventExtend:
		step.Extended = true
		step.MustInclude, step.MustNotify = l.extended, true
		return mayExtend(l.extensionFrom(from), f)
	default:
		return l.conclude(step, from, event, f)
	}
	return 0
}

// conclude is apply for the events that end a request or come after its end.
func (l *Law) conclude(step *Step, from State, event Event, f *Facts) Guard {
	switch event {
	case EventFulfil:
		step.Duties = l.duties(f)
		switch {
		case f.TasksOpen:
			return GuardTasksOpen
		case f.Hold:
			return GuardHoldActive
		}
	case EventFulfilPartially:
		step.Duties = l.duties(f)
		step.MustInclude, step.MustNotify = l.partial, true
		if f.TasksOpen {
			return GuardTasksOpen
		}
	case EventRefuse:
		l.refuse(step, f.Reason)
		switch {
		case f.Reason == "":
			return GuardReasonsRequired
		case !f.Evidence:
			return GuardBurdenOfProof
		}
	case EventWithdraw:
		step.KeepRecord = true
		if f.Actor == ActorAgent && !f.AuthorityProven {
			return GuardActor
		}
	case EventDeadlineReached:
		l.expire(step, from, f)
	case EventAppeal:
		return l.open(step, l.appeal, GuardNoAppealRight)
	case EventAppealUpheld:
		step.Reopened = true
	case EventAppealDenied:
		step.MustInclude, step.MustNotify = l.appealDenied, true
	case EventComplaint:
		step.ComplaintOpen = true
		return l.open(step, l.complaint, GuardNoComplaintRight)
	case EventReopen:
		step.Reopened, step.KeepOriginalDue = true, true
		if f.Reason == "" {
			return GuardReasonsRequired
		}
	default:
		return l.followUp(step, event, f)
	}
	return 0
}

// followUp is apply for what runs beside the period of a request.
func (l *Law) followUp(step *Step, event Event, f *Facts) Guard {
	switch event {
	case EventAcknowledge:
		step.MustInclude, step.MustNotify = l.acknowledgement, true
	case EventAcknowledgementOverdue, EventAppealOverdue:
		step.Alert = true
	case EventComplaintAcknowledged, EventComplaintResolved:
		step.ComplaintOpen, step.MustNotify = event == EventComplaintAcknowledged, true
		if !f.ComplaintOpen {
			return GuardNoComplaintOpen
		}
	case EventComplaintOverdue:
		step.ComplaintOpen, step.Alert = true, true
		if !f.ComplaintOpen {
			return GuardNoComplaintOpen
		}
	}
	return 0
}

func (l *Law) agentSubmitted(step *Step, f *Facts) {
	if f.AuthorityProven {
		step.To, step.Clock = StateInProgress, ClockRunning
		return
	}
	step.Clock = l.pause[BlockerAuthority].on(f)
}

func (l *Law) verifying(f *Facts) *verification {
	if f.DirectMarketing {
		return &l.verifyMarketing
	}
	return &l.verify
}

func (v *verification) mayAsk(f *Facts) Guard {
	if v.refused != 0 {
		return v.refused
	}
	if v.doubt && !f.ReasonableDoubt {
		return GuardNoReasonableDoubt
	}
	return 0
}

func (l *Law) failedReason() Reason {
	if l.verify.failed == "" {
		return ReasonNotIdentified
	}
	return l.verify.failed
}

func (l *Law) refuse(step *Step, reason Reason) {
	step.To, step.Reason = StateRefused, reason
	step.MustInclude, step.MustNotify = l.refusal, true
}

func (l *Law) noReply(step *Step, from State, f *Facts) Guard {
	blocker, _ := BlockerOf(from)
	rule := l.silence[blocker]
	step.Reason = ReasonNoReply
	if rule.withdraws {
		step.To, step.Reason = StateWithdrawn, ReasonDeemedWithdrawn
	}
	step.KeepRecord = true
	if rule.wait && !f.WaitElapsed {
		return GuardTooEarly
	}
	return 0
}

// extensionFrom returns the extension of the period that runs in a state: that
// of an appeal is another.
func (l *Law) extensionFrom(from State) *regime.Extension {
	if from == StateAppealOpen {
		return l.appealExtension
	}
	return l.extension
}

func mayExtend(extension *regime.Extension, f *Facts) Guard {
	switch {
	case extension == nil:
		return GuardExtensionNotProvided
	case f.Extended:
		return GuardAlreadyExtended
	case !f.WithinFirstPeriod:
		return GuardTooLate
	case !f.ReasonsGiven:
		return GuardReasonsRequired
	case !extension.Allows(f.Ground):
		return GuardGroundNotAllowed
	}
	return 0
}

func (l *Law) duties(f *Facts) DutySet {
	var duties DutySet
	switch {
	case l.notifyRecipients && f.NotificationImpossible:
		duties = duties.with(DutyRecordReason)
	case l.notifyRecipients:
		duties = duties.with(DutyNotifyRecipients)
	}
	if l.informControllers && f.MadePublic {
		duties = duties.with(DutyInformOtherControllers)
	}
	return duties
}

// expire says what the end of the period means. What it makes of the request is
// the controller's: to a processor without authority it is an alert.
func (l *Law) expire(step *Step, from State, f *Facts) {
	step.Overdue, step.Alert = true, true
	switch {
	case !f.mayDecide():
	case l.expiry == regime.ExpiryDeemedRefusal:
		step.To, step.Reason = StateRefused, ReasonDeemedRefusal
	case l.expiry == regime.ExpiryMayDeny && from == StateIdentityPending:
		l.refuse(step, l.failedReason())
		step.Instead = l.verify.instead
	}
}

// open starts a procedure against a refusal, if the law has one.
func (l *Law) open(step *Step, timer *privacy.Period, missing Guard) Guard {
	if timer == nil {
		return missing
	}
	step.Timer = timer
	return 0
}
