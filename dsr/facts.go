package dsr

import "github.com/labelop/privacykit/privacy"

// Facts are what the guards and the consequences of an event depend on. The
// zero value of each is the strictest: nobody acts, in no role, nothing is shown.
type Facts struct {
	// Actor causes the event.
	Actor Actor
	// Role is the role in which the service processes the data concerned.
	Role privacy.Role
	// AuthorisedByController: as processor, the controller authorised the
	// service in writing to answer.
	AuthorisedByController bool
	// AuthorityProven: the agent proved that it may act for the subject.
	AuthorityProven bool
	// ReasonableDoubt: there is reasonable doubt about the identity.
	ReasonableDoubt bool
	// DirectMarketing: the objection is to direct marketing.
	DirectMarketing bool
	// LargeQuantity: a large quantity of information about the subject is held.
	LargeQuantity bool
	// ReasonablyRequired: the clarification is reasonably required.
	ReasonablyRequired bool
	// WithinFirstPeriod: the first period has not ended.
	WithinFirstPeriod bool
	// ReasonsGiven: the message to the requester states reasons.
	ReasonsGiven bool
	// Extended: the period was extended before.
	Extended bool
	// Evidence: the controller can demonstrate what it claims.
	Evidence bool
	// Hold: a hold or an exception covers a part of the data.
	Hold bool
	// TasksOpen: tasks of the request are still to be done.
	TasksOpen bool
	// RestrictionRequested: the subject asked for restriction, or the host made
	// it automatic.
	RestrictionRequested bool
	// WaitElapsed: the requester had the time to reply that the law gives.
	WaitElapsed bool
	// ComplaintOpen: a complaint to the controller is open.
	ComplaintOpen bool
	// MadePublic: the controller made the data public.
	MadePublic bool
	// NotificationImpossible: telling the recipients is impossible or
	// disproportionate.
	NotificationImpossible bool
	// Ground is the ground of an extension, such as "complexity".
	Ground string
	// Reason is the coded reason of a refusal or reopening.
	Reason Reason
}

// Reason is a coded reason. Hosts may use codes of their own besides the constants.
type Reason string

// The reasons that the machine itself gives.
const (
	ReasonNotIdentified      Reason = "not_identified"
	ReasonNotVerified        Reason = "not_verified"
	ReasonAgentNotAuthorised Reason = "agent_not_authorised"
	ReasonNoReply            Reason = "no_reply"
	ReasonDeemedWithdrawn    Reason = "deemed_withdrawn"
	ReasonDeemedRefusal      Reason = "deemed_refusal"
)

// ClockEffect is what an event does to the clock.
type ClockEffect uint8

// The effects on the clock.
const (
	// ClockUnchanged leaves it as it is.
	ClockUnchanged ClockEffect = iota
	// ClockRunning: it runs, or runs on.
	ClockRunning
	// ClockSuspended: it stands still until the blocker is resolved.
	ClockSuspended
	// ClockNotStarted: it begins when the blocker is resolved.
	ClockNotStarted
)

var clockNames = []string{"", "running", "suspended", "not_started"}

// String returns the code, "" for ClockUnchanged.
func (c ClockEffect) String() string {
	if c == ClockUnchanged {
		return ""
	}
	return text(clockNames, c)
}

// SideEffect is what happens to the processing at once, in the same unit of
// work as the transition.
type SideEffect uint8

// The side effects.
const (
	SideEffectNone SideEffect = iota
	// SideEffectRestrict restricts the processing (GDPR Art. 18(1)(a), (d)).
	SideEffectRestrict
	// SideEffectStop stops it (GDPR Art. 21(3)).
	SideEffectStop
)

var sideEffectNames = []string{"", "restrict_processing", "stop_processing_now"}

// String returns the code, "" for SideEffectNone.
func (s SideEffect) String() string {
	if s == SideEffectNone {
		return ""
	}
	return text(sideEffectNames, s)
}

// Duty is something owed after a transition besides the message to the requester.
type Duty uint8

// The duties.
const (
	// DutyNotifyRecipients: tell each recipient (GDPR Art. 19).
	DutyNotifyRecipients Duty = iota + 1
	// DutyRecordReason: record why recipients are not told.
	DutyRecordReason
	// DutyInformOtherControllers: where data were made public (GDPR Art. 17(2)).
	DutyInformOtherControllers
)

var dutyNames = []string{"", "notify_recipients", "record_reason", "inform_other_controllers"}

// String returns the code, "unknown" for the zero value.
func (d Duty) String() string { return text(dutyNames, d) }

// DutySet is a set of duties. The zero value is empty.
type DutySet uint8

// Has reports whether d is in the set.
func (s DutySet) Has(d Duty) bool { return s>>d&1 != 0 }

// All returns the duties in the order of the constants.
func (s DutySet) All() []Duty {
	var duties []Duty
	for _, d := range all[Duty](dutyNames) {
		if s.Has(d) {
			duties = append(duties, d)
		}
	}
	return duties
}

func (s DutySet) with(d Duty) DutySet { return s | 1<<d }
