package consent

import (
	"math"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// subjectView is what evaluation needs of a subject's state for one purpose. It
// is made from a State or from the packed form of one in the cache; both give
// the same view, so that a cached answer cannot differ from a stored one.
type subjectView struct {
	version uint64
	flags   uint64
	optOuts privacy.OptOutSet
	// Sequences of the events behind the flags.
	erased, relationship, restricted, objected, marketing, optedOut, age uint32
	// Days since 1970 of the bounds on the date of birth.
	bornOnOrBefore, bornOnOrAfter int32
	purpose                       purposeView
}

// purposeView is the part of a subjectView that concerns the purpose.
type purposeView struct {
	flags uint64
	// sequence is the event that decided consent; blocked the last event that
	// turned on a flag of the purpose.
	sequence, blocked uint32
	notice            uint32
	// until is when consent ends, in seconds since 1970; 0 if it does not.
	until int64
}

// Flags of a subjectView.
const (
	flagErased = 1 << iota
	flagRelationship
	flagRestricted
	flagObjected
	flagMarketingObjected
	flagWithdrawnAll
)

// Flags of a purposeView; the lowest three bits are the ConsentStatus.
const (
	purposeConsentMask = 1<<3 - 1
	purposeExplicit    = 1 << 3
	purposeObjected    = 1 << 4
	purposeRestricted  = 1 << 5
	purposeOptedOut    = 1 << 6
	// purposeConsentAfterRestriction says that consent was given after every
	// restriction that stands.
	purposeConsentAfterRestriction = 1 << 7
)

// unknownDay stands for a bound on the date of birth that is not known.
const unknownDay = math.MinInt32

func newSubjectView(state *State, purpose privacy.PurposeID) subjectView {
	view := headView(state)
	if i, found := state.search(purpose); found {
		view.purpose = newPurposeView(state, &state.Purposes[i])
	}
	return view
}

func headView(state *State) subjectView {
	view := subjectView{
		version:        state.Version,
		relationship:   uint32(state.Relationship.Sequence),
		age:            uint32(state.AgeSequence),
		bornOnOrBefore: dayNumber(state.BornOnOrBefore),
		bornOnOrAfter:  dayNumber(state.BornOnOrAfter),
	}
	if state.Relationship.On {
		view.flags |= flagRelationship
	}
	if !state.WithdrawnAt.IsZero() {
		view.flags |= flagWithdrawnAll
	}
	if state.Erased.On {
		view.relationship = 0 // the packed form has room for one of the two
	}
	setFlag(&view.flags, flagErased, &view.erased, state.Erased)
	setFlag(&view.flags, flagRestricted, &view.restricted, state.Restricted)
	setFlag(&view.flags, flagObjected, &view.objected, state.Objected)
	setFlag(&view.flags, flagMarketingObjected, &view.marketing, state.MarketingObjected)
	for _, optOut := range state.OptOuts {
		if optOut.Mark.On {
			view.optOuts = view.optOuts.With(optOut.Kind)
			view.optedOut = max(view.optedOut, uint32(optOut.Mark.Sequence))
		}
	}
	return view
}

func newPurposeView(state *State, purpose *PurposeState) purposeView {
	view := purposeView{
		flags:    uint64(purpose.Consent),
		sequence: uint32(purpose.ConsentSequence),
		notice:   purpose.NoticeVersion,
	}
	if !purpose.Until.IsZero() {
		view.until = max(purpose.Until.Unix(), 1)
	}
	if purpose.Explicit {
		view.flags |= purposeExplicit
	}
	setFlag(&view.flags, purposeOptedOut, &view.blocked, purpose.OptedOut)
	setFlag(&view.flags, purposeObjected, &view.blocked, purpose.Objected)
	setFlag(&view.flags, purposeRestricted, &view.blocked, purpose.Restricted)
	if since := restrictedSince(state, purpose); !since.IsZero() && purpose.ConsentAt.After(since) {
		view.flags |= purposeConsentAfterRestriction
	}
	return view
}

// restrictedSince returns when the latest restriction that reaches the purpose
// began, zero if there is none.
func restrictedSince(state *State, purpose *PurposeState) time.Time {
	var since time.Time
	if state.Restricted.On {
		since = state.Restricted.At
	}
	if purpose.Restricted.On && purpose.Restricted.At.After(since) {
		since = purpose.Restricted.At
	}
	return since
}

func setFlag(flags *uint64, flag uint64, sequence *uint32, mark Mark) {
	if mark.On {
		*flags |= flag
		*sequence = uint32(mark.Sequence)
	}
}

func dayNumber(d privacy.Date) int32 {
	if d.IsZero() {
		return unknownDay
	}
	return int32(d.DaysSince(epoch))
}

func (v *purposeView) status() ConsentStatus { return ConsentStatus(v.flags & purposeConsentMask) }
