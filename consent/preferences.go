package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Preference is one choice that belongs to the subject: to consent to a purpose
// or not, or to object to one that does without consent (Art. 7, 21).
type Preference struct {
	// Purpose and Title are those of the register.
	Purpose privacy.PurposeID
	Title   string
	// Basis is the legal basis where the law of the subject's jurisdiction
	// protects it. With BasisConsent the choice is to agree; with any other it is
	// not to object, and to agree as well where special categories of data need
	// explicit consent (Art. 9(2)(a)).
	Basis privacy.LegalBasis
	// DirectMarketing says that an objection to the purpose is absolute.
	DirectMarketing bool
	// Status is the status of consent. Where the purpose needs none it tells
	// nothing.
	Status ConsentStatus
	// Agreed says whether the purpose may go on as far as the subject's choice
	// goes: it consented and has not withdrawn, or has not objected or opted out.
	Agreed bool
	// Decided is when the subject last decided, in UTC; zero if it never did.
	Decided time.Time
	// Until is when the consent ends by itself, exclusive; zero if it does not.
	Until time.Time
	// Shown is what the subject was shown when it gave the consent that Status
	// speaks of, also of one whose time is over. Zero where Status speaks of
	// something else, or where the record was redacted.
	Shown Notice
	// Outdated says that the purpose now needs consent under a newer notice.
	Outdated bool
	// Sequence is the event of the subject's stream that decided; 0 if none did.
	Sequence uint64
	// Stamp is what the Preference rests on. To agree to what is shown, hand it
	// back in Choice.Seen.
	Stamp Stamp
}

// Preferences returns what the subject can decide, in the order of the register:
// every purpose that the operator pursues as controller and that needs consent,
// serves direct marketing or can be objected to. The errors are those of State.
func (l *Ledger) Preferences(ctx context.Context, subject privacy.Subject) ([]Preference, error) {
	state, err := l.State(ctx, subject.Tenant, subject.ID)
	if err != nil {
		return nil, err
	}
	tenant, err := l.TenantState(ctx, subject.Tenant)
	if err != nil {
		return nil, err
	}
	now, stamp := l.clock.Now(), l.stampOf(&state, &tenant)
	var preferences []Preference
	for purpose := range l.register.Purposes() {
		basis, ok := l.register.BasisFor(purpose.ID, subject.Jurisdiction)
		if !ok || !chosen(&purpose, basis) {
			continue
		}
		preference := preferenceOf(&state, &purpose, basis, now)
		preference.Stamp = stamp
		preference.Outdated = preference.Status == ConsentGranted &&
			state.Purpose(purpose.ID).NoticeVersion < requiredNotice(&purpose, &tenant, now)
		if preference.Shown, err = l.shown(ctx, subject, state.Purpose(purpose.ID)); err != nil {
			return nil, err
		}
		preferences = append(preferences, preference)
	}
	return preferences, nil
}

func (l *Ledger) stampOf(state *State, tenant *TenantState) Stamp {
	return Stamp{Guard: Guard{SubjectVersion: state.Version, TenantVersion: tenant.Version}, Register: l.register.Hash()}
}

// chosen reports whether a purpose is the subject's to decide on.
func chosen(purpose *privacy.Purpose, basis privacy.PurposeBasis) bool {
	return needsConsent(basis) || purpose.DirectMarketing || objectable(basis.Basis)
}

// needsConsent reports whether a purpose needs consent: as its legal basis, or as
// the condition of Art. 9(2)(a) beside another.
func needsConsent(basis privacy.PurposeBasis) bool {
	return basis.Basis == privacy.BasisConsent || basis.Condition == privacy.ConditionExplicitConsent
}

// objectable reports whether the subject can object to a use on this basis (Art.
// 21(1)).
func objectable(basis privacy.LegalBasis) bool {
	return basis == privacy.BasisPublicTask || basis == privacy.BasisLegitimateInterests || basis == privacy.BasisRecognisedLegitimateInterests
}

func preferenceOf(state *State, purpose *privacy.Purpose, basis privacy.PurposeBasis, now time.Time) Preference {
	known := state.Purpose(purpose.ID)
	p := Preference{
		Purpose: purpose.ID, Title: purpose.Title, Basis: basis.Basis, DirectMarketing: purpose.DirectMarketing,
		Status: known.Consent, Decided: known.ConsentAt, Until: known.Until, Sequence: known.ConsentSequence,
	}
	switch {
	case p.Status == ConsentGranted && !p.Until.IsZero() && !now.Before(p.Until):
		p.Status = ConsentExpired
	case p.Status == ConsentNone && !state.WithdrawnAt.IsZero():
		p.Status, p.Decided = ConsentWithdrawn, state.WithdrawnAt
	}
	p.Agreed = p.Status == ConsentGranted || !needsConsent(basis) && !swapped(basis.Basis, known.Consent, known.NoticeVersion)
	for _, mark := range against(state, purpose, basis.Basis) {
		if mark.On {
			p.Agreed = false
		}
		if mark.Sequence > p.Sequence {
			p.Decided, p.Sequence = mark.At, mark.Sequence
		}
	}
	return p
}

