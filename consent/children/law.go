package children

import (
	"embed"
	"fmt"
	"io/fs"
	"sync"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

//go:embed law/ages.json
var lawFiles embed.FS

// Law is the content of ages.json. It is immutable and safe for concurrent use.
type Law struct{ table table }

var embedded = sync.OnceValues(func() (*Law, error) { return Load(lawtable.In(lawFiles)) })

// Embedded returns the law that this package brings with it.
func Embedded() (*Law, error) { return embedded() }

// Load reads ages.json at the top level of files, for hosts that cannot wait for
// a release when the law changes. Errors are those of files, or match
// privacy.ErrInvalid: unknown members, and rows without a date, an age or a
// citation, are refused.
func Load(files fs.FS) (*Law, error) {
	var l Law
	if err := lawtable.Read("ages.json", &l.table, files); err != nil {
		return nil, fmt.Errorf("children: %w", err)
	}
	return &l, nil
}

// table is the form of ages.json.
type table struct {
	lawtable.Source
	Defaults     []defaultRow     `json:"defaults"`
	Counselling  []sourced        `json:"counselling"`
	ReachingAge  []reachingRow    `json:"reaching_age"`
	DigitalAges  []digitalRow     `json:"digital_ages"`
	Requirements []requirementRow `json:"requirements"`
}

// sourced is what every row has: whose law it is, since when, and where it says so.
type sourced struct {
	Regime   string       `json:"regime"`
	From     privacy.Date `json:"from"`
	Until    privacy.Date `json:"until"`
	Citation string       `json:"citation"`
	// Uncertain says what is doubtful, and what was decided.
	Uncertain string `json:"uncertain"`
}

// defaultRow applies to countries without a row of their own.
type defaultRow struct {
	sourced
	Age      int         `json:"age"`
	Requires Requirement `json:"requires"`
}

// digitalRow is a country's age of digital consent.
type digitalRow struct {
	sourced
	Country privacy.Country `json:"country"`
	Age     int             `json:"age"`
	// Below is what the country demands below the age, if it is not what the
	// regime does.
	Below Requirement `json:"below"`
}

type reachingRow struct {
	sourced
	ConsentStands bool `json:"consent_stands"`
	InformSubject bool `json:"inform_subject"`
}

// requirementRow is a rule of a regime without an age of digital consent.
type requirementRow struct {
	sourced
	Jurisdiction privacy.Jurisdiction `json:"jurisdiction"`
	Operations   []Operation          `json:"operations"`
	FromAge      int                  `json:"from_age"`
	// BelowAge ends the ages that the row is for; 0 means that none does.
	BelowAge int         `json:"below_age"`
	Requires Requirement `json:"requires"`
}

// maxAge bounds the ages of the tables.
const maxAge = 30

// Check reports all that is wrong with the table.
func (t *table) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	if len(t.Defaults) == 0 {
		problems.Add("defaults", privacy.ProblemRequired, "the table has defaults")
	}
	for i, row := range t.Defaults {
		path := fmt.Sprintf("defaults[%d]", i)
		row.check(&problems, path)
		checkAge(&problems, path, row.Age, row.Requires)
	}
	for i, row := range t.Counselling {
		row.check(&problems, fmt.Sprintf("counselling[%d]", i))
	}
	for i, row := range t.ReachingAge {
		row.check(&problems, fmt.Sprintf("reaching_age[%d]", i))
	}
	for i, row := range t.DigitalAges {
		path := fmt.Sprintf("digital_ages[%d]", i)
		row.check(&problems, path)
		below := row.Below
		if below == "" {
			below = RequireParent
		}
		checkAge(&problems, path, row.Age, below)
		if row.Country.Check() != nil {
			problems.Add(path+".country", privacy.ProblemCountry, "%q is no country code of ISO 3166-1 alpha-2", row.Country)
		}
	}
	for i, row := range t.Requirements {
		row.checkRow(&problems, fmt.Sprintf("requirements[%d]", i))
	}
	return problems.Err()
}

func (s sourced) check(problems *privacy.Problems, path string) {
	if s.Regime == "" || s.From.IsZero() || s.Citation == "" {
		problems.Add(path, privacy.ProblemRequired, "a row has a regime, a date and a citation")
	}
	if !s.Until.IsZero() && !s.From.Before(s.Until) {
		problems.Add(path+".until", privacy.ProblemRange, "a row ends after it begins")
	}
}

func checkAge(problems *privacy.Problems, path string, age int, requires Requirement) {
	if age < 1 || age > maxAge {
		problems.Add(path+".age", privacy.ProblemRange, "an age is 1 to %d", maxAge)
	}
	if !requires.Valid() {
		problems.Add(path, privacy.ProblemUnknown, "there is no requirement %q", requires)
	}
}

func (r requirementRow) checkRow(problems *privacy.Problems, path string) {
	r.check(problems, path)
	if r.FromAge < 0 || r.BelowAge < 0 || r.BelowAge > maxAge || (r.BelowAge > 0 && r.BelowAge <= r.FromAge) {
		problems.Add(path, privacy.ProblemRange, "the ages of a row are in order and at most %d", maxAge)
	}
	if !r.Requires.Valid() || len(r.Operations) == 0 {
		problems.Add(path, privacy.ProblemRequired, "a row has a requirement and operations")
	}
	for _, operation := range r.Operations {
		if !operation.Valid() {
			problems.Add(path+".operations", privacy.ProblemUnknown, "there is no operation %q", operation)
		}
	}
	if r.Jurisdiction != "" && r.Jurisdiction.Check() != nil {
		problems.Add(path+".jurisdiction", privacy.ProblemJurisdiction, "%q is no jurisdiction", r.Jurisdiction)
	}
}

// inForce reports whether a row applies on a day.
func (s sourced) inForce(on privacy.Date) bool {
	return !on.Before(s.From) && (s.Until.IsZero() || on.Before(s.Until))
}
