package privacy

import "fmt"

// Check returns an error that matches ErrInvalid unless j is "eu", a country by
// its ISO 3166-1 alpha-2 code, or a subdivision of a country by its ISO 3166-2
// code such as "US-CA", of which only the form is checked. Case does not
// matter. The United Kingdom is "gb".
func (j Jurisdiction) Check() error {
	if j.key() == (jurisdictionKey{}) {
		return fmt.Errorf(`jurisdiction is not "eu", an ISO 3166-1 country or an ISO 3166-2 subdivision: %w`, ErrInvalid)
	}
	return nil
}

// unionJurisdiction is the one jurisdiction that is no country: the European
// Economic Area, where the law of the Union on data protection applies.
const unionJurisdiction Jurisdiction = "eu"

// unionKey is the key of unionJurisdiction.
var unionKey = foldJurisdiction(unionJurisdiction)

// Canonical returns the form of j that a Register uses: "eu" in lower case and
// ISO codes in upper case, such as "GB", "DE" and "US-CA". It returns a j that
// Check refuses unchanged.
func (j Jurisdiction) Canonical() Jurisdiction {
	switch key := j.key(); key {
	case jurisdictionKey{}:
		return j
	case unionKey:
		return unionJurisdiction
	default:
		return Jurisdiction(key[:len(j)])
	}
}

// jurisdictionKey is a jurisdiction in upper case, padded with zeros: a value
// that is compared without allocating. The zero key is no jurisdiction.
type jurisdictionKey [len("US-CAL")]byte

// key returns the key of j, the zero key if Check refuses j.
func (j Jurisdiction) key() jurisdictionKey {
	key := foldJurisdiction(j)
	if key != unionKey && !countries()[key.countryIndex()] {
		return jurisdictionKey{}
	}
	return key
}

// foldJurisdiction returns the key of a jurisdiction that has the right form,
// whether or not it exists.
func foldJurisdiction(j Jurisdiction) jurisdictionKey {
	var key jurisdictionKey
	if len(j) < 2 || len(j) == 3 || len(j) > len(key) {
		return jurisdictionKey{}
	}
	for i := range len(j) {
		b := toUpper(j[i])
		legal := isUpper(b)
		switch {
		case i == 2:
			legal = b == '-'
		case i > 2:
			legal = legal || isDigit(b)
		}
		if !legal {
			return jurisdictionKey{}
		}
		key[i] = b
	}
	return key
}

// country returns the key of the country that the jurisdiction is in.
func (k jurisdictionKey) country() jurisdictionKey { return jurisdictionKey{k[0], k[1]} }

// countryIndex returns the place of the jurisdiction's country in a countrySet.
func (k jurisdictionKey) countryIndex() int {
	if k == (jurisdictionKey{}) {
		return 0
	}
	return alpha2Index(k[0], k[1])
}
