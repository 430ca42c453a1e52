package transfer

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

//go:embed law/ladder.json
var lawFiles embed.FS

// Ladder is Chapter V as data. It is immutable and safe for concurrent use.
type Ladder struct {
	law   *privacy.Law
	table table
}

var embedded = sync.OnceValues(func() (*Ladder, error) {
	law, err := privacy.EmbeddedLaw()
	if err != nil {
		return nil, err
	}
	return Load(law, nil)
})

// Embedded returns the ladder of this package on the embedded law of privacy.
func Embedded() (*Ladder, error) { return embedded() }

// Load returns a ladder on a law and the ladder.json at the top level of files,
// or the embedded one where files is nil. Errors are those of files, or match
// privacy.ErrInvalid: unknown members, and rows without a date, a known condition
// or a citation, are refused.
func Load(law *privacy.Law, files fs.FS) (*Ladder, error) {
	if law == nil {
		return nil, fmt.Errorf("transfer: a ladder needs the law: %w", privacy.ErrInvalid)
	}
	if files == nil {
		files = lawtable.In(lawFiles)
	}
	l := Ladder{law: law}
	if err := lawtable.Read("ladder.json", &l.table, files); err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	return &l, nil
}

// table is the form of ladder.json.
type table struct {
	lawtable.Source
	Safeguards  []mechanismRow `json:"safeguards"`
	Derogations []mechanismRow `json:"derogations"`
	Needs       []needRow      `json:"needs"`
	Modules     []moduleRow    `json:"modules"`
	Notices     []noticeRow    `json:"notices"`
}

// mechanismRow is a safeguard or a derogation and what it demands.
type mechanismRow struct {
	Mechanism privacy.TransferMechanism `json:"mechanism"`
	From      privacy.Date              `json:"from"`
	Requires  []Condition               `json:"requires"`
	RefusedIf []Condition               `json:"refused_if"`
	Instead   []insteadRow              `json:"instead"`
	Citation  string                    `json:"citation"`
}

type insteadRow struct {
	Regime   privacy.Jurisdiction `json:"regime"`
	Needs    Need                 `json:"needs"`
	Citation string               `json:"citation"`
}

type needRow struct {
	Condition Condition `json:"condition"`
	Needs     Need      `json:"needs"`
}

type moduleRow struct {
	Exporter privacy.Role `json:"exporter"`
	Importer privacy.Role `json:"importer"`
	Module   int          `json:"module"`
}

type noticeRow struct {
	For       Step     `json:"for"`
	MustState []string `json:"must_state"`
	Citation  string   `json:"citation"`
}

// Check reports all that is wrong with the table.
func (t *table) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	for i, row := range t.Safeguards {
		row.checkInto(&problems, fmt.Sprintf("safeguards[%d]", i))
	}
	for i, row := range t.Derogations {
		row.checkInto(&problems, fmt.Sprintf("derogations[%d]", i))
	}
	for i, row := range t.Needs {
		if row.Needs == "" {
			problems.Add(fmt.Sprintf("needs[%d]", i), privacy.ProblemRequired, "a row says what is needed")
		}
		checkConditions(&problems, fmt.Sprintf("needs[%d]", i), []Condition{row.Condition})
	}
	for i, row := range t.Modules {
		if !row.Exporter.Valid() || !row.Importer.Valid() || row.Module < 1 {
			problems.Add(fmt.Sprintf("modules[%d]", i), privacy.ProblemRequired, "a row has two roles and a module")
		}
	}
	for i, row := range t.Notices {
		if row.For == "" || len(row.MustState) == 0 || row.Citation == "" {
			problems.Add(fmt.Sprintf("notices[%d]", i), privacy.ProblemRequired, "a row has a step, statements and a citation")
		}
	}
	return problems.Err()
}

func (r mechanismRow) checkInto(problems *privacy.Problems, path string) {
	if !r.Mechanism.Valid() || r.From.IsZero() || r.Citation == "" {
		problems.Add(path, privacy.ProblemRequired, "a row has a mechanism, a date and a citation")
	}
	if len(r.Requires) == 0 {
		problems.Add(path+".requires", privacy.ProblemRequired, "every mechanism demands something")
	}
	checkConditions(problems, path, r.Requires)
	checkConditions(problems, path, r.RefusedIf)
	for _, instead := range r.Instead {
		if instead.Regime.Check() != nil || instead.Needs == "" || instead.Citation == "" {
			problems.Add(path+".instead", privacy.ProblemRequired, "a row has a regime, a need and a citation")
		}
	}
}

func checkConditions(problems *privacy.Problems, path string, list []Condition) {
	for _, condition := range list {
		if !slices.Contains(conditions, condition) {
			problems.Add(path, privacy.ProblemUnknown, "there is no condition %q", condition)
		}
	}
}

// find returns the row of a mechanism that began last, and false if none has by
// a day.
func find(rows []mechanismRow, mechanism privacy.TransferMechanism, on privacy.Date) (mechanismRow, bool) {
	var found mechanismRow
	for _, row := range rows {
		if row.Mechanism == mechanism && !on.Before(row.From) && row.From.After(found.From) {
			found = row
		}
	}
	return found, !found.From.IsZero()
}
