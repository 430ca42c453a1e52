package retention

import "github.com/labelop/privacykit/privacy"

// tally folds the rules over one record into a verdict.
type tally struct {
	// missing are the first rule, and the first statutory minimum, whose anchor
	// the record lacks.
	missing, missingStatutory *clause
	// keep is the rule that keeps the record longest (principle 2).
	keep        *clause
	keepThrough privacy.Date
	// statutory is the longest statutory minimum.
	statutory        *clause
	statutoryThrough privacy.Date
	// dispose is the rule whose disposal decides: explicit before implicit
	// (principle 3), then the shortest (principle 4).
	dispose        *clause
	disposeThrough privacy.Date
	// maximum is the last day before the maximum that decides among maximums, by
	// the same principles.
	maximum         privacy.Date
	maximumExplicit bool
	// suspended is the last day of the longest suspension of any rule.
	suspended privacy.Date
	// suspendedStatutory is that of any statutory minimum.
	suspendedStatutory privacy.Date
}

func (t *tally) add(v *clause, k reckoning) {
	if k.anchor.IsZero() {
		if t.missing == nil {
			t.missing = v
		}
		if t.missingStatutory == nil && v.kind == StatutoryMinimum {
			t.missingStatutory = v
		}
		return
	}
	if t.suspended.Before(k.suspended) {
		t.suspended = k.suspended
	}
	if v.kind != Maximum {
		if t.keep == nil || longer(v, k.through, t.keep, t.keepThrough) {
			t.keep, t.keepThrough = v, k.through
		}
		if v.kind == StatutoryMinimum {
			t.addStatutory(v, k)
		}
	} else {
		t.addMaximum(v.explicit, k.through)
	}
	if v.action != 0 && (t.dispose == nil || t.disposesBefore(v, k.through)) {
		t.dispose, t.disposeThrough = v, k.through
	}
}

func (t *tally) addStatutory(v *clause, k reckoning) {
	if t.statutoryThrough.Before(k.through) {
		t.statutory, t.statutoryThrough = v, k.through
	}
	if t.suspendedStatutory.Before(k.suspended) {
		t.suspendedStatutory = k.suspended
	}
}

func (t *tally) addMaximum(explicit bool, through privacy.Date) {
	shorter := explicit == t.maximumExplicit && through.Before(t.maximum)
	if t.maximum.IsZero() || (explicit && !t.maximumExplicit) || shorter {
		t.maximum, t.maximumExplicit = through, explicit
	}
}

// longer orders keeping rules: the longer one, then the stronger kind.
func longer(v *clause, through privacy.Date, than *clause, thanThrough privacy.Date) bool {
	if through != thanThrough {
		return thanThrough.Before(through)
	}
	return v.kind < than.kind
}

// disposesBefore orders disposals: explicit ones, then the shorter, then a maximum
// before the end of a keeping rule, then the stricter action.
func (t *tally) disposesBefore(v *clause, through privacy.Date) bool {
	switch {
	case v.explicit != t.dispose.explicit:
		return v.explicit
	case through != t.disposeThrough:
		return through.Before(t.disposeThrough)
	case v.kind != t.dispose.kind:
		return v.kind > t.dispose.kind
	default:
		return v.action < t.dispose.action
	}
}

// contractEnd stands for the choice of a tenant whose contract has ended.
var contractEnd = clause{rule: &Rule{}, kind: Maximum, action: Delete}

// endContract replaces every policy by the last day of the tenant's contract. The
// law's own minimums go on.
func (t *tally) endContract(last, today privacy.Date) {
	if last.IsZero() || !last.Before(today) {
		return
	}
	t.keep, t.keepThrough = t.statutory, t.statutoryThrough
	t.suspended, t.missing = t.suspendedStatutory, t.missingStatutory
	t.dispose, t.disposeThrough, t.maximum = &contractEnd, last, last
}

func (t *tally) decide(today privacy.Date, v *Verdict) {
	switch {
	case t.missing != nil:
		v.Finding = FindingAnchorMissing
		v.decideBy(t.missing)
		return
	case t.keep == nil && t.dispose == nil:
		v.Finding = FindingNoRule
		return
	case t.dispose == nil:
		t.keepOnly(today, v)
		return
	}
	v.State, v.Action, v.NoticeHours = Keep, t.dispose.action, t.dispose.notice
	v.RetainThrough = t.disposeThrough
	last := t.disposeThrough
	if t.keep != nil {
		v.RetainThrough = t.keepThrough
		if last.Before(t.keepThrough) {
			last = t.keepThrough
		}
		if !t.maximum.IsZero() && t.maximum.Before(t.keepThrough) {
			v.HiddenFrom = t.maximum.AddDays(1)
		}
	}
	v.EligibleFrom = last.AddDays(1)
	v.decideBy(t.decider(today))
	switch {
	case last.Before(today) && !t.suspended.Before(today):
		v.State = Suspended
	case last.Before(today):
		v.State = Due
		v.OverdueSince = v.EligibleFrom
		if !t.suspended.Before(v.OverdueSince) {
			v.OverdueSince = t.suspended.AddDays(1)
		}
	case !v.HiddenFrom.IsZero() && !today.Before(v.HiddenFrom):
		v.State = Hidden
	}
}

// keepOnly answers where no rule disposes of the record.
func (t *tally) keepOnly(today privacy.Date, v *Verdict) {
	v.State, v.RetainThrough = Keep, t.keepThrough
	v.decideBy(t.keep)
	if t.keepThrough.Before(today) {
		v.State, v.Finding = Undecidable, FindingNoDisposal
		if !t.suspended.Before(today) {
			v.State, v.Finding = Suspended, 0
		}
	}
}

// decider returns the rule that decides on a day: while one keeps, the longest.
func (t *tally) decider(today privacy.Date) *clause {
	if t.keep != nil && (!t.keepThrough.Before(today) || t.disposeThrough.Before(t.keepThrough)) {
		return t.keep
	}
	return t.dispose
}

func (v *Verdict) decideBy(rule *clause) {
	v.RuleID, v.RuleVersion = rule.id, rule.version
}