// against returns the marks that can stop a purpose of this basis.
func against(state *State, purpose *privacy.Purpose, basis privacy.LegalBasis) []Mark {
	known := state.Purpose(purpose.ID)
	marks := []Mark{known.Objected, known.OptedOut}
	if purpose.DirectMarketing {
		marks = append(marks, state.MarketingObjected)
	}
	if purpose.DirectMarketing || objectable(basis) {
		marks = append(marks, state.Objected)
	}
	for _, optOut := range state.OptOuts {
		if purpose.OptOuts.Has(optOut.Kind) {
			marks = append(marks, optOut.Mark)
		}
	}
	return marks
}

func requiredNotice(purpose *privacy.Purpose, tenant *TenantState, now time.Time) uint32 {
	required := purpose.MinimumNotice
	for _, notice := range tenant.Notices {
		if notice.Purpose == purpose.ID && !now.Before(notice.From) {
			required = max(required, notice.MinimumVersion)
		}
	}
	return required
}

// shown reads what stands behind a consent, also behind one whose time is over.
func (l *Ledger) shown(ctx context.Context, subject privacy.Subject, known PurposeState) (Notice, error) {
	if known.Consent != ConsentGranted {
		return Notice{}, nil
	}
	records, err := l.Records(ctx, StreamKey{Tenant: subject.Tenant, Subject: subject.ID}, known.ConsentSequence-1, 1)
	if err != nil || len(records) == 0 || records[0].Redacted() {
		return Notice{}, err
	}
	entry, err := DecodeEntry(records[0].Payload)
	if err != nil {
		return Notice{}, err
	}
	switch fact := entry.Fact.(type) {
	case Grant:
		return fact.Evidence.Notice, nil
	case Renewal:
		return fact.Evidence.Notice, nil
	}
	return Notice{}, nil
}

// Choice is what a subject decides on one purpose.
type Choice struct {
	Purpose privacy.PurposeID
	// Agree is the decision. The zero value says no.
	Agree bool
	// Seen is the Stamp of the Preference that the subject was shown. To agree
	// needs it, so that nobody agrees on a page that is out of date; to say no
	// does not look at it.
	Seen Stamp
	// Evidence is how it was made. To agree where consent is needed needs what a
	// Grant needs; to say no needs nothing.
	Evidence Evidence
	// Explicit and Until are those of the Grant.
	Explicit bool
	Until    time.Time
}

// ErrChoiceBlocked reports that the subject objected to everything, or opted out
// of a kind of processing, and so of more than the purpose it now agrees to. That
// has to be taken back first, with ObjectionEnded or OptIn. It matches
// privacy.ErrConflict.
var ErrChoiceBlocked = fmt.Errorf("consent: a general objection or opt-out stands against the purpose: %w", privacy.ErrConflict)

// ErrChoiceStale reports that something was decided, required or declared since
// the subject was shown what it agrees to: show it Preferences as they are now. It
// matches privacy.ErrConflict.
var ErrChoiceStale = fmt.Errorf("consent: the preference has changed since it was shown: %w", privacy.ErrConflict)

// Choose records what the subject decided, whatever the legal basis of the
// purpose: consent or its withdrawal, an objection or its end. To agree takes back
// what stands against the purpose by name, and with a purpose of direct marketing
// the objection to direct marketing. To say no to what was never agreed to is a
// refusal, which is remembered.
//
// To say no is accepted always, whatever the subject was shown; to agree fails
// with privacy.ErrNotFound for a purpose that is not among Preferences, with
// ErrChoiceStale, with ErrChoiceBlocked, with privacy.ErrConflict where nothing is
// left to agree to, and with the errors of Record.
func (l *Ledger) Choose(ctx context.Context, subject privacy.Subject, choice Choice) (Receipt, error) {
	if !choice.Agree {
		return l.decline(ctx, subject, &choice)
	}
	facts, err := l.agreement(ctx, subject, &choice)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := l.Record(ctx, Entries{Tenant: subject.Tenant, Subject: subject.ID, Facts: facts, Expected: &choice.Seen.SubjectVersion})
	if errors.Is(err, privacy.ErrConflict) {
		return Receipt{}, ErrChoiceStale
	}
	return receipt, err
}

