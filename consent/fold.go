package consent

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// ErrErased reports that a subject was erased and that what was to be recorded,
// such as a new consent, is not accepted any more. It matches privacy.ErrInvalid.
var ErrErased = fmt.Errorf("consent: the subject was erased: %w", privacy.ErrInvalid)

// moment is when an event took place, as the fold sees it.
type moment struct {
	at       time.Time
	sequence uint64
}

// block turns a mark on. What forbids applies in the order of the ledger,
// whenever it is said to have occurred.
func (m *Mark) block(when moment) {
	at := when.at
	if m.On && m.At.After(at) {
		at = m.At
	}
	*m = Mark{On: true, At: at, Sequence: when.sequence}
}

// unblock turns a mark off, unless it was turned on by something that occurred
// later: a late or imported permission never overrides a later refusal.
func (m *Mark) unblock(when moment) {
	if m.On && m.At.After(when.at) {
		return
	}
	*m = Mark{At: when.at, Sequence: when.sequence}
}

// Fold applies a subject's record to its state. Records are applied in the order
// of their sequence, but a fact that permits never overrides one that forbids
// and occurred after it. A redacted record changes only the version: the
// erasure that follows it forgets what it said. It returns an error that
// matches privacy.ErrInvalid, and leaves the state as it was, if the record is
// out of order, cannot be read or is not about a subject.
func (s *State) Fold(record Record) error {
	if record.Sequence != s.Version+1 {
		return fmt.Errorf("consent: record %d does not follow version %d: %w", record.Sequence, s.Version, privacy.ErrInvalid)
	}
	if record.Redacted() {
		s.Version = record.Sequence
		return nil
	}
	entry, err := DecodeEntry(record.Payload)
	if err != nil {
		return err
	}
	return s.apply(entry.Fact, moment{at: record.OccurredAt, sequence: record.Sequence})
}

func (s *State) apply(fact Fact, when moment) error {
	switch fact := fact.(type) {
	case RelationshipStarted:
		s.startRelationship(when)
	case RelationshipEnded:
		s.endRelationship(when)
	case Grant:
		if len(fact.NotReliedOn) > 0 {
			s.noteInvalid(fact.Purposes, when)
			break
		}
		s.grant(fact.Purposes, fact.Evidence.Notice.Version, fact.Explicit, fact.Until, when)
	case Renewal:
		if len(fact.NotReliedOn) > 0 {
			s.noteInvalid(fact.Purposes, when)
			break
		}
		s.grant(fact.Purposes, fact.Evidence.Notice.Version, fact.Explicit, fact.Until, when)
	case Refusal:
		for _, id := range fact.Purposes {
			s.purpose(id).deny(ConsentRefused, when)
		}
	case Withdrawal:
		s.withdraw(fact.Purposes, when)
	case Expiry:
		for _, id := range fact.Purposes {
			if purpose := s.purpose(id); purpose.Consent == ConsentGranted && !purpose.ConsentAt.After(when.at) {
				purpose.deny(ConsentExpired, when)
			}
		}
	case Objection:
		s.object(fact, when)
	case ObjectionEnded:
		s.endObjection(fact, when)
	case Restriction:
		s.restrict(fact, when)
	case RestrictionLifted:
		s.liftRestriction(fact, when)
	case OptOut:
		for kind := range fact.Kinds.All() {
			s.optOut(kind).block(when)
		}
		for _, id := range fact.Purposes {
			s.purpose(id).OptedOut.block(when)
		}
	case OptIn:
		for kind := range fact.Kinds.All() {
			s.optOut(kind).unblock(when)
		}
		for _, id := range fact.Purposes {
			s.purpose(id).OptedOut.unblock(when)
		}
	case AgeEvidence:
		s.recordAge(fact, when)
	case Erasure:
		erased := Mark{On: true, At: when.at, Sequence: when.sequence}
		*s = State{Erased: erased}
	default:
		return fmt.Errorf("consent: %s is not about a subject: %w", fact.Kind(), privacy.ErrInvalid)
	}
	s.Version = when.sequence
	return nil
}

// The relationship permits, so its mark is the mirror image of the others: an
// end that occurred later is not undone by a start recorded late.
func (s *State) startRelationship(when moment) {
	if !s.Relationship.On && s.Relationship.At.After(when.at) {
		return
	}
	s.Relationship = Mark{On: true, At: when.at, Sequence: when.sequence}
}

func (s *State) endRelationship(when moment) {
	at := when.at
	if !s.Relationship.On && s.Relationship.At.After(at) {
		at = s.Relationship.At
	}
	s.Relationship = Mark{At: at, Sequence: when.sequence}
}

func (s *State) grant(purposes []privacy.PurposeID, notice uint32, explicit bool, until time.Time, when moment) {
	for _, id := range purposes {
		purpose := s.purpose(id)
		if purpose.ConsentAt.After(when.at) {
			purpose.noteTakenBack(notice)
			continue
		}
		if s.WithdrawnAt.After(when.at) {
			purpose.Consent, purpose.ConsentAt, purpose.ConsentSequence = ConsentWithdrawn, s.WithdrawnAt, when.sequence
			purpose.noteTakenBack(notice)
			continue
		}
		purpose.Consent, purpose.ConsentAt, purpose.ConsentSequence = ConsentGranted, when.at, when.sequence
		purpose.NoticeVersion, purpose.Explicit, purpose.Until = notice, explicit, wholeSeconds(until)
	}
}

