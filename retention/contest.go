package retention

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// contest works out why rules won or lost, after the tally has said which.
type contest struct {
	schedule *Schedule
	record   *Record
	zone     *time.Location
	today    privacy.Date
	entries  []entry
	tally    tally
	// ended is set when the end of a contract has replaced the policies.
	ended bool
}

type entry struct {
	line    *line
	version *Rule
	clause  *clause
	reckoning
	excluded Outcome
}

func (c *contest) collect() {
	lines, end := c.schedule.find(c.record)
	for _, l := range lines {
		e := entry{line: l}
		switch version := l.governing(c.record, c.zone, c.today); {
		case !l.covers(c.record):
			e.version, e.excluded = &l.versions[len(l.versions)-1], OutOfScope
		case version == nil:
			e.version, e.excluded = &l.versions[0], NotInForce
		default:
			e.version, e.clause, e.reckoning = version.rule, version, version.reckon(c.record, c.zone)
			c.tally.add(version, e.reckoning)
			if e.anchor.IsZero() {
				e.excluded = AnchorMissing
			}
		}
		c.entries = append(c.entries, e)
	}
	if end != nil && c.record.Role == privacy.RoleProcessor {
		c.tally.endContract(end.last(), c.today)
		c.ended = c.tally.dispose == &contractEnd
	}
}

func (c *contest) disposes() bool { return c.tally.dispose != nil }

func (c *contest) outcomes(v *Verdict) []RuleOutcome {
	outcomes := make([]RuleOutcome, len(c.entries))
	for i := range c.entries {
		e := &c.entries[i]
		outcomes[i] = RuleOutcome{
			ID: e.version.ID, Version: e.version.Version, Kind: e.version.Kind, Period: e.version.Period,
			Action: e.version.Action, Explicit: e.line.scope.Explicit, Citation: e.version.Citation,
			Anchor: e.anchor, Through: e.through, Outcome: c.outcome(e, v),
		}
	}
	return outcomes
}

func (c *contest) outcome(e *entry, v *Verdict) Outcome {
	t := &c.tally
	switch {
	case e.excluded != "":
		return e.excluded
	case c.ended && e.version.Kind != StatutoryMinimum:
		return EndedByContract
	case e.version.ID == v.RuleID:
		return Decides
	case e.version.Kind != Maximum && t.keepThrough.IsZero():
		return HasEnded
	case e.version.Kind != Maximum && e.through != t.keepThrough:
		return LosesToLonger
	case e.version.Kind != Maximum && e.through.Before(c.today):
		return HasEnded
	case e.version.Kind != Maximum:
		return Agrees
	default:
		return c.disposalOutcome(e)
	}
}

func (c *contest) disposalOutcome(e *entry) Outcome {
	t := &c.tally
	switch {
	case t.dispose.explicit && !e.line.scope.Explicit:
		return LosesToExplicit
	case t.disposeThrough.Before(e.through):
		return LosesToShorter
	case e.through.Before(t.keepThrough):
		return LosesToRetention
	case e.clause != t.dispose:
		return Agrees
	default:
		return Waits
	}
}

// principle returns the last principle of retention that was needed to decide:
// the next is a tie-breaker of the one before, so once retention has settled the
// day, no disposal is weighed against another.
func (c *contest) principle() int {
	t := &c.tally
	otherKeep := func(e *entry) bool { return e.version.Kind != Maximum && e.through != t.keepThrough }
	otherDisposal := func(e *entry) bool { return e.version.Action != 0 && e.through != t.disposeThrough }
	if t.dispose == nil || !t.keepThrough.Before(t.disposeThrough) {
		if c.any(otherKeep) {
			return 2
		}
		if !t.maximum.IsZero() && t.maximum.Before(t.keepThrough) {
			return 1
		}
	}
	switch {
	case t.dispose == nil:
		return 0
	case c.any(func(e *entry) bool { return e.line.scope.Explicit == t.dispose.explicit && otherDisposal(e) }):
		return 4
	case c.any(otherDisposal):
		return 3
	case c.any(otherKeep):
		return 2
	default:
		return 0
	}
}

func (c *contest) any(condition func(*entry) bool) bool {
	for i := range c.entries {
		if e := &c.entries[i]; e.excluded == "" && condition(e) {
			return true
		}
	}
	return false
}