// agreement returns what is to be recorded for the subject to agree, judged by
// the state that it saw.
func (l *Ledger) agreement(ctx context.Context, subject privacy.Subject, choice *Choice) ([]Fact, error) {
	purpose, declared := l.register.Purpose(choice.Purpose)
	basis, based := l.register.BasisFor(choice.Purpose, subject.Jurisdiction)
	if !declared || !based || !chosen(&purpose, basis) {
		return nil, fmt.Errorf("consent: the purpose is not the subject's to decide on: %w", privacy.ErrNotFound)
	}
	state, err := l.State(ctx, subject.Tenant, subject.ID)
	if err != nil {
		return nil, err
	}
	tenant, err := l.TenantState(ctx, subject.Tenant)
	if err != nil {
		return nil, err
	}
	if choice.Seen != l.stampOf(&state, &tenant) {
		return nil, ErrChoiceStale
	}
	if againstAll(&state, &purpose, basis.Basis) {
		return nil, ErrChoiceBlocked
	}
	facts := agreeing(&state, &purpose, basis, choice)
	if len(facts) == 0 {
		return nil, fmt.Errorf("consent: nothing stands against the purpose: %w", privacy.ErrConflict)
	}
	return facts, nil
}

func agreeing(state *State, purpose *privacy.Purpose, basis privacy.PurposeBasis, choice *Choice) []Fact {
	purposes, known := []privacy.PurposeID{choice.Purpose}, state.Purpose(choice.Purpose)
	var facts []Fact
	if known.Objected.On || purpose.DirectMarketing && state.MarketingObjected.On {
		ended := ObjectionEnded{DirectMarketing: purpose.DirectMarketing, Reason: "taken_back"}
		if known.Objected.On {
			ended.Purposes = purposes
		}
		facts = append(facts, ended)
	}
	if known.OptedOut.On {
		facts = append(facts, OptIn{Purposes: purposes, Evidence: choice.Evidence})
	}
	switch {
	case !needsConsent(basis) && !swapped(basis.Basis, known.Consent, known.NoticeVersion):
		return facts
	case known.Consent == ConsentGranted || known.Consent == ConsentExpired:
		return append(facts, Renewal{Purposes: purposes, Evidence: choice.Evidence, Explicit: choice.Explicit, Until: choice.Until})
	}
	return append(facts, Grant{Purposes: purposes, Evidence: choice.Evidence, Explicit: choice.Explicit, Until: choice.Until})
}

// declinedByObjection reports whether to say no to a purpose is to object to it:
// where there is no consent to withdraw, and where an objection reaches further.
func declinedByObjection(purpose *privacy.Purpose, basis privacy.PurposeBasis) bool {
	if basis.Basis == privacy.BasisConsent {
		return false
	}
	return !needsConsent(basis) || purpose.DirectMarketing || objectable(basis.Basis)
}

// againstAll reports whether the subject said no to more than the purpose.
func againstAll(state *State, purpose *privacy.Purpose, basis privacy.LegalBasis) bool {
	if state.Objected.On && (purpose.DirectMarketing || objectable(basis)) {
		return true
	}
	return slices.ContainsFunc(state.OptOuts, func(o OptOutState) bool { return o.Mark.On && purpose.OptOuts.Has(o.Kind) })
}

// decline needs no declaration, and hardly the state: to say no is accepted
// whatever is declared by now and whatever came in between. Only a refusal
// says that there never was a consent, which has to hold when it is recorded.
func (l *Ledger) decline(ctx context.Context, subject privacy.Subject, choice *Choice) (Receipt, error) {
	purposes, entries := []privacy.PurposeID{choice.Purpose}, Entries{Tenant: subject.Tenant, Subject: subject.ID}
	purpose, declared := l.register.Purpose(choice.Purpose)
	basis, based := l.register.BasisFor(choice.Purpose, subject.Jurisdiction)
	if based && declinedByObjection(&purpose, basis) {
		entries.Facts = []Fact{Objection{Purposes: purposes, Evidence: choice.Evidence}}
		return l.Record(ctx, entries)
	}
	state, err := l.State(ctx, subject.Tenant, subject.ID)
	if err == nil && declared && state.Purpose(choice.Purpose).Consent == ConsentNone {
		entries.Facts, entries.Expected = []Fact{Refusal{Purposes: purposes, Evidence: choice.Evidence}}, &state.Version
		if receipt, err := l.Record(ctx, entries); !errors.Is(err, privacy.ErrConflict) {
			return receipt, err
		}
	}
	entries.Facts, entries.Expected = []Fact{Withdrawal{Purposes: purposes, Evidence: choice.Evidence}}, nil
	return l.Record(ctx, entries)
}
