package dsrtest_test

import (
	"context"
	"testing"

	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/dsr/internal/refstore"
)

func harness(m *refstore.Store) dsrtest.Harness {
	return dsrtest.Harness{Cases: m, Wakes: m, Breaches: m, Effects: m.Effects, Events: m.Events}
}

func TestMemory(t *testing.T) {
	dsrtest.Run(t, func(testing.TB) dsrtest.Harness { return harness(refstore.New()) })
}

// TestMutants proves that the clauses bite: a store that breaks a sentence fails
// the clause that quotes it.
func TestMutants(t *testing.T) {
	clauses := map[string]dsrtest.Clause{}
	caught := map[string]bool{}
	for _, clause := range dsrtest.Clauses() {
		if _, twice := clauses[clause.Name]; twice {
			t.Errorf("two clauses are called %s", clause.Name)
		}
		clauses[clause.Name] = clause
	}
	for fault, names := range map[string][]string{
		"overwrites":             {"update_creates"},
		"ignores_version":        {"update_expects_version", "update_race"},
		"half_writes":            {"update_not_found", "update_all_or_nothing"},
		"reverses_log":           {"update_appends"},
		"drops_effects":          {"update_effects"},
		"drops_events":           {"update_events"},
		"forgets_keys":           {"update_key_repeats", "update_key_differs"},
		"ignores_digest":         {"update_key_differs"},
		"hides_keys":             {"digest"},
		"keys_of_all":            {"update_key_of_tenant"},
		"burns_keys":             {"update_key_of_failure"},
		"ignores_context":        {"update_cancelled"},
		"keeps_zone":             {"case_round_trip"},
		"mixes_tenants":          {"case_tenants", "breach_tenants"},
		"folds_ids":              {"case_ids"},
		"shares_memory":          {"case_copies", "breach_round_trip"},
		"ignores_after":          {"log_pages"},
		"sorts_by_id":            {"open_order"},
		"lists_closed":           {"open_only"},
		"restarts_pages":         {"open_stable"},
		"claims_early":           {"wake_when_due"},
		"ignores_leases":         {"wake_leased", "wake_race"},
		"repeats_tokens":         {"wake_tokens"},
		"keeps_completed":        {"wake_completes"},
		"unfenced":               {"wake_fences"},
		"unfenced_retry":         {"wake_fences"},
		"replaces_wakes":         {"wake_once"},
		"forgets_problem":        {"wake_retries"},
		"buries_alive":           {"wake_buries"},
		"ignores_what_is_gone":   {"wake_gone"},
		"ignores_breach_version": {"breach_versions"},
		"restarts_breaches":      {"breach_pages"},
	} {
		for _, name := range names {
			caught[name] = true
			if err := clauses[name].Check(context.Background(), harness(refstore.New(fault))); err == nil {
				t.Errorf("%s does not catch a store that %s", name, fault)
			}
		}
	}
	for name := range clauses {
		if !caught[name] {
			t.Errorf("no mutant breaks %s", name)
		}
	}
}

// An error of the store itself is reported, whichever call it comes from, and
// never taken for an answer.
func TestUnreachableStore(t *testing.T) {
	for _, clause := range dsrtest.Clauses() {
		for call := int64(1); ; call++ {
			m := refstore.New()
			m.FailAt = call
			err := clause.Check(context.Background(), harness(m))
			if m.Calls.Load() < call {
				break
			}
			if err == nil {
				t.Errorf("%s passes although call %d failed", clause.Name, call)
			}
		}
	}
}
