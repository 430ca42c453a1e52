package retention

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Cutoff inverts one version of a rule on one day in one zone: its period has
// elapsed if and only if the anchor lies in AnchorFrom through Anchor, which is so
// if and only if the event lies in EventFrom through Event. Suspensions and holds
// are not part of it: they only make fewer records due. Where the versions of a rule
// count from different anchors, a later one may have taken over a record in the
// range; none that has elapsed lies outside of the ranges of all.
type Cutoff struct {
	RuleID  string
	Version int
	Zone    *time.Location
	// Anchor is the last anchor, and Event the last day of the event the anchor
	// comes from, whose period has elapsed. Zero if there is none.
	Anchor privacy.Date
	Event  privacy.Date
	// AnchorFrom and EventFrom are the first days the version governs, zero if it
	// governs all earlier ones too.
	AnchorFrom privacy.Date
	EventFrom  privacy.Date
}

// Cutoffs returns the cutoffs of every version of every rule that is in force at
// an instant, for each of the zones, in the order of the rules. Nil zones are left
// out.
func (s *Schedule) Cutoffs(at time.Time, zones ...*time.Location) []Cutoff {
	var cutoffs []Cutoff
	for _, zone := range zones {
		today := privacy.DateOf(at, zone)
		if today.IsZero() {
			continue
		}
		for _, l := range s.lines {
			cutoffs = append(cutoffs, l.cutoffs(today, zone)...)
		}
	}
	return cutoffs
}

func (l *line) cutoffs(today privacy.Date, zone *time.Location) []Cutoff {
	var cutoffs []Cutoff
	for i := range l.versions {
		v := &l.versions[i]
		if today.Before(v.EffectiveFrom) {
			break
		}
		c := Cutoff{RuleID: v.ID, Version: v.Version, Zone: zone}
		ended, last := today.AddDays(-1), lastDate
		// A later version takes over what was running when it came into force or
		// what begins then, and leaves this one the rest.
		for j := i + 1; j < len(l.versions); j++ {
			later := &l.versions[j]
			before := later.EffectiveFrom.AddDays(-1)
			switch {
			case today.Before(later.EffectiveFrom):
			case later.ReachesRunning:
				ended = earlier(ended, before)
			case later.Anchor.same(&v.Anchor):
				last = earlier(last, before)
			}
		}
		c.Anchor = earlier(v.Period.Cutoff(ended), last)
		c.Event = v.Anchor.lastEvent(c.Anchor)
		if !v.ReachesRunning && !v.EffectiveFrom.IsZero() {
			c.AnchorFrom = v.EffectiveFrom
			c.EventFrom = v.Anchor.lastEvent(c.AnchorFrom.AddDays(-1)).AddDays(1)
		}
		cutoffs = append(cutoffs, c)
	}
	return cutoffs
}

// lastEvent returns the last day of an event whose anchor is not after the given
// day, zero if there is none. It searches, because Date is monotone.
func (a *Anchor) lastEvent(anchor privacy.Date) privacy.Date {
	if anchor.IsZero() {
		return anchor
	}
	// An anchor lies at most two years after its event: one to the end of the
	// fiscal year, one to the day that follows.
	low, high := anchor.AddDays(-3*366), anchor
	if anchor.Before(a.date(low)) {
		return privacy.Date{}
	}
	for low.Before(high) {
		middle := low.AddDays((high.DaysSince(low) + 1) / 2)
		if anchor.Before(a.date(middle)) {
			high = middle.AddDays(-1)
		} else {
			low = middle
		}
	}
	return low
}

func earlier(a, b privacy.Date) privacy.Date {
	if b.Before(a) {
		return b
	}
	return a
}
