package dsr

import "slices"

// Rule is one row of the transition table: an event, the states in which it can
// happen, and where it leads.
type Rule struct {
	Event Event
	// From are the states in which the event is accepted; empty stands for a
	// request that was not submitted yet.
	From []State
	// To is the state it leads to, zero if it stays where it is.
	To State
	// Or are the states it leads to instead, as the law or the facts say.
	Or []State
	// Actors may cause the event. The first is the usual one.
	Actors []Actor
	// Guards can refuse it, in the order in which they are checked.
	Guards []Guard
}

var (
	open    = []State{StateReceived, StateIdentityPending, StateAgentAuthorityPending, StateFeePending, StateClarificationPending, StateInProgress}
	pending = []State{StateIdentityPending, StateAgentAuthorityPending, StateFeePending, StateClarificationPending}
	decided = []State{StatePartiallyFulfilled, StateFulfilled, StateRefused, StateClosed}

	complainable = slices.Concat(decided, open, []State{StateWithdrawn})

	byRequester = []Actor{ActorSubject, ActorAgent}
	byStaff     = []Actor{ActorStaff, ActorProcessor, ActorSystem}
	byClock     = []Actor{ActorSystem, ActorStaff}
	byAnyone    = []Actor{ActorSubject, ActorAgent, ActorStaff, ActorProcessor, ActorSystem}
)

// table is the transition table. A processor that answers needs its
// controller's authority for every event that GuardProcessorNotAuthorised
// guards.
var table = []Rule{
	{Event: EventSubmit, To: StateReceived, Actors: byAnyone},
	{
		Event: EventAgentSubmitted, From: []State{StateReceived}, To: StateAgentAuthorityPending, Or: []State{StateInProgress},
		Actors: []Actor{ActorAgent, ActorStaff, ActorProcessor},
	},
	{
		Event: EventAuthorityConfirmed, From: []State{StateAgentAuthorityPending}, To: StateInProgress,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventAuthorityFailed, From: []State{StateAgentAuthorityPending}, To: StateRefused,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventIdentityRequested, From: open, To: StateIdentityPending, Actors: byStaff,
		Guards: []Guard{
			GuardProcessorNotAuthorised, GuardActor,
			GuardVerificationNotAllowed, GuardVerificationNotNeeded, GuardNoReasonableDoubt,
		},
	},
	{
		Event: EventIdentityConfirmed, From: []State{StateIdentityPending}, To: StateInProgress,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventIdentityFailed, From: []State{StateIdentityPending}, To: StateRefused,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventFeeRequested, From: open, To: StateFeePending, Actors: byStaff,
		Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardBurdenOfProof},
	},
	{
		Event: EventFeePaid, From: []State{StateFeePending}, To: StateInProgress,
		Actors: []Actor{ActorStaff, ActorSubject, ActorAgent, ActorProcessor, ActorSystem}, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventClarificationRequested, From: open, To: StateClarificationPending,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventClarificationReceived, From: []State{StateClarificationPending}, To: StateInProgress,
		Actors: byAnyone, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventNoReply, From: pending, To: StateClosed, Or: []State{StateWithdrawn}, Actors: []Actor{ActorSystem, ActorStaff, ActorProcessor},
		Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardTooEarly},
	},
	{
		Event: EventBegin, From: []State{StateReceived}, To: StateInProgress,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventForwardToController, From: open, To: StateForwarded,
		Actors: []Actor{ActorProcessor, ActorSystem}, Guards: []Guard{GuardNotProcessor, GuardActor},
	},
	{
		Event: EventForwardAcknowledged, From: []State{StateForwarded}, To: StateClosed,
		Actors: []Actor{ActorStaff, ActorProcessor, ActorSystem}, Guards: []Guard{GuardNotProcessor, GuardActor},
	},
	{
		Event: EventRespond, From: []State{StateReceived, StateForwarded}, To: StateInProgress,
		Actors: []Actor{ActorProcessor, ActorStaff, ActorSystem}, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{Event: EventObjectionReceived, From: []State{StateReceived, StateInProgress}, To: StateInProgress, Actors: byAnyone},
	{Event: EventObjectionReceived, From: pending, Actors: byAnyone},
	{Event: EventAccuracyContested, From: []State{StateReceived, StateInProgress}, To: StateInProgress, Actors: byAnyone},
	{Event: EventAccuracyContested, From: pending, Actors: byAnyone},
	{
		Event: EventExtend, From: slices.Concat(open, []State{StateAppealOpen}), Actors: byStaff,
		Guards: []Guard{
			GuardProcessorNotAuthorised, GuardActor, GuardExtensionNotProvided,
			GuardAlreadyExtended, GuardTooLate, GuardReasonsRequired, GuardGroundNotAllowed,
		},
	},
	{
		Event: EventFulfil, From: []State{StateInProgress}, To: StateFulfilled,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardTasksOpen, GuardHoldActive},
	},
	{
		Event: EventFulfilPartially, From: []State{StateInProgress}, To: StatePartiallyFulfilled,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardTasksOpen},
	},
	{
		Event: EventRefuse, From: []State{StateReceived, StateInProgress}, To: StateRefused,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardReasonsRequired, GuardBurdenOfProof},
	},
	{Event: EventWithdraw, From: slices.Concat(open, []State{StateAppealOpen}), To: StateWithdrawn, Actors: byRequester, Guards: []Guard{GuardActor}},
	{Event: EventDeadlineReached, From: open, Or: []State{StateRefused}, Actors: []Actor{ActorSystem, ActorStaff}, Guards: []Guard{GuardActor}},
	{
		Event: EventAppeal, From: []State{StateRefused, StatePartiallyFulfilled}, To: StateAppealOpen,
		Actors: byRequester, Guards: []Guard{GuardActor, GuardNoAppealRight},
	},
	{
		Event: EventAppealUpheld, From: []State{StateAppealOpen}, To: StateInProgress,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventAppealDenied, From: []State{StateAppealOpen}, To: StateClosed,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{
		Event: EventComplaint, From: complainable,
		Actors: byRequester, Guards: []Guard{GuardActor, GuardNoComplaintRight},
	},
	{
		Event: EventReopen, From: decided, To: StateInProgress,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardReasonsRequired},
	},
	{
		Event: EventAcknowledge, From: open,
		Actors: byStaff, Guards: []Guard{GuardProcessorNotAuthorised, GuardActor},
	},
	{Event: EventAcknowledgementOverdue, From: open, Actors: byClock, Guards: []Guard{GuardActor}},
	{Event: EventAppealOverdue, From: []State{StateAppealOpen}, Actors: byClock, Guards: []Guard{GuardActor}},
	{
		Event: EventComplaintAcknowledged, From: complainable, Actors: byStaff,
		Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardNoComplaintOpen},
	},
	{Event: EventComplaintOverdue, From: complainable, Actors: byClock, Guards: []Guard{GuardActor, GuardNoComplaintOpen}},
	{
		Event: EventComplaintResolved, From: complainable, Actors: byStaff,
		Guards: []Guard{GuardProcessorNotAuthorised, GuardActor, GuardNoComplaintOpen},
	},
}

