package regime

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Risk is how likely a breach is to harm the people concerned.
type Risk string

// The risks. An unknown risk is treated as RiskLikely: the clock runs until the
// controller has shown that a risk is unlikely (GDPR Art. 33(1)).
const (
	RiskUnknown  Risk = ""
	RiskUnlikely Risk = "unlikely"
	RiskLikely   Risk = "risk"
	RiskHigh     Risk = "high"
)

// Valid reports whether r is a constant other than RiskUnknown.
func (r Risk) Valid() bool { return r == RiskUnlikely || r == RiskLikely || r == RiskHigh }

// BreachRule is the clock of a personal data breach.
type BreachRule struct {
	// AuthorityHours is how many hours after becoming aware of the breach the
	// controller notifies the authority at the latest.
	AuthorityHours int `json:"authority_hours"`
	// ProcessorStandard is the law's words for when a processor tells the
	// controller.
	ProcessorStandard string `json:"processor_standard"`
	// NotifyAuthority and NotifySubjects are the risks at which each is told.
	NotifyAuthority []Risk `json:"notify_authority"`
	NotifySubjects  []Risk `json:"notify_subjects"`
	// Document means that every breach is recorded, also one that nobody is
	// told of.
	Document bool   `json:"document"`
	Cite     string `json:"cite"`
}

// BreachFacts are what is known about a breach.
type BreachFacts struct {
	// Role is that of whoever asks; zero is RoleController.
	Role privacy.Role
	// AwareAt is when the controller became aware of the breach, or when the
	// processor did.
	AwareAt time.Time
	// NotifiedAt is when the authority was told, zero if it was not yet.
	NotifiedAt time.Time
	// Zone is the controller's; the results are given in it.
	Zone *time.Location
	Risk Risk
}

// BreachClock is what the law asks for after a breach.
type BreachClock struct {
	// Regime is the version that was applied.
	Regime string
	// Due is the last instant to tell the authority, elapsed hours after
	// awareness whatever the clocks and the weekend do. Zero if no number of
	// hours applies, or if the authority need not be told (GDPR Art. 33(1)).
	Due time.Time
	// DueLiteral is the end by the letter of Reg. 1182/71 Art. 3(1), which does
	// not count the hour of the event: up to an hour after Due. Plan with Due.
	DueLiteral time.Time
	// Standard is the law's words where it gives no number.
	Standard string
	// NotifyController is set for a processor, whose duty ends there.
	NotifyController bool
	NotifyAuthority  bool
	NotifySubjects   bool
	// Document: record the facts, effects and remedies (GDPR Art. 33(5)).
	Document bool
	// Late: the authority was told after Due.
	Late bool
	// Requires are contents that the notification needs besides the usual.
	Requires []Content
	Cite     string
}

// ContentReasonsForDelay goes with a late notification (GDPR Art. 33(1)).
const ContentReasonsForDelay Content = "reasons_for_delay"

// Breach computes the clock of a breach. The period is in hours, so that it
// never moves off a weekend or holiday (Reg. 1182/71 Art. 3(4)). The error
// matches ErrNotRegulated if the regime has no breach clock, privacy.ErrInvalid
// if a fact is missing.
func (r *Regime) Breach(facts BreachFacts) (BreachClock, error) {
	rule := r.BreachRule
	switch {
	case rule == nil:
		return BreachClock{}, fmt.Errorf("%s, breach: %w", r.Version(), ErrNotRegulated)
	case facts.AwareAt.IsZero() || facts.Zone == nil:
		return BreachClock{}, fmt.Errorf("a breach clock needs the time of awareness and a zone: %w", privacy.ErrInvalid)
	case facts.Risk != RiskUnknown && !facts.Risk.Valid():
		return BreachClock{}, fmt.Errorf("unknown risk: %w", privacy.ErrInvalid)
	}
	clock := BreachClock{Regime: r.Version(), Document: rule.Document, Cite: rule.Cite}
	if facts.Role == privacy.RoleProcessor {
		clock.NotifyController, clock.Standard = true, rule.ProcessorStandard
		return clock, nil
	}
	risk := facts.Risk
	if risk == RiskUnknown {
		risk = RiskLikely
	}
	hours := time.Duration(rule.AuthorityHours) * time.Hour
	aware := facts.AwareAt.In(facts.Zone)
	clock.NotifyAuthority = slices.Contains(rule.NotifyAuthority, risk)
	clock.NotifySubjects = slices.Contains(rule.NotifySubjects, risk)
	if !clock.NotifyAuthority {
		return clock, nil
	}
	clock.Due = aware.Add(hours)
	clock.DueLiteral = endOfHour(aware).Add(hours)
	if facts.NotifiedAt.After(clock.Due) {
		clock.Late = true
		clock.Requires = []Content{ContentReasonsForDelay}
	}
	return clock, nil
}

// endOfHour returns when the hour in which t falls on the clocks of its zone ends.
func endOfHour(t time.Time) time.Time {
	into := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	return t.Add(time.Hour - into)
}
