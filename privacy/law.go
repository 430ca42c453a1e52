package privacy

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

//go:embed law/*.json
var lawFiles embed.FS

// Law is the law that Compile applies, as data: dated tables with citations,
// which a lawyer can read. Those of this package are the files in its directory
// law: eea.json (members of the European Economic Area), transfers.json (laws on
// transfers and their mechanisms) and bases.json (legal bases that exist only in
// some jurisdictions). A Law is immutable and safe for concurrent use.
type Law struct {
	eea       *area
	transfers transferTable
	bases     basisTable
}

// LoadLaw returns the law of this package, with every table replaced that files
// holds at its top level under the same name, in the same form. It serves hosts
// that cannot wait for a release when the law changes. Unknown members, and rows
// without what the tables of this package have, are errors that match ErrInvalid;
// other errors are those of files.
func LoadLaw(files fs.FS) (*Law, error) {
	var l Law
	var eea areaTable
	tables := []struct {
		name  string
		table lawTable
	}{{"eea.json", &eea}, {"transfers.json", &l.transfers}, {"bases.json", &l.bases}}
	for _, t := range tables {
		text, err := fs.ReadFile(files, t.name)
		if errors.Is(err, fs.ErrNotExist) {
			text, err = lawFiles.ReadFile("law/" + t.name)
		}
		if err != nil {
			return nil, fmt.Errorf("law table %s: %w", t.name, err)
		}
		if err := DecodeJSON(text, t.table); err != nil {
			return nil, fmt.Errorf("law table %s: %w", t.name, err)
		}
		if err := t.table.check(); err != nil {
			return nil, fmt.Errorf("law table %s: %w", t.name, err)
		}
	}
	l.eea = newArea(eea)
	return &l, nil
}

// embeddedLaw returns the law of this package. An error means that the build
// itself is broken.
var embeddedLaw = sync.OnceValues(func() (*Law, error) {
	files, err := fs.Sub(lawFiles, "law")
	if err != nil {
		return nil, err
	}
	return LoadLaw(files)
})

// lawTable is the content of one file.
type lawTable interface{ check() error }

// lawSource says where a table comes from and how old it is.
type lawSource struct {
	Title     string   `json:"title"`
	AsOf      Date     `json:"as_of"`
	Citations []string `json:"citations"`
	Notes     []string `json:"notes"`
}

func (s *lawSource) checkInto(problems *Problems) {
	if s.Title == "" || s.AsOf.IsZero() || len(s.Citations) == 0 {
		problems.Add("", ProblemRequired, "a table has a title, a date and citations")
	}
}

// checkJurisdictions reports lists that are empty or name no jurisdiction.
func checkJurisdictions(problems *Problems, path string, list ...Jurisdiction) {
	if len(list) == 0 {
		problems.Add(path, ProblemRequired, "at least one jurisdiction is required")
	}
	for _, jurisdiction := range list {
		if jurisdiction.Check() != nil {
			problems.Add(path, ProblemJurisdiction, "%q is no jurisdiction", jurisdiction)
		}
	}
}

// basisTable is the form of bases.json.
type basisTable struct {
	lawSource
	Bases []basisLimit `json:"bases"`
}

// basisLimit says where a legal basis exists.
type basisLimit struct {
	Basis         LegalBasis     `json:"basis"`
	Jurisdictions []Jurisdiction `json:"jurisdictions"`
	From          Date           `json:"from"`
	Citation      string         `json:"citation"`
}

func (t *basisTable) check() error {
	var problems Problems
	t.checkInto(&problems)
	for i, row := range t.Bases {
		path := fmt.Sprintf("bases[%d]", i)
		if !row.Basis.Valid() || row.From.IsZero() || row.Citation == "" {
			problems.Add(path, ProblemRequired, "a row has a basis, a date and a citation")
		}
		checkJurisdictions(&problems, path+".jurisdictions", row.Jurisdictions...)
	}
	return problems.Err()
}

// limit returns where a basis exists, and false if it exists everywhere.
func (t *basisTable) limit(basis LegalBasis) (basisLimit, bool) {
	for _, row := range t.Bases {
		if row.Basis == basis {
			return row, true
		}
	}
	return basisLimit{}, false
}
