package privacy

import "iter"

// SpecialCondition is a ground on which special categories of personal data,
// such as health or biometric identification, may be processed (GDPR
// Art. 9(2)). It is needed in addition to a LegalBasis, never instead of one.
// The zero value is unknown and never valid.
type SpecialCondition uint8

const (
	// ConditionExplicitConsent is explicit consent to specified purposes,
	// unless national law rules it out (Art. 9(2)(a)).
	ConditionExplicitConsent SpecialCondition = iota + 1
	// ConditionEmployment is an obligation or right in employment, social
	// security or social protection law (Art. 9(2)(b)).
	ConditionEmployment
	// ConditionVitalInterests is the protection of somebody's life where the
	// subject cannot consent (Art. 9(2)(c)).
	ConditionVitalInterests
	// ConditionNonProfit is a political, philosophical, religious or trade
	// union body's work with its members (Art. 9(2)(d)).
	ConditionNonProfit
	// ConditionMadePublic is data that the subject has manifestly made public
	// (Art. 9(2)(e)).
	ConditionMadePublic
	// ConditionLegalClaims is the establishment, exercise or defence of legal
	// claims, and courts acting as such (Art. 9(2)(f)).
	ConditionLegalClaims
	// ConditionSubstantialPublicInterest is a substantial public interest laid
	// down in law (Art. 9(2)(g)).
	ConditionSubstantialPublicInterest
	// ConditionHealthCare is preventive or occupational medicine, diagnosis and
	// care under professional secrecy (Art. 9(2)(h), Art. 9(3)).
	ConditionHealthCare
	// ConditionPublicHealth is a public interest in public health laid down in
	// law (Art. 9(2)(i)).
	ConditionPublicHealth
	// ConditionResearch is archiving in the public interest, research or
	// statistics under Art. 89(1), laid down in law (Art. 9(2)(j)).
	ConditionResearch
)

var specialConditionTable = codeTable[SpecialCondition]{
	noun: "special-category condition",
	rows: []codeRow{
		ConditionExplicitConsent:           {"explicit_consent", "Explicit consent", "GDPR Art. 9(2)(a)", dpvGDPRNamespace + "A9-2-a"},
		ConditionEmployment:                {"employment", "Employment and social protection law", "GDPR Art. 9(2)(b)", dpvGDPRNamespace + "A9-2-b"},
		ConditionVitalInterests:            {"vital_interests", "Vital interests of a person unable to consent", "GDPR Art. 9(2)(c)", dpvGDPRNamespace + "A9-2-c"},
		ConditionNonProfit:                 {"non_profit", "Members of a non-profit body", "GDPR Art. 9(2)(d)", dpvGDPRNamespace + "A9-2-d"},
		ConditionMadePublic:                {"made_public", "Manifestly made public by the data subject", "GDPR Art. 9(2)(e)", dpvGDPRNamespace + "A9-2-e"},
		ConditionLegalClaims:               {"legal_claims", "Legal claims", "GDPR Art. 9(2)(f)", dpvGDPRNamespace + "A9-2-f"},
		ConditionSubstantialPublicInterest: {"substantial_public_interest", "Substantial public interest", "GDPR Art. 9(2)(g)", dpvGDPRNamespace + "A9-2-g"},
		ConditionHealthCare:                {"health_care", "Health care under professional secrecy", "GDPR Art. 9(2)(h)", dpvGDPRNamespace + "A9-2-h"},
		ConditionPublicHealth:              {"public_health", "Public health", "GDPR Art. 9(2)(i)", dpvGDPRNamespace + "A9-2-i"},
		ConditionResearch:                  {"research", "Archiving, research or statistics", "GDPR Art. 9(2)(j)", dpvGDPRNamespace + "A9-2-j"},
	},
}

// SpecialConditions yields every condition in the order of the constants.
func SpecialConditions() iter.Seq[SpecialCondition] { return specialConditionTable.all() }

// ParseSpecialCondition returns the condition with the given code. The error
// matches ErrInvalid and names the accepted codes.
func ParseSpecialCondition(code string) (SpecialCondition, error) {
	return specialConditionTable.parse(code)
}

// Valid reports whether c is one of the constants.
func (c SpecialCondition) Valid() bool { return specialConditionTable.valid(c) }

// String returns the code, "unknown" if c is not Valid.
func (c SpecialCondition) String() string { return specialConditionTable.text(c) }

// Label returns the name in plain English, "Unknown" if c is not Valid.
func (c SpecialCondition) Label() string { return specialConditionTable.label(c) }

// Article returns the provision that defines the condition, for example "GDPR
// Art. 9(2)(a)".
func (c SpecialCondition) Article() string { return specialConditionTable.row(c).article }

// DPV returns the IRI of the condition in DPV 2.3.
func (c SpecialCondition) DPV() string { return specialConditionTable.row(c).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if c is not
// Valid, so that nothing unknown is ever written.
func (c SpecialCondition) MarshalText() ([]byte, error) { return specialConditionTable.marshal(c) }

// UnmarshalText parses as ParseSpecialCondition does and leaves c unchanged on
// error.
func (c *SpecialCondition) UnmarshalText(text []byte) error {
	return specialConditionTable.unmarshal(c, text)
}
