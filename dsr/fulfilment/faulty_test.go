package fulfilment_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

var errDead = errors.New("the process is dead")

// dyingStore is the store as a process sees it that is killed at its n-th call:
// before the call takes place, or after, with the answer lost. Nothing that the
// process calls afterwards takes place.
type dyingStore struct {
	fulfilment.Store
	calls     atomic.Int64
	at        int64
	answered  bool // the call takes place
	reachable atomic.Bool
}

func newDyingStore(store fulfilment.Store, at int64, answered bool) *dyingStore {
	s := &dyingStore{Store: store, at: at, answered: answered}
	s.reachable.Store(true)
	return s
}

func (s *dyingStore) dead() bool { return !s.reachable.Load() }

// call makes a call of the store, unless the process is dead.
func (s *dyingStore) call(do func() error) error {
	if s.dead() {
		return errDead
	}
	if s.calls.Add(1) == s.at {
		s.reachable.Store(false)
		if s.answered {
			_ = do()
		}
		return errDead
	}
	return do()
}

func (s *dyingStore) Update(ctx context.Context, u dsr.Update) error {
	return s.call(func() error { return s.Store.Update(ctx, u) })
}

func (s *dyingStore) Digest(ctx context.Context, tenant privacy.TenantID, key string) (digest string, err error) {
	err = s.call(func() (err error) { digest, err = s.Store.Digest(ctx, tenant, key); return err })
	return digest, err
}

func (s *dyingStore) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (c dsr.Case, err error) {
	err = s.call(func() (err error) { c, err = s.Store.Case(ctx, tenant, id); return err })
	return c, err
}

func (s *dyingStore) Claim(ctx context.Context, now, until time.Time, limit int) (leases []dsr.Lease, err error) {
	err = s.call(func() (err error) { leases, err = s.Store.Claim(ctx, now, until, limit); return err })
	if err != nil {
		return nil, err
	}
	return leases, nil
}

func (s *dyingStore) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	return s.call(func() error { return s.Store.Retry(ctx, lease, at, problem) })
}

func (s *dyingStore) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	return s.call(func() error { return s.Store.Bury(ctx, lease, problem) })
}
