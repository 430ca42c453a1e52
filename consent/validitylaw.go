package consent

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

//go:embed law/*.json
var lawFiles embed.FS

// ValidityLaw is the law on valid consent as data: the files in the directory
// law of this package, validity.json, terminal.json and recurrence.json, and the
// ages of package children. It is immutable and safe for concurrent use.
type ValidityLaw struct {
	validity   validityTable
	terminal   terminalTable
	recurrence recurrenceTable
	ages       *children.Law
}

var embeddedValidity = sync.OnceValues(func() (*ValidityLaw, error) {
	return LoadValidityLaw(lawtable.In(lawFiles))
})

// EmbeddedValidityLaw returns the law that this package brings with it.
func EmbeddedValidityLaw() (*ValidityLaw, error) { return embeddedValidity() }

// LoadValidityLaw returns the law of this package, with every table replaced
// that files holds at its top level under the same name, in the same form, also
// ages.json of package children. Unknown members and rows without what the
// tables of this package have are errors that match privacy.ErrInvalid; other
// errors are those of files.
func LoadValidityLaw(files fs.FS) (*ValidityLaw, error) {
	var l ValidityLaw
	for _, t := range []struct {
		name  string
		table lawtable.Table
	}{{"validity.json", &l.validity}, {"terminal.json", &l.terminal}, {"recurrence.json", &l.recurrence}} {
		if err := lawtable.Read(t.name, t.table, files, lawtable.In(lawFiles)); err != nil {
			return nil, fmt.Errorf("consent: %w", err)
		}
	}
	ages, err := children.Load(files)
	if errors.Is(err, fs.ErrNotExist) {
		ages, err = children.Embedded()
	}
	if err != nil {
		return nil, err
	}
	l.ages = ages
	return &l, nil
}

// validityTable is the form of validity.json.
type validityTable struct {
	lawtable.Source
	Regimes []string    `json:"regimes"`
	Defects []defectRow `json:"defects"`
	Acts    []actRow    `json:"acts"`
	Changes []changeRow `json:"changes"`
}

type defectRow struct {
	Code     DefectCode `json:"code"`
	Article  string     `json:"article"`
	Citation string     `json:"citation"`
}

// actRow says whether an act is a clear affirmative one.
type actRow struct {
	Act         string `json:"act"`
	Affirmative bool   `json:"affirmative"`
	// ProvesNothing says that the record of the act does not show what the
	// subject did.
	ProvesNothing bool   `json:"proves_nothing"`
	Citation      string `json:"citation"`
}

type changeRow struct {
	Change       string `json:"change"`
	NeedsConsent bool   `json:"needs_consent"`
	Citation     string `json:"citation"`
}

// allDefects are the defects that the table must explain.
var allDefects = []DefectCode{
	DefectNoAffirmativeAct, DefectNotInformed, DefectNotSpecific, DefectNotFreelyGiven, DefectWrongBasisContract,
	DefectNotDistinguishable, DefectWithdrawalNotAsEasy, DefectNotExplicit, DefectChildNeedsParent, DefectParentNotVerified,
	DefectChildNotAsked, DefectPurposeNotCovered, DefectNewConsentNeeded, DefectWithdrawn, DefectCannotDemonstrate,
}

// Check reports all that is wrong with the table.
func (t *validityTable) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	if len(t.Regimes) == 0 {
		problems.Add("regimes", ProblemRequired, "at least one regime is required")
	}
	codes := make([]DefectCode, len(t.Defects))
	for i, row := range t.Defects {
		codes[i] = row.Code
		if row.Article == "" || row.Citation == "" {
			problems.Add(fmt.Sprintf("defects[%d]", i), ProblemRequired, "a defect has an article and a citation")
		}
	}
	if !slices.Equal(codes, allDefects) {
		problems.Add("defects", ProblemUnknown, "the table lists every defect once, in their order")
	}
	for i, row := range t.Acts {
		if row.Act == "" || row.Citation == "" {
			problems.Add(fmt.Sprintf("acts[%d]", i), ProblemRequired, "an act has a code and a citation")
		}
	}
	for i, row := range t.Changes {
		if row.Change == "" || row.Citation == "" {
			problems.Add(fmt.Sprintf("changes[%d]", i), ProblemRequired, "a change has a code and a citation")
		}
	}
	return problems.Err()
}

// act returns what is known of an act; an unknown one is not affirmative.
func (l *ValidityLaw) act(code string) actRow {
	for _, row := range l.validity.Acts {
		if row.Act == code {
			return row
		}
	}
	return actRow{Act: code}
}

func (l *ValidityLaw) defect(code DefectCode) Defect {
	for _, row := range l.validity.Defects {
		if row.Code == code {
			return Defect{Code: code, Article: row.Article, Citation: row.Citation}
		}
	}
	return Defect{Code: code}
}

func (l *ValidityLaw) needsNewConsent(c Circumstances) bool {
	if c.Change == "" {
		return c.Material
	}
	for _, row := range l.validity.Changes {
		if row.Change == c.Change {
			return row.NeedsConsent
		}
	}
	return c.Material
}
