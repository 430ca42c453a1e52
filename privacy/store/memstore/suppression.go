package memstore

import (
	"context"
	"sync"
	"time"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// SuppressionStore is a fulfilment.SuppressionStore in memory. It is safe for
// concurrent use.
type SuppressionStore struct {
	lock    sync.Mutex
	entries map[suppressionKey]fulfilment.SuppressionEntry
}

type suppressionKey struct {
	tenant privacy.TenantID
	hash   fulfilment.SuppressionHash
}

var _ fulfilment.SuppressionStore = (*SuppressionStore)(nil)

// NewSuppressions returns an empty store.
func NewSuppressions() *SuppressionStore {
	return &SuppressionStore{entries: map[suppressionKey]fulfilment.SuppressionEntry{}}
}

// Add implements fulfilment.SuppressionStore.
func (s *SuppressionStore) Add(ctx context.Context, tenant privacy.TenantID, entries []fulfilment.SuppressionEntry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, entry := range entries {
		key := suppressionKey{tenant, entry.Hash}
		if _, there := s.entries[key]; !there {
			entry.At = entry.At.UTC().Truncate(time.Microsecond)
			s.entries[key] = entry
		}
	}
	return nil
}

// Find implements fulfilment.SuppressionStore.
func (s *SuppressionStore) Find(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) ([]fulfilment.SuppressionEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var found []fulfilment.SuppressionEntry
	asked := map[fulfilment.SuppressionHash]bool{}
	for _, hash := range hashes {
		if entry, there := s.entries[suppressionKey{tenant, hash}]; there && !asked[hash] {
			asked[hash] = true
			found = append(found, entry)
		}
	}
	return found, nil
}

// Remove implements fulfilment.SuppressionStore.
func (s *SuppressionStore) Remove(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, hash := range hashes {
		delete(s.entries, suppressionKey{tenant, hash})
	}
	return nil
}
