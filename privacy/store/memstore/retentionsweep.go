package memstore

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// CreateSweep implements retention.SweepStore.
func (s *RetentionStore) CreateSweep(ctx context.Context, sweep retention.Sweep) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := privacy.CheckID("sweep", sweep.ID); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if state, ok := s.sweeps[sweep.ID]; ok {
		if state.sweep.PlanHash != sweep.PlanHash || state.sweep.ApprovedBy != sweep.ApprovedBy {
			return fmt.Errorf("the sweep has another plan or approval: %w", privacy.ErrConflict)
		}
		return nil
	}
	s.sweeps[sweep.ID] = &sweepState{
		sweep: sweep, logged: map[retention.Token]bool{},
		shards: map[retention.Shard]shardState{}, notices: map[retention.Token][]byte{},
	}
	return nil
}

// enter locks the store for a call about a sweep, until unlock.
func (s *RetentionStore) enter(ctx context.Context, sweep string) (state *sweepState, unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.lock.Lock()
	state, ok := s.sweeps[sweep]
	if !ok {
		s.lock.Unlock()
		return nil, nil, fmt.Errorf("sweep: %w", privacy.ErrNotFound)
	}
	return state, s.lock.Unlock, nil
}

// checkLeases reports whether leases are the latest and cover shards.
func (state *sweepState) checkLeases(leases []retention.Lease, shards []retention.Shard) error {
	covered := map[retention.Shard]bool{}
	for _, lease := range leases {
		covered[lease.Shard] = true
	}
	for _, shard := range shards {
		if !covered[shard] {
			return fmt.Errorf("no lease is about the shard: %w", privacy.ErrInvalid)
		}
	}
	for _, lease := range leases {
		if latest := state.shards[lease.Shard].fence; latest == 0 || latest != lease.Fence {
			return fmt.Errorf("the lease is not the latest of its shard: %w", privacy.ErrConflict)
		}
	}
	return nil
}

// Claim implements retention.SweepStore.
func (s *RetentionStore) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return nil, err
	}
	defer unlock()
	shards := make([]retention.Shard, len(claims))
	bodies := make([][]byte, len(claims))
	for i := range claims {
		shards[i] = claims[i].Shard
		if bodies[i], err = json.Marshal(claims[i]); err != nil {
			return nil, fmt.Errorf("a claim cannot be encoded: %w", privacy.ErrInvalid)
		}
	}
	if err := state.checkLeases(leases, shards); err != nil {
		return nil, err
	}
	results := make([]retention.ClaimResult, len(claims))
	for i := range claims {
		if results[i], err = s.decide(sweep, &claims[i], at); err != nil {
			return nil, err
		}
	}
	for i := range claims {
		if results[i].Claimed {
			s.claims[claims[i].Token] = inFlight{sweep, claims[i].Shard, bodies[i]}
		}
	}
	return results, nil
}

func (s *RetentionStore) decide(sweep string, claim *retention.Claim, at time.Time) (retention.ClaimResult, error) {
	holds, err := s.holdsOf(claim.Record.Tenant)
	if err != nil {
		return retention.ClaimResult{}, err
	}
	set, err := retention.NewHolds(holds, nil)
	if err != nil {
		return retention.ClaimResult{}, err
	}
	if held := set.On(&claim.Record, claim.Record.DayOf(at)); len(held) > 0 {
		return retention.ClaimResult{HoldID: held[0].ID}, nil
	}
	if right := s.requestOf(&claim.Record); right != 0 {
		return retention.ClaimResult{Request: right}, nil
	}
	other, claimed := s.claims[claim.Token]
	if claimed && other.sweep != sweep && s.sweeps[other.sweep].shards[other.shard].until > at.UnixMicro() {
		return retention.ClaimResult{}, nil
	}
	return retention.ClaimResult{Claimed: true}, nil
}

