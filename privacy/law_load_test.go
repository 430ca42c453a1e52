package privacy_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// lawHead starts a table.
const lawHead = `{"title":"T","as_of":"2030-01-01","citations":["C"],"notes":[],`

func TestLawThatIsNotReplacedIsThatOfThePackage(t *testing.T) {
	l, err := privacy.LoadLaw(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	register, err := l.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	if register.Hash() != compile(t, privacytest.Declaration()).Hash() || len(register.Findings()) != 0 {
		t.Error("the registers differ")
	}
}

func TestHostReplacesALawTable(t *testing.T) {
	l, err := privacy.LoadLaw(fstest.MapFS{"eea.json": {Data: []byte(lawHead + `"members":[
		{"country":"DE","name":"Germany","from":"1958-01-01"},
		{"country":"IE","name":"Ireland","from":"1973-01-01"},
		{"country":"NO","name":"Norway","from":"1994-01-01","until":"2029-12-31"},
		{"country":"ME","name":"Montenegro","from":"2028-01-01"},
		{"country":"RS","name":"Serbia","from":"2030-01-02"}]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	d := privacytest.Declaration()
	d.Recipients[1].Locations[1].Mechanism = privacy.TransferAdequacy
	register, err := l.Compile(d)
	if err != nil {
		t.Fatal(err)
	}
	for country, want := range map[privacy.Country]bool{"IE": false, "NO": true, "ME": false, "RS": true, "FR": true} {
		if got := register.IsTransfer(country); got != want {
			t.Errorf("transfer to %s: %v", country, got)
		}
	}
	if !register.JurisdictionCovers("eu", "ME") || compile(t, d).JurisdictionCovers("eu", "ME") {
		t.Error("the table does not decide what eu covers")
	}
}

func TestHostReplacesTheLimitsOfBases(t *testing.T) {
	l, err := privacy.LoadLaw(fstest.MapFS{"bases.json": {Data: []byte(lawHead + `"bases":[
		{"basis":"vital_interests","jurisdictions":["eu"],"from":"2018-05-25","citation":"C"}]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	d := privacytest.Declaration()
	d.Purposes[0].Bases = []privacy.PurposeBasis{
		{Basis: privacy.BasisRecognisedLegitimateInterests},
		{Basis: privacy.BasisVitalInterests, Jurisdictions: []privacy.Jurisdiction{"FR", "US"}},
	}
	_, err = l.Compile(d)
	if got, want := locate(problemsOf(t, err)), []string{"purposes[0].bases[1].jurisdictions[1] basis_unavailable"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLawTablesAreChecked(t *testing.T) {
	tests := []struct{ rule, file, text string }{
		{"a table is JSON", "eea.json", `{`},
		{"a table has no other members", "eea.json", lawHead + `"states":[]}`},
		{"a table has a title", "bases.json", `{"as_of":"2030-01-01","citations":["C"],"bases":[]}`},
		{"a table has a date", "bases.json", `{"title":"T","citations":["C"],"bases":[]}`},
		{"a table has citations", "bases.json", `{"title":"T","as_of":"2030-01-01","bases":[]}`},
		{"a table of members has citations", "eea.json", `{"title":"T","as_of":"2030-01-01","members":[]}`},
		{"a table of transfers has citations", "transfers.json", `{"title":"T","as_of":"2030-01-01","regimes":[{"jurisdiction":"eu","citation":"C"}]}`},

		{"a member is a country", "eea.json", lawHead + `"members":[{"country":"UK","name":"N","from":"2000-01-01"}]}`},
		{"a member is listed once", "eea.json", lawHead + `"members":[{"country":"DE","name":"N","from":"2000-01-01"},{"country":"DE","name":"N","from":"2000-01-01"}]}`},
		{"a member has a name", "eea.json", lawHead + `"members":[{"country":"DE","from":"2000-01-01"}]}`},
		{"a member has a date", "eea.json", lawHead + `"members":[{"country":"DE","name":"N"}]}`},
		{"a member is part of one before it", "eea.json", lawHead + `"members":[{"country":"RE","name":"N","from":"2000-01-01","within":"FR"}]}`},
		{"a member leaves after it joins", "eea.json", lawHead + `"members":[{"country":"DE","name":"N","from":"2000-01-01","until":"2000-01-01"}]}`},
		{"a transition follows", "eea.json", lawHead + `"members":[{"country":"DE","name":"N","from":"2000-01-01","until":"2001-01-01","applied_until":"2001-01-01"}]}`},
		{"a transition follows an end", "eea.json", lawHead + `"members":[{"country":"DE","name":"N","from":"2000-01-01","applied_until":"2001-01-01"}]}`},

		{"there is a regime", "transfers.json", lawHead + `"regimes":[]}`},
		{"a regime is a jurisdiction", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"uk","citation":"C"}]}`},
		{"a regime has a citation", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu"}]}`},
		{"a mechanism is one", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"mechanisms":[{"regimes":["eu"],"citation":"C"}]}`},
		{"a mechanism has a citation", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"mechanisms":[{"mechanism":"scc","regimes":["eu"]}]}`},
		{"a mechanism is of a regime", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"mechanisms":[{"mechanism":"scc","regimes":["gb"],"citation":"C"}]}`},
		{"a decision is of a regime", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"gb","country":"US","from":"2023-07-10","scope":"S","condition":"c","citation":"C"}]}`},
		{"a decision is for a country", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"eu","country":"XX","from":"2023-07-10","citation":"C"}]}`},
		{"a decision has a date", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"eu","country":"US","citation":"C"}]}`},
		{"a scope has a condition", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"eu","country":"US","from":"2023-07-10","scope":"S","citation":"C"}]}`},
		{"a decision is for the one area", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"gb","citation":"C"}],"adequacy":[{"regime":"gb","area":"FR","from":"2023-07-10","citation":"C"}]}`},
		{"a decision ends after it begins", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"eu","country":"US","from":"2023-07-10","until":"2023-07-10","citation":"C"}]}`},
		{"a decision has a citation", "transfers.json", lawHead + `"regimes":[{"jurisdiction":"eu","citation":"C"}],"adequacy":[{"regime":"eu","country":"US","from":"2023-07-10"}]}`},

		{"a basis is one", "bases.json", lawHead + `"bases":[{"jurisdictions":["gb"],"from":"2026-02-05","citation":"C"}]}`},
		{"a basis has a date", "bases.json", lawHead + `"bases":[{"basis":"consent","jurisdictions":["gb"],"citation":"C"}]}`},
		{"a basis has a citation", "bases.json", lawHead + `"bases":[{"basis":"consent","jurisdictions":["gb"],"from":"2026-02-05"}]}`},
		{"a basis exists somewhere", "bases.json", lawHead + `"bases":[{"basis":"consent","from":"2026-02-05","citation":"C"}]}`},
		{"a basis exists in jurisdictions", "bases.json", lawHead + `"bases":[{"basis":"consent","jurisdictions":["uk"],"from":"2026-02-05","citation":"C"}]}`},
	}
	for _, test := range tests {
		t.Run(test.rule, func(t *testing.T) {
			l, err := privacy.LoadLaw(fstest.MapFS{test.file: {Data: []byte(test.text)}})
			if l != nil || !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("accepted: %v", err)
			}
		})
	}
}

func TestLawReportsErrorsOfItsFiles(t *testing.T) {
	// A directory where a file should be.
	_, err := privacy.LoadLaw(fstest.MapFS{"bases.json": {Mode: fs.ModeDir}})
	if err == nil || errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("error %v", err)
	}
}
