package privacy

import "iter"

// Measure is a technical or organisational measure (GDPR Arts. 25 and 32) that
// a category demands and that a decision returns as an obligation of the
// program that uses the data; a MeasureSet holds several. The zero value is
// unknown and never valid.
type Measure uint8

const (
	// MeasureEncryptionAtRest encrypts stored data (Art. 32(1)(a)).
	MeasureEncryptionAtRest Measure = iota + 1
	// MeasureEncryptionInTransit encrypts data on its way between systems
	// (Art. 32(1)(a)).
	MeasureEncryptionInTransit
	// MeasureEndToEndEncryption leaves the keys with sender and receiver only.
	MeasureEndToEndEncryption
	// MeasureKeyManagement keeps, rotates and destroys keys apart from the
	// data.
	MeasureKeyManagement
	// MeasurePseudonymisation lets only tokens through, with their key kept
	// apart (Arts. 4(5), 32(1)(a)).
	MeasurePseudonymisation
	// MeasureAnonymisation lets only data through that identifies nobody
	// (recital 26).
	MeasureAnonymisation
	// MeasureMinimisation lets only the fields through that the purpose needs
	// (Arts. 5(1)(c), 25). DPV's term is the principle.
	MeasureMinimisation
	// MeasureRedaction blacks out what is not needed before somebody sees the
	// data, for example faces in an image.
	MeasureRedaction
	// MeasureLogRedaction keeps the values out of logs, traces and error
	// reports. DPV's term is wider: any sanitisation.
	MeasureLogRedaction
	// MeasureAccessControl admits only people and programs that need the data
	// (Art. 32(1)(b)).
	MeasureAccessControl
	// MeasureMultiFactorAuthentication asks people for two factors before
	// access.
	MeasureMultiFactorAuthentication
	// MeasureAccessLogging records who reached the data when. DPV's term is the
	// policy that governs logging.
	MeasureAccessLogging
	// MeasureSegregation keeps the data apart from that of other customers or
	// purposes. DPV has no term.
	MeasureSegregation
	// MeasurePhysicalAccessControl guards premises and equipment.
	MeasurePhysicalAccessControl
	// MeasureNetworkSecurity protects the networks that the data crosses.
	MeasureNetworkSecurity
	// MeasureBackup keeps copies from which data can be restored (Art.
	// 32(1)(c)).
	MeasureBackup
	// MeasureDisasterRecovery restores availability and access after an
	// incident (Art. 32(1)(c)).
	MeasureDisasterRecovery
	// MeasureSecureErasure erases beyond recovery, copies included. DPV's term
	// is the policy that governs erasure.
	MeasureSecureErasure
	// MeasureHumanReview has a person check an automated result before it takes
	// effect (Art. 22(3)). DPV's term is wider: procedures for human oversight.
	MeasureHumanReview
	// MeasureConfidentialityCommitment binds everybody with access to
	// confidentiality (Art. 28(3)(b)). DPV's term is the agreement; a statutory
	// duty also counts.
	MeasureConfidentialityCommitment
	// MeasureStaffTraining trains the people who handle the data (Arts. 32(4),
	// 39(1)(b)).
	MeasureStaffTraining
	// MeasureSecurityTesting tests and evaluates the other measures regularly
	// (Art. 32(1)(d)).
	MeasureSecurityTesting
	// MeasureIncidentResponse finds, contains and reports breaches (Arts. 33,
	// 34).
	MeasureIncidentResponse
)

