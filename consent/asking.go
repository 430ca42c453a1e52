package consent

import "github.com/labelop/privacykit/consent/children"

// Asking says how consent was asked for: the facts on which its validity rests
// beside the act and the notice (Arts. 4(11), 7). It is what the controller
// declares of its form. What is left zero counts against the consent.
type Asking struct {
	// ControllerNamed says that whoever shows the notice is named in it.
	ControllerNamed bool `json:"controller_named,omitempty"`
	// WithdrawalRightTold says that the subject was told of the right to
	// withdraw (Art. 7(3)), and WithdrawalAsEasy that withdrawing is as easy as
	// giving consent.
	WithdrawalRightTold bool `json:"withdrawal_right_told,omitempty"`
	WithdrawalAsEasy    bool `json:"withdrawal_as_easy,omitempty"`
	// Granular says that each purpose could be accepted or refused by itself.
	Granular bool `json:"granular,omitempty"`
	// Prechecked says that the choice was made before the subject saw it.
	Prechecked bool `json:"prechecked,omitempty"`
	// BundledInTerms says that the question stood among other matters, such as
	// terms of service, and Distinguishable that it stood out there (Art. 7(2)).
	BundledInTerms  bool `json:"bundled_in_terms,omitempty"`
	Distinguishable bool `json:"distinguishable,omitempty"`
	// ConditionalOnService says that the service depended on the consent
	// (Art. 7(4)), and NecessaryForService that the data is needed for it, so
	// that consent is the wrong basis.
	ConditionalOnService bool `json:"conditional_on_service,omitempty"`
	NecessaryForService  bool `json:"necessary_for_service,omitempty"`
	// PowerImbalance is a code such as "employer" or "public_authority" where
	// the subject is in a weaker position (recital 43).
	PowerImbalance string `json:"power_imbalance,omitempty"`
	// DetrimentIfRefused says whether refusing has adverse consequences; nil
	// means that it is not known.
	DetrimentIfRefused *bool `json:"detriment_if_refused,omitempty"`
	// CookieWall says that access was denied without consent, and
	// EquivalentAlternative that there was another way without tracking.
	CookieWall            bool `json:"cookie_wall,omitempty"`
	EquivalentAlternative bool `json:"equivalent_alternative,omitempty"`
	// DeceptiveDesign is a code of a pattern that misleads or hides the choice,
	// such as "reject_hidden_on_second_layer".
	DeceptiveDesign string `json:"deceptive_design,omitempty"`
	// DoubleOptIn is where a confirmation by another channel stands.
	DoubleOptIn DoubleOptIn `json:"double_opt_in,omitempty"`
	// AutomatedDecisionTold and TransferRisksTold say that the subject was told
	// of solely automated decisions, and of the risks of a transfer without
	// adequacy or safeguards.
	AutomatedDecisionTold bool `json:"automated_decision_told,omitempty"`
	TransferRisksTold     bool `json:"transfer_risks_told,omitempty"`
}

// DoubleOptIn is where a double opt-in stands. The zero value means that none
// was used.
type DoubleOptIn string

// The states of a double opt-in.
const (
	DoubleOptInRequested DoubleOptIn = "requested_not_confirmed"
	DoubleOptInConfirmed DoubleOptIn = "confirmed"
)

// ParentalAuthorisation is evidence that a holder of parental responsibility
// authorised a child's consent (Art. 8).
type ParentalAuthorisation = children.Authorisation
