package privacy

import "iter"

// RecipientKind says what somebody is to whom personal data is disclosed (GDPR
// Art. 4(9)). It decides what a disclosure needs: a processing agreement, a
// notice to customers, or a legal basis of its own. The zero value is unknown
// and never valid.
type RecipientKind uint8

const (
	// RecipientProcessor processes on our behalf where we are the controller;
	// it needs a processing agreement (Art. 28(3)).
	RecipientProcessor RecipientKind = iota + 1
	// RecipientSubProcessor processes on behalf of a customer for whom we are
	// the processor; it needs the customer's authorisation (Art. 28(2), 28(4)).
	RecipientSubProcessor
	// RecipientController decides on its own purposes and needs its own basis.
	RecipientController
	// RecipientAdviser is a lawyer, auditor, insurer or similar, bound to
	// professional secrecy.
	RecipientAdviser
	// RecipientAuthority is a court or public authority. Those that receive
	// data in a particular inquiry under the law are not recipients in the
	// sense of Art. 4(9), but a disclosure to them is recorded all the same.
	RecipientAuthority
	// RecipientSuccessor takes over the business or a part of it, as in a
	// merger, sale or insolvency.
	RecipientSuccessor
)

var recipientKindTable = codeTable[RecipientKind]{
	noun: "recipient kind",
	rows: []codeRow{
		RecipientProcessor:    {code: "processor", label: "Processor", dpv: dpvNamespace + "DataProcessor"},
		RecipientSubProcessor: {code: "sub_processor", label: "Sub-processor", dpv: dpvNamespace + "DataSubProcessor"},
		RecipientController:   {code: "controller", label: "Controller", dpv: dpvNamespace + "DataController"},
		RecipientAdviser:      {code: "adviser", label: "Professional adviser", dpv: dpvNamespace + "ThirdParty"},
		RecipientAuthority:    {code: "authority", label: "Public authority", dpv: dpvNamespace + "Authority"},
		RecipientSuccessor:    {code: "successor", label: "Successor of the business", dpv: dpvNamespace + "ThirdParty"},
	},
}

// RecipientKinds yields every recipient kind in the order of the constants.
func RecipientKinds() iter.Seq[RecipientKind] { return recipientKindTable.all() }

// ParseRecipientKind returns the recipient kind with the given code. The error
// matches ErrInvalid and names the accepted codes.
func ParseRecipientKind(code string) (RecipientKind, error) { return recipientKindTable.parse(code) }

// Valid reports whether k is one of the constants.
func (k RecipientKind) Valid() bool { return recipientKindTable.valid(k) }

// String returns the code, "unknown" if k is not Valid.
func (k RecipientKind) String() string { return recipientKindTable.text(k) }

// Label returns the name in plain English, "Unknown" if k is not Valid.
func (k RecipientKind) Label() string { return recipientKindTable.label(k) }

// DPV returns the IRI of the kind in DPV 2.3. RecipientAdviser and
// RecipientSuccessor have no term of their own and share the wider ThirdParty.
func (k RecipientKind) DPV() string { return recipientKindTable.row(k).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if k is not
// Valid, so that nothing unknown is ever written.
func (k RecipientKind) MarshalText() ([]byte, error) { return recipientKindTable.marshal(k) }

// UnmarshalText parses as ParseRecipientKind does and leaves k unchanged on
// error.
func (k *RecipientKind) UnmarshalText(text []byte) error {
	return recipientKindTable.unmarshal(k, text)
}
