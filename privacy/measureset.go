package privacy

import (
	"iter"
	"math/bits"
)

// MeasureSet is a set of measures. Its zero value is empty. It is a plain
// value: methods return new sets, and equal sets compare equal with ==.
//
// A set that was given a Measure which is not Valid is itself not Valid and
// cannot be written, so that an unknown obligation is never dropped silently.
// The bits may differ between versions of this package: store the JSON form.
type MeasureSet uint32

// NewMeasureSet returns the set of the given measures.
func NewMeasureSet(measures ...Measure) MeasureSet {
	var s MeasureSet
	for _, m := range measures {
		s = s.With(m)
	}
	return s
}

// bit returns the bit of m; every unknown measure has that of the zero value.
func (m Measure) bit() MeasureSet {
	if !m.Valid() {
		return 1
	}
	return 1 << m
}

// Valid reports whether the set holds constants only.
func (s MeasureSet) Valid() bool {
	return s&1 == 0 && bits.Len32(uint32(s)) <= len(measureTable.rows)
}

// Has reports whether m is in the set; an unknown measure never is.
func (s MeasureSet) Has(m Measure) bool { return m.Valid() && s&m.bit() != 0 }

// With returns the set and m.
func (s MeasureSet) With(m Measure) MeasureSet { return s | m.bit() }

// Union returns the measures in s or in other.
func (s MeasureSet) Union(other MeasureSet) MeasureSet { return s | other }

// Minus returns the measures in s but not in other: of the measures that are
// required, those that are missing.
func (s MeasureSet) Minus(other MeasureSet) MeasureSet { return s &^ other }

// Len returns the number of measures.
func (s MeasureSet) Len() int { return bits.OnesCount32(uint32(s)) }

// All yields the measures in the order of the constants.
func (s MeasureSet) All() iter.Seq[Measure] {
	return func(yield func(Measure) bool) {
		for m := range Measures() {
			if s.Has(m) && !yield(m) {
				return
			}
		}
	}
}

// String returns the codes in alphabetical order, separated by commas.
func (s MeasureSet) String() string { return measureTable.setText(s.All(), s.Valid()) }

// MarshalJSON returns the codes as an array in alphabetical order, or an error
// matching ErrInvalid if s is not Valid.
func (s MeasureSet) MarshalJSON() ([]byte, error) { return measureTable.marshalSet(s.All(), s.Valid()) }

// UnmarshalJSON accepts an array of codes in any order. The error matches
// ErrInvalid, and s is then unchanged.
func (s *MeasureSet) UnmarshalJSON(data []byte) error {
	members, err := measureTable.unmarshalSet(data)
	if err == nil {
		*s = NewMeasureSet(members...)
	}
	return err
}