// Table returns the transition table. The caller may change it.
func Table() []Rule {
	rules := slices.Clone(table)
	for i, rule := range rules {
		rules[i].From = slices.Clone(rule.From)
		rules[i].Or = slices.Clone(rule.Or)
		rules[i].Actors = slices.Clone(rule.Actors)
		rules[i].Guards = slices.Clone(rule.Guards)
	}
	return rules
}

// Usual returns the actor who usually causes the event, zero if it is unknown.
func (e Event) Usual() Actor {
	for _, rule := range table {
		if rule.Event == e {
			return rule.Actors[0]
		}
	}
	return 0
}

// cell is the compiled row of one state and event.
type cell struct {
	known  bool
	to     State
	actors uint8 // bit i: Actor i may cause it
	guards uint32
}

func (c cell) guardedBy(g Guard) bool { return c.guards>>g&1 != 0 }

// cells is the table compiled for Next: one cell per state and event, the
// state 0 being that before submission.
var cells = compile(table)

func compile(rules []Rule) (cells [maxStates * maxEvents]cell) {
	for _, rule := range rules {
		from := rule.From
		if len(from) == 0 {
			from = []State{0}
		}
		for _, s := range from {
			c := cell{known: true, to: rule.To}
			if c.to == 0 {
				c.to = s
			}
			for _, actor := range rule.Actors {
				c.actors |= 1 << actor
			}
			for _, guard := range rule.Guards {
				c.guards |= 1 << guard
			}
			cells[index(s, rule.Event)] = c
		}
	}
	return cells
}

// The table has room for 16 states and 64 events, so that an index is a shift.
const (
	maxStates = 16
	maxEvents = 64
)

func index(s State, e Event) int { return int(s&(maxStates-1))<<6 | int(e&(maxEvents-1)) }
