package privacy

import "iter"

// TransferMechanism is what permits personal data to reach a third country or
// an international organisation (GDPR and UK GDPR Chapter V). The constants
// follow the law's ladder: no transfer, adequacy, safeguards, derogations, last
// resort. The zero value is unknown and never valid.
type TransferMechanism uint8

const (
	// TransferNone says that there is no transfer: the data stays under the
	// same law, or the subject sends it directly. Remote access from a third
	// country is a transfer.
	TransferNone TransferMechanism = iota + 1
	// TransferAdequacy is an adequacy decision for the country, territory or
	// sector (Art. 45(3)); in the UK, regulations (UK GDPR Art. 45A).
	TransferAdequacy
	// TransferPublicBodyInstrument is a binding instrument between public
	// bodies (Art. 46(2)(a)).
	TransferPublicBodyInstrument
	// TransferBCR is binding corporate rules of a group (Arts. 46(2)(b), 47).
	TransferBCR
	// TransferSCC is standard contractual clauses adopted by the Commission,
	// now those of Implementing Decision (EU) 2021/914 (Art. 46(2)(c)). They do
	// not suffice under UK law without the addendum.
	TransferSCC
	// TransferAuthoritySCC is standard clauses adopted by a supervisory
	// authority and approved by the Commission (Art. 46(2)(d)).
	TransferAuthoritySCC
	// TransferIDTA is the United Kingdom's International Data Transfer
	// Agreement (UK GDPR Art. 46(2)(d), Data Protection Act 2018 s. 119A).
	TransferIDTA
	// TransferUKAddendum is the United Kingdom's addendum to the EU's standard
	// contractual clauses (UK GDPR Art. 46(2)(d), Data Protection Act 2018
	// s. 119A).
	TransferUKAddendum
	// TransferCodeOfConduct is an approved code of conduct with the importer's
	// binding commitment (Art. 46(2)(e)).
	TransferCodeOfConduct
	// TransferCertification is an approved certification with the importer's
	// binding commitment (Art. 46(2)(f)).
	TransferCertification
	// TransferAdHocClauses is clauses of the parties' own; each use needs the
	// supervisory authority's authorisation (Art. 46(3)(a)).
	TransferAdHocClauses
	// TransferAdministrativeArrangement is provisions in an arrangement between
	// public bodies; each needs authorisation (Art. 46(3)(b)).
	TransferAdministrativeArrangement
	// TransferExplicitConsent is the derogation for explicit consent of a
	// subject told of the risks (Art. 49(1)(a)).
	TransferExplicitConsent
	// TransferContract is the derogation for a contract with the subject;
	// occasional transfers only (Art. 49(1)(b), recital 111).
	TransferContract
	// TransferThirdPartyContract is the derogation for a contract with somebody
	// else in the subject's interest; occasional transfers only (Art.
	// 49(1)(c)).
	TransferThirdPartyContract
	// TransferPublicInterest is the derogation for important reasons of public
	// interest recognised in law (Art. 49(1)(d), 49(4)).
	TransferPublicInterest
	// TransferLegalClaims is the derogation for legal claims; occasional
	// transfers only (Art. 49(1)(e)).
	TransferLegalClaims
	// TransferVitalInterests is the derogation for somebody's life where the
	// subject cannot consent (Art. 49(1)(f)).
	TransferVitalInterests
	// TransferPublicRegister is the derogation for extracts from a public
	// register (Art. 49(1)(g), 49(2)).
	TransferPublicRegister
	// TransferCompellingInterests is the last resort: compelling legitimate
	// interests, not repetitive, few subjects, assessed, with notice to the
	// supervisory authority and the subjects (Art. 49(1), second subparagraph).
	TransferCompellingInterests
)

