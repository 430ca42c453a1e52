package dsr_test

import (
	"context"
	"errors"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var errUnreachable = errors.New("the store cannot be reached")

// memory is memstore, of which one call can fail.
type memory struct {
	*memstore.DSRStore
	// calls counts those that a service makes; the one numbered failAt fails with
	// errUnreachable.
	calls, failAt int
}

func newMemory() *memory { return &memory{DSRStore: memstore.NewDSR(memstore.NewConsent(nil))} }

func (m *memory) call() error {
	if m.calls++; m.calls == m.failAt {
		return errUnreachable
	}
	return nil
}

func (m *memory) Update(ctx context.Context, u dsr.Update) error {
	if err := m.call(); err != nil {
		return err
	}
	return m.DSRStore.Update(ctx, u)
}

func (m *memory) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	if err := m.call(); err != nil {
		return "", err
	}
	return m.DSRStore.Digest(ctx, tenant, key)
}

func (m *memory) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	if err := m.call(); err != nil {
		return dsr.Case{}, err
	}
	return m.DSRStore.Case(ctx, tenant, id)
}
