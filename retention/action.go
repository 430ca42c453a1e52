package retention

// Action says what happens to a record once nothing retains it. The zero value
// means that the rule disposes of nothing: it only keeps.
type Action uint8

const (
	// Delete removes the data.
	Delete Action = iota + 1
	// CryptoShred destroys the key the data is encrypted under. It counts as
	// erasure only if no copy of the key remains (see AssessDisposal).
	CryptoShred
	// Anonymise makes the data such that nobody can be identified by means
	// reasonably likely to be used (GDPR recital 26). Pseudonyms do not suffice.
	Anonymise
	// Review puts the record before a person. A sweep lists it and disposes of
	// nothing.
	Review
)

var actionCodes = codes{"", "delete", "crypto_shred", "anonymise", "review"}

// ParseAction returns the action with the given code. The error matches
// privacy.ErrInvalid and names the accepted codes.
func ParseAction(code string) (Action, error) {
	a, err := actionCodes.parse("action", code)
	return Action(a), err
}

// Valid reports whether a is one of the constants.
func (a Action) Valid() bool { return a >= Delete && a <= Review }

// Disposes reports whether a ends the storage of the personal data, which all
// do but Review and the zero Action.
func (a Action) Disposes() bool { return a >= Delete && a < Review }

// String returns the code, "unknown" if a is not Valid.
func (a Action) String() string { return actionCodes.text(uint8(a)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (a Action) MarshalText() ([]byte, error) { return actionCodes.marshal("action", uint8(a)) }

// UnmarshalText parses as ParseAction does and leaves a unchanged on error.
func (a *Action) UnmarshalText(text []byte) error {
	parsed, err := ParseAction(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}
