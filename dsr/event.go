package dsr

// Event is something that happens to a request. The zero value is unknown.
type Event uint8

// The events.
const (
	// EventSubmit brings a request in, by any channel.
	EventSubmit Event = iota + 1
	// EventAgentSubmitted states that an agent acts for the subject.
	EventAgentSubmitted
	// EventAuthorityConfirmed accepts the agent's proof.
	EventAuthorityConfirmed
	// EventAuthorityFailed rejects the agent's proof.
	EventAuthorityFailed
	// EventIdentityRequested asks for proof of identity.
	EventIdentityRequested
	// EventIdentityConfirmed accepts the proof.
	EventIdentityConfirmed
	// EventIdentityFailed rejects the proof for good.
	EventIdentityFailed
	// EventFeeRequested tells of a fee.
	EventFeeRequested
	// EventFeePaid records that the fee was paid, or confirmed where that is enough.
	EventFeePaid
	// EventClarificationRequested asks what is meant.
	EventClarificationRequested
	// EventClarificationReceived records the answer.
	EventClarificationReceived
	// EventNoReply records that the requester stayed silent.
	EventNoReply
	// EventBegin starts the work.
	EventBegin
	// EventForwardToController passes the request on, as a processor.
	EventForwardToController
	// EventForwardAcknowledged records that the controller confirmed receipt.
	EventForwardAcknowledged
	// EventRespond starts the work on the controller's written authority.
	EventRespond
	// EventObjectionReceived records an objection (GDPR Art. 21).
	EventObjectionReceived
	// EventAccuracyContested records that accuracy is contested (GDPR Art. 18(1)(a)).
	EventAccuracyContested
	// EventExtend tells the requester of a longer period.
	EventExtend
	// EventFulfil records that everything was done.
	EventFulfil
	// EventFulfilPartially records that a part was done and the rest withheld.
	EventFulfilPartially
	// EventRefuse refuses the request with reasons.
	EventRefuse
	// EventWithdraw takes the request back.
	EventWithdraw
	// EventDeadlineReached records that the period ended.
	EventDeadlineReached
	// EventAppeal asks to review a refusal.
	EventAppeal
	// EventAppealUpheld grants the appeal.
	EventAppealUpheld
	// EventAppealDenied denies it.
	EventAppealDenied
	// EventComplaint complains to the controller itself.
	EventComplaint
	// EventReopen resumes an ended request for new facts.
	EventReopen
	// EventAcknowledge tells the requester that the request arrived (11 CCR §
	// 7021(a)).
	EventAcknowledge
	// EventAcknowledgementOverdue records that the period to do so ended.
	EventAcknowledgementOverdue
	// EventAppealOverdue records that the period to decide an appeal ended.
	EventAppealOverdue
	// EventComplaintAcknowledged confirms receipt of a complaint (DPA 2018 s.
	// 164A(3)).
	EventComplaintAcknowledged
	// EventComplaintOverdue records that the period to do so ended.
	EventComplaintOverdue
	// EventComplaintResolved tells the outcome of a complaint.
	EventComplaintResolved
)

var eventNames = []string{
	"", "submit", "agent_submitted", "authority_confirmed", "authority_failed",
	"identity_requested", "identity_confirmed", "identity_failed", "fee_requested", "fee_paid",
	"clarification_requested", "clarification_received", "no_reply", "begin",
	"forward_to_controller", "forward_acknowledged", "respond", "objection_received", "accuracy_contested",
	"extend", "fulfil", "fulfil_partially", "refuse", "withdraw", "deadline_reached",
	"appeal", "appeal_upheld", "appeal_denied", "complaint", "reopen",
	"acknowledge", "acknowledgement_overdue", "appeal_overdue",
	"complaint_acknowledged", "complaint_overdue", "complaint_resolved",
}

// Events returns every event in the order of the constants.
func Events() []Event { return all[Event](eventNames) }

// ParseEvent returns the event with the given code. The error matches
// privacy.ErrInvalid.
func ParseEvent(code string) (Event, error) { return parse[Event](eventNames, "event", code) }

// String returns the code, "unknown" for the zero value.
func (e Event) String() string { return text(eventNames, e) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (e Event) MarshalText() ([]byte, error) { return marshal(eventNames, "event", e) }

// UnmarshalText parses as ParseEvent does and leaves e unchanged on error.
func (e *Event) UnmarshalText(code []byte) error {
	parsed, err := ParseEvent(string(code))
	if err == nil {
		*e = parsed
	}
	return err
}

// Actor is whoever causes an event. The zero value is unknown and may cause none.
type Actor uint8

// The actors.
const (
	// ActorSubject is the data subject.
	ActorSubject Actor = iota + 1
	// ActorAgent acts for the subject.
	ActorAgent
	// ActorStaff works for the controller.
	ActorStaff
	// ActorProcessor works for the processor.
	ActorProcessor
	// ActorSystem is the service itself, such as a timer.
	ActorSystem
)

var actorNames = []string{"", "subject", "agent", "controller_staff", "processor", "system"}

// Actors returns every actor in the order of the constants.
func Actors() []Actor { return all[Actor](actorNames) }

// ParseActor returns the actor with the given code. The error matches
// privacy.ErrInvalid.
func ParseActor(code string) (Actor, error) { return parse[Actor](actorNames, "actor", code) }

// String returns the code, "unknown" for the zero value.
func (a Actor) String() string { return text(actorNames, a) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (a Actor) MarshalText() ([]byte, error) { return marshal(actorNames, "actor", a) }

// UnmarshalText parses as ParseActor does and leaves a unchanged on error.
func (a *Actor) UnmarshalText(code []byte) error {
	parsed, err := ParseActor(string(code))
	if err == nil {
		*a = parsed
	}
	return err
}
