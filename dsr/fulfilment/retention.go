package fulfilment

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Verdict is the answer to a request for erasure. The zero value is no answer
// and erases nothing.
type Verdict uint8

// The verdicts.
const (
	// EraseNow: nothing stands against it.
	EraseNow Verdict = iota + 1
	// RestrictUntil: it is kept for one exception of the law alone (GDPR Art.
	// 17(3)), and erased when that lapses.
	RestrictUntil
	// RefuseErasure: no ground for erasure reaches it (GDPR Art. 17(1)).
	RefuseErasure
)

// Question asks what of a subject's data in one system must not be erased.
type Question struct {
	Tenant  privacy.TenantID
	Subject privacy.SubjectID
	Case    dsr.CaseID
	System  privacy.SystemID
	// Categories are named one by one, as in a Call.
	Categories []privacy.CategoryID
	// At is the time for which is asked.
	At time.Time
}

// Decision is the answer for one category, or for one record of it.
type Decision struct {
	Category privacy.CategoryID
	// Record is the key of the record that is concerned, empty for all.
	Record  string
	Verdict Verdict
	// Ground is the provision that the verdict rests on, such as "17(3)(b)".
	// Required unless it is EraseNow: a policy of the controller is no ground.
	Ground string
	// Source names the hold or the rule.
	Source string
	// Until is the last day of a restriction in the controller's zone, zero while
	// it is not known, as under a hold.
	Until privacy.Date
}

// Retention knows holds, statutory minimums and exceptions. It answers each
// category that it is asked about at least once; a category is erased but for
// what a decision restricts or refuses. An error, or a category without an
// answer, erases nothing.
//
// Package retention has the rules, and retention.Schedule.Erase answers record by
// record. An adapter finds the records of the subject in the system and the holds
// in force, answers EraseNow for each category as a whole, so that one without
// records is free, and adds a Decision for each item of the answer, with its key
// as the Record.
type Retention interface {
	// Decide answers for the data of one subject in one system, now.
	Decide(ctx context.Context, q Question) ([]Decision, error)
}

// NoRetention is the Retention of a host that keeps nothing under any duty or
// hold: everything is erased.
type NoRetention struct{}

// Decide answers EraseNow.
func (NoRetention) Decide(_ context.Context, q Question) ([]Decision, error) {
	decisions := make([]Decision, 0, len(q.Categories))
	for _, category := range q.Categories {
		decisions = append(decisions, Decision{Category: category, Verdict: EraseNow})
	}
	return decisions, nil
}

// ErrUndecided reports that a Retention gave no usable answer, so that nothing is
// erased. It matches privacy.ErrInvalid.
var ErrUndecided = fmt.Errorf("it is not decided whether the data may be erased: %w", privacy.ErrInvalid)

// protections asks a Retention and returns what must not be erased.
func protections(ctx context.Context, retention Retention, q Question) ([]dsr.Protection, error) {
	decisions, err := retention.Decide(ctx, q)
	if err != nil {
		return nil, err
	}
	var kept []dsr.Protection
	answered := map[privacy.CategoryID]bool{}
	for _, d := range decisions {
		switch {
		case !slices.Contains(q.Categories, d.Category), d.Verdict == 0, d.Verdict > RefuseErasure:
			return nil, ErrUndecided
		case d.Verdict != EraseNow && d.Ground == "":
			return nil, dsr.ErrNoGround
		}
		answered[d.Category] = true
		if d.Verdict == EraseNow {
			continue
		}
		protection := dsr.Protection{
			System: q.System, Category: d.Category, Record: d.Record, Ground: d.Ground, Source: d.Source,
			Until: d.Until, Derived: true, Refused: d.Verdict == RefuseErasure,
		}
		if !slices.Contains(kept, protection) {
			kept = append(kept, protection)
		}
	}
	if len(answered) < len(q.Categories) {
		return nil, ErrUndecided
	}
	return kept, nil
}
