package dsr

import (
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// BreachID names a breach within its tenant.
type BreachID string

// Breach is an entry of the register of personal data breaches (GDPR
// Art. 33(5)): the facts, the effects and the remedies, also of a breach that
// nobody is told of. It describes people by number and category, never by name.
type Breach struct {
	Tenant privacy.TenantID `json:"tenant"`
	ID     BreachID         `json:"id"`
	// Version counts the changes from 1.
	Version uint64 `json:"version"`
	// Regime is the version of the law that the entry is judged by.
	Regime string `json:"regime"`
	// Role is that of the service for the data concerned.
	Role privacy.Role `json:"role"`
	// OccurredAt is when the breach happened, zero if it is not known.
	OccurredAt time.Time `json:"occurred_at,omitzero"`
	// AwareAt is when the service became aware of it.
	AwareAt time.Time `json:"aware_at"`
	// Nature says what happened, such as "a backup was readable by the public".
	Nature string `json:"nature"`
	// Categories and Systems are those concerned.
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	Systems    []privacy.SystemID   `json:"systems,omitempty"`
	// Subjects and Records are approximate numbers, -1 if unknown.
	Subjects int `json:"subjects"`
	Records  int `json:"records"`
	// Effects are the likely consequences, Remedies the measures taken or proposed.
	Effects  string `json:"effects"`
	Remedies string `json:"remedies"`
	// Risk to the people concerned, empty while it is assessed; RiskReason says why.
	Risk       regime.Risk `json:"risk,omitempty"`
	RiskReason string      `json:"risk_reason,omitempty"`
	// AuthorityToldAt, SubjectsToldAt and ControllerToldAt are zero while nobody was.
	AuthorityToldAt  time.Time `json:"authority_told_at,omitzero"`
	SubjectsToldAt   time.Time `json:"subjects_told_at,omitzero"`
	ControllerToldAt time.Time `json:"controller_told_at,omitzero"`
	// DelayReason explains a notification after the deadline (Art. 33(1)).
	DelayReason string `json:"delay_reason,omitempty"`
	// SubjectsNotTold is the exception relied on: "encrypted", "risk_removed" or
	// "disproportionate_effort" (Art. 34(3)).
	SubjectsNotTold string `json:"subjects_not_told,omitempty"`
}

// Validate reports what keeps an entry from being stored, as privacy.Problems:
// an identifier that is none, or no version.
func (b Breach) Validate() error {
	var problems privacy.Problems
	for _, field := range []struct{ path, id string }{{"tenant", string(b.Tenant)}, {"id", string(b.ID)}} {
		if err := privacy.CheckID(field.path, field.id); err != nil {
			problems.Add(field.path, "identifier", "%v", err)
		}
	}
	if b.Version == 0 {
		problems.Add("version", "required", "versions count from 1")
	}
	return problems.Err()
}

// Clock returns the breach clock of the entry in the controller's zone.
func (b Breach) Clock(r *regime.Regime, zone *time.Location) (regime.BreachClock, error) {
	return r.Breach(regime.BreachFacts{
		Role: b.Role, AwareAt: b.AwareAt, NotifiedAt: b.AuthorityToldAt, Zone: zone, Risk: b.Risk,
	})
}

// Missing reports what the entry still lacks at a time, as privacy.Problems
// with the codes "required" (the register demands it), "owed" (somebody must be
// told) and "overdue" (and the deadline has passed). Nil means that it is
// complete.
func (b Breach) Missing(r *regime.Regime, zone *time.Location, at time.Time) error {
	clock, err := b.Clock(r, zone)
	if err != nil {
		return err
	}
	var problems privacy.Problems
	for _, field := range []struct{ path, text string }{
		{"nature", b.Nature}, {"effects", b.Effects}, {"remedies", b.Remedies},
	} {
		if field.text == "" {
			problems.Add(field.path, "required", "%s", clock.Cite)
		}
	}
	if clock.NotifyController {
		if b.ControllerToldAt.IsZero() {
			problems.Add("controller_told_at", "owed", "%s", clock.Standard)
		}
		return problems.Err()
	}
	if b.Risk == regime.RiskUnknown || b.RiskReason == "" {
		problems.Add("risk", "required", "the risk is assessed, and the reasons are on record")
	}
	b.missingNotifications(&problems, clock, at)
	return problems.Err()
}

func (b Breach) missingNotifications(problems *privacy.Problems, clock regime.BreachClock, at time.Time) {
	switch {
	case !clock.NotifyAuthority || !b.AuthorityToldAt.IsZero():
	case at.After(clock.Due):
		problems.Add("authority_told_at", "overdue", "was due at %s", clock.Due.Format(time.RFC3339))
	default:
		problems.Add("authority_told_at", "owed", "due at %s", clock.Due.Format(time.RFC3339))
	}
	if clock.Late && b.DelayReason == "" {
		problems.Add("delay_reason", "required", "a late notification states reasons")
	}
	if clock.NotifySubjects && b.SubjectsToldAt.IsZero() && b.SubjectsNotTold == "" {
		problems.Add("subjects_told_at", "owed", "without undue delay, unless an exception applies")
	}
}
