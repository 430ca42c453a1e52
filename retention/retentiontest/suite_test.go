package retentiontest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/retentiontest"
)

func TestMemoryStore(t *testing.T) {
	retentiontest.Run(t, func(testing.TB) retentiontest.Store { return retentiontest.NewStore() })
}

// mutant breaks one promise of a good store.
type mutant struct {
	*retentiontest.MemoryStore
	placeHold   func(context.Context, retention.Hold) ([]retention.Claim, error)
	releaseHold func(context.Context, privacy.TenantID, string, privacy.Date) error
	holds       func(context.Context, privacy.TenantID) ([]retention.Hold, error)
	createSweep func(context.Context, retention.Sweep) error
	claim       func(context.Context, string, []retention.Claim, time.Time) ([]retention.ClaimResult, error)
	record      func(context.Context, string, []retention.Item) error
	items       func(context.Context, string, uint64, int) ([]retention.Item, error)
	disposed    func(context.Context, []retention.Token) ([]retention.Action, error)
}

func (m *mutant) PlaceHold(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
	return m.placeHold(ctx, h)
}
func (m *mutant) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	return m.releaseHold(ctx, tenant, id, on)
}
func (m *mutant) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	return m.holds(ctx, tenant)
}
func (m *mutant) CreateSweep(ctx context.Context, s retention.Sweep) error {
	return m.createSweep(ctx, s)
}
func (m *mutant) Claim(ctx context.Context, sweep string, c []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	return m.claim(ctx, sweep, c, at)
}
func (m *mutant) Record(ctx context.Context, sweep string, items []retention.Item) error {
	return m.record(ctx, sweep, items)
}
func (m *mutant) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	return m.items(ctx, sweep, after, limit)
}
func (m *mutant) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	return m.disposed(ctx, tokens)
}

func newMutant() *mutant {
	s := retentiontest.NewStore()
	return &mutant{s, s.PlaceHold, s.ReleaseHold, s.Holds, s.CreateSweep, s.Claim, s.Record, s.Items, s.Disposed}
}

