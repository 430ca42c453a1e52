package regime

import (
	"github.com/labelop/privacykit/privacy"
)

// computation is one run of Deadline.
type computation struct {
	regime   *Regime
	clock    *Clock
	query    Query
	received privacy.Date
	response *Response
	pauses   pauseSet
	out      Deadline
}

func (c *computation) run() error {
	c.pauses = c.sortPauses()
	if err := c.acknowledge(); err != nil {
		return err
	}
	if !c.start() {
		return nil
	}
	if err := c.targets(); err != nil {
		return err
	}
	if c.response.Within.IsZero() {
		return nil
	}
	first, err := c.end(c.response.Within, StepPeriod, c.cite())
	if err != nil || c.out.State == StatePaused {
		return err
	}
	return c.finish(first)
}

// finish sets what follows from the end of the first period.
func (c *computation) finish(first privacy.Date) error {
	if c.clock.RefusalNotice {
		c.out.RefusalNotice = first
		c.step(Step{Rule: StepRefusalNotice, Date: first, Cite: c.clock.Cite})
	}
	c.out.Due = first
	if err := c.extend(first); err != nil {
		return err
	}
	if c.out.State == StatePaused {
		c.out.Due = privacy.Date{}
		return nil
	}
	c.out.DueEnd = c.out.Due.AddDays(1).Start(c.query.Zone)
	c.step(Step{Rule: StepDue, Date: c.out.Due})
	return nil
}

func (c *computation) cite() string {
	if c.response.Cite != "" {
		return c.response.Cite
	}
	return c.clock.Cite
}

func (c *computation) step(s Step) { c.out.Steps = append(c.out.Steps, s) }

func (c *computation) acknowledge() error {
	rule := c.clock.Acknowledge
	if rule == nil {
		return nil
	}
	day, err := rule.Within.from(c.received, c.query.Calendar)
	if err != nil {
		return err
	}
	if rule.Within.WorkingDays == 0 {
		if day, err = c.roll(rule.Within, day); err != nil {
			return err
		}
	}
	c.out.Acknowledge = day
	c.step(Step{Rule: StepAcknowledge, Date: day, Term: rule.Within, Cite: rule.Cite})
	return nil
}

// start finds the day from which the period runs and reports whether there is one.
func (c *computation) start() bool {
	c.out.Standard = c.response.Standard
	start := c.received
	c.step(Step{Rule: StepReceived, Date: start, Cite: c.regime.Counting.Cite})
	if c.clock.Reflection != nil && c.query.Fee != nil {
		return c.reflect()
	}
	if c.pauses.unstarted {
		c.out.State = StateNotStarted
		c.step(Step{Rule: StepNotStarted, Cite: c.pauses.restartCite})
		return false
	}
	if c.pauses.restart.After(start) {
		start = c.pauses.restart
		c.step(Step{Rule: StepRestart, Date: start, Cite: c.pauses.restartCite})
	}
	c.out.Start = start
	return true
}

// reflect lets the period begin when the time to think about a fee is over.
func (c *computation) reflect() bool {
	rule, fee := c.clock.Reflection, c.query.Fee
	ends := fee.Notified.Add(rule.Within)
	c.out.FeeReflectionEnds = ends
	c.step(Step{Rule: StepReflection, Date: ends, Cite: rule.Cite})
	over := privacy.DateOf(c.query.AsOf, c.query.Zone).After(ends)
	switch {
	case !fee.Confirmed.IsZero() && !fee.Confirmed.After(ends):
		c.out.Start = ends
		return true
	case over || !fee.Confirmed.IsZero():
		c.out.State = StateWithdrawn
		c.step(Step{Rule: StepWithdrawn, Date: ends, Cite: rule.Cite})
	default:
		c.out.State = StateNotStarted
		c.step(Step{Rule: StepNotStarted, Cite: rule.Cite})
	}
	return false
}

// targets sets the dates that do not depend on a number of the law.
func (c *computation) targets() error {
	if c.clock.SuitNotBefore != (privacy.Period{}) {
		c.out.SuitNotBefore = c.out.Start.Add(c.clock.SuitNotBefore)
		c.step(Step{Rule: StepSuit, Date: c.out.SuitNotBefore, Cite: c.clock.Cite})
	}
	if c.response.Within.IsZero() {
		c.step(Step{Rule: StepStandard, Words: c.response.Standard, Cite: c.cite()})
	}
	if !c.response.Target.IsZero() {
		day, err := c.response.Target.from(c.out.Start, c.query.Calendar)
		if err != nil {
			return err
		}
		c.out.Target = day
		c.step(Step{Rule: StepTarget, Date: day, Term: c.response.Target, Cite: c.cite()})
	}
	return nil
}

