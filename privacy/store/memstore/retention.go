package memstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// RetentionStore is a retention.Store in memory. It is safe for concurrent use.
// What it keeps of holds, claims and notices is their JSON form.
type RetentionStore struct {
	lock     sync.Mutex
	holds    map[tenantKey][]byte
	requests map[tenantKey]retention.Request
	sweeps   map[string]*sweepState
	// claims are those in flight.
	claims map[retention.Token]inFlight
}

type tenantKey struct {
	tenant privacy.TenantID
	id     string
}

type sweepState struct {
	sweep   retention.Sweep
	items   []retention.Item
	logged  map[retention.Token]bool
	shards  map[retention.Shard]shardState
	wanted  bool
	notices map[retention.Token][]byte
}

// shardState is the latest lease of a shard. Times are Unix microseconds.
type shardState struct {
	fence uint64
	until int64
}

type inFlight struct {
	sweep string
	shard retention.Shard
	body  []byte
}

var _ retention.Store = (*RetentionStore)(nil)

// NewRetention returns an empty store.
func NewRetention() *RetentionStore {
	return &RetentionStore{
		holds: map[tenantKey][]byte{}, requests: map[tenantKey]retention.Request{},
		sweeps: map[string]*sweepState{}, claims: map[retention.Token]inFlight{},
	}
}

func compareTokens(a, b retention.Token) int { return bytes.Compare(a[:], b[:]) }

// decode copies a value out of the store. What is there was encoded by it.
func decode[T any](body []byte) (T, error) {
	var value T
	err := json.Unmarshal(body, &value)
	return value, err
}

// covered returns the claims in flight that match, in the order of their tokens.
func (s *RetentionStore) covered(match func(*retention.Claim) bool) ([]retention.Claim, error) {
	var claims []retention.Claim
	for _, token := range slices.SortedFunc(maps.Keys(s.claims), compareTokens) {
		claim, err := decode[retention.Claim](s.claims[token].body)
		if err != nil {
			return nil, err
		}
		if match(&claim) {
			claims = append(claims, claim)
		}
	}
	return claims, nil
}

// PlaceHold implements retention.HoldStore.
func (s *RetentionStore) PlaceHold(ctx context.Context, hold retention.Hold) ([]retention.Claim, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := hold.Validate(); err != nil {
		return nil, err
	}
	body, err := json.Marshal(hold)
	if err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	key := tenantKey{hold.Scope.Tenant, hold.ID}
	if _, ok := s.holds[key]; ok {
		return nil, fmt.Errorf("hold: %w", privacy.ErrExists)
	}
	s.holds[key] = body
	return s.covered(func(c *retention.Claim) bool { return hold.Covers(&c.Record) })
}

// ReleaseHold implements retention.HoldStore.
func (s *RetentionStore) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	body, ok := s.holds[tenantKey{tenant, id}]
	if !ok {
		return fmt.Errorf("hold: %w", privacy.ErrNotFound)
	}
	hold, err := decode[retention.Hold](body)
	if err != nil {
		return err
	}
	if err := hold.Release(on); err != nil {
		return err
	}
	s.holds[tenantKey{tenant, id}], err = json.Marshal(hold)
	return err
}

// Holds implements retention.HoldStore.
func (s *RetentionStore) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.holdsOf(tenant)
}

func (s *RetentionStore) holdsOf(tenant privacy.TenantID) ([]retention.Hold, error) {
	var holds []retention.Hold
	for key, body := range s.holds {
		if key.tenant != tenant && key.tenant != "" {
			continue
		}
		hold, err := decode[retention.Hold](body)
		if err != nil {
			return nil, err
		}
		holds = append(holds, hold)
	}
	slices.SortFunc(holds, func(a, b retention.Hold) int {
		return cmp.Or(cmp.Compare(b.Scope.Tenant, a.Scope.Tenant), cmp.Compare(a.ID, b.ID))
	})
	return holds, nil
}

// OpenRequest implements retention.RequestStore.
func (s *RetentionStore) OpenRequest(ctx context.Context, request retention.Request) ([]retention.Claim, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	key := tenantKey{request.Tenant, request.ID}
	known := s.requests[key]
	if known.Right != 0 && known.Right != request.Right {
		return nil, fmt.Errorf("the request is about another right: %w", privacy.ErrConflict)
	}
	stored := request
	stored.Subjects = slices.Concat(known.Subjects, request.Subjects)
	slices.Sort(stored.Subjects)
	stored.Subjects = slices.Compact(stored.Subjects)
	s.requests[key] = stored
	return s.covered(func(c *retention.Claim) bool {
		return c.Record.Tenant == request.Tenant && slices.Contains(request.Subjects, c.Record.Subject)
	})
}

// CloseRequest implements retention.RequestStore.
func (s *RetentionStore) CloseRequest(ctx context.Context, tenant privacy.TenantID, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if _, ok := s.requests[tenantKey{tenant, id}]; !ok {
		return fmt.Errorf("request: %w", privacy.ErrNotFound)
	}
	delete(s.requests, tenantKey{tenant, id})
	return nil
}

// Requests implements retention.RequestStore.
func (s *RetentionStore) Requests(ctx context.Context, tenant privacy.TenantID) ([]retention.Request, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var requests []retention.Request
	for key, request := range s.requests {
		if key.tenant == tenant {
			request.Subjects = slices.Clone(request.Subjects)
			requests = append(requests, request)
		}
	}
	slices.SortFunc(requests, func(a, b retention.Request) int { return cmp.Compare(a.ID, b.ID) })
	return requests, nil
}

// requestOf returns the right of the first open request of a record's subject.
func (s *RetentionStore) requestOf(r *retention.Record) privacy.Right {
	var first string
	var right privacy.Right
	for key, request := range s.requests {
		if key.tenant == r.Tenant && slices.Contains(request.Subjects, r.Subject) && (right == 0 || key.id < first) {
			first, right = key.id, request.Right
		}
	}
	return right
}