// Record implements retention.SweepStore.
func (s *RetentionStore) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return err
	}
	defer unlock()
	bodies := make([][]byte, len(pending))
	for i := range pending {
		if bodies[i], err = json.Marshal(pending[i]); err != nil {
			return fmt.Errorf("a notice cannot be encoded: %w", privacy.ErrInvalid)
		}
	}
	shards := make([]retention.Shard, len(items))
	for i := range items {
		shards[i] = items[i].Shard
	}
	if err := state.checkLeases(leases, shards); err != nil {
		return err
	}
	appended := map[retention.Token]bool{}
	for _, item := range items {
		if s.claims[item.Token].sweep == sweep {
			delete(s.claims, item.Token)
		}
		if state.logged[item.Token] {
			continue
		}
		item.Sequence = uint64(len(state.items) + 1)
		state.items = append(state.items, item)
		state.logged[item.Token], appended[item.Token] = true, true
	}
	for i := range pending {
		if appended[pending[i].Token] {
			state.notices[pending[i].Token] = bodies[i]
		}
	}
	return nil
}

// Items implements retention.SweepStore.
func (s *RetentionStore) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return nil, err
	}
	defer unlock()
	from := min(after, uint64(len(state.items)))
	through := min(from+uint64(max(limit, 0)), uint64(len(state.items)))
	return slices.Clone(state.items[from:through]), nil
}

// Disposed implements retention.SweepStore.
func (s *RetentionStore) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	actions := make([]retention.Action, len(tokens))
	for i, token := range tokens {
		var last time.Time
		for _, id := range slices.Sorted(maps.Keys(s.sweeps)) {
			for _, item := range s.sweeps[id].items {
				if item.Token == token && item.Outcome == retention.Disposed && !item.At.Before(last) {
					actions[i], last = item.Action, item.At
				}
			}
		}
	}
	return actions, nil
}

// Lease implements retention.ShardStore.
func (s *RetentionStore) Lease(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return nil, err
	}
	defer unlock()
	wanted := slices.Compact(slices.Sorted(slices.Values(shards)))
	var leases []retention.Lease
	for _, shard := range wanted {
		latest := state.shards[shard]
		if latest.until > now.UnixMicro() {
			continue
		}
		next := shardState{latest.fence + 1, until.UnixMicro()}
		state.shards[shard] = next
		leases = append(leases, retention.Lease{Shard: shard, Fence: next.fence})
	}
	if len(wanted) > 0 && len(leases) == 0 {
		state.wanted = true
	}
	return leases, nil
}

// Renew implements retention.ShardStore.
func (s *RetentionStore) Renew(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return false, err
	}
	defer unlock()
	if err := state.checkLeases(leases, nil); err != nil {
		return false, err
	}
	for _, lease := range leases {
		state.shards[lease.Shard] = shardState{lease.Fence, until.UnixMicro()}
	}
	return state.wanted, nil
}

// Release implements retention.ShardStore.
func (s *RetentionStore) Release(ctx context.Context, sweep string, leases []retention.Lease) error {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return err
	}
	defer unlock()
	for _, lease := range leases {
		if latest := state.shards[lease.Shard].fence; latest != 0 && latest == lease.Fence {
			state.shards[lease.Shard] = shardState{fence: lease.Fence}
		}
	}
	state.wanted = false
	return nil
}

// InFlight implements retention.ShardStore.
func (s *RetentionStore) InFlight(ctx context.Context, sweep string, shards []retention.Shard) ([]retention.Claim, error) {
	_, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.covered(func(c *retention.Claim) bool {
		return s.claims[c.Token].sweep == sweep && slices.Contains(shards, c.Shard)
	})
}

// Notices implements retention.NoticeStore.
func (s *RetentionStore) Notices(ctx context.Context, sweep string, after retention.Token, limit int) ([]retention.Notice, error) {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var notices []retention.Notice
	for _, token := range slices.SortedFunc(maps.Keys(state.notices), compareTokens) {
		if compareTokens(token, after) <= 0 || len(notices) >= limit {
			continue
		}
		notice, err := decode[retention.Notice](state.notices[token])
		if err != nil {
			return nil, err
		}
		notices = append(notices, notice)
	}
	return notices, nil
}

// Told implements retention.NoticeStore.
func (s *RetentionStore) Told(ctx context.Context, sweep string, tokens []retention.Token) error {
	state, unlock, err := s.enter(ctx, sweep)
	if err != nil {
		return err
	}
	defer unlock()
	for _, token := range tokens {
		delete(state.notices, token)
	}
	return nil
}
