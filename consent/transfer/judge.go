package transfer

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Transfer is what is known of a disclosure across a border. What is not stated
// counts as not met; in particular, a derogation whose conditions are left zero
// is refused, and so is one by an exporter that is not said to be no public
// authority.
type Transfer struct {
	// Regime is whose law restricts the transfer, "eu" or "gb".
	Regime privacy.Jurisdiction
	// On is the day that it is judged by.
	On privacy.Date
	// From is where the exporter is. To is where the data goes, or is accessed
	// from: remote access is a transfer to where it comes from.
	From, To privacy.Country
	// FromSubject says that the subject sends its own data directly to the
	// recipient, which is no transfer (EDPB Guidelines 05/2021).
	FromSubject bool
	// Certified reports whether the recipient meets the condition of an adequacy
	// decision, such as "data_privacy_framework" or "commercial". nil means that
	// it meets none.
	Certified func(condition string) bool
	// Safeguard is the safeguard in place, zero without one, with what is known
	// of its conditions.
	Safeguard Safeguard
	// Derogation is the derogation claimed, zero without one.
	Derogation Derogation
}

// Safeguard is an appropriate safeguard (Art. 46) and its conditions.
type Safeguard struct {
	Mechanism privacy.TransferMechanism `json:"mechanism"`
	// InForce says that an instrument between public bodies binds both.
	InForce bool `json:"in_force,omitempty"`
	// Approved says that rules, clauses, a code or a certification were approved.
	Approved bool `json:"approved,omitempty"`
	// Authorised says that the supervisory authority authorised the use.
	Authorised bool `json:"authorised,omitempty"`
	// BindingCommitment says that the importer bound itself to a code or a
	// certification.
	BindingCommitment bool `json:"binding_commitment,omitempty"`
	// Assessment is that of the third country's law.
	Assessment Assessment `json:"assessment,omitzero"`
}

// Derogation is a derogation (Art. 49) and its conditions.
type Derogation struct {
	Mechanism privacy.TransferMechanism `json:"mechanism"`
	// NotPublicAuthority says that the exporter is no public authority that
	// exercises its powers (Art. 49(3)).
	NotPublicAuthority bool `json:"not_public_authority,omitempty"`
	// RisksDisclosed says that the subject consented explicitly after being told
	// of the risks.
	RisksDisclosed bool `json:"risks_disclosed,omitempty"`
	// Occasional says that the transfer is not systematic, and NotRepetitive
	// that it will not recur.
	Occasional    bool `json:"occasional,omitempty"`
	NotRepetitive bool `json:"not_repetitive,omitempty"`
	// RecognisedInLaw says that the public interest is recognised in law.
	RecognisedInLaw bool `json:"recognised_in_law,omitempty"`
	// IncapableOfConsent says that the subject cannot consent.
	IncapableOfConsent bool `json:"incapable_of_consent,omitempty"`
	// RegisterConditions says that the conditions of a public register are met.
	RegisterConditions bool `json:"register_conditions,omitempty"`
	// FewSubjects, InterestsAssessed, AuthorityInformed and SubjectInformed are
	// conditions of the last resort.
	FewSubjects       bool `json:"few_subjects,omitempty"`
	InterestsAssessed bool `json:"interests_assessed,omitempty"`
	AuthorityInformed bool `json:"authority_informed,omitempty"`
	SubjectInformed   bool `json:"subject_informed,omitempty"`
}

// Step is a step of the ladder.
type Step string

// The steps. The zero Step is that of the zero Answer, which refuses.
const (
	StepRefused             Step = "refused"
	StepNoTransfer          Step = "no_transfer"
	StepAdequacy            Step = "adequacy"
	StepSafeguard           Step = "safeguard"
	StepDerogation          Step = "derogation"
	StepCompellingInterests Step = "compelling_interests"
)

// Answer says whether a transfer is allowed. The zero Answer refuses.
type Answer struct {
	// IsTransfer reports whether it is a transfer to a third country at all.
	IsTransfer bool
	// Allowed reports whether it may take place.
	Allowed bool
	// Step is the step of the ladder that decided.
	Step Step
	// Mechanism is what an allowed disclosure relies on.
	Mechanism privacy.TransferMechanism
	// Until is the first day on which what is relied on is known to end, zero if
	// none is known.
	Until privacy.Date
	// Needs is what would make a refused transfer lawful, and Unmet the
	// conditions of the claimed safeguard or derogation that are not met.
	Needs Need
	Unmet []Condition
	// MustState is what a notice to the subject must say of it (Arts. 13(1)(f),
	// 14(1)(f)).
	MustState []string
	// Citation is the provision that decided.
	Citation string
}

