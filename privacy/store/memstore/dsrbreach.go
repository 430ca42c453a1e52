package memstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

type breachKey struct {
	tenant privacy.TenantID
	id     dsr.BreachID
}

type storedBreach struct {
	version uint64
	body    []byte
}

// SaveBreach implements dsr.BreachStore.
func (s *DSRStore) SaveBreach(ctx context.Context, b dsr.Breach) error {
	if err := b.Validate(); err != nil {
		return err
	}
	body, err := dsr.EncodeBreach(b)
	if err != nil {
		return err
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	key := breachKey{b.Tenant, b.ID}
	if s.breaches[key].version != b.Version-1 {
		return fmt.Errorf("memstore: the entry has another version: %w", privacy.ErrConflict)
	}
	s.breaches[key] = storedBreach{b.Version, body}
	return nil
}

// Breach implements dsr.BreachStore.
func (s *DSRStore) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	if err := s.enter(ctx); err != nil {
		return dsr.Breach{}, err
	}
	defer s.leave()
	stored, ok := s.breaches[breachKey{tenant, id}]
	if !ok {
		return dsr.Breach{}, fmt.Errorf("memstore: no such entry: %w", privacy.ErrNotFound)
	}
	return dsr.DecodeBreach(stored.body)
}

// Breaches implements dsr.BreachStore.
func (s *DSRStore) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	if err := limited(limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var found []dsr.Breach
	for key, stored := range s.breaches {
		if key.tenant != tenant || key.id <= after {
			continue
		}
		b, err := dsr.DecodeBreach(stored.body)
		if err != nil {
			return nil, err
		}
		found = append(found, b)
	}
	slices.SortFunc(found, func(a, b dsr.Breach) int { return cmp.Compare(a.ID, b.ID) })
	return page(found, limit), nil
}
