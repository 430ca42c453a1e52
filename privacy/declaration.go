package privacy

// Declaration is everything a service promises about personal data, written
// once, as plain data: in Go, or in JSON read by ParseDeclaration. Compile
// checks it and turns it into the Register that every other package asks.
//
// Lists keep their order in documents made from the register. Identifiers are
// unique within their list.
type Declaration struct {
	// Operator is the person or organisation that runs the service.
	Operator Operator `json:"operator"`
	// Services are the products the declaration covers, for people to read.
	Services []string `json:"services"`
	// Contacts are the points of contact that the law wants named. One of kind
	// ContactPrivacy is required.
	Contacts []Contact `json:"contacts"`
	// Categories are the categories of personal data.
	Categories []Category `json:"categories"`
	// Purposes are what personal data is processed for.
	Purposes []Purpose `json:"purposes"`
	// Recipients are all to whom personal data is disclosed (Art. 4(9)).
	Recipients []Recipient `json:"recipients,omitempty"`
	// Systems are where personal data lives.
	Systems []System `json:"systems,omitempty"`
	// Activities are the processing activities, the rows of the record of
	// processing (Art. 30).
	Activities []Activity `json:"activities"`
	// JointArrangements are the arrangements between joint controllers (Art. 26).
	JointArrangements []JointArrangement `json:"joint_arrangements,omitempty"`
}

// Operator is who runs the service: the controller for its controller
// activities, the processor for the others.
type Operator struct {
	// Name is the name the service is offered under. Required.
	Name string `json:"name"`
	// LegalEntity is the registered name of the legal or natural person behind
	// Name. Without one the declaration compiles, with a finding: Art. 13(1)(a)
	// wants the identity of the controller.
	LegalEntity string `json:"legal_entity,omitempty"`
	// Address is the postal address of the establishment.
	Address string `json:"address,omitempty"`
	// Country is the country of the main establishment. Required: it decides
	// what is a transfer to a third country.
	Country Country `json:"country"`
}

// ContactKind says what a contact is for.
type ContactKind string

// The kinds of contacts.
const (
	// ContactPrivacy receives questions and requests of data subjects.
	ContactPrivacy ContactKind = "privacy"
	// ContactDataProtectionOfficer is the officer of Art. 37.
	ContactDataProtectionOfficer ContactKind = "data_protection_officer"
	// ContactRepresentative is the representative in the Union or in the United
	// Kingdom of an operator established elsewhere (Art. 27).
	ContactRepresentative ContactKind = "representative"
	// ContactSecurity receives reports of vulnerabilities and breaches.
	ContactSecurity ContactKind = "security"
)

// Contact is a point of contact. At least one of Email, URL and Address is required.
type Contact struct {
	Kind    ContactKind `json:"kind"`
	Name    string      `json:"name,omitempty"`
	Email   string      `json:"email,omitempty"`
	URL     string      `json:"url,omitempty"`
	Address string      `json:"address,omitempty"`
}

// Category is a category of personal data. Its ID places it in a hierarchy:
// "account.email" lies within "account", which must be declared too and hands
// down its role, its marks and its measures. Naming a category covers all
// categories within it.
type Category struct {
	ID    CategoryID `json:"id"`
	Title string     `json:"title"`
	// Role is RoleController for data the operator holds for its own purposes
	// and RoleProcessor for data it holds on a customer's instructions. A
	// category without one inherits it; a top-level category must state it. A
	// category may be held in another role than the one it lies within.
	Role Role `json:"role,omitempty"`
	// Special marks special categories of personal data (Art. 9(1)): using it
	// needs a condition of Art. 9(2) in addition to a legal basis.
	Special bool `json:"special,omitempty"`
	// Measures are the least technical and organisational measures for this
	// data (Art. 32). Decisions return them as obligations.
	Measures MeasureSet `json:"measures,omitzero"`
	// DPV is the closest term of the Data Privacy Vocabulary, if any.
	DPV string `json:"dpv,omitempty"`
}

