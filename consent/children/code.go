package children

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Requirement says whose consent is needed. The zero value is unknown and never
// stands for "nobody's".
type Requirement string

// The requirements.
const (
	// RequireNothing says that the law demands nothing because of age.
	RequireNothing Requirement = "none"
	// RequireParent is authorisation by a holder of parental responsibility
	// (Art. 8(1) GDPR).
	RequireParent Requirement = "parental_authorisation"
	// RequireJoint is the consent of the child and of a holder of parental
	// responsibility together (France).
	RequireJoint Requirement = "joint_child_and_parent"
	// RequireParentConsent is the consent of a parent or guardian.
	RequireParentConsent Requirement = "parental_consent"
	// RequireVerifiableParentConsent is a parent's consent that can be verified.
	RequireVerifiableParentConsent Requirement = "verifiable_parental_consent"
	// RequireSpecificParentConsent is the specific and prominent consent of a
	// parent or guardian.
	RequireSpecificParentConsent Requirement = "specific_parental_consent"
	// RequireRepresentative is the consent of the legal representative.
	RequireRepresentative Requirement = "legal_representative_consent"
	// RequireParentOptIn is a parent's opt-in.
	RequireParentOptIn Requirement = "parental_opt_in"
	// RequireOwnOptIn is an opt-in by the child itself.
	RequireOwnOptIn Requirement = "own_opt_in"
	// RequireOptOutOnly says that no consent is needed, but an opt-out must be
	// offered and honoured.
	RequireOptOutOnly Requirement = "opt_out_only"
	// RequireAbstention says that it is prohibited: nobody's consent permits it.
	RequireAbstention Requirement = "prohibited"
)

// Valid reports whether r is one of the constants.
func (r Requirement) Valid() bool {
	switch r {
	case RequireNothing, RequireParent, RequireJoint, RequireParentConsent, RequireVerifiableParentConsent,
		RequireSpecificParentConsent, RequireRepresentative, RequireParentOptIn, RequireOwnOptIn, RequireOptOutOnly,
		RequireAbstention:
		return true
	}
	return false
}

// Operation is what is to be done with a child's data, as other regimes than
// the GDPR distinguish it.
type Operation string

// The operations.
const (
	// OperationCollectOnline is collecting through an online service.
	OperationCollectOnline Operation = "collect_online"
	// OperationConsent is relying on consent.
	OperationConsent Operation = "consent"
	// OperationProcess is processing of any kind.
	OperationProcess Operation = "process"
	// OperationSale is the sale of personal data.
	OperationSale Operation = "sale"
	// OperationSharing is sharing for cross-context behavioural advertising, or, as
	// most US states call it, targeted advertising.
	OperationSharing Operation = "sharing"
)

// Valid reports whether o is one of the constants.
func (o Operation) Valid() bool {
	switch o {
	case OperationCollectOnline, OperationConsent, OperationProcess, OperationSale, OperationSharing:
		return true
	}
	return false
}

// ErrUnknownRegime reports a regime that the law's tables do not have. It
// matches privacy.ErrNotFound.
var ErrUnknownRegime = fmt.Errorf("children: unknown regime: %w", privacy.ErrNotFound)
