package privacy

import (
	"fmt"
	"sync"

	"golang.org/x/text/language"
)

// Check returns an error that matches ErrInvalid unless c is a code of ISO
// 3166-1 alpha-2 in upper case. Codes that are reserved or withdrawn, such as
// "UK", "EU" and "YU", are refused. "XK", which ISO leaves to its users and the
// European Union uses for Kosovo, is accepted.
func (c Country) Check() error {
	if !countries()[countryIndex(string(c))] {
		return fmt.Errorf("country is not an ISO 3166-1 alpha-2 code in upper case: %w", ErrInvalid)
	}
	return nil
}

// countrySet holds alpha-2 codes at their countryIndex. Place 0 stands for
// everything that has not the form of a code and is never set.
type countrySet [1 + 26*26]bool

// countryIndex returns the place of an alpha-2 code in a countrySet.
func countryIndex(code string) int {
	if len(code) != 2 || !isUpper(code[0]) || !isUpper(code[1]) {
		return 0
	}
	return alpha2Index(code[0], code[1])
}

// alpha2Index returns the place of a code of two upper-case letters.
func alpha2Index(first, second byte) int { return 1 + int(first-'A')*26 + int(second-'A') }

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

func isLower(b byte) bool { return b >= 'a' && b <= 'z' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// toUpper maps a to z to upper case and leaves every other byte alone.
func toUpper(b byte) byte {
	if isLower(b) {
		return b - 'a' + 'A'
	}
	return b
}

// withdrawnCountries are codes of former countries (ISO 3166-3) which CLDR
// still counts as regions of their own.
var withdrawnCountries = [...]string{"AN", "CS", "NT", "SU", "YU"}

// countries returns every code that Country.Check accepts. CLDR, the source of
// x/text, gives no UN M49 number to most codes that ISO merely reserves.
var countries = sync.OnceValue(func() *countrySet {
	var set countrySet
	for first := byte('A'); first <= 'Z'; first++ {
		for second := byte('A'); second <= 'Z'; second++ {
			code := string([]byte{first, second})
			region, err := language.ParseRegion(code)
			if err == nil && region.IsCountry() && region.Canonicalize() == region && region.M49() != 0 {
				set[countryIndex(code)] = true
			}
		}
	}
	for _, code := range withdrawnCountries {
		set[countryIndex(code)] = false
	}
	return &set
})

// canonical returns c in upper case.
func (c Country) canonical() Country {
	if countryIndex(string(c)) != 0 || len(c) != 2 {
		return c
	}
	return Country([]byte{toUpper(c[0]), toUpper(c[1])})
}
