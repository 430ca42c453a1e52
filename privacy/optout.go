package privacy

import "iter"

// OptOut is a kind of processing that a person can end by opting out, as the
// privacy laws of the US states define them. The state laws differ in scope;
// which of them grant which opt-out is a matter of the regime, not of this
// vocabulary. Of several, see OptOutSet. The zero value is unknown and never
// valid.
type OptOut uint8

const (
	// OptOutSale ends the sale of personal data: its disclosure to a third party
	// for money or, in most states, other valuable consideration (California
	// Civil Code § 1798.120(a)).
	OptOutSale OptOut = iota + 1
	// OptOutSharing ends the disclosure of personal data to third parties for
	// cross-context behavioural advertising, whether or not for money (California
	// Civil Code §§ 1798.120(a), 1798.140(ah)).
	OptOutSharing
	// OptOutTargetedAdvertising ends advertising that is chosen by activity on
	// websites or applications of others (for example Virginia Code
	// § 59.1-577(A)(5)(i)).
	OptOutTargetedAdvertising
	// OptOutProfiling ends profiling in furtherance of decisions with legal or
	// similarly significant effects (for example Virginia Code
	// § 59.1-577(A)(5)(iii)).
	OptOutProfiling
	// OptOutSensitiveData limits the use of sensitive personal data to what the
	// service that was asked for needs: "limit the use of my sensitive personal
	// information" (California Civil Code § 1798.121).
	OptOutSensitiveData
)

// Nearest terms: DPV has purposes and processing, no opt-outs. Its sale covers
// sharing of every kind, so that sharing for advertising has no term.
var optOutTable = codeTable[OptOut]{
	noun: "opt-out",
	rows: []codeRow{
		OptOutSale:                {"sale", "Sale of personal data", "Cal. Civ. Code § 1798.120", dpvNamespace + "SellDataToThirdParties"},
		OptOutSharing:             {"sharing", "Sharing for cross-context behavioural advertising", "Cal. Civ. Code § 1798.120", ""},
		OptOutTargetedAdvertising: {code: "targeted_advertising", label: "Targeted advertising", dpv: dpvNamespace + "TargetedAdvertising"},
		OptOutProfiling:           {code: "profiling", label: "Profiling with significant effects", dpv: dpvNamespace + "Profiling"},
		OptOutSensitiveData:       {"sensitive_data", "Use of sensitive data beyond the service", "Cal. Civ. Code § 1798.121", dpvNamespace + "SensitivePersonalData"},
	},
}

// OptOuts yields every opt-out in the order of the constants.
func OptOuts() iter.Seq[OptOut] { return optOutTable.all() }

// ParseOptOut returns the opt-out with the given code. The error matches
// ErrInvalid and names the accepted codes.
func ParseOptOut(code string) (OptOut, error) { return optOutTable.parse(code) }

// Valid reports whether o is one of the constants.
func (o OptOut) Valid() bool { return optOutTable.valid(o) }

// String returns the code, "unknown" if o is not Valid.
func (o OptOut) String() string { return optOutTable.text(o) }

// Label returns the name in plain English, "Unknown" if o is not Valid.
func (o OptOut) Label() string { return optOutTable.label(o) }

// Article returns the provision that defines the opt-out, "" where each state
// has its own and none came first.
func (o OptOut) Article() string { return optOutTable.row(o).article }

// DPV returns the IRI of the nearest term in DPV 2.3, which names the processing
// that ends rather than the opt-out, "" for OptOutSharing.
func (o OptOut) DPV() string { return optOutTable.row(o).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if o is not
// Valid, so that nothing unknown is ever written.
func (o OptOut) MarshalText() ([]byte, error) { return optOutTable.marshal(o) }

// UnmarshalText parses as ParseOptOut does and leaves o unchanged on error.
func (o *OptOut) UnmarshalText(text []byte) error { return optOutTable.unmarshal(o, text) }