// Each mutant is caught by the case named beside it.
func TestSuiteCatchesMutants(t *testing.T) {
	mutants := map[string]struct {
		caughtBy string
		breaks   func(*mutant)
	}{
		"forgets the scope of a hold": {"HoldIsStoredWhole", func(m *mutant) {
			m.placeHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				h.Scope.Labels = nil
				return m.MemoryStore.PlaceHold(ctx, h)
			}
		}},
		"swallows a second hold": {"HoldExists", func(m *mutant) {
			m.placeHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				covered, err := m.MemoryStore.PlaceHold(ctx, h)
				if errors.Is(err, privacy.ErrExists) {
					err = nil
				}
				return covered, err
			}
		}},
		"folds identifiers": {"HoldIDsAreExact", func(m *mutant) {
			m.placeHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				if h.ID == "H" {
					h.ID = "h"
				}
				return m.MemoryStore.PlaceHold(ctx, h)
			}
		}},
		"mixes tenants": {"HoldsOfOtherTenants", func(m *mutant) {
			m.holds = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
				own, err := m.MemoryStore.Holds(ctx, tenant)
				other, _ := m.MemoryStore.Holds(ctx, "t2")
				return append(own, other...), err
			}
		}},
		"hides the operator's holds": {"HoldsOfOtherTenants", func(m *mutant) {
			m.holds = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
				all, err := m.MemoryStore.Holds(ctx, tenant)
				var own []retention.Hold
				for _, h := range all {
					if h.Scope.Tenant == tenant {
						own = append(own, h)
					}
				}
				return own, err
			}
		}},
		"hands out its own slices": {"HoldsAreCopies", func(m *mutant) {
			var kept []retention.Hold
			m.holds = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
				if kept == nil {
					kept, _ = m.MemoryStore.Holds(ctx, tenant)
				}
				return kept, nil
			}
		}},
		"does not release": {"Release", func(m *mutant) {
			m.releaseHold = func(context.Context, privacy.TenantID, string, privacy.Date) error { return nil }
		}},
		"lets a release be moved": {"ReleaseAgain", func(m *mutant) {
			m.releaseHold = func(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
				if err := m.MemoryStore.ReleaseHold(ctx, tenant, id, on); !errors.Is(err, privacy.ErrConflict) {
					return err
				}
				return nil
			}
		}},
		"releases what is not there": {"ReleaseWhatIsNot", func(m *mutant) {
			m.releaseHold = func(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
				if err := m.MemoryStore.ReleaseHold(ctx, tenant, id, on); !errors.Is(err, privacy.ErrNotFound) {
					return err
				}
				return nil
			}
		}},
		"ignores a cancelled context": {"CancelledContext", func(m *mutant) {
			m.placeHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				return m.MemoryStore.PlaceHold(context.WithoutCancel(ctx), h)
			}
		}},
		"ignores another plan": {"SweepAgain", func(m *mutant) {
			m.createSweep = func(ctx context.Context, s retention.Sweep) error {
				if err := m.MemoryStore.CreateSweep(ctx, s); !errors.Is(err, privacy.ErrConflict) {
					return err
				}
				return nil
			}
		}},
		"claims what is held": {"HeldIsNotClaimed", func(m *mutant) {
			m.claim = func(_ context.Context, _ string, c []retention.Claim, _ time.Time) ([]retention.ClaimResult, error) {
				results := make([]retention.ClaimResult, len(c))
				for i := range results {
					results[i].Claimed = true
				}
				return results, nil
			}
		}},
		"tells the day in UTC": {"HoldsAreReadOnTheDayOfTheRecord", func(m *mutant) {
			m.claim = func(ctx context.Context, sweep string, c []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				for i := range c {
					c[i].Record.Zone = time.UTC
				}
				return m.MemoryStore.Claim(ctx, sweep, c, at)
			}
		}},
		"mixes up the results": {"ClaimsStandInOrder", func(m *mutant) {
			m.claim = func(ctx context.Context, sweep string, c []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				results, err := m.MemoryStore.Claim(ctx, sweep, c, at)
				if len(results) > 1 {
					results[0], results[1] = results[1], results[0]
				}
				return results, err
			}
		}},
		"lets two sweeps claim": {"ClaimAgain", func(m *mutant) {
			m.claim = func(ctx context.Context, sweep string, c []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				results, err := m.MemoryStore.Claim(ctx, sweep, c, at)
				for i := range results {
					results[i].Claimed = results[i].HoldID == ""
				}
				return results, err
			}
		}},
		"does not tell of claims in flight": {"HoldReturnsClaimsInFlight", func(m *mutant) {
			m.placeHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				_, err := m.MemoryStore.PlaceHold(ctx, h)
				return nil, err
			}
		}},
		"loses an item": {"RecordNumbersItems", func(m *mutant) {
			m.record = func(ctx context.Context, sweep string, items []retention.Item) error {
				return m.MemoryStore.Record(ctx, sweep, items[:min(len(items), 1)])
			}
		}},
		"forgets the reason": {"RecordKeepsAll", func(m *mutant) {
			m.record = func(ctx context.Context, sweep string, items []retention.Item) error {
				for i := range items {
					items[i].Reason = ""
				}
				return m.MemoryStore.Record(ctx, sweep, items)
			}
		}},
		"records twice": {"RecordAgain", func(m *mutant) {
			n := byte(100)
			m.record = func(ctx context.Context, sweep string, items []retention.Item) error {
				if len(items) > 0 && items[0].Reason == "error" {
					items[0].Token[0] = n
				}
				return m.MemoryStore.Record(ctx, sweep, items)
			}
		}},
		"skips at the page": {"ItemsInPages", func(m *mutant) {
			m.items = func(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
				if after > 0 {
					after++
				}
				return m.MemoryStore.Items(ctx, sweep, after, limit)
			}
		}},
		"takes a failure for a disposal": {"Disposed", func(m *mutant) {
			m.disposed = func(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
				actions, err := m.MemoryStore.Disposed(ctx, tokens)
				for i := range actions {
					if tokens[i] == (retention.Token{2}) {
						actions[i] = retention.Delete
					}
				}
				return actions, err
			}
		}},
	}
	for name, c := range mutants {
		t.Run(name, func(t *testing.T) {
			for _, check := range retentiontest.Cases() {
				if check.Name != c.caughtBy {
					continue
				}
				m := newMutant()
				c.breaks(m)
				if check.Check(t.Context(), m) == nil {
					t.Errorf("%s does not catch it", check.Name)
				}
				return
			}
			t.Errorf("no case %s", c.caughtBy)
		})
	}
}

var errDown = errors.New("down")

// A store that does nothing right passes no case.
func TestEveryCaseBites(t *testing.T) {
	var caught [8]int
	for _, check := range retentiontest.Cases() {
		for failing := range 8 {
			m := newMutant()
			fail := []func(){
				func() {
					m.placeHold = func(context.Context, retention.Hold) ([]retention.Claim, error) { return nil, errDown }
				},
				func() {
					m.holds = func(context.Context, privacy.TenantID) ([]retention.Hold, error) { return nil, errDown }
				},
				func() {
					m.releaseHold = func(context.Context, privacy.TenantID, string, privacy.Date) error { return errDown }
				},
				func() { m.createSweep = func(context.Context, retention.Sweep) error { return errDown } },
				func() {
					m.claim = func(context.Context, string, []retention.Claim, time.Time) ([]retention.ClaimResult, error) {
						return nil, errDown
					}
				},
				func() { m.record = func(context.Context, string, []retention.Item) error { return errDown } },
				func() {
					m.items = func(context.Context, string, uint64, int) ([]retention.Item, error) { return nil, errDown }
				},
				func() {
					m.disposed = func(context.Context, []retention.Token) ([]retention.Action, error) { return nil, errDown }
				},
			}
			fail[failing]()
			if check.Check(t.Context(), m) != nil {
				caught[failing]++
			}
		}
		m := newMutant()
		m.placeHold = func(context.Context, retention.Hold) ([]retention.Claim, error) { return nil, errDown }
		m.createSweep = func(context.Context, retention.Sweep) error { return errDown }
		if check.Name != "SweepMissing" && check.Check(t.Context(), m) == nil {
			t.Errorf("%s passes a store that stores nothing", check.Name)
		}
	}
	for method, n := range caught {
		if n == 0 {
			t.Errorf("no case reports the failure of method %d", method)
		}
	}
}