// end counts a term from the start, adds the suspended days that fell into it
// and moves the end off a day off. While a suspension lasts the state is
// StatePaused, and what end returns is not yet the end.
func (c *computation) end(term Term, rule StepRule, cite string) (privacy.Date, error) {
	day, err := term.from(c.out.Start, c.query.Calendar)
	if err != nil {
		return privacy.Date{}, err
	}
	c.step(Step{Rule: rule, Date: day, Term: term, Cite: cite})
	day, open, err := c.suspend(term, day)
	if err != nil {
		return privacy.Date{}, err
	}
	day, err = c.rolled(term, day)
	if err == nil && open {
		c.out.State = StatePaused
		c.step(Step{Rule: StepPaused, Cite: c.regime.Counting.Cite})
	}
	return day, err
}

func (c *computation) counting() Counting {
	if c.query.Counting != "" {
		return c.query.Counting
	}
	return c.regime.Counting.Suspension
}

// rolled is roll with a step.
func (c *computation) rolled(term Term, day privacy.Date) (privacy.Date, error) {
	moved, err := c.roll(term, day)
	if err == nil && moved != day {
		c.step(Step{Rule: StepRolled, Date: moved, Words: c.query.Calendar.Name(), Cite: c.regime.Counting.Cite})
	}
	return moved, err
}

// roll moves the end of a term off a day off where the law does. What is due at
// once never moves.
func (c *computation) roll(term Term, day privacy.Date) (privacy.Date, error) {
	if term.SameDay {
		return day, nil
	}
	switch c.regime.Counting.Rollover {
	case RolloverByDefault:
		if c.query.Rollover == RolloverNone {
			return day, nil
		}
	case RolloverOnRequest:
		if c.query.Rollover != RolloverStatutory {
			return day, nil
		}
	case RolloverAlways:
	}
	return c.query.Calendar.NextWorkingDay(day)
}

// extend judges the extension that was told and moves the end if it is valid.
func (c *computation) extend(first privacy.Date) error {
	rule, told := c.clock.Extension, c.query.Extension
	if rule != nil {
		c.out.ExtensionNotice = first
		c.step(Step{Rule: StepExtensionNotice, Date: first, Cite: rule.Cite})
	}
	if told == nil {
		return nil
	}
	c.out.Extension = c.judge(rule, told, first)
	if c.out.Extension != ExtensionValid {
		c.step(Step{Rule: StepExtensionVoid, Words: string(c.out.Extension), Cite: c.clock.Cite})
		return nil
	}
	by := told.By
	if by.IsZero() {
		by = rule.UpTo
	}
	due, err := c.end(c.response.Within.plus(by), StepExtended, rule.Cite)
	c.out.Due = due
	return err
}

func (c *computation) judge(rule *Extension, told *ExtensionNotice, first privacy.Date) ExtensionResult {
	switch {
	case rule == nil:
		return ExtensionNotProvided
	case privacy.DateOf(told.NoticeAt, c.query.Zone).After(first):
		return ExtensionTooLate
	case told.Reason == "":
		return ExtensionNoReason
	case !rule.Allows(told.Ground):
		return ExtensionNoGround
	case told.By.WorkingDays < 0, told.By.Period.Check() != nil, c.response.Within.plus(told.By).Period.Check() != nil:
		return ExtensionTooLong
	case told.By.IsZero() && rule.UpTo.IsZero(), !told.By.IsZero() && !told.By.sameUnit(c.response.Within):
		return ExtensionTooLong
	case !rule.Uncapped(told.Ground) && c.longer(told.By, rule.UpTo):
		return ExtensionTooLong
	}
	return ExtensionValid
}

// longer compares two extensions of this clock by the days on which they would end.
func (c *computation) longer(a, b Term) bool {
	if a.WorkingDays != 0 || b.WorkingDays != 0 {
		return a.WorkingDays > b.WorkingDays
	}
	first := c.response.Within.Period
	end := func(t Term) privacy.Date { return c.out.Start.Add(Term{Period: first}.plus(t).Period) }
	return end(a).After(end(b))
}
