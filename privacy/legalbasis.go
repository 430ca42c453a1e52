package privacy

import "iter"

// LegalBasis is a ground that makes processing lawful (GDPR Art. 6(1), UK GDPR
// Art. 6(1)). Special categories need a SpecialCondition in addition. The zero
// value is unknown and never valid.
type LegalBasis uint8

const (
	// BasisConsent is the subject's consent to specific purposes (Art.
	// 6(1)(a)).
	BasisConsent LegalBasis = iota + 1
	// BasisContract is the performance of a contract with the subject, or steps
	// at the subject's request before one is made (Art. 6(1)(b)).
	BasisContract
	// BasisLegalObligation is an obligation of the controller under the law of
	// the Union or a member state (Art. 6(1)(c)).
	BasisLegalObligation
	// BasisVitalInterests is the protection of somebody's life (Art. 6(1)(d)).
	BasisVitalInterests
	// BasisPublicTask is a task in the public interest or the exercise of
	// official authority (Art. 6(1)(e)).
	BasisPublicTask
	// BasisLegitimateInterests is a legitimate interest of the controller or a
	// third party that the subject's interests do not override (Art. 6(1)(f)).
	BasisLegitimateInterests
	// BasisRecognisedLegitimateInterests is a purpose listed in Annex 1 of the
	// UK GDPR, which needs no balancing (UK GDPR Art. 6(1)(ea), inserted by the
	// Data (Use and Access) Act 2025, in force from 5 February 2026). It does
	// not exist in the EU GDPR.
	BasisRecognisedLegitimateInterests
)

var legalBasisTable = codeTable[LegalBasis]{
	noun: "legal basis",
	rows: []codeRow{
		BasisConsent:                       {"consent", "Consent", "GDPR Art. 6(1)(a)", dpvGDPRNamespace + "A6-1-a"},
		BasisContract:                      {"contract", "Contract", "GDPR Art. 6(1)(b)", dpvGDPRNamespace + "A6-1-b"},
		BasisLegalObligation:               {"legal_obligation", "Legal obligation", "GDPR Art. 6(1)(c)", dpvGDPRNamespace + "A6-1-c"},
		BasisVitalInterests:                {"vital_interests", "Vital interests", "GDPR Art. 6(1)(d)", dpvGDPRNamespace + "A6-1-d"},
		BasisPublicTask:                    {"public_task", "Public task", "GDPR Art. 6(1)(e)", dpvGDPRNamespace + "A6-1-e"},
		BasisLegitimateInterests:           {"legitimate_interests", "Legitimate interests", "GDPR Art. 6(1)(f)", dpvGDPRNamespace + "A6-1-f"},
		BasisRecognisedLegitimateInterests: {"recognised_legitimate_interest", "Recognised legitimate interest", "UK GDPR Art. 6(1)(ea)", ""},
	},
}

// LegalBases yields every legal basis in the order of the constants.
func LegalBases() iter.Seq[LegalBasis] { return legalBasisTable.all() }

// ParseLegalBasis returns the legal basis with the given code. The error
// matches ErrInvalid and names the accepted codes.
func ParseLegalBasis(code string) (LegalBasis, error) { return legalBasisTable.parse(code) }

// Valid reports whether b is one of the constants.
func (b LegalBasis) Valid() bool { return legalBasisTable.valid(b) }

// String returns the code, "unknown" if b is not Valid.
func (b LegalBasis) String() string { return legalBasisTable.text(b) }

// Label returns the name in plain English, "Unknown" if b is not Valid.
func (b LegalBasis) Label() string { return legalBasisTable.label(b) }

// Article returns the provision that defines the basis, for example "GDPR Art.
// 6(1)(a)".
func (b LegalBasis) Article() string { return legalBasisTable.row(b).article }

// DPV returns the IRI of the basis in DPV 2.3, "" for
// BasisRecognisedLegitimateInterests: DPV has no UK extension, and its
// legitimate interest is the one that has to be balanced.
func (b LegalBasis) DPV() string { return legalBasisTable.row(b).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if b is not
// Valid, so that nothing unknown is ever written.
func (b LegalBasis) MarshalText() ([]byte, error) { return legalBasisTable.marshal(b) }

// UnmarshalText parses as ParseLegalBasis does and leaves b unchanged on error.
func (b *LegalBasis) UnmarshalText(text []byte) error { return legalBasisTable.unmarshal(b, text) }
