package receipt

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// purposeTold is what the events tell of a purpose.
type purposeTold struct {
	purpose  privacy.PurposeID
	explicit bool
	notices  []Notice
	// unknown says that consent was given under a text that nobody knows any more.
	unknown bool
	steps   []ConsentStep
}

// said is what an event says about consent.
type said struct {
	step     ConsentStep
	purposes []privacy.PurposeID
	all      bool
	explicit bool
	notice   consent.Notice
}

// telling sorts what events say by purpose, in the order in which each was first
// spoken of.
type telling struct {
	purposes []*purposeTold
	// everything is what was said of all purposes, also of those that were not
	// spoken of yet: an older consent to one of them can be recorded later.
	everything []said
}

// tell returns what the records of a subject's stream say of purposes that
// consent was asked for.
func tell(records []consent.Record) ([]*purposeTold, error) {
	var t telling
	for i, record := range records {
		if record.Sequence != uint64(i+1) || record.Tenant != records[0].Tenant || record.Subject != records[0].Subject || record.Subject == "" {
			return nil, fmt.Errorf("receipt: the records are not those of a subject's stream from its first on: %w", privacy.ErrInvalid)
		}
		if err := record.Verify(); err != nil {
			return nil, err
		}
		if record.Redacted() {
			continue
		}
		entry, err := consent.DecodeEntry(record.Payload)
		if err != nil {
			return nil, err
		}
		// The commitment covers the payload alone.
		if entry.Tenant != record.Tenant || entry.Subject != record.Subject || entry.Fact.Kind() != record.Kind || !entry.OccurredAt.Equal(record.OccurredAt) {
			return nil, fmt.Errorf("receipt: the payload of a record is that of another: %w", privacy.ErrInvalid)
		}
		if s, ok := saidBy(record, entry.Fact); ok {
			t.add(s)
		}
	}
	// What speaks of no consent that was asked for needs no receipt.
	return slices.DeleteFunc(t.purposes, func(p *purposeTold) bool { return len(p.notices) == 0 && !p.unknown }), nil
}

func (t *telling) add(s said) {
	if !s.all {
		for _, purpose := range s.purposes {
			t.of(purpose).add(s)
		}
		return
	}
	t.everything = append(t.everything, s)
	for _, told := range t.purposes {
		told.add(s)
	}
}

// of returns what was told of a purpose so far.
func (t *telling) of(purpose privacy.PurposeID) *purposeTold {
	if i := slices.IndexFunc(t.purposes, func(p *purposeTold) bool { return p.purpose == purpose }); i >= 0 {
		return t.purposes[i]
	}
	told := &purposeTold{purpose: purpose}
	for _, s := range t.everything {
		told.add(s)
	}
	t.purposes = append(t.purposes, told)
	return told
}

func (p *purposeTold) add(s said) {
	if last := len(p.steps) - 1; last >= 0 && p.steps[last].Event == s.step.Event {
		return // an event may name a purpose twice
	}
	p.steps = append(p.steps, s.step)
	consented := s.step.Type == given || s.step.Type == renewed
	p.explicit = p.explicit || (consented && s.explicit)
	notice, complete := noticeOf(s.notice)
	switch {
	case !complete:
		p.unknown = p.unknown || consented
	case !slices.Contains(p.notices, notice):
		p.notices = append(p.notices, notice)
	}
}

// noticeOf reports whether enough is known of a notice to name it.
func noticeOf(n consent.Notice) (Notice, bool) {
	sum, err := hex.DecodeString(n.TextSHA256)
	if n.Document == "" || n.Version == 0 || n.Locale == "" || err != nil || len(sum) == 0 {
		return Notice{}, false
	}
	return Notice{Type: "dpv:ConsentNotice", Identifier: fmt.Sprintf("%s@%d", n.Document, n.Version), Language: n.Locale, Source: hashIRI(sum)}, true
}

func hashIRI(sum []byte) string { return hashPrefix + base64.RawURLEncoding.EncodeToString(sum) }

// saidBy returns what a fact says about consent, and false if nothing.
func saidBy(record consent.Record, fact consent.Fact) (said, bool) {
	s := said{step: ConsentStep{
		Basis: Reference{expressed}, At: record.OccurredAt.UTC(), Duration: Duration{Type: indeterminate}, By: Reference{"dpv:DataSubject"},
		Event: record.ID, Source: hashIRI(record.Commitment[:]),
	}}
	var evidence consent.Evidence
	var until time.Time
	switch fact := fact.(type) {
	case consent.Grant:
		s.step.Type, s.purposes, s.explicit, evidence, until = stateOf(given, fact.NotReliedOn), fact.Purposes, fact.Explicit, fact.Evidence, fact.Until
	case consent.Renewal:
		s.step.Type, s.purposes, s.explicit, evidence, until = stateOf(renewed, fact.NotReliedOn), fact.Purposes, fact.Explicit, fact.Evidence, fact.Until
	case consent.Refusal:
		s.step.Type, s.purposes, evidence = refused, fact.Purposes, fact.Evidence
	case consent.Withdrawal:
		s.step.Type, s.purposes, s.all, evidence = withdrawn, fact.Purposes, len(fact.Purposes) == 0, fact.Evidence
	case consent.Expiry:
		s.step.Type, s.purposes, s.step.By = expired, fact.Purposes, Reference{"dpv:Entity"}
	default:
		return said{}, false
	}
	s.notice = evidence.Notice
	s.step.complete(s.explicit, evidence, until)
	return s, true
}

// stateOf returns the state that a consent leads to.
func stateOf(state string, notReliedOn []consent.DefectCode) string {
	if len(notReliedOn) > 0 {
		return invalidated
	}
	return state
}

func (s *ConsentStep) complete(wasExplicit bool, evidence consent.Evidence, until time.Time) {
	if wasExplicit {
		s.Basis = Reference{explicit}
	}
	if !until.IsZero() {
		s.Duration = Duration{Type: untilTime, Value: until.UTC().Format(time.RFC3339)}
	} else if s.Type == given || s.Type == renewed {
		s.Duration = Duration{Type: untilEvent, Value: "consent is withdrawn"}
	}
	switch {
	case strings.HasPrefix(evidence.Actor, "guardian:"):
		s.By = Reference{"dpv:GuardianOfDataSubject"}
	case evidence.Actor != "" && evidence.Actor != "subject":
		s.By = Reference{"dpv:Entity"}
	}
	s.Method = strings.Trim(evidence.Act+" "+evidence.Channel, " ")
}

// standing returns the consent that the steps leave in force, as the ledger folds
// them: in their order, but a consent never overrides what forbids and occurred
// after it.
func standing(steps []ConsentStep) (stands ConsentStep, ok bool) {
	var at time.Time
	for _, step := range steps {
		older := at.After(step.At)
		switch step.Type {
		case invalidated:
			continue
		case given, renewed:
			if older {
				continue
			}
			stands, ok = step, true
		case expired:
			if older || !ok {
				continue
			}
			ok = false
		default:
			ok = false
		}
		if step.At.After(at) {
			at = step.At
		}
	}
	return stands, ok
}
