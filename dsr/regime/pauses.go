package regime

import (
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// pauseSet are the pauses of a query by their effect.
type pauseSet struct {
	suspensions []Pause // closed or open, in order of From
	restart     privacy.Date
	restartCite string
	unstarted   bool // a restart has no end yet
}

func (c *computation) sortPauses() pauseSet {
	var set pauseSet
	for _, pause := range c.query.Pauses {
		rule := c.regime.Blocker(pause.Blocker, c.query.Request)
		effect := pause.Effect
		if effect == "" && rule.If == "" {
			effect = rule.Effect
		}
		switch effect {
		case EffectSuspend:
			set.suspensions = append(set.suspensions, pause)
		case EffectRestart:
			set.unstarted = set.unstarted || pause.To.IsZero()
			if pause.To.After(set.restart) {
				set.restart = pause.To
			}
			set.restartCite = rule.Cite
		default: // the clock runs on
		}
	}
	slices.SortFunc(set.suspensions, func(a, b Pause) int { return a.From.Compare(b.From) })
	return set
}

// suspend adds the days of suspensions to the end of a term and reports whether
// one of them has no end yet. Days that several share count once; one that began
// before the period counts from its start; one that began after the period, as
// lengthened so far and moved off a day off, came too late.
func (c *computation) suspend(term Term, end privacy.Date) (lengthened privacy.Date, open bool, err error) {
	total := 0
	covered := c.out.Start // the days before it are counted, or not to be
	for _, pause := range c.pauses.suspensions {
		last, err := c.roll(term, end)
		if err != nil {
			return privacy.Date{}, false, err
		}
		if pause.From.After(last) {
			break
		}
		if pause.To.IsZero() {
			open = true
			continue
		}
		if pause.From.After(end) { // the period was running still
			end = last
		}
		from, to := pause.From, pause.To
		if c.counting() == CountInclusive {
			to = to.AddDays(1)
		}
		if from.Before(covered) {
			from = covered
		}
		if days := to.DaysSince(from); days > 0 {
			total, end, covered = total+days, end.AddDays(days), to
		}
	}
	if total > 0 {
		c.step(Step{Rule: StepSuspended, Date: end, Days: total, Words: string(c.counting()), Cite: c.regime.Counting.Cite})
	}
	return end, open, nil
}
