package privacy

import (
	"iter"
	"math/bits"
)

// OptOutSet is a set of opt-outs. Its zero value is empty. It is a plain value:
// methods return new sets, and equal sets compare equal with ==.
//
// A set that was given an OptOut which is not Valid is itself not Valid and
// cannot be written, so that an unknown opt-out is never dropped silently.
type OptOutSet uint8

// NewOptOutSet returns the set of the given opt-outs.
func NewOptOutSet(optOuts ...OptOut) OptOutSet {
	var s OptOutSet
	for _, o := range optOuts {
		s = s.With(o)
	}
	return s
}

// bit returns the bit of o; every unknown opt-out has that of the zero value.
func (o OptOut) bit() OptOutSet {
	if !o.Valid() {
		return 1
	}
	return 1 << o
}

// Valid reports whether the set holds constants only.
func (s OptOutSet) Valid() bool {
	return s&1 == 0 && bits.Len8(uint8(s)) <= len(optOutTable.rows)
}

// Has reports whether o is in the set; an unknown opt-out never is.
func (s OptOutSet) Has(o OptOut) bool { return o.Valid() && s&o.bit() != 0 }

// With returns the set and o.
func (s OptOutSet) With(o OptOut) OptOutSet { return s | o.bit() }

// Union returns the opt-outs in s or in other.
func (s OptOutSet) Union(other OptOutSet) OptOutSet { return s | other }

// Intersect returns the opt-outs in both s and other: of those that a person
// exercised, the ones that end a purpose.
func (s OptOutSet) Intersect(other OptOutSet) OptOutSet { return s & other }

// Minus returns the opt-outs in s but not in other.
func (s OptOutSet) Minus(other OptOutSet) OptOutSet { return s &^ other }

// Len returns the number of opt-outs.
func (s OptOutSet) Len() int { return bits.OnesCount8(uint8(s)) }

// All yields the opt-outs in the order of the constants.
func (s OptOutSet) All() iter.Seq[OptOut] {
	return func(yield func(OptOut) bool) {
		for o := range OptOuts() {
			if s.Has(o) && !yield(o) {
				return
			}
		}
	}
}

// String returns the codes in alphabetical order, separated by commas.
func (s OptOutSet) String() string { return optOutTable.setText(s.All(), s.Valid()) }

// MarshalJSON returns the codes as an array in alphabetical order, or an error
// matching ErrInvalid if s is not Valid.
func (s OptOutSet) MarshalJSON() ([]byte, error) { return optOutTable.marshalSet(s.All(), s.Valid()) }

// UnmarshalJSON accepts an array of codes in any order. The error matches
// ErrInvalid, and s is then unchanged.
func (s *OptOutSet) UnmarshalJSON(data []byte) error {
	members, err := optOutTable.unmarshalSet(data)
	if err == nil {
		*s = NewOptOutSet(members...)
	}
	return err
}
