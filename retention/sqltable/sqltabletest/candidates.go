package sqltabletest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

// everything declares all that a table can have.
func (s *suite) everything(t testing.TB, name string) sqltable.Table {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return sqltable.Table{
		System: "rows", Dialect: s.dialect, Name: name, Key: "id", KeyWithinTenant: true, TenantColumn: "workspace",
		SubjectColumn: "person", Categories: []privacy.CategoryID{"a", "a.b", "c"}, CategoryColumn: "category",
		Events: map[string]retention.Column{
			"made": {Name: "made_on", Type: retention.ColumnDate}, "used": {Name: "used_at", Type: s.stampType()},
			"seen": {Name: "seen_at", Type: s.seenType()}, "sent": {Name: "sent_ms", Type: retention.ColumnUnixMillis},
		},
		ZoneColumn: "zone", Zones: []*time.Location{time.UTC, berlin}, JurisdictionColumn: "law", LabelsColumn: "labels",
		Suspensions: map[string]string{"open_case": "open_case"}, BytesColumn: "size",
		Role: privacy.RoleProcessor, HiddenColumn: "hidden", DisposedColumn: "gone",
	}
}

func (s *suite) system(t testing.TB, table sqltable.Table) retention.System {
	t.Helper()
	system, err := sqltable.New(s.db, table)
	if err != nil {
		t.Fatal(err)
	}
	return system
}

func compile(t testing.TB, opts *retention.Options, rules ...retention.Rule) *retention.Schedule {
	t.Helper()
	schedule, err := retention.Compile(rules, opts)
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

// maximum is a rule that deletes.
func maximum(id, period string, events ...string) retention.Rule {
	return retention.Rule{
		ID: id, Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod(period), Citation: "policy",
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: events},
	}
}

// all reads every page of a query.
func all(t testing.TB, system retention.System, query retention.Query) []retention.Record {
	t.Helper()
	var records []retention.Record
	seen := map[string]bool{}
	for {
		page, err := system.Source.Candidates(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) > query.Limit {
			t.Fatalf("a page of %d records, want at most %d", len(page.Records), query.Limit)
		}
		for _, r := range page.Records {
			id := string(r.Tenant) + "/" + r.Key
			if seen[id] {
				t.Fatalf("%s is in two places", id)
			}
			seen[id] = true
			records = append(records, r)
		}
		if page.Next == "" {
			return records
		}
		query.After = page.Next
	}
}

func (s *suite) everyDueRow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // rows to be found again
	s.table(t, "sqltabletest_due")
	table := s.everything(t, "sqltabletest_due")
	for i := range 400 {
		s.insert(t, table.Name, s.randomRow(random, i))
	}
	system := s.system(t, table)
	stored := all(t, system, retention.Query{All: true, Limit: 1000})
	if len(stored) != 400 {
		t.Fatalf("%d rows are stored, want 400", len(stored))
	}
	states := map[string]string{}
	for _, r := range stored {
		states[string(r.Tenant)+"/"+r.Key] = s.value(t, fmt.Sprintf(`SELECT CASE WHEN gone IS TRUE THEN 'gone' WHEN hidden IS TRUE THEN 'hidden' ELSE '' END FROM %s WHERE workspace = '%s' AND id = '%s'`, table.Name, r.Tenant, r.Key))
	}
	due, found := 0, 0
	for range 40 {
		schedule := s.randomSchedule(t, random)
		candidates := map[string]bool{}
		for _, r := range all(t, system, retention.Query{Schedule: schedule, At: at, Limit: 1 + random.IntN(40)}) {
			candidates[string(r.Tenant)+"/"+r.Key] = true
			found++
		}
		for i := range stored {
			r := &stored[i]
			id := string(r.Tenant) + "/" + r.Key
			verdict := schedule.Evaluate(r, nil, at)
			state := states[id]
			wanted := verdict.Eligible() && state != "gone" || verdict.State == retention.Hidden && state == ""
			if wanted && !candidates[id] {
				t.Errorf("%s (%s) is %s and not a candidate", id, state, verdict.State)
			}
			if state == "gone" && candidates[id] {
				t.Errorf("%s is gone and a candidate", id)
			}
			if wanted {
				due++
			}
		}
	}
	t.Logf("%d due or to be hidden, %d candidates", due, found)
	if due < 100 || found > 3*due {
		t.Errorf("%d candidates for %d rows that are due", found, due)
	}
}

