package dsr

import "github.com/labelop/privacykit/dsr/regime"

// Blocker is something that a whole case waits for. Several can be in the way
// at once. The constants are in the order in which they are reported: whoever
// acts must be entitled to, then be who they say, before money or meaning
// matter.
type Blocker uint8

// The blockers.
const (
	// BlockerAuthority waits for the agent's authority.
	BlockerAuthority Blocker = iota
	// BlockerIdentity waits for the requester's identity.
	BlockerIdentity
	// BlockerFee waits for a fee.
	BlockerFee
	// BlockerClarification waits for a clarification.
	BlockerClarification

	blockerCount = iota
)

var blockerStates = [blockerCount]State{
	BlockerAuthority:     StateAgentAuthorityPending,
	BlockerIdentity:      StateIdentityPending,
	BlockerFee:           StateFeePending,
	BlockerClarification: StateClarificationPending,
}

var regimeBlockers = [blockerCount]regime.Blocker{
	BlockerAuthority:     regime.BlockerAuthority,
	BlockerIdentity:      regime.BlockerIdentity,
	BlockerFee:           regime.BlockerFee,
	BlockerClarification: regime.BlockerClarification,
}

// Blockers returns every blocker in the order in which they are reported.
func Blockers() []Blocker {
	return []Blocker{BlockerAuthority, BlockerIdentity, BlockerFee, BlockerClarification}
}

// State returns the state that reports the blocker.
func (b Blocker) State() State {
	if b >= blockerCount {
		return 0
	}
	return blockerStates[b]
}

// String returns the code of the blocker, as in regime.Blocker.
func (b Blocker) String() string {
	if b >= blockerCount {
		return unknownCode
	}
	return string(regimeBlockers[b])
}

func (b Blocker) regime() regime.Blocker { return regimeBlockers[b] }

// BlockerOf returns the blocker that a pending state reports and whether it is one.
func BlockerOf(s State) (Blocker, bool) {
	for b, state := range blockerStates {
		if state == s {
			return Blocker(b), true
		}
	}
	return 0, false
}

// BlockerSet is a set of blockers. The zero value is empty.
type BlockerSet uint8

// Has reports whether b is in the set.
func (s BlockerSet) Has(b Blocker) bool { return s>>b&1 != 0 }

// With returns the set with b.
func (s BlockerSet) With(b Blocker) BlockerSet { return s | 1<<b }

// Without returns the set without b.
func (s BlockerSet) Without(b Blocker) BlockerSet { return s &^ (1 << b) }

// First returns the blocker that is reported and whether there is any.
func (s BlockerSet) First() (Blocker, bool) {
	for b := range Blocker(blockerCount) {
		if s.Has(b) {
			return b, true
		}
	}
	return 0, false
}
