package consent

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

// TerminalAccess is storing information, or reading what is stored, on a
// subject's device: a cookie, local storage, a fingerprint (ePrivacy Directive
// Art. 5(3)). The question is separate from the legal basis of what follows, and
// arises for information that is no personal data as well.
type TerminalAccess struct {
	// Regime is "eu-gdpr" or "uk-gdpr", whose law on terminal equipment applies.
	Regime string
	// On is the day.
	On privacy.Date
	// Exemption is the exemption claimed, such as "strictly_necessary" or
	// "statistics"; empty if none.
	Exemption string
	// InformationAndObjection says that clear information and a simple, free way
	// to object were given.
	InformationAndObjection bool
	// ThirdPartyUse says that others use the information for themselves.
	ThirdPartyUse bool
}

// TerminalAnswer says whether terminal equipment may be accessed without
// consent. The zero TerminalAnswer says nothing; see ConsentRequired.
type TerminalAnswer struct {
	// Exempt reports whether no consent is needed.
	Exempt bool
	// Citation is the provision that exempts, or that demands consent.
	Citation string
}

// ConsentRequired reports whether consent is needed.
func (a TerminalAnswer) ConsentRequired() bool { return !a.Exempt }

// Terminal answers for one access by the law of this package. The error matches
// privacy.ErrInvalid for a regime without a table or a missing day; consent is
// needed then.
func Terminal(access TerminalAccess) (TerminalAnswer, error) {
	law, err := EmbeddedValidityLaw()
	if err != nil {
		return TerminalAnswer{}, err
	}
	return law.Terminal(access)
}

// Terminal is the function Terminal by the tables of l.
func (l *ValidityLaw) Terminal(access TerminalAccess) (TerminalAnswer, error) {
	ofRegime := func(row exemptionRow) bool { return row.Regime == access.Regime }
	if access.On.IsZero() || !slices.ContainsFunc(l.terminal.Exemptions, ofRegime) {
		return TerminalAnswer{}, fmt.Errorf("consent: terminal equipment under an unknown regime or on no day: %w", privacy.ErrInvalid)
	}
	for _, row := range l.terminal.Exemptions {
		if !ofRegime(row) || row.Exemption != access.Exemption || access.On.Before(row.From) {
			continue
		}
		if (row.NeedsInformation && !access.InformationAndObjection) || (row.OwnUseOnly && access.ThirdPartyUse) {
			continue
		}
		return TerminalAnswer{Exempt: true, Citation: row.Citation}, nil
	}
	return TerminalAnswer{Citation: l.terminal.Citations[0]}, nil
}

// terminalTable is the form of terminal.json.
type terminalTable struct {
	lawtable.Source
	Exemptions []exemptionRow `json:"exemptions"`
}

type exemptionRow struct {
	Regime           string       `json:"regime"`
	Exemption        string       `json:"exemption"`
	From             privacy.Date `json:"from"`
	NeedsInformation bool         `json:"needs_information_and_objection"`
	OwnUseOnly       bool         `json:"own_use_only"`
	Citation         string       `json:"citation"`
}

// Check reports all that is wrong with the table.
func (t *terminalTable) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	for i, row := range t.Exemptions {
		if row.Regime == "" || row.Exemption == "" || row.From.IsZero() || row.Citation == "" {
			problems.Add(fmt.Sprintf("exemptions[%d]", i), ProblemRequired, "a row has a regime, an exemption, a date and a citation")
		}
	}
	return problems.Err()
}