func (s *suite) randomRow(random *rand.Rand, i int) cells {
	row := cells{
		"id": fmt.Sprintf("row-%d", i/2), "workspace": fmt.Sprintf("t%d", 1+i%2+2*random.IntN(2)),
		"category": []string{"a", "a.b", "c"}[random.IntN(3)], "zone": []string{"UTC", "Europe/Berlin"}[random.IntN(2)],
		"hidden": random.IntN(4) == 0, "size": int64(random.IntN(100)),
	}
	if s.dialect == retention.SQLite {
		row["hidden"] = random.IntN(4) / 3
	}
	// Many rows are of the same time, so that pages end between them.
	day := func() time.Time { return at.AddDate(0, -random.IntN(96), -random.IntN(2)) }
	if random.IntN(6) > 0 {
		row["made_on"] = day().Format(time.DateOnly)
	}
	if random.IntN(3) > 0 {
		row["used_at"] = s.stamp(day())
	}
	if random.IntN(3) > 0 {
		row["sent_ms"] = day().UnixMilli()
	}
	if random.IntN(3) > 0 {
		row["seen_at"] = s.seen(day(), random.IntN(len(textForms)))
	}
	if random.IntN(5) == 0 {
		row["labels"] = "x, y"
	}
	if random.IntN(8) == 0 {
		row["gone"] = row["hidden"]
	}
	return row
}

func (s *suite) randomSchedule(t testing.TB, random *rand.Rand) *retention.Schedule {
	periods, events := []string{"P1Y", "P2Y", "P5Y", "P18M", "P400D"}, []string{"made", "used", "sent", "seen"}
	var rules []retention.Rule
	for i := range 1 + random.IntN(4) {
		r := maximum(fmt.Sprintf("r%d", i), periods[random.IntN(len(periods))], events[random.IntN(len(events))])
		switch random.IntN(6) {
		case 0:
			r.Kind, r.Action = retention.StatutoryMinimum, 0
		case 5:
			r.Kind, r.Action = retention.StatutoryMinimum, 0
			rules = append(rules, r)
			r.Version, r.EffectiveFrom, r.ReachesRunning = 2, privacy.MustDate("2024-06-01"), random.IntN(2) == 0
			r.Period = privacy.MustPeriod(periods[random.IntN(len(periods))])
		case 1:
			r.Anchor.Events = events[:2]
		case 2:
			r.Scope.Categories = []privacy.CategoryID{"a"}
		case 3:
			r.Scope.Tenant = "t1"
		}
		rules = append(rules, r)
	}
	opts := &retention.Options{Zone: time.UTC}
	if random.IntN(3) == 0 {
		opts.ContractEnds = []retention.ContractEnd{{Tenant: "t2", On: privacy.MustDate("2026-03-01"), Choice: retention.EndByDeletion}}
	}
	return compile(t, opts, rules...)
}