// Judge answers for one transfer. The error matches privacy.ErrInvalid if the
// day, the regime, the destination or, unless the data is FromSubject, the origin
// is missing or unknown; the Answer refuses then.
func (l *Ladder) Judge(t Transfer) (Answer, error) {
	if err := l.check(t); err != nil {
		return Answer{Step: StepRefused, IsTransfer: true}, err
	}
	if t.FromSubject {
		return Answer{Allowed: true, Step: StepNoTransfer, Mechanism: privacy.TransferNone, Citation: "EDPB Guidelines 05/2021"}, nil
	}
	if t.From == t.To || l.law.WithinRegime(t.Regime, t.To, t.On) {
		return Answer{Allowed: true, Step: StepNoTransfer, Mechanism: privacy.TransferNone, Citation: "GDPR Art. 44"}, nil
	}
	if answer, ok := l.adequacy(t); ok {
		return l.withNotice(answer), nil
	}
	refusal := Answer{IsTransfer: true, Step: StepRefused, Needs: NeedSafeguards, Citation: "GDPR Art. 44"}
	if t.Safeguard.Mechanism != 0 {
		refusal = l.safeguard(t)
	}
	if !refusal.Allowed && t.Derogation.Mechanism != 0 {
		if derogation := l.derogation(t); derogation.Allowed || t.Safeguard.Mechanism == 0 {
			refusal = derogation
		}
	}
	return l.withNotice(refusal), nil
}

func (l *Ladder) check(t Transfer) error {
	var problems privacy.Problems
	if t.On.IsZero() {
		problems.Add("on", privacy.ProblemRequired, "the day is required")
	}
	if t.To.Check() != nil || (!t.FromSubject && t.From.Check() != nil) {
		problems.Add("to", privacy.ProblemCountry, "both countries are codes of ISO 3166-1 alpha-2")
	}
	if !l.law.KnowsMechanism(t.Regime, privacy.TransferAdequacy) {
		problems.Add("regime", privacy.ProblemUnknown, "%q restricts no transfers", t.Regime)
	}
	return problems.Err()
}

func (l *Ladder) adequacy(t Transfer) (Answer, bool) {
	decision, ok := l.law.Adequacy(t.Regime, t.To, t.On)
	if !ok || (decision.Condition != "" && (t.Certified == nil || !t.Certified(decision.Condition))) {
		return Answer{}, false
	}
	return Answer{
		IsTransfer: true, Allowed: true, Step: StepAdequacy, Mechanism: privacy.TransferAdequacy,
		Until: decision.Until, Citation: decision.Citation,
	}, true
}

func (l *Ladder) safeguard(t Transfer) Answer {
	answer := l.rely(t, l.table.Safeguards, t.Safeguard.Mechanism, "GDPR Art. 46(1)")
	if answer.Allowed {
		answer.Step, answer.Until = StepSafeguard, t.Safeguard.Assessment.ReviewBy
	}
	return answer
}

func (l *Ladder) derogation(t Transfer) Answer {
	answer := l.rely(t, l.table.Derogations, t.Derogation.Mechanism, "GDPR Art. 49(1)")
	switch {
	case answer.Mechanism == privacy.TransferCompellingInterests:
		answer.Step = StepCompellingInterests
	case answer.Allowed:
		answer.Step = StepDerogation
	}
	return answer
}

// rely says whether a transfer may rely on a mechanism by its row, and if not,
// what is needed. citation is for a mechanism without a row on the day.
func (l *Ladder) rely(t Transfer, rows []mechanismRow, mechanism privacy.TransferMechanism, citation string) Answer {
	answer := Answer{IsTransfer: true, Step: StepRefused, Needs: NeedSafeguards, Citation: citation}
	row, ok := find(rows, mechanism, t.On)
	if !ok {
		return answer
	}
	if !l.law.KnowsMechanism(t.Regime, mechanism) {
		for _, instead := range row.Instead {
			if instead.Regime.Canonical() == t.Regime.Canonical() {
				answer.Needs, answer.Citation = instead.Needs, instead.Citation
			}
		}
		return answer
	}
	answer.Citation = row.Citation
	answer.Unmet = append(unmet(row.Requires, t.meets), unmet(row.RefusedIf, t.notRefuted)...)
	if len(answer.Unmet) > 0 {
		answer.Needs = l.need(answer.Unmet[0])
		return answer
	}
	answer.Allowed, answer.Needs, answer.Mechanism = true, "", mechanism
	return answer
}

