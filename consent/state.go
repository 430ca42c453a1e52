package consent

import (
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// State is what a subject's stream amounts to: the fold of its events. The zero
// State is that of a subject without events.
type State struct {
	// Version is the sequence of the last event folded.
	Version uint64
	// Erased is on once the subject was erased; it never goes off.
	Erased Mark
	// Relationship is on while a contract or steps towards one exist.
	Relationship Mark
	// BornOnOrBefore and BornOnOrAfter bound the date of birth; zero where unknown.
	BornOnOrBefore, BornOnOrAfter privacy.Date
	// AgeAt is when the evidence of age that occurred last did, and AgeSequence
	// the event that the bounds come from.
	AgeAt       time.Time
	AgeSequence uint64
	// WithdrawnAt is when consent to everything was last withdrawn.
	WithdrawnAt time.Time
	// Objected is on while the subject objects to every purpose that an
	// objection can reach, and MarketingObjected to direct marketing as such.
	Objected, MarketingObjected Mark
	// Restricted is on while processing is restricted for every purpose: while any
	// of Restrictions stands.
	Restricted Mark
	// Restrictions are the restrictions of every purpose that stand, in byte order
	// of their matters.
	Restrictions []RestrictionState
	// OptOuts are the kinds of opt-out ever stated, in the order of the codes.
	OptOuts []OptOutState
	// Purposes are the purposes that events named, in byte order of their IDs.
	Purposes []PurposeState
}

// Mark is something that is on or off, with the event that last decided it.
type Mark struct {
	On bool
	// At is when that event occurred, in UTC; zero if there was none.
	At time.Time
	// Sequence is that event's; zero if there was none.
	Sequence uint64
}

// RestrictionState is a restriction of every purpose that stands.
type RestrictionState struct {
	// Matter is that of the Restriction, which may have none.
	Matter string
	// At is when the event that last restricted occurred, in UTC, and Sequence that
	// event's.
	At       time.Time
	Sequence uint64
}

// OptOutState is the state of one kind of opt-out.
type OptOutState struct {
	Kind privacy.OptOut
	Mark Mark
}

// ConsentStatus is the status of consent to one purpose.
type ConsentStatus uint8

// The statuses of consent. Only ConsentGranted permits anything.
const (
	ConsentNone ConsentStatus = iota
	ConsentGranted
	ConsentRefused
	ConsentWithdrawn
	ConsentExpired
	// ConsentInvalid is consent on record that is not relied upon.
	ConsentInvalid
)

var consentStatusNames = [...]string{"none", "granted", "refused", "withdrawn", "expired", "invalid"}

// String returns the status as a lower-case word.
func (s ConsentStatus) String() string {
	if int(s) < len(consentStatusNames) {
		return consentStatusNames[s]
	}
	return "unknown"
}

// PurposeState is what is known of a subject for one purpose.
type PurposeState struct {
	Purpose privacy.PurposeID
	// Consent is the status that the event ConsentSequence gave at ConsentAt.
	Consent         ConsentStatus
	ConsentAt       time.Time
	ConsentSequence uint64
	// Until is when the consent ends, exclusive; zero if it does not.
	Until time.Time
	// Explicit says that the consent was explicit.
	Explicit bool
	// NoticeVersion is the version of the notice shown, also of a consent that
	// was withdrawn or refused since.
	NoticeVersion uint32
	// Objected, Restricted and OptedOut concern this purpose by name.
	Objected, Restricted, OptedOut Mark
}

// Purpose returns the state for one purpose; the zero PurposeState with that
// purpose where no event named it.
func (s *State) Purpose(id privacy.PurposeID) PurposeState {
	if i, found := s.search(id); found {
		return s.Purposes[i]
	}
	return PurposeState{Purpose: id}
}

// OptOut returns the mark of one kind of opt-out.
func (s *State) OptOut(kind privacy.OptOut) Mark {
	for _, state := range s.OptOuts {
		if state.Kind == kind {
			return state.Mark
		}
	}
	return Mark{}
}

func (s *State) search(id privacy.PurposeID) (int, bool) {
	return slices.BinarySearchFunc(s.Purposes, id, func(p PurposeState, id privacy.PurposeID) int {
		return strings.Compare(string(p.Purpose), string(id))
	})
}

// purpose returns the entry for id, which it adds if it is not there.
func (s *State) purpose(id privacy.PurposeID) *PurposeState {
	i, found := s.search(id)
	if !found {
		s.Purposes = slices.Insert(s.Purposes, i, PurposeState{Purpose: id})
	}
	return &s.Purposes[i]
}

// restriction returns the entry for a matter, which it adds if it is not there.
func (s *State) restriction(matter string) *RestrictionState {
	i, found := slices.BinarySearchFunc(s.Restrictions, matter, func(r RestrictionState, matter string) int {
		return strings.Compare(r.Matter, matter)
	})
	if !found {
		s.Restrictions = slices.Insert(s.Restrictions, i, RestrictionState{Matter: matter})
	}
	return &s.Restrictions[i]
}

func (s *State) optOut(kind privacy.OptOut) *Mark {
	i, found := slices.BinarySearchFunc(s.OptOuts, kind, func(o OptOutState, kind privacy.OptOut) int {
		return int(o.Kind) - int(kind)
	})
	if !found {
		s.OptOuts = slices.Insert(s.OptOuts, i, OptOutState{Kind: kind})
	}
	return &s.OptOuts[i].Mark
}
