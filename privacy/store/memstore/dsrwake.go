package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

type wakeKey struct {
	tenant    privacy.TenantID
	kind, key string
}

func keyOf(w dsr.Wake) wakeKey { return wakeKey{w.Tenant, w.Kind, w.Key} }

// wake is a wake-up that waits or is leased.
type wake struct {
	lease dsr.Lease
	// from is when it can be claimed.
	from time.Time
}

func compareWakes(a, b *wake) int {
	return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.lease.Tenant, b.lease.Tenant),
		cmp.Compare(a.lease.Kind, b.lease.Kind), cmp.Compare(a.lease.Key, b.lease.Key))
}

// Claim implements dsr.WakeStore.
func (s *DSRStore) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	if err := limited(limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	now, until = now.UTC().Truncate(time.Microsecond), until.UTC().Truncate(time.Microsecond)
	var due []*wake
	for _, waiting := range s.wakes {
		if !waiting.from.After(now) {
			due = append(due, waiting)
		}
	}
	slices.SortFunc(due, compareWakes)
	var claimed []dsr.Lease
	for _, w := range page(due, limit) {
		w.lease.Token = max(w.lease.Token+1, uint64(max(now.UnixMicro(), 0)))
		w.lease.Attempts++
		w.lease.Until, w.from = until, until
		claimed = append(claimed, w.lease)
	}
	return claimed, nil
}

// held returns the wake-up of a lease if it is the latest.
func (s *DSRStore) held(lease dsr.Lease) (*wake, error) {
	w := s.wakes[keyOf(lease.Wake)]
	switch {
	case w == nil:
		return nil, fmt.Errorf("memstore: the wake-up is gone: %w", privacy.ErrNotFound)
	case w.lease.Token != lease.Token:
		return nil, fmt.Errorf("memstore: the lease is not the latest: %w", privacy.ErrConflict)
	}
	return w, nil
}

// Retry implements dsr.WakeStore.
func (s *DSRStore) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	w, err := s.held(lease)
	if err != nil {
		return err
	}
	at = at.UTC().Truncate(time.Microsecond)
	w.lease.RunAt, w.lease.Until, w.lease.Problem, w.from = at, time.Time{}, problem, at
	return nil
}

// Bury implements dsr.WakeStore.
func (s *DSRStore) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	w, err := s.held(lease)
	if err != nil {
		return err
	}
	w.lease.Problem = problem
	s.buried = append(s.buried, w.lease)
	delete(s.wakes, keyOf(lease.Wake))
	return nil
}

// Buried implements dsr.WakeStore.
func (s *DSRStore) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var buried []dsr.Lease
	for _, lease := range s.buried {
		if lease.Tenant == tenant {
			buried = append(buried, lease)
		}
	}
	return buried, nil
}
