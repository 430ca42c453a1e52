package retentiontest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// InTransactions returns a store each of whose calls is one call of transact, which
// hands do a store within a transaction of a host, commits if do returned nil or a
// refusal, and returns the error of do. With it Run tests that a store may join.
func InTransactions(transact func(ctx context.Context, do func(Store) error) error) Store {
	return transactions{transact}
}

type transactions struct {
	transact func(ctx context.Context, do func(Store) error) error
}

func within[T any](ctx context.Context, t transactions, call func(Store) (T, error)) (result T, err error) {
	err = t.transact(ctx, func(s Store) error {
		var failed error
		result, failed = call(s)
		return failed
	})
	return result, err
}

func (t transactions) PlaceHold(ctx context.Context, hold retention.Hold) ([]retention.Claim, error) {
	return within(ctx, t, func(s Store) ([]retention.Claim, error) { return s.PlaceHold(ctx, hold) })
}

func (t transactions) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	return t.transact(ctx, func(s Store) error { return s.ReleaseHold(ctx, tenant, id, on) })
}

func (t transactions) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	return within(ctx, t, func(s Store) ([]retention.Hold, error) { return s.Holds(ctx, tenant) })
}

func (t transactions) OpenRequest(ctx context.Context, request retention.Request) ([]retention.Claim, error) {
	return within(ctx, t, func(s Store) ([]retention.Claim, error) { return s.OpenRequest(ctx, request) })
}

func (t transactions) CloseRequest(ctx context.Context, tenant privacy.TenantID, id string) error {
	return t.transact(ctx, func(s Store) error { return s.CloseRequest(ctx, tenant, id) })
}

func (t transactions) Requests(ctx context.Context, tenant privacy.TenantID) ([]retention.Request, error) {
	return within(ctx, t, func(s Store) ([]retention.Request, error) { return s.Requests(ctx, tenant) })
}

func (t transactions) CreateSweep(ctx context.Context, sweep retention.Sweep) error {
	return t.transact(ctx, func(s Store) error { return s.CreateSweep(ctx, sweep) })
}

func (t transactions) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	return within(ctx, t, func(s Store) ([]retention.ClaimResult, error) { return s.Claim(ctx, sweep, leases, claims, at) })
}

func (t transactions) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	return t.transact(ctx, func(s Store) error { return s.Record(ctx, sweep, leases, items, pending) })
}

func (t transactions) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	return within(ctx, t, func(s Store) ([]retention.Item, error) { return s.Items(ctx, sweep, after, limit) })
}

func (t transactions) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	return within(ctx, t, func(s Store) ([]retention.Action, error) { return s.Disposed(ctx, tokens) })
}

func (t transactions) Lease(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
	return within(ctx, t, func(s Store) ([]retention.Lease, error) { return s.Lease(ctx, sweep, shards, now, until) })
}

func (t transactions) Renew(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
	return within(ctx, t, func(s Store) (bool, error) { return s.Renew(ctx, sweep, leases, until) })
}

func (t transactions) Release(ctx context.Context, sweep string, leases []retention.Lease) error {
	return t.transact(ctx, func(s Store) error { return s.Release(ctx, sweep, leases) })
}

func (t transactions) InFlight(ctx context.Context, sweep string, shards []retention.Shard) ([]retention.Claim, error) {
	return within(ctx, t, func(s Store) ([]retention.Claim, error) { return s.InFlight(ctx, sweep, shards) })
}

func (t transactions) Notices(ctx context.Context, sweep string, after retention.Token, limit int) ([]retention.Notice, error) {
	return within(ctx, t, func(s Store) ([]retention.Notice, error) { return s.Notices(ctx, sweep, after, limit) })
}

func (t transactions) Told(ctx context.Context, sweep string, tokens []retention.Token) error {
	return t.transact(ctx, func(s Store) error { return s.Told(ctx, sweep, tokens) })
}
