package privacy

import (
	"errors"
	"testing"
)

func loadedLaw(t *testing.T) *Law {
	t.Helper()
	l, err := embeddedLaw()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestThirtyStatesAreInTheEEA(t *testing.T) {
	table := loadedLaw(t).eea.table
	states := 0
	for _, member := range table.Members {
		if member.Within == "" && member.covers(table.AsOf) {
			states++
		}
	}
	if states != 30 {
		t.Errorf("%d member states, want 30", states)
	}
}

func TestMembershipOfTheEEAHasDates(t *testing.T) {
	tests := []struct {
		country Country
		on      string
		want    bool
	}{
		{"GB", "1972-12-31", false},
		{"GB", "1973-01-01", true},
		{"GB", "2020-01-31", true},
		{"GB", "2020-02-01", true}, // transition
		{"GB", "2020-12-31", true},
		{"GB", "2021-01-01", false},
		{"HR", "2013-06-30", false},
		{"HR", "2013-07-01", true},
		{"LI", "1995-04-30", false},
		{"LI", "1995-05-01", true},
		{"YT", "2013-12-31", false},
		{"YT", "2014-01-01", true},
		{"BL", "2011-12-31", true},
		{"BL", "2012-01-01", false},
		{"NO", "2026-11-23", true},
		{"RE", "2026-11-23", true},
		{"CH", "2026-11-23", false},
		{"GL", "2026-11-23", false},
		{"SJ", "2026-11-23", false},
		{"US", "2026-11-23", false},
		{"de", "2026-11-23", false},
		{"EU", "2026-11-23", false},
		{"", "2026-11-23", false},
	}
	for _, test := range tests {
		if got := InEEA(test.country, MustDate(test.on)); got != test.want {
			t.Errorf("%s on %s: %v", test.country, test.on, got)
		}
	}
	if InEEA("DE", Date{}) {
		t.Error("a member without a date")
	}
}

func TestCountriesAreThoseOfISO3166(t *testing.T) {
	count := 0
	for _, ok := range countries() {
		if ok {
			count++
		}
	}
	// 249 entries of ISO 3166-1, and XK.
	if count != 250 {
		t.Errorf("%d countries, want 250", count)
	}
	for _, country := range []Country{"DE", "GB", "AX", "SJ", "SS", "BQ", "XK"} {
		if err := country.Check(); err != nil {
			t.Errorf("%s: %v", country, err)
		}
	}
	for _, country := range []Country{"", "D", "de", "DEU", "UK", "EU", "UN", "AN", "YU", "SU", "ZZ", "XX", "AC", "IC", "D1", "D\x00"} {
		if err := country.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is accepted: %v", country, err)
		}
	}
}

func TestJurisdictionsHaveACanonicalForm(t *testing.T) {
	tests := map[Jurisdiction]Jurisdiction{
		"eu": "eu", "EU": "eu", "Eu": "eu",
		"gb": "GB", "GB": "GB", "de": "DE", "za": "ZA",
		"us-ca": "US-CA", "US-ca": "US-CA", "gb-sct": "GB-SCT", "fr-2a": "FR-2A", "at-9": "AT-9",
	}
	for j, want := range tests {
		if err := j.Check(); err != nil {
			t.Errorf("%q: %v", j, err)
		}
		if got := j.Canonical(); got != want {
			t.Errorf("%q becomes %q, want %q", j, got, want)
		}
	}
	for _, j := range []Jurisdiction{"", "e", "uk", "eu-de", "eea", "us-", "us-cali", "us_ca", "us-c!", "12", "ÄÖ", "zz", "zz-top", "\x00\x00"} {
		if err := j.Check(); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is accepted: %v", j, err)
		}
		if got := j.Canonical(); got != j {
			t.Errorf("%q becomes %q", j, got)
		}
	}
}

func FuzzJurisdiction(f *testing.F) {
	for _, seed := range []string{"eu", "gb", "US-CA", "de-by", "zz", "us-", "", "EU-X", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j := Jurisdiction(text)
		canonical := j.Canonical()
		if (j.Check() == nil) != (canonical.Check() == nil) || canonical.Canonical() != canonical {
			t.Errorf("%q becomes %q", j, canonical)
		}
		if j.Check() == nil && j.key() != canonical.key() {
			t.Errorf("%q and %q differ", j, canonical)
		}
	})
}
