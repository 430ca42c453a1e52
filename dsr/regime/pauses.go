package regime

import (
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// pauseSet are the pauses of a query by their effect.
type pauseSet struct {
	suspensions []Pause // closed or open, in order of From
	open        bool    // a suspension has no end yet
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
			set.open = set.open || pause.To.IsZero()
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

// within counts the suspended days that lengthen a period from start to end.
// Days that several suspensions share count once; one that began before the
// period counts from its start; one that began after the period, as lengthened
// so far, does not count at all.
func (s pauseSet) within(start, end privacy.Date, counting Counting) int {
	total := 0
	covered := start // the days before it are counted, or not to be
	for _, pause := range s.suspensions {
		if pause.To.IsZero() || pause.From.After(end.AddDays(total)) {
			continue
		}
		from, to := pause.From, pause.To
		if counting == CountInclusive {
			to = to.AddDays(1)
		}
		if from.Before(covered) {
			from = covered
		}
		if to.After(from) {
			total += to.DaysSince(from)
			covered = to
		}
	}
	return total
}
