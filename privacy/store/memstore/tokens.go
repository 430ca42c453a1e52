package memstore

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// TokenStore is an archive.TokenStore in memory. It is safe for concurrent use.
type TokenStore struct {
	lock   sync.Mutex
	grants map[grantKey]archive.Grant
}

type grantKey struct {
	tenant privacy.TenantID
	id     string
}

var _ archive.TokenStore = (*TokenStore)(nil)

// NewTokens returns an empty store.
func NewTokens() *TokenStore { return &TokenStore{grants: map[grantKey]archive.Grant{}} }

// Save implements archive.TokenStore.
func (s *TokenStore) Save(ctx context.Context, g archive.Grant) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if _, exists := s.grants[grantKey{g.Tenant, g.ID}]; exists {
		return fmt.Errorf("memstore: the grant exists: %w", privacy.ErrExists)
	}
	g.Expires = g.Expires.UTC().Truncate(time.Microsecond)
	s.grants[grantKey{g.Tenant, g.ID}] = g
	return nil
}

// Grant implements archive.TokenStore.
func (s *TokenStore) Grant(ctx context.Context, tenant privacy.TenantID, id string) (archive.Grant, error) {
	if err := ctx.Err(); err != nil {
		return archive.Grant{}, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	g, ok := s.grants[grantKey{tenant, id}]
	if !ok {
		return archive.Grant{}, fmt.Errorf("memstore: no such grant: %w", privacy.ErrNotFound)
	}
	return g, nil
}

// Redeem implements archive.TokenStore.
func (s *TokenStore) Redeem(ctx context.Context, tenant privacy.TenantID, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	g, ok := s.grants[grantKey{tenant, id}]
	switch {
	case !ok:
		return fmt.Errorf("memstore: no such grant: %w", privacy.ErrNotFound)
	case !g.RedeemedAt.IsZero():
		return fmt.Errorf("memstore: the grant was redeemed before: %w", privacy.ErrConflict)
	}
	g.RedeemedAt = at.UTC().Truncate(time.Microsecond)
	s.grants[grantKey{tenant, id}] = g
	return nil
}

// Purge implements archive.TokenStore.
func (s *TokenStore) Purge(ctx context.Context, tenant privacy.TenantID, before time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	count := len(s.grants)
	maps.DeleteFunc(s.grants, func(key grantKey, g archive.Grant) bool {
		return key.tenant == tenant && g.Expires.Before(before)
	})
	return count - len(s.grants), nil
}