// noteInvalid notes consent that is not relied upon where there is no other to
// speak of. It takes nothing away, and no time: a valid one given earlier still
// counts when it arrives.
func (s *State) noteInvalid(purposes []privacy.PurposeID, when moment) {
	for _, id := range purposes {
		if purpose := s.purpose(id); purpose.Consent == ConsentNone {
			purpose.Consent, purpose.ConsentSequence = ConsentInvalid, when.sequence
		}
	}
}

// noteTakenBack notes that what was withdrawn or refused was a consent, under
// which notice.
func (p *PurposeState) noteTakenBack(notice uint32) {
	if (p.Consent == ConsentWithdrawn || p.Consent == ConsentRefused) && p.NoticeVersion == 0 {
		p.NoticeVersion = notice
	}
}

// recordAge replaces what was known of the age. Of evidence that occurred before
// what is known, only what makes the subject younger counts.
func (s *State) recordAge(fact AgeEvidence, when moment) {
	if s.AgeAt.After(when.at) {
		if !fact.BornOnOrAfter.After(s.BornOnOrAfter) {
			return
		}
		fact.BornOnOrBefore = laterBound(s.BornOnOrBefore, fact.BornOnOrBefore)
	}
	s.BornOnOrBefore, s.BornOnOrAfter = fact.BornOnOrBefore, fact.BornOnOrAfter
	s.AgeAt, s.AgeSequence = later(s.AgeAt, when.at), when.sequence
}

// laterBound returns the later of two latest dates of birth; the zero Date, which
// stands for none, is later than any.
func laterBound(a, b privacy.Date) privacy.Date {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return a
	}
	return b
}

// deny sets a status that permits nothing. The time never goes back, so that a
// grant recorded late stays overridden by whatever is known to be newer.
func (p *PurposeState) deny(status ConsentStatus, when moment) {
	if p.ConsentAt.Before(when.at) {
		p.ConsentAt = when.at
	}
	p.Consent, p.ConsentSequence = status, when.sequence
	p.Until, p.Explicit = time.Time{}, false
	if status == ConsentExpired {
		p.NoticeVersion = 0
	}
}

func (s *State) withdraw(purposes []privacy.PurposeID, when moment) {
	for _, id := range purposes {
		s.purpose(id).deny(ConsentWithdrawn, when)
	}
	if len(purposes) > 0 {
		return
	}
	for i := range s.Purposes {
		if s.Purposes[i].Consent != ConsentNone {
			s.Purposes[i].deny(ConsentWithdrawn, when)
		}
	}
	if s.WithdrawnAt.Before(when.at) {
		s.WithdrawnAt = when.at
	}
}

// object applies an objection. One to everything is one to direct marketing as
// well, which no compelling grounds can end later (Art. 21(3)).
func (s *State) object(fact Objection, when moment) {
	all := len(fact.Purposes) == 0 && !fact.DirectMarketing
	if all {
		s.Objected.block(when)
	}
	if all || fact.DirectMarketing {
		s.MarketingObjected.block(when)
	}
	for _, id := range fact.Purposes {
		s.purpose(id).Objected.block(when)
	}
}

func (s *State) endObjection(fact ObjectionEnded, when moment) {
	if fact.DirectMarketing {
		s.MarketingObjected.unblock(when)
	} else if len(fact.Purposes) == 0 {
		s.Objected.unblock(when)
	}
	for _, id := range fact.Purposes {
		s.purpose(id).Objected.unblock(when)
	}
}

func (s *State) restrict(fact Restriction, when moment) {
	if len(fact.Purposes) == 0 {
		s.Restricted.block(when)
		restriction := s.restriction(fact.Matter)
		restriction.At, restriction.Sequence = later(restriction.At, when.at), when.sequence
	}
	for _, id := range fact.Purposes {
		s.purpose(id).Restricted.block(when)
	}
}

func (s *State) liftRestriction(fact RestrictionLifted, when moment) {
	for _, id := range fact.Purposes {
		s.purpose(id).Restricted.unblock(when)
	}
	if len(fact.Purposes) > 0 {
		return
	}
	s.Restrictions = slices.DeleteFunc(s.Restrictions, func(r RestrictionState) bool {
		return (fact.Matter == "" || r.Matter == fact.Matter) && !r.At.After(when.at)
	})
	if len(s.Restrictions) == 0 {
		s.Restrictions = nil
		s.Restricted.unblock(when)
	} else {
		s.Restricted = Mark{On: true}
		for _, stands := range s.Restrictions {
			s.Restricted.At = later(s.Restricted.At, stands.At)
			s.Restricted.Sequence = max(s.Restricted.Sequence, stands.Sequence)
		}
	}
	if fact.Matter != "" {
		return
	}
	for i := range s.Purposes {
		if s.Purposes[i].Restricted.On {
			s.Purposes[i].Restricted.unblock(when)
		}
	}
}

func wholeSeconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Second)
}
