package retention

import (
	"fmt"
	"strings"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Explanation is a verdict with everything that led to it. Its JSON form is
// stable. It holds no personal data beyond the record's key and dates, which it
// does not repeat.
type Explanation struct {
	// On is the day the question was asked for, in Zone.
	On   privacy.Date `json:"on"`
	Zone string       `json:"zone"`
	Verdict
	// Reason is that of Verdict.Reason.
	Reason string `json:"reason,omitempty"`
	// Principle is the principle of retention that decided between rules in
	// conflict, 1 to 4, or 0 if there was no conflict: 1 retention wins over
	// disposal, 2 the longest retention wins, 3 explicit wins over implicit
	// disposal, 4 the shortest disposal wins.
	Principle int `json:"principle"`
	// NoticeBy is the latest instant to tell the subject of the disposal, zero if
	// no notice is due.
	NoticeBy time.Time `json:"notice_by,omitzero"`
	// Rules are all rules over the record, also those that lost.
	Rules []RuleOutcome `json:"rules"`
	// Holds are the holds in force.
	Holds []HoldOutcome `json:"holds,omitempty"`
}

// RuleOutcome is what became of one rule.
type RuleOutcome struct {
	ID       string         `json:"id"`
	Version  int            `json:"version"`
	Kind     Kind           `json:"kind"`
	Period   privacy.Period `json:"period"`
	Action   Action         `json:"action,omitempty"`
	Explicit bool           `json:"explicit,omitempty"`
	Citation string         `json:"citation,omitempty"`
	// Anchor is the day the period counts from, Through its last day. Both are
	// zero if the record lacks the event or the rule does not apply.
	Anchor  privacy.Date `json:"anchor,omitzero"`
	Through privacy.Date `json:"through,omitzero"`
	Outcome Outcome      `json:"outcome"`
}

// HoldOutcome is a hold in force over a record.
type HoldOutcome struct {
	ID   string       `json:"id"`
	From privacy.Date `json:"from"`
	// Article is the exception of Art. 17(3) the hold rests on, "" if it names none.
	Article string `json:"article,omitempty"`
}

// Outcome says why a rule won or lost.
type Outcome string

// The outcomes of a rule.
const (
	// Decides is the outcome of the rule that the verdict names.
	Decides Outcome = "decides"
	// Agrees is that of a rule that says the same as the one that decides.
	Agrees Outcome = "agrees"
	// LosesToRetention is that of a disposal that has to wait (principle 1).
	LosesToRetention Outcome = "loses_to_retention"
	// LosesToLonger is that of a retention shorter than another (principle 2).
	LosesToLonger Outcome = "loses_to_longer_retention"
	// LosesToExplicit is that of an implicit disposal (principle 3).
	LosesToExplicit Outcome = "loses_to_explicit_disposal"
	// LosesToShorter is that of a later disposal (principle 4).
	LosesToShorter Outcome = "loses_to_shorter_disposal"
	// HasEnded is that of a retention whose period is over.
	HasEnded Outcome = "has_ended"
	// Waits is that of the disposal that follows when retention has ended.
	Waits Outcome = "disposes_next"
	// EndedByContract is that of a policy after the end of the tenant's contract.
	EndedByContract Outcome = "ended_by_contract"
	// AnchorMissing is that of a rule whose event the record lacks, or has in a form
	// that cannot be read.
	AnchorMissing Outcome = "anchor_missing"
	// NotInForce is that of a rule with no version for this record on this day.
	NotInForce Outcome = "not_in_force"
	// OutOfScope is that of a rule for the record's category that another part of
	// its scope excludes.
	OutOfScope Outcome = "out_of_scope"
)

// Explain evaluates as Evaluate does and gives the reasons.
func (s *Schedule) Explain(r *Record, holds *Holds, at time.Time) Explanation {
	zone, today := s.day(r, at)
	e := Explanation{On: today, Verdict: s.Evaluate(r, holds, at)}
	e.Reason = e.Verdict.Reason()
	if today.IsZero() {
		return e
	}
	e.Zone = zone.String()
	if e.NoticeHours > 0 && !e.EligibleFrom.IsZero() {
		e.NoticeBy = e.EligibleFrom.Start(zone).Add(-time.Duration(e.NoticeHours) * time.Hour)
	}
	holds.each(r, zone, func(h *Hold) {
		if h.inForce(today) {
			e.Holds = append(e.Holds, HoldOutcome{ID: h.ID, From: h.From, Article: h.Ground.Article()})
		}
	})
	c := contest{schedule: s, record: r, zone: zone, today: today}
	c.collect()
	e.Rules = c.outcomes(&e.Verdict)
	e.Principle = c.principle()
	if e.Principle == 0 && len(e.Holds) > 0 && c.disposes() {
		e.Principle = 1
	}
	return e
}

// Text renders the explanation for people, one fact per line, in English.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s", e.State, e.On)
	if e.Reason != "" && e.Reason != e.State.String() {
		fmt.Fprintf(&b, " (%s)", e.Reason)
	}
	b.WriteByte('\n')
	line := func(label string, date privacy.Date) {
		if !date.IsZero() {
			fmt.Fprintf(&b, "  %s %s\n", label, date)
		}
	}
	line("retain through", e.RetainThrough)
	line("hidden from", e.HiddenFrom)
	if e.Action != 0 && !e.EligibleFrom.IsZero() {
		fmt.Fprintf(&b, "  %s from %s\n", e.Action, e.EligibleFrom)
	}
	line("due since", e.OverdueSince)
	if !e.NoticeBy.IsZero() {
		fmt.Fprintf(&b, "  tell the subject by %s\n", e.NoticeBy.Format(time.RFC3339))
	}
	for i := range e.Rules {
		e.Rules[i].text(&b)
	}
	for _, h := range e.Holds {
		fmt.Fprintf(&b, "  hold %s since %s", h.ID, h.From)
		if h.Article != "" {
			fmt.Fprintf(&b, " (%s)", h.Article)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (o *RuleOutcome) text(b *strings.Builder) {
	fmt.Fprintf(b, "  rule %s v%d: %s %s", o.ID, o.Version, o.Kind, o.Period)
	if !o.Anchor.IsZero() {
		fmt.Fprintf(b, " from %s through %s", o.Anchor, o.Through)
	}
	fmt.Fprintf(b, ": %s", strings.ReplaceAll(string(o.Outcome), "_", " "))
	if o.Citation != "" {
		fmt.Fprintf(b, " [%s]", o.Citation)
	}
	b.WriteByte('\n')
}
