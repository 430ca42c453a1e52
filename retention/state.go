package retention

// State is the answer for one record on one day. The zero value is Undecidable,
// and only Due allows disposal.
type State uint8

const (
	// Undecidable means that the schedule cannot answer: no rule covers the
	// record or disposes of it in the end, a date that a rule counts from is missing or
	// cannot be read, or the zone is unknown.
	// The Finding says which. It never becomes due by itself.
	Undecidable State = iota
	// Keep means that a period is still running.
	Keep
	// Hidden means that the maximum has passed while another rule still retains
	// the record: it is stored for that rule's purpose alone and withdrawn from
	// every other use (GDPR Art. 18; in Germany BDSG s.35(3)).
	Hidden
	// Suspended means that every period has passed, but a rule's period does not
	// expire yet, for example while a tax assessment is open (AO s.147(3)).
	Suspended
	// Blocked means that every period has passed, but a hold is in force.
	Blocked
	// Due means that the record is to be disposed of now.
	Due
)

var stateCodes = codes{"undecidable", "keep", "hidden", "suspended", "blocked", "due"}

// String returns the code, "undecidable" for every value that is no constant.
func (s State) String() string {
	if int(s) >= len(stateCodes) {
		s = Undecidable
	}
	return stateCodes[s]
}

// MarshalText returns the code. It never fails.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses a code and leaves s unchanged on error, which matches
// privacy.ErrInvalid.
func (s *State) UnmarshalText(text []byte) error {
	if string(text) == stateCodes[0] {
		*s = Undecidable
		return nil
	}
	parsed, err := stateCodes.parse("state", string(text))
	if err == nil {
		*s = State(parsed)
	}
	return err
}

// Finding says why a record is Undecidable. The zero value is none.
type Finding uint8

const (
	// FindingNoRule means that no rule covers the record. GDPR Art. 5(1)(e),
	// 13(2)(a) and 30(1)(f) want a period or a criterion: "forever" is neither.
	FindingNoRule Finding = iota + 1
	// FindingAnchorMissing means that the record lacks the event a rule counts from.
	FindingAnchorMissing
	// FindingNoDisposal means that every duty to keep has ended and no rule says
	// what happens then.
	FindingNoDisposal
	// FindingNoZone means that neither the record nor the schedule has a zone, so
	// that no day can be told.
	FindingNoZone
	// FindingUnreadable means that the system has an event of the record, its zone or
	// its category in a form that it cannot read, so that no rule can date the record.
	FindingUnreadable
)

var findingCodes = codes{"", "no_retention_rule", "anchor_missing", "no_disposal_rule", "no_zone", "unreadable"}

// String returns the code, "" for none.
func (f Finding) String() string {
	if f == 0 {
		return ""
	}
	return findingCodes.text(uint8(f))
}

// MarshalText returns the code, empty for none. It never fails.
func (f Finding) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText parses a code, "" being none, and leaves f unchanged on error,
// which matches privacy.ErrInvalid.
func (f *Finding) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*f = 0
		return nil
	}
	parsed, err := findingCodes.parse("finding", string(text))
	if err == nil {
		*f = Finding(parsed)
	}
	return err
}
