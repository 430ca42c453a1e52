package fulfilmenttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// mutant is a store that breaks one sentence.
type mutant struct {
	fulfilment.SuppressionStore
	fault string
}

// mutants are the faults, each with the clauses that must catch it.
func mutants() map[string][]string {
	return map[string][]string{
		"drops_last":      {"find"},
		"finds_twice":     {"find"},
		"shifts_times":    {"round_trip"},
		"replaces":        {"add_again"},
		"keeps_removed":   {"remove"},
		"misses_removed":  {"remove_gone"},
		"mixes_tenants":   {"tenants"},
		"ignores_context": {"cancelled"},
	}
}

// RunSuppressionMutants breaks a sound store in every way the suite knows, and
// fails unless each clause that names a fault catches it.
func RunSuppressionMutants(t *testing.T, newStore func(t testing.TB) fulfilment.SuppressionStore) {
	t.Helper()
	faults := mutants()
	for _, clause := range Clauses() {
		t.Run(clause.Name, func(t *testing.T) {
			caught := 0
			for fault, clauses := range faults {
				if !slices.Contains(clauses, clause.Name) {
					continue
				}
				caught++
				if err := clause.Check(t.Context(), &mutant{newStore(t), fault}); err == nil {
					t.Errorf("a store that %s passes", fault)
				}
			}
			if caught == 0 {
				t.Errorf("no mutant breaks this clause")
			}
		})
	}
}

func (m *mutant) scope(ctx context.Context, tenant privacy.TenantID) (context.Context, privacy.TenantID) {
	if m.fault == "ignores_context" {
		ctx = context.WithoutCancel(ctx)
	}
	if m.fault == "mixes_tenants" {
		tenant = "t"
	}
	return ctx, tenant
}

func (m *mutant) Add(ctx context.Context, tenant privacy.TenantID, entries []fulfilment.SuppressionEntry) error {
	ctx, tenant = m.scope(ctx, tenant)
	entries = slices.Clone(entries)
	switch m.fault {
	case "drops_last":
		entries = entries[:len(entries)-1]
	case "shifts_times":
		for i := range entries {
			entries[i].At = entries[i].At.Truncate(time.Second)
		}
	case "replaces":
		for _, e := range entries {
			if err := m.SuppressionStore.Remove(ctx, tenant, []fulfilment.SuppressionHash{e.Hash}); err != nil {
				return err
			}
		}
	}
	return m.SuppressionStore.Add(ctx, tenant, entries)
}

func (m *mutant) Find(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) ([]fulfilment.SuppressionEntry, error) {
	ctx, tenant = m.scope(ctx, tenant)
	found, err := m.SuppressionStore.Find(ctx, tenant, hashes)
	if m.fault == "finds_twice" {
		found = append(found, found...)
	}
	return found, err
}

func (m *mutant) Remove(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) error {
	ctx, tenant = m.scope(ctx, tenant)
	switch m.fault {
	case "keeps_removed":
		return nil
	case "misses_removed":
		found, err := m.SuppressionStore.Find(ctx, tenant, hashes)
		if err == nil && len(found) == 0 {
			return privacy.ErrNotFound
		}
	}
	return m.SuppressionStore.Remove(ctx, tenant, hashes)
}