func (s *suite) withoutTenant(t *testing.T) {
	s.table(t, "sqltabletest_nobody")
	table := s.everything(t, "sqltabletest_nobody")
	table.TenantColumn, table.SubjectColumn, table.KeyWithinTenant = "person", "", false
	for id, tenant := range map[string]any{"1": nil, "2": nil, "3": "t1"} {
		s.insert(t, table.Name, cells{"id": id, "workspace": "any", "person": tenant, "category": "a", "zone": "UTC", "made_on": "2020-01-01"})
	}
	own := maximum("own", "P10Y", "made")
	own.Scope.Tenant = "t2"
	system := s.system(t, table)
	query := retention.Query{Schedule: compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made"), own), At: at, Limit: 1}
	records := all(t, system, query)
	if len(records) != 3 {
		t.Fatalf("%d candidates, want 3", len(records))
	}
	for i := range records {
		disposes(t, system, &records[i], retention.Delete)
	}
}

func (s *suite) allRows(t *testing.T) {
	s.table(t, "sqltabletest_all")
	for i := range 57 {
		s.insert(t, "sqltabletest_all", cells{"id": fmt.Sprint(i), "workspace": "t1", "category": "other"})
	}
	system := s.system(t, s.everything(t, "sqltabletest_all"))
	for _, limit := range []int{1, 19, 57, 100} {
		if got := len(all(t, system, retention.Query{All: true, Limit: limit})); got != 57 {
			t.Errorf("pages of %d hold %d rows, want 57", limit, got)
		}
	}
	if _, err := system.Source.Candidates(t.Context(), retention.Query{All: true, After: "nonsense", Limit: 1}); err == nil {
		t.Error("a cursor that is none was accepted")
	}
}

func (s *suite) declaredPurposes(t *testing.T) {
	system, records := s.filled(t, "sqltabletest_purposes", func(table *sqltable.Table) {
		table.Purposes = []privacy.PurposeID{"security", "billing"}
	})
	for _, r := range records {
		if !slices.Equal(r.Purposes, []privacy.PurposeID{"security", "billing"}) || r.Role != privacy.RoleProcessor {
			t.Errorf("row %s is held for %v as %s", r.Key, r.Purposes, r.Role)
		}
	}
	for purpose, want := range map[privacy.PurposeID]int{"billing": 2, "improvement": 0} {
		rule := maximum("m", "P1Y", "made")
		rule.Scope.Purposes = []privacy.PurposeID{purpose}
		query := retention.Query{Schedule: compile(t, &retention.Options{Zone: time.UTC}, rule), At: at, Limit: 10}
		if n := len(all(t, system, query)); n != want {
			t.Errorf("%d candidates by a rule about %s, want %d", n, purpose, want)
		}
	}
}

func (s *suite) distrustsRows(t *testing.T) {
	s.table(t, "sqltabletest_odd")
	table := s.everything(t, "sqltabletest_odd")
	s.insert(t, table.Name, cells{"id": "1", "workspace": "t1", "category": "a", "zone": "Mars/Olympus", "made_on": "2001-01-01"})
	wanted := 1
	if s.dialect == retention.SQLite {
		for id, day := range map[string]string{"2": "2001-13-01", "2a": "2001-01-01 00:00:00", "2b": "2001"} {
			s.insert(t, table.Name, cells{"id": id, "workspace": "t1", "category": "a", "zone": "UTC", "made_on": day, "sent_ms": int64(1)})
			wanted++
		}
	}
	schedule := compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "made", "sent"))
	system := s.system(t, table)
	records := all(t, system, retention.Query{Schedule: schedule, At: at, Limit: 10})
	if len(records) != wanted {
		t.Fatalf("%d candidates, want %d", len(records), wanted)
	}
	for i := range records {
		unreadable(t, schedule, &records[i])
	}

	// A row of another category is never a candidate.
	s.insert(t, table.Name, cells{"id": "3", "workspace": "t1", "category": "other", "zone": "UTC", "made_on": "2001-01-01"})
	records = all(t, system, retention.Query{All: true, Limit: 10})
	unreadable(t, schedule, &records[len(records)-1])
}

func unreadable(t *testing.T, schedule *retention.Schedule, r *retention.Record) {
	t.Helper()
	if verdict := schedule.Evaluate(r, nil, at); verdict.State != retention.Undecidable || verdict.Finding != retention.FindingUnreadable {
		t.Errorf("row %s is %s (%s)", r.Key, verdict.State, verdict.Finding)
	}
}
