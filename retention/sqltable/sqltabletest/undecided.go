package sqltabletest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable"
)

func (s *suite) readsText(t *testing.T) {
	if s.dialect != retention.SQLite {
		t.Skip("the database has timestamps")
	}
	s.table(t, "sqltabletest_text")
	table := s.everything(t, "sqltabletest_text")
	seen := time.Date(2024, 5, 30, 5, 4, 3, 120_000_000, time.UTC)
	for form := range textForms {
		s.insert(t, table.Name, cells{"id": fmt.Sprint(form), "workspace": "t1", "category": "a", "zone": "UTC", "seen_at": s.seen(seen, form)})
	}
	for i, text := range []string{
		"", "yesterday", "2024-05-30", "2024-05-30T05:04", "2024-05-30 5:04:03", "2024-05-30T05:04:03+02:00", "2024-05-30 05:04:03,5", "1717045443",
	} {
		s.insert(t, table.Name, cells{"id": fmt.Sprintf("odd-%d", i), "workspace": "t1", "category": "a", "zone": "UTC", "seen_at": text})
	}
	schedule := compile(t, &retention.Options{Zone: time.UTC}, maximum("m", "P1Y", "seen"))
	system := s.system(t, table)
	var due []retention.Record
	for _, r := range all(t, system, retention.Query{All: true, Limit: 100}) {
		if len(r.Key) > 1 {
			unreadable(t, schedule, &r)
			continue
		}
		if len(r.Events) != 1 || !r.Events[0].At.Truncate(time.Second).Equal(seen.Truncate(time.Second)) {
			t.Errorf("row %s was read as %v", r.Key, r.Events)
		}
		due = append(due, r)
	}

	// The row whose timestamp has changed since then stays, the others go.
	s.execute(t, `UPDATE sqltabletest_text SET seen_at = ? WHERE id = '0'`, s.seen(seen.Add(time.Second), 0))
	if len(due) != len(textForms) {
		t.Fatalf("%d rows can be read, want %d", len(due), len(textForms))
	}
	for i := range due {
		if err := system.Disposer.Dispose(t.Context(), &due[i], retention.Delete); err != nil {
			t.Fatal(err)
		}
		isDisposed(t, system, &due[i], retention.Delete, due[i].Key != "0")
	}
}

func (s *suite) undecided(t *testing.T) {
	s.table(t, "sqltabletest_undecided")
	table := s.everything(t, "sqltabletest_undecided")
	table.Anonymise = []sqltable.Replacement{{Column: "mail"}}
	for id, row := range map[string]cells{
		"old": {"made_on": "2020-01-01"}, "new": {"made_on": "2026-05-01"}, "undated": {}, "uncovered": {"category": "c", "made_on": "2020-01-01"},
		"elsewhere": {"made_on": "2020-01-01", "zone": "Mars/Olympus"}, "gone": {"gone": true},
	} {
		row["id"], row["workspace"] = id, "t1"
		for column, value := range map[string]any{"category": "a", "zone": "UTC"} {
			if row[column] == nil {
				row[column] = value
			}
		}
		s.insert(t, table.Name, row)
	}
	rule := maximum("m", "P1Y", "made")
	rule.Scope.Categories = []privacy.CategoryID{"a"}
	schedule := compile(t, &retention.Options{Zone: time.UTC}, rule)
	found := map[string]retention.Finding{}
	for _, r := range all(t, s.system(t, table), retention.Query{Schedule: schedule, At: at, All: true, Limit: 2}) {
		verdict := schedule.Evaluate(&r, nil, at)
		if verdict.State == retention.Undecidable && !r.Disposed {
			found[r.Key] = verdict.Finding
		}
		if r.Disposed != (r.Key == "gone") {
			t.Errorf("row %s is disposed of: %v", r.Key, r.Disposed)
		}
	}
	want := []string{"elsewhere: unreadable", "uncovered: no_retention_rule", "undated: anchor_missing"}
	var got []string
	for key, finding := range found {
		got = append(got, fmt.Sprintf("%s: %s", key, finding))
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("undecided are %q, want %q", got, want)
	}
}
