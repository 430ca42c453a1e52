package retention

import (
	"slices"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Verdict is the answer for one record on one day. Days are civil days in the
// record's zone. The zero Verdict is Undecidable.
type Verdict struct {
	// State is the answer. Only Due allows disposal.
	State State `json:"state"`
	// Finding says why the record is Undecidable.
	Finding Finding `json:"finding,omitempty"`
	// Action is what is to happen to the record, zero if no rule says.
	Action Action `json:"action,omitempty"`
	// NoticeHours is how many hours before disposal the subject is to be told.
	NoticeHours int `json:"notice_hours,omitempty"`
	// RetainThrough is the last day on which a rule keeps the record or, if none
	// keeps it, the last day before its maximum passes.
	RetainThrough privacy.Date `json:"retain_through,omitzero"`
	// EligibleFrom is the first day on which the rules allow disposal, holds and
	// suspensions apart; zero if no rule disposes.
	EligibleFrom privacy.Date `json:"eligible_from,omitzero"`
	// HiddenFrom is the first day of the time between a maximum and
	// RetainThrough; zero if there is none.
	HiddenFrom privacy.Date `json:"hidden_from,omitzero"`
	// OverdueSince is the first day on which a record that is Due was so: the day
	// after the end of its periods, its suspensions and its holds.
	OverdueSince privacy.Date `json:"overdue_since,omitzero"`
	// RuleID and RuleVersion name the rule that decided: the one that keeps the
	// record longest or, once it may go, the one that disposes of it. They are
	// empty where no rule decided, as at the end of a contract.
	RuleID      string `json:"rule,omitempty"`
	RuleVersion int    `json:"rule_version,omitempty"`
	// HoldID names the hold that has been in force longest, "" if there is none.
	HoldID string `json:"hold,omitempty"`
}

// Eligible reports whether the record may be disposed of: State is Due.
func (v Verdict) Eligible() bool { return v.State == Due }

// Reason returns the code of what keeps the record from being due: a Finding,
// "hold:" and the hold, "suspended", the code of the State, or "" if it is Due.
func (v Verdict) Reason() string {
	switch {
	case v.State == Undecidable:
		return v.Finding.String()
	case v.HoldID != "":
		return "hold:" + v.HoldID
	case v.State == Due:
		return ""
	default:
		return v.State.String()
	}
}

// Evaluate tells what is to happen to a record at an instant: it applies the
// rules in force on that day of the record's zone, in the order hold, statutory
// minimum, policy keep, maximum, and among rules of one force the principles that
// doc.go lists. It is pure and does not allocate. A nil holds means that there are
// none. Erasure requests are answered by Erase.
func (s *Schedule) Evaluate(r *Record, holds *Holds, at time.Time) (verdict Verdict) {
	zone, today := s.day(r, at)
	if today.IsZero() {
		verdict.Finding = FindingNoZone
		return verdict
	}
	var t tally
	lines, end := s.find(r)
	for _, l := range lines {
		if !l.plain && !l.covers(r) {
			continue
		}
		if c := l.governing(r, zone, today); c != nil {
			t.add(c, c.reckon(r, zone))
		}
	}
	if end != nil && r.Role == privacy.RoleProcessor {
		t.endContract(end.last(), today)
	}
	t.decide(today, &verdict)
	if verdict.Finding == FindingAnchorMissing {
		verdict.Finding = r.undated()
	}
	if holds != nil {
		verdict.hold(holds, r, zone, today)
	}
	return verdict
}

func (s *Schedule) day(r *Record, at time.Time) (*time.Location, privacy.Date) {
	zone := r.Zone
	if zone == nil {
		zone = s.zone
	}
	return zone, privacy.DateOf(at, zone)
}

func (v *Verdict) hold(holds *Holds, r *Record, zone *time.Location, today privacy.Date) {
	active, released := holds.check(r, zone, today)
	if active != nil {
		v.HoldID = active.ID
		if v.State == Due {
			v.State = Blocked
			v.OverdueSince = privacy.Date{}
		}
	}
	if v.State == Due && !released.Before(v.OverdueSince) {
		v.OverdueSince = released.AddDays(1)
	}
}

// covers checks the parts of the scope that the index has not.
func (l *line) covers(r *Record) bool {
	scope := &l.scope
	switch {
	case scope.Role != 0 && scope.Role != r.Role:
		return false
	case len(scope.Purposes) > 0 && !overlap(r.Purposes, scope.Purposes):
		return false
	case len(scope.Labels) > 0 && !overlap(r.Labels, scope.Labels):
		return false
	}
	return len(scope.Jurisdictions) == 0 || slices.ContainsFunc(scope.Jurisdictions, r.under)
}

// under reports whether the record is under a jurisdiction or a subdivision of it.
func (r *Record) under(outer privacy.Jurisdiction) bool {
	j := r.Jurisdiction
	return len(j) >= len(outer) && strings.EqualFold(string(j[:len(outer)]), string(outer)) &&
		(len(j) == len(outer) || j[len(outer)] == '-')
}
