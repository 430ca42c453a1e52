package consent

import (
	"fmt"

	"github.com/labelop/privacykit/consent/internal/lawtable"
	"github.com/labelop/privacykit/privacy"
)

// PastChoice is what a subject chose when it was last asked.
type PastChoice string

// The choices after which time matters.
const (
	// PastRefusal is a refusal, a withdrawal or an opt-out.
	PastRefusal PastChoice = "refusal"
	// PastConsent is a consent.
	PastConsent PastChoice = "consent"
)

// Recurrence says when a choice comes up again.
type Recurrence struct {
	// Due is the first day on which a subject who refused may be asked again, or
	// on which a consent should be renewed; zero where no period is known.
	Due privacy.Date
	// Binding says that the law sets the period; otherwise an authority
	// recommends it and the host decides.
	Binding bool
	// Citation says who does, and Uncertain what is doubtful.
	Citation, Uncertain string
}

// MayAsk reports whether a subject who refused may be asked on a day. Asking
// before a recommended day is allowed: it is for the host to follow it.
func (r Recurrence) MayAsk(on privacy.Date) bool {
	return !r.Binding || !on.Before(r.Due)
}

// Recurrence returns when a choice made on a day comes up again under a regime,
// such as "us-ca-ccpa", or in a jurisdiction, such as "us-ca" or "FR". Of
// several rows the one that binds counts, and then the longest period. Without
// one, Due is zero and nothing binds. The error matches privacy.ErrInvalid for
// a missing day or a choice that is none.
func (l *ValidityLaw) Recurrence(regime string, choice PastChoice, made privacy.Date) (Recurrence, error) {
	if made.IsZero() || (choice != PastRefusal && choice != PastConsent) {
		return Recurrence{}, fmt.Errorf("consent: a choice and its day are required: %w", privacy.ErrInvalid)
	}
	var found Recurrence
	for _, row := range l.recurrence.Rows {
		if row.After != choice || !row.isOf(regime) || made.Before(row.From) {
			continue
		}
		due := afterFull(made, row.Period)
		stricter := row.Binding && !found.Binding
		if stricter || (row.Binding == found.Binding && due.After(found.Due)) {
			found = Recurrence{Due: due, Binding: row.Binding, Citation: row.Citation, Uncertain: row.Uncertain}
		}
	}
	return found, nil
}

// afterFull returns the day by which the whole period has passed: where the last
// month has no such day, the first of the next.
func afterFull(from privacy.Date, period privacy.Period) privacy.Date {
	end := from.Add(period)
	if period.Weeks == 0 && period.Days == 0 && end.Day() < from.Day() {
		return end.AddDays(1)
	}
	return end
}

// recurrenceTable is the form of recurrence.json.
type recurrenceTable struct {
	lawtable.Source
	Rows []recurrenceRow `json:"rows"`
}

type recurrenceRow struct {
	Regime       string               `json:"regime"`
	Jurisdiction privacy.Jurisdiction `json:"jurisdiction"`
	After        PastChoice           `json:"after"`
	Period       privacy.Period       `json:"period"`
	Binding      bool                 `json:"binding"`
	From         privacy.Date         `json:"from"`
	Citation     string               `json:"citation"`
	Uncertain    string               `json:"uncertain"`
}

// Check reports all that is wrong with the table.
func (t *recurrenceTable) Check() error {
	var problems privacy.Problems
	t.CheckInto(&problems)
	for i, row := range t.Rows {
		path := fmt.Sprintf("rows[%d]", i)
		if row.Regime == "" || row.Period.IsZero() || row.From.IsZero() || row.Citation == "" {
			problems.Add(path, ProblemRequired, "a row has a regime, a period, a date and a citation")
		}
		if row.After != PastRefusal && row.After != PastConsent {
			problems.Add(path+".after", ProblemUnknown, "there is no choice %q", row.After)
		}
		if row.Jurisdiction.Check() != nil {
			problems.Add(path+".jurisdiction", ProblemUnknown, "%q is no jurisdiction", row.Jurisdiction)
		}
	}
	return problems.Err()
}

// isOf reports whether the row is of the jurisdiction asked for, or of a regime
// that applies there as a whole.
func (r recurrenceRow) isOf(asked string) bool {
	jurisdiction := privacy.Jurisdiction(asked)
	if jurisdiction.Check() == nil {
		return jurisdiction.Canonical() == r.Jurisdiction.Canonical()
	}
	return r.Regime == asked && r.Binding
}