// Purpose is what personal data is processed for (Art. 5(1)(b)).
type Purpose struct {
	ID          PurposeID `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	// Bases are the legal bases the operator relies on for the purpose as
	// controller, by jurisdiction. As processor it needs none: there the
	// customer attests its own.
	Bases []PurposeBasis `json:"bases,omitempty"`
	// DirectMarketing makes an objection absolute (Art. 21(3)).
	DirectMarketing bool `json:"direct_marketing,omitempty"`
	// OptOuts are the kinds of opt-out that end this purpose for a subject, as
	// the laws of the US states define them.
	OptOuts OptOutSet `json:"opt_outs,omitzero"`
	// MinimumNotice is the lowest version of the notice that tells subjects of
	// this purpose as it is now. A consent given to an earlier version does not
	// cover it. Zero accepts every version.
	MinimumNotice uint32 `json:"minimum_notice,omitempty"`
	// DPV is the closest term of the Data Privacy Vocabulary, if any.
	DPV string `json:"dpv,omitempty"`
}

// PurposeBasis is the legal basis of a purpose in some jurisdictions.
type PurposeBasis struct {
	// Basis is the legal basis (Art. 6(1)). Required.
	Basis LegalBasis `json:"basis"`
	// Jurisdictions are where this basis is relied on; empty means everywhere
	// that no other entry of the purpose names.
	Jurisdictions []Jurisdiction `json:"jurisdictions,omitempty"`
	// Condition is the condition of Art. 9(2) relied on where a special
	// category is used for the purpose; required in every entry of a purpose
	// for which a controller activity uses one.
	Condition SpecialCondition `json:"condition,omitempty"`
	// Interest states the interest pursued; required for
	// BasisLegitimateInterests (Art. 13(1)(d)).
	Interest string `json:"interest,omitempty"`
	// Law cites the obligation or task; required for BasisLegalObligation and
	// BasisPublicTask (Art. 6(3)).
	Law string `json:"law,omitempty"`
}

// Recipient is somebody to whom personal data is disclosed (Art. 4(9)).
type Recipient struct {
	ID    RecipientID `json:"id"`
	Title string      `json:"title"`
	// Kind is RecipientProcessor for who processes for the operator's controller
	// activities and RecipientSubProcessor for who does so for its processor
	// activities. A provider that does both is declared twice: the contracts, the
	// modules of clauses and the duty to tell customers differ.
	Kind RecipientKind `json:"kind"`
	// Locations are all countries where the recipient processes the data,
	// including those from which it has remote access. At least one.
	Locations []RecipientLocation `json:"locations"`
}

// RecipientLocation is a country where a recipient processes personal data and
// what makes the transfer to it lawful (Chapter V).
type RecipientLocation struct {
	Country Country `json:"country"`
	// Mechanism is required where disclosing to Country is a transfer to a
	// third country as seen from the operator's.
	Mechanism TransferMechanism `json:"mechanism,omitempty"`
	// Reference names the instrument, for example the date and module of the
	// standard contractual clauses.
	Reference string `json:"reference,omitempty"`
}

// System is a place where personal data lives: a database, a bucket, a service
// of a provider.
type System struct {
	ID    SystemID `json:"id"`
	Title string   `json:"title"`
	// Categories are what the system holds.
	Categories []CategoryID `json:"categories"`
	// SubjectKey says by which key a subject's data is found there, for example
	// "account_id". Empty means that it cannot be found by subject, a finding.
	SubjectKey string `json:"subject_key,omitempty"`
	// Recipient is who runs the system, empty for the operator itself.
	Recipient RecipientID `json:"recipient,omitempty"`
}

// Activity is a processing activity: one purpose pursued in one role on some
// categories, a row of the record of processing (Art. 30).
type Activity struct {
	ID      ActivityID `json:"id"`
	Title   string     `json:"title"`
	Purpose PurposeID  `json:"purpose"`
	// Role is RoleController, RoleJointController or RoleProcessor. Required.
	Role Role `json:"role"`
	// Subjects are the categories of data subjects, for people to read, for
	// example "account holders".
	Subjects []string `json:"subjects"`
	// Categories are the categories of personal data used, each with all
	// categories within it.
	Categories []CategoryID `json:"categories"`
	// Operations are what is done with the data. At least one.
	Operations []Operation `json:"operations"`
	// Recipients are to whom this activity discloses.
	Recipients []RecipientID `json:"recipients,omitempty"`
	// Retention says how long the data is kept for this activity (Art. 30(1)(f)).
	Retention RetentionLimit `json:"retention,omitzero"`
	// MinimumAge restricts the activity to subjects of an age. Not allowed for
	// processor activities: the age limit of a service concerns its own users,
	// not people pictured in its customers' content.
	MinimumAge MinimumAge `json:"minimum_age,omitzero"`
	// Measures are obligations of this activity beside those of its categories.
	Measures MeasureSet `json:"measures,omitzero"`
	// AutomatedDecision says that the activity takes decisions with legal or
	// similarly significant effect solely by automated means (Art. 22).
	AutomatedDecision bool `json:"automated_decision,omitempty"`
	// JointArrangement names the arrangement of a joint-controller activity.
	JointArrangement string `json:"joint_arrangement,omitempty"`
	// OwnPurposeReason must say why the operator determines the purpose, where
	// a controller activity uses categories held as processor: deciding it
	// makes the operator a controller for that use (Art. 28(10)). Empty there
	// does not compile.
	OwnPurposeReason string `json:"own_purpose_reason,omitempty"`
}

// RetentionLimit says how long an activity keeps data. The rules that enforce
// it live in package retention.
type RetentionLimit struct {
	// Period is how long, from when After happened. Zero where only Criteria
	// can be given.
	Period Period `json:"period,omitzero"`
	// After is the event the period runs from, for example "account closed".
	After string `json:"after,omitempty"`
	// Criteria says how the period is determined where it is no fixed one
	// (Art. 13(2)(a)), or why it is this one.
	Criteria string `json:"criteria,omitempty"`
	// Law cites the statute where the period is a statutory retention.
	Law string `json:"law,omitempty"`
}

// UnknownAge says what a minimum age means for subjects whose age nobody has
// evidence of.
type UnknownAge string

const (
	// UnknownAgeDeny refuses a subject without evidence of age. The zero value
	// "" means the same.
	UnknownAgeDeny UnknownAge = "deny"
	// UnknownAgeDeclared trusts that subjects below the age do not sign up, as
	// the service's terms demand, and refuses only those known to be younger.
	UnknownAgeDeclared UnknownAge = "declared"
)

// MinimumAge is the youngest age at which a subject may take part in an activity.
type MinimumAge struct {
	// Years is the age in completed years, 1 to 150; 0 means no minimum.
	Years int `json:"years,omitempty"`
	// Unknown applies to subjects without evidence of age.
	Unknown UnknownAge `json:"unknown,omitempty"`
}

// JointArrangement is an arrangement between joint controllers (Art. 26).
type JointArrangement struct {
	ID string `json:"id"`
	// Controllers are the names of the other joint controllers. At least one.
	Controllers []string `json:"controllers"`
	// Essence is what subjects are told of the arrangement (Art. 26(2)). Required.
	Essence string `json:"essence"`
	// Contact says whom subjects turn to.
	Contact string `json:"contact,omitempty"`
}