var transferMechanismTable = codeTable[TransferMechanism]{
	noun: "transfer mechanism",
	rows: []codeRow{
		TransferNone:                      {code: "not_a_transfer", label: "Not a transfer"},
		TransferAdequacy:                  {"adequacy", "Adequacy decision", "GDPR Art. 45(3)", dpvGDPRNamespace + "A45-3"},
		TransferPublicBodyInstrument:      {"public_body_instrument", "Instrument between public bodies", "GDPR Art. 46(2)(a)", dpvGDPRNamespace + "A46-2-a"},
		TransferBCR:                       {"bcr", "Binding corporate rules", "GDPR Art. 46(2)(b)", dpvGDPRNamespace + "A46-2-b"},
		TransferSCC:                       {"scc", "Standard contractual clauses", "GDPR Art. 46(2)(c)", dpvGDPRNamespace + "A46-2-c"},
		TransferAuthoritySCC:              {"authority_scc", "Standard clauses of a supervisory authority", "GDPR Art. 46(2)(d)", dpvGDPRNamespace + "A46-2-d"},
		TransferIDTA:                      {"idta", "International Data Transfer Agreement", "UK GDPR Art. 46(2)(d)", ""},
		TransferUKAddendum:                {"uk_addendum", "UK addendum to the EU standard contractual clauses", "UK GDPR Art. 46(2)(d)", ""},
		TransferCodeOfConduct:             {"code_of_conduct", "Approved code of conduct", "GDPR Art. 46(2)(e)", dpvGDPRNamespace + "A46-2-e"},
		TransferCertification:             {"certification", "Approved certification", "GDPR Art. 46(2)(f)", dpvGDPRNamespace + "A46-2-f"},
		TransferAdHocClauses:              {"ad_hoc_clauses", "Authorised contractual clauses", "GDPR Art. 46(3)(a)", dpvGDPRNamespace + "A46-3-a"},
		TransferAdministrativeArrangement: {"administrative_arrangement", "Authorised administrative arrangement", "GDPR Art. 46(3)(b)", dpvGDPRNamespace + "A46-3-b"},
		TransferExplicitConsent:           {"derogation_49_1_a", "Explicit consent to the transfer", "GDPR Art. 49(1)(a)", dpvGDPRNamespace + "A49-1-a"},
		TransferContract:                  {"derogation_49_1_b", "Contract with the data subject", "GDPR Art. 49(1)(b)", dpvGDPRNamespace + "A49-1-b"},
		TransferThirdPartyContract:        {"derogation_49_1_c", "Contract in the data subject's interest", "GDPR Art. 49(1)(c)", dpvGDPRNamespace + "A49-1-c"},
		TransferPublicInterest:            {"derogation_49_1_d", "Important reasons of public interest", "GDPR Art. 49(1)(d)", dpvGDPRNamespace + "A49-1-d"},
		TransferLegalClaims:               {"derogation_49_1_e", "Legal claims", "GDPR Art. 49(1)(e)", dpvGDPRNamespace + "A49-1-e"},
		TransferVitalInterests:            {"derogation_49_1_f", "Vital interests", "GDPR Art. 49(1)(f)", dpvGDPRNamespace + "A49-1-f"},
		TransferPublicRegister:            {"derogation_49_1_g", "Public register", "GDPR Art. 49(1)(g)", dpvGDPRNamespace + "A49-1-g"},
		TransferCompellingInterests:       {"derogation_49_1_2", "Compelling legitimate interests", "GDPR Art. 49(1), second subparagraph", dpvGDPRNamespace + "A49-2"},
	},
}

// TransferMechanisms yields every transfer mechanism in the order of the
// constants.
func TransferMechanisms() iter.Seq[TransferMechanism] { return transferMechanismTable.all() }

// ParseTransferMechanism returns the transfer mechanism with the given code.
// The error matches ErrInvalid and names the accepted codes.
func ParseTransferMechanism(code string) (TransferMechanism, error) {
	return transferMechanismTable.parse(code)
}

// Valid reports whether m is one of the constants.
func (m TransferMechanism) Valid() bool { return transferMechanismTable.valid(m) }

// String returns the code, "unknown" if m is not Valid.
func (m TransferMechanism) String() string { return transferMechanismTable.text(m) }

// Label returns the name in plain English, "Unknown" if m is not Valid.
func (m TransferMechanism) Label() string { return transferMechanismTable.label(m) }

// Article returns the provision that defines the mechanism, for example
// "GDPR Art. 46(2)(c)", "" for TransferNone.
func (m TransferMechanism) Article() string { return transferMechanismTable.row(m).article }

// DPV returns the IRI of the mechanism in DPV 2.3, "" for TransferNone,
// TransferIDTA and TransferUKAddendum. DPV numbers compelling legitimate
// interests as Art. 49(2), which is where it keeps what the law has in the
// second subparagraph of Art. 49(1).
func (m TransferMechanism) DPV() string { return transferMechanismTable.row(m).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if m is not
// Valid, so that nothing unknown is ever written.
func (m TransferMechanism) MarshalText() ([]byte, error) { return transferMechanismTable.marshal(m) }

// UnmarshalText parses as ParseTransferMechanism does and leaves m unchanged on
// error.
func (m *TransferMechanism) UnmarshalText(text []byte) error {
	return transferMechanismTable.unmarshal(m, text)
}