func unmet(list []Condition, met func(Condition) bool) []Condition {
	return slices.DeleteFunc(slices.Clone(list), met)
}

// meets reports whether a condition is stated to be met.
func (t Transfer) meets(condition Condition) bool {
	switch condition {
	case ConditionInForce:
		return t.Safeguard.InForce
	case ConditionApproved:
		return t.Safeguard.Approved
	case ConditionAuthorised:
		return t.Safeguard.Authorised
	case ConditionBindingCommitment:
		return t.Safeguard.BindingCommitment
	case ConditionAssessment:
		return t.Safeguard.Assessment.holds(t.On)
	case ConditionRisksDisclosed:
		return t.Derogation.RisksDisclosed
	case ConditionOccasional:
		return t.Derogation.Occasional
	case ConditionRecognisedInLaw:
		return t.Derogation.RecognisedInLaw
	case ConditionIncapable:
		return t.Derogation.IncapableOfConsent
	case ConditionRegister:
		return t.Derogation.RegisterConditions
	case ConditionNotRepetitive:
		return t.Derogation.NotRepetitive
	case ConditionFewSubjects:
		return t.Derogation.FewSubjects
	case ConditionInterestsAssessed:
		return t.Derogation.InterestsAssessed
	case ConditionAuthorityInformed:
		return t.Derogation.AuthorityInformed
	case ConditionSubjectInformed:
		return t.Derogation.SubjectInformed
	case ConditionNotPublicAuthority:
		return t.Derogation.NotPublicAuthority
	}
	return false
}

// notRefuted reports whether a condition is not known to be unmet. Only an
// assessment can be known to be missing or outdated; others must be met.
func (t Transfer) notRefuted(condition Condition) bool {
	if condition == ConditionAssessment {
		return !t.Safeguard.Assessment.outdated(t.On)
	}
	return t.meets(condition)
}

func (l *Ladder) need(condition Condition) Need {
	for _, row := range l.table.Needs {
		if row.Condition == condition {
			return row.Needs
		}
	}
	return NeedSafeguards
}

func (l *Ladder) withNotice(answer Answer) Answer {
	answer.MustState = l.mustState(answer.Step)
	return answer
}

func (l *Ladder) mustState(step Step) []string {
	for _, row := range l.table.Notices {
		if row.For == step {
			return slices.Clone(row.MustState)
		}
	}
	return nil
}

// MustState returns what a notice must say of a transfer that relies on a
// mechanism, nil for TransferNone and unknown ones.
func (l *Ladder) MustState(mechanism privacy.TransferMechanism) []string {
	switch mechanism {
	case privacy.TransferAdequacy:
		return l.mustState(StepAdequacy)
	case privacy.TransferCompellingInterests:
		return l.mustState(StepCompellingInterests)
	}
	of := func(row mechanismRow) bool { return row.Mechanism == mechanism }
	switch {
	case slices.ContainsFunc(l.table.Safeguards, of):
		return l.mustState(StepSafeguard)
	case slices.ContainsFunc(l.table.Derogations, of):
		return l.mustState(StepDerogation)
	}
	return nil
}

// Module returns which module of the standard contractual clauses of
// Implementing Decision (EU) 2021/914 fits the roles. A joint controller counts
// as a controller. The error matches privacy.ErrInvalid for a role that is none.
func (l *Ladder) Module(exporter, importer privacy.Role) (int, error) {
	for _, row := range l.table.Modules {
		if row.Exporter == side(exporter) && row.Importer == side(importer) {
			return row.Module, nil
		}
	}
	return 0, fmt.Errorf("transfer: no module fits the roles: %w", privacy.ErrInvalid)
}

func side(role privacy.Role) privacy.Role {
	if role == privacy.RoleJointController {
		return privacy.RoleController
	}
	return role
}
