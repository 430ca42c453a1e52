package dsrtest

import (
	"context"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// Counting returns the harness with a hook before every call, also of the
// windows, which may make it fail.
func Counting(h Harness, hook func() error) Harness {
	var lock sync.Mutex
	before := func(ctx context.Context) (context.Context, error) {
		lock.Lock()
		defer lock.Unlock()
		return ctx, hook()
	}
	f := &faulty{sound: h, before: before}
	return Harness{
		Store: f,
		Effects: func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
			if _, err := before(ctx); err != nil {
				return nil, err
			}
			return h.Effects(ctx, tenant)
		},
		Events: func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
			if _, err := before(ctx); err != nil {
				return nil, err
			}
			return h.Events(ctx, tenant)
		},
		Requests: func(ctx context.Context, tenant privacy.TenantID) ([]OpenRequest, error) {
			if _, err := before(ctx); err != nil {
				return nil, err
			}
			return h.Requests(ctx, tenant)
		},
	}
}
