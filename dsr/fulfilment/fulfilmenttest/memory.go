package fulfilmenttest

import (
	"context"
	"sync"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// Suppressions is a fulfilment.SuppressionStore in memory that keeps the whole
// contract. The zero value is empty and ready. It is safe for concurrent use.
type Suppressions struct {
	lock    sync.Mutex
	entries map[suppressionKey]fulfilment.SuppressionEntry
}

type suppressionKey struct {
	tenant privacy.TenantID
	hash   fulfilment.SuppressionHash
}

var _ fulfilment.SuppressionStore = (*Suppressions)(nil)

// Add implements fulfilment.SuppressionStore.
func (s *Suppressions) Add(ctx context.Context, tenant privacy.TenantID, entries []fulfilment.SuppressionEntry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.entries == nil {
		s.entries = map[suppressionKey]fulfilment.SuppressionEntry{}
	}
	for _, entry := range entries {
		key := suppressionKey{tenant, entry.Hash}
		if _, there := s.entries[key]; !there {
			entry.At = entry.At.UTC()
			s.entries[key] = entry
		}
	}
	return nil
}

// Find implements fulfilment.SuppressionStore.
func (s *Suppressions) Find(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) ([]fulfilment.SuppressionEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var found []fulfilment.SuppressionEntry
	seen := map[fulfilment.SuppressionHash]bool{}
	for _, hash := range hashes {
		if entry, there := s.entries[suppressionKey{tenant, hash}]; there && !seen[hash] {
			seen[hash] = true
			found = append(found, entry)
		}
	}
	return found, nil
}

// Remove implements fulfilment.SuppressionStore.
func (s *Suppressions) Remove(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) error {
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