var measureTable = codeTable[Measure]{
	noun: "measure",
	rows: []codeRow{
		MeasureEncryptionAtRest:          {code: "encryption_at_rest", label: "Encryption at rest", dpv: dpvNamespace + "EncryptionAtRest"},
		MeasureEncryptionInTransit:       {code: "encryption_in_transit", label: "Encryption in transit", dpv: dpvNamespace + "EncryptionInTransfer"},
		MeasureEndToEndEncryption:        {code: "end_to_end_encryption", label: "End-to-end encryption", dpv: dpvNamespace + "EndToEndEncryption"},
		MeasureKeyManagement:             {code: "key_management", label: "Cryptographic key management", dpv: dpvNamespace + "CryptographicKeyManagement"},
		MeasurePseudonymisation:          {code: "pseudonymisation", label: "Pseudonymisation", dpv: dpvNamespace + "Pseudonymisation"},
		MeasureAnonymisation:             {code: "anonymisation", label: "Anonymisation", dpv: dpvNamespace + "Anonymisation"},
		MeasureMinimisation:              {code: "minimisation", label: "Data minimisation", dpv: dpvGDPRNamespace + "DataMinimisationPrinciple"},
		MeasureRedaction:                 {code: "redaction", label: "Redaction", dpv: dpvNamespace + "DataRedaction"},
		MeasureLogRedaction:              {code: "log_redaction", label: "Redaction in logs", dpv: dpvNamespace + "DataSanitisationTechnique"},
		MeasureAccessControl:             {code: "access_control", label: "Access control", dpv: dpvNamespace + "AccessControlMethod"},
		MeasureMultiFactorAuthentication: {code: "multi_factor_authentication", label: "Multi-factor authentication", dpv: dpvNamespace + "MultiFactorAuthentication"},
		MeasureAccessLogging:             {code: "access_logging", label: "Logging of access", dpv: dpvNamespace + "LoggingPolicy"},
		MeasureSegregation:               {code: "segregation", label: "Segregation"},
		MeasurePhysicalAccessControl:     {code: "physical_access_control", label: "Physical access control", dpv: dpvNamespace + "PhysicalAccessControlMethod"},
		MeasureNetworkSecurity:           {code: "network_security", label: "Network security", dpv: dpvNamespace + "NetworkSecurityProtocols"},
		MeasureBackup:                    {code: "backup", label: "Backup", dpv: dpvNamespace + "DataBackupProtocols"},
		MeasureDisasterRecovery:          {code: "disaster_recovery", label: "Disaster recovery", dpv: dpvNamespace + "DisasterRecoveryProcedures"},
		MeasureSecureErasure:             {code: "secure_erasure", label: "Secure erasure", dpv: dpvNamespace + "DataErasurePolicy"},
		MeasureHumanReview:               {code: "human_review", label: "Human review", dpv: dpvNamespace + "HumanOversight"},
		MeasureConfidentialityCommitment: {code: "confidentiality_commitment", label: "Commitment to confidentiality", dpv: dpvNamespace + "ConfidentialityAgreement"},
		MeasureStaffTraining:             {code: "staff_training", label: "Data protection training", dpv: dpvNamespace + "DataProtectionTraining"},
		MeasureSecurityTesting:           {code: "security_testing", label: "Regular security testing", dpv: dpvNamespace + "EffectivenessDeterminationProcedures"},
		MeasureIncidentResponse:          {code: "incident_response", label: "Incident response", dpv: dpvNamespace + "IncidentManagementProcedures"},
	},
}

// Measures yields every measure in the order of the constants.
func Measures() iter.Seq[Measure] { return measureTable.all() }

// ParseMeasure returns the measure with the given code. The error matches
// ErrInvalid and names the accepted codes.
func ParseMeasure(code string) (Measure, error) { return measureTable.parse(code) }

// Valid reports whether m is one of the constants.
func (m Measure) Valid() bool { return measureTable.valid(m) }

// String returns the code, "unknown" if m is not Valid.
func (m Measure) String() string { return measureTable.text(m) }

// Label returns the name in plain English, "Unknown" if m is not Valid.
func (m Measure) Label() string { return measureTable.label(m) }

// DPV returns the IRI of the measure in DPV 2.3, "" for MeasureSegregation.
// Where the comment of a constant says so, the term is the nearest, not equal.
func (m Measure) DPV() string { return measureTable.row(m).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if m is not
// Valid, so that nothing unknown is ever written.
func (m Measure) MarshalText() ([]byte, error) { return measureTable.marshal(m) }

// UnmarshalText parses as ParseMeasure does and leaves m unchanged on error.
func (m *Measure) UnmarshalText(text []byte) error { return measureTable.unmarshal(m, text) }
