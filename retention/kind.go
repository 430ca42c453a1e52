package retention

// Kind says what force a rule has. The zero value is unknown and never valid.
type Kind uint8

const (
	// StatutoryMinimum is a duty in law to keep data. It outranks the right to
	// erasure (GDPR Art. 17(3)(b)): what it covers is restricted, not erased.
	StatutoryMinimum Kind = iota + 1
	// PolicyKeep is the operator's own wish to keep data. It outranks a Maximum
	// but never the right to erasure: an internal policy is no exception of
	// Art. 17(3).
	PolicyKeep
	// Maximum is the longest time the data may be used (Art. 5(1)(e)). Every other
	// kind outranks it; while they do, the data is hidden.
	Maximum
)

var kindCodes = codes{"", "statutory_minimum", "policy_keep", "maximum"}

// ParseKind returns the kind with the given code. The error matches
// privacy.ErrInvalid and names the accepted codes.
func ParseKind(code string) (Kind, error) {
	k, err := kindCodes.parse("kind of rule", code)
	return Kind(k), err
}

// Valid reports whether k is one of the constants.
func (k Kind) Valid() bool { return k >= StatutoryMinimum && k <= Maximum }

// String returns the code, "unknown" if k is not Valid.
func (k Kind) String() string { return kindCodes.text(uint8(k)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (k Kind) MarshalText() ([]byte, error) { return kindCodes.marshal("kind of rule", uint8(k)) }

// UnmarshalText parses as ParseKind does and leaves k unchanged on error.
func (k *Kind) UnmarshalText(text []byte) error {
	parsed, err := ParseKind(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}
