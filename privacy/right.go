package privacy

import "iter"

// Right is a right that a data subject exercises by a request. Rights of the
// same substance share one code across laws: deletion under Cal. Civ. Code
// § 1798.105 is RightErasure, correction under § 1798.106 RightRectification.
// Complaints and appeals are events of a case, and the duty to inform
// (GDPR Arts. 13 and 14) needs no request, so none of them is here. The zero
// value is unknown and never valid.
type Right uint8

const (
	// RightAccess is the right to confirmation, information and a copy (GDPR
	// Art. 15).
	RightAccess Right = iota + 1
	// RightRectification is the right to have inaccurate data corrected and
	// incomplete data completed (Art. 16).
	RightRectification
	// RightErasure is the right to have data erased (Art. 17).
	RightErasure
	// RightRestriction is the right to have processing limited to storage
	// (Art. 18).
	RightRestriction
	// RightPortability is the right to receive data one provided in a
	// machine-readable format, or have it sent to another controller (Art. 20).
	RightPortability
	// RightObjection is the right to object, absolute against direct marketing
	// (Art. 21).
	RightObjection
	// RightNotSubjectToADM is the right not to be subject to a significant
	// decision based solely on automated processing (Art. 22; in the UK the
	// safeguards of UK GDPR Arts. 22A to 22D). It is also the code of US rights
	// to opt out of automated decisions or of the profiling behind them.
	RightNotSubjectToADM
	// RightWithdrawConsent is the right to withdraw consent at any time, as
	// easily as it was given (Art. 7(3)).
	RightWithdrawConsent
	// RightKnow is the right to know what is collected, from where, why, and to
	// whom it is disclosed or sold (Cal. Civ. Code §§ 1798.110 and 1798.115).
	// The European counterpart is RightAccess.
	RightKnow
	// RightOptOutSaleSharing is the right to opt out of the sale of personal
	// data and of its sharing for targeted advertising (Cal. Civ. Code
	// § 1798.120, and its counterparts in other states).
	RightOptOutSaleSharing
	// RightLimitSensitive is the right to limit the use and disclosure of
	// sensitive personal information (Cal. Civ. Code § 1798.121).
	RightLimitSensitive
)

var rightTable = codeTable[Right]{
	noun: "right",
	rows: []codeRow{
		RightAccess:            {"access", "Access", "GDPR Art. 15", dpvGDPRNamespace + "A15"},
		RightRectification:     {"rectification", "Rectification", "GDPR Art. 16", dpvGDPRNamespace + "A16"},
		RightErasure:           {"erasure", "Erasure", "GDPR Art. 17", dpvGDPRNamespace + "A17"},
		RightRestriction:       {"restriction", "Restriction of processing", "GDPR Art. 18", dpvGDPRNamespace + "A18"},
		RightPortability:       {"portability", "Data portability", "GDPR Art. 20", dpvGDPRNamespace + "A20"},
		RightObjection:         {"objection", "Objection", "GDPR Art. 21", dpvGDPRNamespace + "A21"},
		RightNotSubjectToADM:   {"not_subject_to_adm", "Not to be subject to automated decisions", "GDPR Art. 22", dpvGDPRNamespace + "A22"},
		RightWithdrawConsent:   {"withdraw_consent", "Withdrawal of consent", "GDPR Art. 7(3)", dpvGDPRNamespace + "A7-3"},
		RightKnow:              {"know", "Know", "Cal. Civ. Code § 1798.110", ""},
		RightOptOutSaleSharing: {"opt_out_sale_sharing", "Opt out of sale and sharing", "Cal. Civ. Code § 1798.120", ""},
		RightLimitSensitive:    {"limit_sensitive", "Limit the use of sensitive information", "Cal. Civ. Code § 1798.121", ""},
	},
}

// Rights yields every right in the order of the constants.
func Rights() iter.Seq[Right] { return rightTable.all() }

// ParseRight returns the right with the given code. The error matches
// ErrInvalid and names the accepted codes.
func ParseRight(code string) (Right, error) { return rightTable.parse(code) }

// Valid reports whether r is one of the constants.
func (r Right) Valid() bool { return rightTable.valid(r) }

// String returns the code, "unknown" if r is not Valid.
func (r Right) String() string { return rightTable.text(r) }

// Label returns the name in plain English, "Unknown" if r is not Valid.
func (r Right) Label() string { return rightTable.label(r) }

// Article returns the provision that first defined the right, for example
// "GDPR Art. 15". Other laws that grant it have provisions of their own.
func (r Right) Article() string { return rightTable.row(r).article }

// DPV returns the IRI of the right in DPV 2.3, "" for RightKnow,
// RightOptOutSaleSharing and RightLimitSensitive: DPV has no US extension.
func (r Right) DPV() string { return rightTable.row(r).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if r is not
// Valid, so that nothing unknown is ever written.
func (r Right) MarshalText() ([]byte, error) { return rightTable.marshal(r) }

// UnmarshalText parses as ParseRight does and leaves r unchanged on error.
func (r *Right) UnmarshalText(text []byte) error { return rightTable.unmarshal(r, text) }
