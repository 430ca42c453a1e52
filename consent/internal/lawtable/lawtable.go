package lawtable

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/labelop/privacykit/privacy"
)

// Table is the content of a file.
type Table interface {
	// Check reports all that is wrong with the table, as privacy.Problems.
	Check() error
}

// Source is what every table begins with: where it comes from and how old it is.
type Source struct {
	Title     string       `json:"title"`
	AsOf      privacy.Date `json:"as_of"`
	Citations []string     `json:"citations"`
	Notes     []string     `json:"notes"`
}

// CheckInto reports what the source lacks.
func (s Source) CheckInto(problems *privacy.Problems) {
	if s.Title == "" || s.AsOf.IsZero() || len(s.Citations) == 0 {
		problems.Add("", privacy.ProblemRequired, "a table has a title, a date and citations")
	}
}

// In returns the directory law of the files that a package embeds.
func In(files fs.FS) fs.FS {
	law, err := fs.Sub(files, "law")
	if err != nil { // of a name that is no path
		return files
	}
	return law
}

// Read reads the file with the name into table, from the first of files that has
// it at its top level. Errors are those of files, match fs.ErrNotExist if none has
// it, or match privacy.ErrInvalid: unknown members, and what Check reports.
func Read(name string, table Table, files ...fs.FS) error {
	err := fs.ErrNotExist
	var text []byte
	for _, candidate := range files {
		if text, err = fs.ReadFile(candidate, name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err == nil {
		err = privacy.DecodeJSON(text, table)
	}
	if err == nil {
		err = table.Check()
	}
	if err != nil {
		return fmt.Errorf("law table %s: %w", name, err)
	}
	return nil
}
