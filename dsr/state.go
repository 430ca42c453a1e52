package dsr

// State is where one right of a case stands, as it is reported. The zero value
// is that of a request before it was submitted.
type State uint8

// The states.
const (
	// StateReceived: the request is on record; nothing was done yet.
	StateReceived State = iota + 1
	// StateIdentityPending waits for proof of identity.
	StateIdentityPending
	// StateAgentAuthorityPending waits for proof that the agent may act.
	StateAgentAuthorityPending
	// StateFeePending waits for a fee.
	StateFeePending
	// StateClarificationPending waits for the requester to say what is meant.
	StateClarificationPending
	// StateInProgress: the request is being worked on.
	StateInProgress
	// StatePartiallyFulfilled: a part was done, the rest withheld with reasons.
	StatePartiallyFulfilled
	// StateFulfilled: everything asked for was done.
	StateFulfilled
	// StateRefused: nothing was done, with reasons.
	StateRefused
	// StateWithdrawn: the requester took the request back.
	StateWithdrawn
	// StateForwarded: a processor passed the request to its controller.
	StateForwarded
	// StateAppealOpen: a refusal is under review.
	StateAppealOpen
	// StateClosed: ended without a decision, or after a denied appeal.
	StateClosed
)

var stateNames = []string{
	"", "received", "identity_pending", "agent_authority_pending", "fee_pending", "clarification_pending",
	"in_progress", "partially_fulfilled", "fulfilled", "refused", "withdrawn", "forwarded", "appeal_open", "closed",
}

// States returns every state in the order of the constants.
func States() []State { return all[State](stateNames) }

// ParseState returns the state with the given code. The error matches
// privacy.ErrInvalid.
func ParseState(code string) (State, error) { return parse[State](stateNames, "state", code) }

// String returns the code, "unknown" for the zero value.
func (s State) String() string { return text(stateNames, s) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (s State) MarshalText() ([]byte, error) { return marshal(stateNames, "state", s) }

// UnmarshalText parses as ParseState does and leaves s unchanged on error.
func (s *State) UnmarshalText(code []byte) error {
	parsed, err := ParseState(string(code))
	if err == nil {
		*s = parsed
	}
	return err
}

// stateSet is a set of states.
type stateSet uint16

func setOf(states ...State) stateSet {
	var set stateSet
	for _, s := range states {
		set |= 1 << s
	}
	return set
}

func (set stateSet) has(s State) bool { return set>>s&1 != 0 }

// openStates are those in which the controller still owes an answer.
var openStates = setOf(
	StateReceived, StateIdentityPending, StateAgentAuthorityPending, StateFeePending,
	StateClarificationPending, StateInProgress,
)

// pendingStates are those that stand for a blocker.
var pendingStates = setOf(
	StateIdentityPending, StateAgentAuthorityPending, StateFeePending, StateClarificationPending,
)

// Open reports whether the controller still owes an answer in this state. An
// open appeal is not an open request: it has a clock of its own.
func (s State) Open() bool { return openStates.has(s) }

// Pending reports whether the state stands for a blocker.
func (s State) Pending() bool { return pendingStates.has(s) }

// finalStates are those in which nothing is owed any more, though some can be
// reopened or appealed from.
var finalStates = setOf(StatePartiallyFulfilled, StateFulfilled, StateRefused, StateWithdrawn, StateClosed)

// Final reports whether nothing is owed any more in this state. A refusal can
// be appealed where the law says so, and staff can reopen what was decided; a
// withdrawn request stays withdrawn.
func (s State) Final() bool { return finalStates.has(s) }
