package archive

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// MemoryTokens is a TokenStore in memory, for tests and for a single process
// whose tokens need not outlive it. Make one with NewMemoryTokens.
type MemoryTokens struct {
	mu     sync.Mutex
	grants map[grantKey]Grant
}

type grantKey struct {
	tenant privacy.TenantID
	id     string
}

// NewMemoryTokens returns an empty store.
func NewMemoryTokens() *MemoryTokens { return &MemoryTokens{grants: map[grantKey]Grant{}} }

var _ TokenStore = (*MemoryTokens)(nil)

// Save implements TokenStore.
func (m *MemoryTokens) Save(ctx context.Context, g Grant) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.grants[grantKey{g.Tenant, g.ID}]; exists {
		return fmt.Errorf("grant: %w", privacy.ErrExists)
	}
	m.grants[grantKey{g.Tenant, g.ID}] = g
	return nil
}

// Grant implements TokenStore.
func (m *MemoryTokens) Grant(ctx context.Context, tenant privacy.TenantID, id string) (Grant, error) {
	if err := ctx.Err(); err != nil {
		return Grant{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.grants[grantKey{tenant, id}]
	if !ok {
		return Grant{}, fmt.Errorf("grant: %w", privacy.ErrNotFound)
	}
	return g, nil
}

// Redeem implements TokenStore.
func (m *MemoryTokens) Redeem(ctx context.Context, tenant privacy.TenantID, id string, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	g, ok := m.grants[grantKey{tenant, id}]
	switch {
	case !ok:
		return fmt.Errorf("grant: %w", privacy.ErrNotFound)
	case !g.RedeemedAt.IsZero():
		return fmt.Errorf("redeemed before: %w", privacy.ErrConflict)
	}
	g.RedeemedAt = at
	m.grants[grantKey{tenant, id}] = g
	return nil
}

// Purge implements TokenStore.
func (m *MemoryTokens) Purge(ctx context.Context, tenant privacy.TenantID, before time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	count := len(m.grants)
	maps.DeleteFunc(m.grants, func(key grantKey, g Grant) bool { return key.tenant == tenant && g.Expires.Before(before) })
	return count - len(m.grants), nil
}
