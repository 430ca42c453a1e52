package retentiontest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Store is what Run checks.
type Store interface {
	retention.HoldStore
	retention.SweepStore
}

// MemoryStore is a Store in memory. It is safe for concurrent use.
type MemoryStore struct {
	mu     sync.Mutex
	holds  map[holdKey]retention.Hold
	sweeps map[string]*sweepState
	// claims are those in flight, with the sweep that has them.
	claims map[retention.Token]inFlight
}

type holdKey struct {
	tenant privacy.TenantID
	id     string
}

type sweepState struct {
	sweep  retention.Sweep
	items  []retention.Item
	logged map[retention.Token]bool
}

type inFlight struct {
	sweep string
	claim retention.Claim
	day   privacy.Date
}

var _ Store = (*MemoryStore)(nil)

// NewStore returns an empty store.
func NewStore() *MemoryStore {
	return &MemoryStore{
		holds: map[holdKey]retention.Hold{}, sweeps: map[string]*sweepState{}, claims: map[retention.Token]inFlight{},
	}
}

// PlaceHold implements retention.HoldStore.
func (s *MemoryStore) PlaceHold(ctx context.Context, hold retention.Hold) ([]retention.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := hold.Validate(); err != nil {
		return nil, err
	}
	key := holdKey{hold.Scope.Tenant, hold.ID}
	if _, ok := s.holds[key]; ok {
		return nil, fmt.Errorf("hold: %w", privacy.ErrExists)
	}
	s.holds[key] = clone(hold)
	set, err := retention.NewHolds([]retention.Hold{hold}, nil)
	if err != nil {
		return nil, err
	}
	var covered []retention.Claim
	for _, c := range s.claims {
		if len(set.On(&c.claim.Record, c.day)) > 0 {
			covered = append(covered, c.claim)
		}
	}
	return covered, nil
}

// ReleaseHold implements retention.HoldStore.
func (s *MemoryStore) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	hold, ok := s.holds[holdKey{tenant, id}]
	switch {
	case !ok:
		return fmt.Errorf("hold: %w", privacy.ErrNotFound)
	case on.Before(hold.From):
		return fmt.Errorf("a hold is released on its first day or later: %w", privacy.ErrInvalid)
	case !hold.Released.IsZero() && hold.Released != on:
		return fmt.Errorf("the hold was released on another day: %w", privacy.ErrConflict)
	}
	hold.Released = on
	s.holds[holdKey{tenant, id}] = hold
	return nil
}

// Holds implements retention.HoldStore.
func (s *MemoryStore) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.holdsOf(tenant), nil
}

func (s *MemoryStore) holdsOf(tenant privacy.TenantID) []retention.Hold {
	var holds []retention.Hold
	for key, hold := range s.holds {
		if key.tenant == tenant || key.tenant == "" {
			holds = append(holds, clone(hold))
		}
	}
	slices.SortFunc(holds, func(a, b retention.Hold) int {
		if a.Scope.Tenant != b.Scope.Tenant {
			return strings.Compare(string(b.Scope.Tenant), string(a.Scope.Tenant))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return holds
}

// CreateSweep implements retention.SweepStore.
func (s *MemoryStore) CreateSweep(ctx context.Context, sweep retention.Sweep) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if state, ok := s.sweeps[sweep.ID]; ok {
		if state.sweep.PlanHash != sweep.PlanHash {
			return fmt.Errorf("the sweep has another plan: %w", privacy.ErrConflict)
		}
		return nil
	}
	s.sweeps[sweep.ID] = &sweepState{sweep: sweep, logged: map[retention.Token]bool{}}
	return nil
}

func (s *MemoryStore) find(ctx context.Context, sweep string) (*sweepState, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	state, ok := s.sweeps[sweep]
	if !ok {
		return nil, fmt.Errorf("sweep: %w", privacy.ErrNotFound)
	}
	return state, nil
}

// Claim implements retention.SweepStore.
func (s *MemoryStore) Claim(ctx context.Context, sweep string, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.find(ctx, sweep); err != nil {
		return nil, err
	}
	results := make([]retention.ClaimResult, len(claims))
	for i, claim := range claims {
		set, err := retention.NewHolds(s.holdsOf(claim.Record.Tenant), nil)
		if err != nil {
			return nil, err
		}
		zone := claim.Record.Zone
		if zone == nil {
			zone = time.UTC
		}
		day := privacy.DateOf(at, zone)
		if held := set.On(&claim.Record, day); len(held) > 0 {
			results[i].HoldID = held[0].ID
			continue
		}
		if other, ok := s.claims[claim.Token]; ok && other.sweep != sweep {
			continue
		}
		results[i].Claimed = true
		s.claims[claim.Token] = inFlight{sweep, cloneClaim(claim), day}
	}
	return results, nil
}

// Record implements retention.SweepStore.
func (s *MemoryStore) Record(ctx context.Context, sweep string, items []retention.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := s.find(ctx, sweep)
	if err != nil {
		return err
	}
	for _, item := range items {
		if s.claims[item.Token].sweep == sweep {
			delete(s.claims, item.Token)
		}
		if state.logged[item.Token] {
			continue
		}
		item.Sequence = uint64(len(state.items) + 1)
		state.items = append(state.items, item)
		state.logged[item.Token] = true
	}
	return nil
}

// Items implements retention.SweepStore.
func (s *MemoryStore) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, err := s.find(ctx, sweep)
	if err != nil {
		return nil, err
	}
	from := min(after, uint64(len(state.items)))
	through := min(from+uint64(max(limit, 0)), uint64(len(state.items)))
	return slices.Clone(state.items[from:through]), nil
}

// Disposed implements retention.SweepStore.
func (s *MemoryStore) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	actions := make([]retention.Action, len(tokens))
	var at time.Time
	for i, token := range tokens {
		at = time.Time{}
		for _, state := range s.sweeps {
			for _, item := range state.items {
				if item.Token == token && item.Outcome == retention.Disposed && !item.At.Before(at) {
					actions[i], at = item.Action, item.At
				}
			}
		}
	}
	return actions, nil
}

// clone copies a hold through its JSON form, which holds all of it.
func clone(hold retention.Hold) retention.Hold {
	data, err := json.Marshal(hold)
	if err != nil {
		return hold
	}
	var copied retention.Hold
	if err := json.Unmarshal(data, &copied); err != nil {
		return hold
	}
	return copied
}

func cloneClaim(c retention.Claim) retention.Claim {
	c.Record.Purposes = slices.Clone(c.Record.Purposes)
	c.Record.Labels = slices.Clone(c.Record.Labels)
	c.Record.Events = slices.Clone(c.Record.Events)
	c.Record.Suspensions = slices.Clone(c.Record.Suspensions)
	return c
}
