package retention

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Undecided is what systems hold that nobody has decided on: records that no rule
// covers, that no rule can date, or that no rule disposes of in the end. They stay
// for ever until somebody adds a rule or mends a date, while GDPR Art. 5(1)(e) and
// 30(1)(f) want a period for each.
type Undecided struct {
	// At is when the schedule was asked.
	At time.Time `json:"at"`
	// Seen is how many records the systems hold, without those that are disposed of.
	Seen int `json:"seen"`
	// Groups are the records that are Undecidable, in the order of the systems'
	// identifiers, the categories, the findings and the rules. None is what a host
	// aims for.
	Groups []UndecidedGroup `json:"groups"`
}

// UndecidedGroup is records that are Undecidable for the same reason.
type UndecidedGroup struct {
	UndecidedReason
	// Count is how many records these are.
	Count int `json:"count"`
	// Samples are the keys of up to SweepOptions.Samples of them, for the eyes of
	// whoever looks into it.
	Samples []string `json:"-"`
}

// UndecidedReason is what the records of a group share.
type UndecidedReason struct {
	System   privacy.SystemID   `json:"system"`
	Category privacy.CategoryID `json:"category"`
	Finding  Finding            `json:"finding"`
	// RuleID names the rule that cannot date the records, or that kept them last. It
	// is empty if no rule covers them.
	RuleID string `json:"rule,omitempty"`
}

// Undecided reads every record of every system and tells which of them the schedule
// cannot decide on. It changes nothing. A sweep does not find them all: it reads what
// may be due, and what has no date never may. Undecided costs what is stored, so that
// it is for now and then, such as before a review of the record of processing, and
// after a change of rules or columns.
//
// The error is that of the source that failed, or of ctx.
func (s *Sweeper) Undecided(ctx context.Context) (*Undecided, error) {
	found := &Undecided{At: s.now(), Groups: []UndecidedGroup{}}
	groups := map[UndecidedReason]*UndecidedGroup{}
	for i := range s.systems {
		err := s.each(ctx, &s.systems[i], Query{Schedule: s.schedule, At: found.At, All: true}, func(records []Record) error {
			for j := range records {
				if !records[j].Disposed {
					found.Seen++
					s.addUndecided(groups, &records[j], found.At)
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	for _, group := range groups {
		found.Groups = append(found.Groups, *group)
	}
	slices.SortFunc(found.Groups, func(a, b UndecidedGroup) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Category, b.Category),
			cmp.Compare(a.Finding, b.Finding), cmp.Compare(a.RuleID, b.RuleID))
	})
	return found, nil
}

func (s *Sweeper) addUndecided(groups map[UndecidedReason]*UndecidedGroup, r *Record, at time.Time) {
	verdict := s.schedule.Evaluate(r, nil, at)
	if verdict.State != Undecidable {
		return
	}
	reason := UndecidedReason{r.System, r.Category, verdict.Finding, verdict.RuleID}
	group := groups[reason]
	if group == nil {
		group = &UndecidedGroup{UndecidedReason: reason}
		groups[reason] = group
	}
	group.Count++
	if len(group.Samples) < s.samples {
		group.Samples = append(group.Samples, r.Key)
	}
}
