package retention

import (
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// line is one rule through its versions, in the order they come into force. It
// and its clauses are laid out for Evaluate: what every record needs lies
// together.
type line struct {
	// plain says that the index alone decides whether the scope matches.
	plain bool
	// always says that there is one version and that it is always in force.
	always   bool
	kind     Kind
	clauses  []clause
	versions []Rule
	// scope is that of every version.
	scope Scope
	order int
}

// clause is a version of a rule in the form that Evaluate reads.
type clause struct {
	rule *Rule
	// event is the only event the anchor counts from, "" if there are several.
	event string
	// simple says that Start and the period are all there is to the anchor, and
	// that nothing suspends it.
	simple   bool
	explicit bool
	// cuts says that the version may end a running period on the day before it
	// came into force.
	cuts    bool
	start   Start
	kind    Kind
	action  Action
	period  privacy.Period
	id      string
	version int
	notice  int
}

func newClause(r *Rule) clause {
	c := clause{
		rule: r, explicit: r.Scope.Explicit, start: r.Anchor.Start, kind: r.Kind,
		action: r.Action, period: r.Period, id: r.ID, version: r.Version, notice: r.NoticeHours,
	}
	if len(r.Anchor.Events) == 1 {
		c.event = r.Anchor.Events[0]
	}
	c.simple = c.event != "" && r.Anchor.NotBefore.IsZero() && r.Anchor.ThenNext.IsZero() &&
		c.start != StartEndOfFiscalYear && len(r.SuspendedBy) == 0 && !r.ReachesRunning
	return c
}

// seal makes the clauses once all versions are known.
func (l *line) seal() {
	l.plain = len(l.scope.Purposes) == 0 && len(l.scope.Labels) == 0 &&
		len(l.scope.Jurisdictions) == 0 && l.scope.Role == 0
	l.always = len(l.versions) == 1 && l.versions[0].EffectiveFrom.IsZero()
	l.clauses = make([]clause, len(l.versions))
	for i := range l.versions {
		v := &l.versions[i]
		l.clauses[i] = newClause(v)
		// Before a first version came into force nothing disposed of the record,
		// but nothing kept it either.
		l.clauses[i].cuts = v.ReachesRunning && (i > 0 || v.Action != 0)
	}
}

// governing returns the version of a rule that is about a record on a day, nil if
// none is in force.
func (l *line) governing(r *Record, zone *time.Location, today privacy.Date) *clause {
	if l.always {
		return &l.clauses[0]
	}
	var current *clause
	for i := range l.clauses {
		next := &l.clauses[i]
		if today.Before(next.rule.EffectiveFrom) {
			break
		}
		if next.governs(current, r, zone) {
			current = next
		}
	}
	return current
}

// governs reports whether a version applies to a record that had the earlier
// version current, or none: always to periods that begin when it is in force,
// and to running ones if it says so.
func (c *clause) governs(current *clause, r *Record, zone *time.Location) bool {
	k := c.reckon(r, zone)
	if k.anchor.IsZero() || !k.anchor.Before(c.rule.EffectiveFrom) {
		return true
	}
	if !c.rule.ReachesRunning || current == nil {
		return c.rule.ReachesRunning
	}
	return !current.reckon(r, zone).through.Before(c.rule.EffectiveFrom)
}

// reckoning is a rule applied to a record. Its anchor is zero if the record lacks
// the event, or is unreadable.
type reckoning struct {
	anchor privacy.Date
	// through is the last day of the period. A version that reaches a running
	// period ends it at the earliest on the day before it came into force: until
	// then the earlier law applied.
	through privacy.Date
	// suspended is the last day of the longest suspension, lastDate while one is
	// open, zero if there is none.
	suspended privacy.Date
}

func (c *clause) reckon(r *Record, zone *time.Location) reckoning {
	if r.Unreadable {
		return reckoning{}
	}
	if !c.simple {
		return c.reckonInFull(r, zone)
	}
	var anchor privacy.Date
	for i := range r.Events {
		if e := &r.Events[i]; e.Name == c.event {
			if day := e.day(zone); anchor.Before(day) {
				anchor = day
			}
		}
	}
	switch c.start {
	case StartEndOfCalendarYear:
		anchor = anchor.EndOfYear()
	case StartEndOfMonth:
		anchor = anchor.EndOfMonth()
	}
	return reckoning{anchor: anchor, through: anchor.Add(c.period)}
}

func (c *clause) reckonInFull(r *Record, zone *time.Location) reckoning {
	event := r.latest(c.rule.Anchor.Events, zone)
	if event.IsZero() {
		return reckoning{}
	}
	anchor := c.rule.Anchor.date(event)
	k := reckoning{anchor: anchor, through: anchor.Add(c.period)}
	if c.cuts && k.through.Before(c.rule.EffectiveFrom) {
		k.through = c.rule.EffectiveFrom.AddDays(-1)
	}
	if len(r.Suspensions) > 0 {
		k.suspended = r.suspended(c.rule.SuspendedBy)
	}
	return k
}

func (r *Record) suspended(by []string) privacy.Date {
	var until privacy.Date
	for i := range r.Suspensions {
		s := &r.Suspensions[i]
		if !slices.Contains(by, s.Kind) {
			continue
		}
		if s.Until.IsZero() {
			return lastDate
		}
		if until.Before(s.Until) {
			until = s.Until
		}
	}
	return until
}
