package retention_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

var ruleCounts = []int{1, 10, 100, 1000}

var benchNow = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// benchRules spreads n rules over categories, two to each: a statutory minimum
// from the end of the year and a maximum from the last activity. One rule alone
// is a maximum. The shape is the same at every size, so that only the number of
// rules differs.
func benchRules(n int) []retention.Rule {
	rules := make([]retention.Rule, n)
	for i := range rules {
		rules[i] = retention.Rule{
			ID: fmt.Sprintf("rule-%d", i), Version: 1, Kind: retention.Maximum,
			Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"last_used"}},
			Period: privacy.Period{Years: 1 + i%3}, Action: retention.Delete,
			Scope: retention.Scope{Categories: []privacy.CategoryID{benchCategory(i)}},
		}
		if n > 1 && i%2 == 0 {
			rules[i].Kind, rules[i].Citation, rules[i].Action = retention.StatutoryMinimum, "law", 0
			rules[i].Anchor = retention.Anchor{Start: retention.StartEndOfCalendarYear, Events: []string{"created"}}
			rules[i].Period = privacy.Period{Years: 2 + i%5}
		}
	}
	return rules
}

func benchCategory(rule int) privacy.CategoryID {
	return privacy.CategoryID(fmt.Sprintf("category-%d", rule/2))
}

// benchRecords is small enough to stay in the caches, varied enough that no
// branch is foreseen.
const benchRecords = 1024

var benchZone = time.FixedZone("UTC+1", 3600)

func recordOf(i, n int) retention.Record {
	return retention.Record{
		Key: fmt.Sprintf("key-%d", i), Tenant: "tenant-1", Subject: privacy.SubjectID(fmt.Sprintf("subject-%d", i)),
		Category: benchCategory(i * 7919 % n), Zone: benchZone,
		Events: []retention.Event{
			{Name: "created", At: benchNow.AddDate(0, 0, -i*13%4000)},
			{Name: "last_used", At: benchNow.AddDate(0, 0, -i*7%1200)},
		},
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range ruleCounts {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			schedule, err := retention.Compile(benchRules(n), nil)
			if err != nil {
				b.Fatal(err)
			}
			records := make([]retention.Record, benchRecords)
			for i := range records {
				records[i] = recordOf(i, n)
			}
			b.ReportAllocs()
			i, due := 0, 0
			for b.Loop() {
				if schedule.Evaluate(&records[i%benchRecords], nil, benchNow).State == retention.Due {
					due++
				}
				i++
			}
			b.ReportMetric(float64(due)/float64(b.N), "due/op")
		})
	}
}

// BenchmarkEvaluateFloor is what a good engineer writes by hand for exactly these
// rules and no others: a map from the category to what is kept and for how long,
// over records with fields of their own. It has no scopes, versions, suspensions,
// holds, tenants or reasons.
func BenchmarkEvaluateFloor(b *testing.B) {
	for _, n := range ruleCounts {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			floor := floorOf(benchRules(n))
			records := make([]floorRecord, benchRecords)
			for i := range records {
				r := recordOf(i, n)
				records[i] = *floorRecordOf(&r)
			}
			b.ReportAllocs()
			i, due := 0, 0
			for b.Loop() {
				if floor.evaluate(&records[i%benchRecords], benchNow).state == floorDue {
					due++
				}
				i++
			}
			b.ReportMetric(float64(due)/float64(b.N), "due/op")
		})
	}
}

type floorRecord struct {
	key, tenant, subject, category string
	zone                           *time.Location
	created, lastUsed              time.Time
}

type floorRule struct {
	keepID, maximumID string
	keep, maximum     privacy.Period
}

type floorVerdict struct {
	state                         int
	rule                          string
	through, eligible, hiddenFrom privacy.Date
}

const (
	floorUnknown = iota
	floorKeep
	floorHidden
	floorDue
)

type floorRules map[string]floorRule

func floorOf(rules []retention.Rule) floorRules {
	floor := floorRules{}
	for _, r := range rules {
		category := string(r.Scope.Categories[0])
		f := floor[category]
		if r.Kind == retention.Maximum {
			f.maximumID, f.maximum = r.ID, r.Period
		} else {
			f.keepID, f.keep = r.ID, r.Period
		}
		floor[category] = f
	}
	return floor
}

func (f floorRules) evaluate(r *floorRecord, now time.Time) floorVerdict {
	rule, ok := f[r.category]
	if !ok {
		return floorVerdict{}
	}
	today := privacy.DateOf(now, r.zone)
	maximum := privacy.DateOf(r.lastUsed, r.zone).Add(rule.maximum)
	v := floorVerdict{state: floorKeep, rule: rule.maximumID, through: maximum}
	last := maximum
	if rule.keepID != "" {
		keep := privacy.DateOf(r.created, r.zone).EndOfYear().Add(rule.keep)
		v.through = keep
		if maximum.Before(keep) {
			last = keep
			v.hiddenFrom = maximum.AddDays(1)
		}
		if last == keep || !keep.Before(today) {
			v.rule = rule.keepID
		}
	}
	v.eligible = last.AddDays(1)
	switch {
	case last.Before(today):
		v.state = floorDue
	case !v.hiddenFrom.IsZero() && !today.Before(v.hiddenFrom):
		v.state = floorHidden
	}
	return v
}

// TestFloorAgrees keeps the floor honest: it does the work of Evaluate.
func TestFloorAgrees(t *testing.T) {
	for _, n := range ruleCounts {
		rules := benchRules(n)
		schedule, err := retention.Compile(rules, nil)
		if err != nil {
			t.Fatal(err)
		}
		floor := floorOf(rules)
		for i := range benchRecords {
			r := recordOf(i, n)
			want := schedule.Evaluate(&r, nil, benchNow)
			got := floor.evaluate(floorRecordOf(&r), benchNow)
			if want.RetainThrough != got.through || want.EligibleFrom != got.eligible ||
				want.HiddenFrom != got.hiddenFrom || (want.State == retention.Due) != (got.state == floorDue) ||
				want.RuleID != got.rule {
				t.Fatalf("rules=%d, record %d: Evaluate %+v, floor %+v", n, i, want, got)
			}
		}
	}
}

func floorRecordOf(r *retention.Record) *floorRecord {
	return &floorRecord{
		key: r.Key, tenant: string(r.Tenant), subject: string(r.Subject), category: string(r.Category),
		zone: r.Zone, created: r.Events[0].At, lastUsed: r.Events[1].At,
	}
}
