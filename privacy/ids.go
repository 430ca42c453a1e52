package privacy

import (
	"fmt"
	"unicode/utf8"
)

// MaxIDLength is the greatest length of an identifier in bytes.
const MaxIDLength = 255

// The identifiers. Each is 1 to MaxIDLength bytes of valid UTF-8 without
// control characters and is compared byte for byte: identifiers that differ
// only in case or in Unicode normalisation are different. Distinct types keep
// one from being passed for another.
type (
	// TenantID names one customer of the host, whose data never mixes with
	// another's. A host with a single tenant uses one constant.
	TenantID string
	// SubjectID names a data subject within a tenant. It should be opaque: an
	// account number or a random identifier, never a name or a mail address,
	// because it appears in audit envelopes.
	SubjectID string
	// PurposeID names a declared purpose, for example "annotation".
	PurposeID string
	// CategoryID names a declared category of personal data. Dots make a
	// hierarchy: "account.email" lies within "account".
	CategoryID string
	// RecipientID names a declared recipient of disclosures (Art. 4(9)).
	RecipientID string
	// SystemID names a declared system that holds personal data.
	SystemID string
	// ActivityID names a declared processing activity, a row of the record of
	// processing (Art. 30).
	ActivityID string
)

// Country is a country by its ISO 3166-1 alpha-2 code in upper case, for example "DE".
type Country string

// Jurisdiction names the law that protects a subject: "eu", "gb", a country by
// its ISO 3166-1 alpha-2 code, or a subdivision such as "US-CA". Case does not
// matter. The empty jurisdiction is unknown, and so is one that Check refuses;
// the strictest of a purpose's legal bases applies to it, if one of them holds
// everywhere, and otherwise none does.
type Jurisdiction string

// Subject is a data subject as the gate and the ledger see one.
type Subject struct {
	// Tenant is the customer in whose space the subject is known. Required.
	Tenant TenantID `json:"tenant"`
	// ID is empty only where a processor does not know the person, such as
	// somebody pictured in a customer's image.
	ID SubjectID `json:"id,omitempty"`
	// Jurisdiction is the law that protects the subject, empty if unknown.
	Jurisdiction Jurisdiction `json:"jurisdiction,omitempty"`
}

// CheckID reports whether id is a legal identifier: 1 to MaxIDLength bytes of
// valid UTF-8 without control characters (C0, DEL and C1). The error matches
// ErrInvalid and names what, but never quotes the identifier.
func CheckID(what, id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%s is empty: %w", what, ErrInvalid)
	case len(id) > MaxIDLength:
		return fmt.Errorf("%s is longer than %d bytes: %w", what, MaxIDLength, ErrInvalid)
	}
	for i := 0; i < len(id); i++ {
		if c := id[i]; c < 0x20 || c >= 0x7f {
			return checkUnicodeID(what, id)
		}
	}
	return nil
}

func checkUnicodeID(what, id string) error {
	if !utf8.ValidString(id) {
		return fmt.Errorf("%s is not valid UTF-8: %w", what, ErrInvalid)
	}
	for _, r := range id {
		if r < 0x20 || (r >= 0x7f && r <= 0x9f) {
			return fmt.Errorf("%s holds a control character: %w", what, ErrInvalid)
		}
	}
	return nil
}
