package children

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Authorisation is the evidence that a holder of parental responsibility
// authorised or gave a consent (Art. 8(1)).
type Authorisation struct {
	// Verified says that reasonable efforts were made to verify that whoever
	// authorised it holds parental responsibility (Art. 8(2)).
	Verified bool `json:"verified"`
	// Method is how, as a code such as "card_micro_payment" or "self_declared".
	Method string `json:"method"`
	// By is an opaque reference to the holder of parental responsibility.
	By string `json:"by,omitempty"`
	// Reference points to proof that the host keeps.
	Reference string `json:"reference,omitempty"`
}

// Case is a question under Art. 8.
type Case struct {
	// Regime is "eu-gdpr" or "uk-gdpr", and Country whose age applies.
	Regime  string
	Country privacy.Country
	// On is the day of the consent, in the subject's zone.
	On privacy.Date
	// Basis is the legal basis relied on.
	Basis privacy.LegalBasis
	// OfferedToChild says that an information society service is offered
	// directly to a child.
	OfferedToChild bool
	// Counselling says that the service is one of prevention or counselling.
	Counselling bool
	// BornOnOrBefore is the latest day on which the subject can have been born;
	// zero if nothing is known, which counts as below the age.
	BornOnOrBefore privacy.Date
	// Authorisation is that of a parent, nil without one.
	Authorisation *Authorisation
	// ChildAgreed says that the child consented itself, where both must.
	ChildAgreed bool
}

// Exemption says why Art. 8 does not apply; empty where it does.
type Exemption string

// The reasons for which Art. 8 does not apply.
const (
	// ExemptBasis says that consent is not the legal basis. National law on the
	// capacity to contract is another question (Art. 8(3)).
	ExemptBasis Exemption = "basis_is_not_consent"
	// ExemptService says that no information society service is offered
	// directly to a child.
	ExemptService Exemption = "not_offered_directly_to_a_child"
	// ExemptCounselling says that the service is one of prevention or
	// counselling (recital 38).
	ExemptCounselling Exemption = "counselling"
)

// Defect is what keeps a child's consent from being valid, empty if nothing does.
type Defect string

// The defects, with the codes of consent.Validate.
const (
	// DefectNoAuthorisation says that a parent's authorisation is missing.
	DefectNoAuthorisation Defect = "child_needs_parental_authorisation"
	// DefectNotVerified says that nobody verified who authorised it (Art. 8(2)).
	DefectNotVerified Defect = "parental_authorisation_not_verified"
	// DefectChildNotAsked says that the child's own consent is missing where
	// child and parent consent together.
	DefectChildNotAsked Defect = "child_consent_missing"
)

// Answer is the answer to a Case.
type Answer struct {
	// Applies reports whether Art. 8 applies; if not, Exemption says why.
	Applies   bool
	Exemption Exemption
	// Age is the age of digital consent.
	Age DigitalAge
	// Alone reports whether the subject may consent alone.
	Alone bool
	// Requires is whose consent is needed, RequireNothing if only the subject's.
	Requires Requirement
	// Defect is what is wrong with the consent.
	Defect Defect
	// Citation is the provision that decided.
	Citation string
}

// Assess answers a case. The error matches ErrUnknownRegime, or
// privacy.ErrInvalid for a case without a day or with a birth after it.
func (l *Law) Assess(c Case) (Answer, error) {
	if c.On.IsZero() {
		return Answer{}, fmt.Errorf("children: the day of the consent is required: %w", privacy.ErrInvalid)
	}
	if c.BornOnOrBefore.After(c.On) {
		return Answer{}, fmt.Errorf("children: the date of birth lies after the consent: %w", privacy.ErrInvalid)
	}
	age, err := l.DigitalAge(c.Regime, c.Country, c.On)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Age: age, Requires: RequireNothing, Citation: age.Citation}
	answer.Exemption, answer.Applies = l.exemption(c, &answer)
	answer.Alone = !answer.Applies || age.MayConsentAlone(c.BornOnOrBefore, c.On)
	if answer.Alone {
		return answer, nil
	}
	answer.Requires = age.Below
	answer.Defect = defectOf(c, age.Below)
	return answer, nil
}

// exemption reports why Art. 8 does not apply, or that it does.
func (l *Law) exemption(c Case, answer *Answer) (Exemption, bool) {
	switch {
	case c.Basis != privacy.BasisConsent:
		answer.Citation = "GDPR Art. 8(1), (3)"
		return ExemptBasis, false
	case !c.OfferedToChild:
		answer.Citation = "GDPR Art. 8(1)"
		return ExemptService, false
	case !c.Counselling:
		return "", true
	}
	for _, row := range l.table.Counselling {
		if row.Regime == c.Regime && row.inForce(c.On) {
			answer.Citation = row.Citation
			return ExemptCounselling, false
		}
	}
	return "", true
}

func defectOf(c Case, requires Requirement) Defect {
	switch {
	case c.Authorisation == nil:
		return DefectNoAuthorisation
	case !c.Authorisation.Verified:
		return DefectNotVerified
	case requires == RequireJoint && !c.ChildAgreed:
		return DefectChildNotAsked
	}
	return ""
}
