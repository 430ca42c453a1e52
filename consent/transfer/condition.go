package transfer

import "github.com/labelop/privacykit/privacy"

// Condition is something that a mechanism demands.
type Condition string

// The conditions.
const (
	// ConditionInForce says that the instrument binds both sides.
	ConditionInForce Condition = "in_force"
	// ConditionApproved says that the competent authority approved the rules,
	// clauses, code or certification.
	ConditionApproved Condition = "approved"
	// ConditionAuthorised says that the supervisory authority authorised the use.
	ConditionAuthorised Condition = "authorised"
	// ConditionBindingCommitment says that the importer bound itself.
	ConditionBindingCommitment Condition = "binding_commitment"
	// ConditionAssessment says that the law of the third country was assessed: a
	// transfer impact assessment, or the United Kingdom's data protection test.
	ConditionAssessment Condition = "assessment"
	// ConditionRisksDisclosed says that the subject consented explicitly after
	// being told of the risks.
	ConditionRisksDisclosed Condition = "risks_disclosed"
	// ConditionOccasional says that the transfer is occasional, not systematic.
	ConditionOccasional Condition = "occasional"
	// ConditionRecognisedInLaw says that the public interest is recognised in
	// the law that the controller is subject to.
	ConditionRecognisedInLaw Condition = "recognised_in_law"
	// ConditionIncapable says that the subject cannot consent.
	ConditionIncapable Condition = "incapable_of_consent"
	// ConditionRegister says that the conditions for consulting the public
	// register are met.
	ConditionRegister Condition = "register_conditions"
	// ConditionNotRepetitive says that the transfer is not repetitive.
	ConditionNotRepetitive Condition = "not_repetitive"
	// ConditionFewSubjects says that it concerns a limited number of subjects.
	ConditionFewSubjects Condition = "few_subjects"
	// ConditionInterestsAssessed says that all circumstances were assessed and
	// suitable safeguards provided.
	ConditionInterestsAssessed Condition = "interests_assessed"
	// ConditionAuthorityInformed says that the supervisory authority was told.
	ConditionAuthorityInformed Condition = "authority_informed"
	// ConditionSubjectInformed says that the subject was told of the transfer
	// and of the interests pursued.
	ConditionSubjectInformed Condition = "subject_informed"
	// ConditionNotPublicAuthority says that the exporter is no public authority
	// exercising its powers.
	ConditionNotPublicAuthority Condition = "not_public_authority"
)

var conditions = []Condition{
	ConditionInForce, ConditionApproved, ConditionAuthorised, ConditionBindingCommitment, ConditionAssessment,
	ConditionRisksDisclosed, ConditionOccasional, ConditionRecognisedInLaw, ConditionIncapable, ConditionRegister,
	ConditionNotRepetitive, ConditionFewSubjects, ConditionInterestsAssessed, ConditionAuthorityInformed,
	ConditionSubjectInformed, ConditionNotPublicAuthority,
}

// Need is what would make a refused transfer lawful.
type Need string

// The needs.
const (
	// NeedSafeguards is any appropriate safeguard of Art. 46.
	NeedSafeguards Need = "appropriate_safeguards"
	// NeedAssessment is a transfer impact assessment.
	NeedAssessment Need = "transfer_impact_assessment"
	// NeedAuthorisation is the supervisory authority's authorisation.
	NeedAuthorisation Need = "authority_authorisation"
	// NeedIDTAOrAddendum is one of the United Kingdom's own instruments.
	NeedIDTAOrAddendum Need = "idta_or_addendum"
)

// Assessment is an assessment of the law of the third country (clause 14 of the
// SCC, C-311/18; in the United Kingdom the data protection test).
type Assessment struct {
	// DoneOn is the day it was finished; zero if there is none.
	DoneOn privacy.Date `json:"done_on,omitzero"`
	// ReviewBy is the first day on which it counts no longer; zero if none was set.
	ReviewBy privacy.Date `json:"review_by,omitzero"`
	// Missing says that it is known that there is none, or that it failed.
	Missing bool `json:"missing,omitempty"`
}

// holds reports whether the assessment counts on a day.
func (a Assessment) holds(on privacy.Date) bool {
	return !a.Missing && !a.DoneOn.IsZero() && !on.Before(a.DoneOn) && (a.ReviewBy.IsZero() || on.Before(a.ReviewBy))
}

// outdated reports whether there is an assessment that does not count on a day,
// or none where it is known that there is none.
func (a Assessment) outdated(on privacy.Date) bool {
	return a.Missing || (!a.DoneOn.IsZero() && !a.holds(on))
}
