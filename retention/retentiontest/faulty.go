package retentiontest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// faulty is a store with faults: a method whose field is nil is sound.
type faulty struct {
	Store
	onPlaceHold    func(context.Context, retention.Hold) ([]retention.Claim, error)
	onReleaseHold  func(context.Context, privacy.TenantID, string, privacy.Date) error
	onHolds        func(context.Context, privacy.TenantID) ([]retention.Hold, error)
	onOpenRequest  func(context.Context, retention.Request) ([]retention.Claim, error)
	onCloseRequest func(context.Context, privacy.TenantID, string) error
	onRequests     func(context.Context, privacy.TenantID) ([]retention.Request, error)
	onCreateSweep  func(context.Context, retention.Sweep) error
	onClaim        func(context.Context, string, []retention.Lease, []retention.Claim, time.Time) ([]retention.ClaimResult, error)
	onRecord       func(context.Context, string, []retention.Lease, []retention.Item, []retention.Notice) error
	onItems        func(context.Context, string, uint64, int) ([]retention.Item, error)
	onDisposed     func(context.Context, []retention.Token) ([]retention.Action, error)
	onLease        func(context.Context, string, []retention.Shard, time.Time, time.Time) ([]retention.Lease, error)
	onRenew        func(context.Context, string, []retention.Lease, time.Time) (bool, error)
	onRelease      func(context.Context, string, []retention.Lease) error
	onInFlight     func(context.Context, string, []retention.Shard) ([]retention.Claim, error)
	onNotices      func(context.Context, string, retention.Token, int) ([]retention.Notice, error)
	onTold         func(context.Context, string, []retention.Token) error
}

func (f *faulty) PlaceHold(ctx context.Context, hold retention.Hold) ([]retention.Claim, error) {
	if f.onPlaceHold != nil {
		return f.onPlaceHold(ctx, hold)
	}
	return f.Store.PlaceHold(ctx, hold)
}

func (f *faulty) ReleaseHold(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
	if f.onReleaseHold != nil {
		return f.onReleaseHold(ctx, tenant, id, on)
	}
	return f.Store.ReleaseHold(ctx, tenant, id, on)
}

func (f *faulty) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	if f.onHolds != nil {
		return f.onHolds(ctx, tenant)
	}
	return f.Store.Holds(ctx, tenant)
}

func (f *faulty) OpenRequest(ctx context.Context, request retention.Request) ([]retention.Claim, error) {
	if f.onOpenRequest != nil {
		return f.onOpenRequest(ctx, request)
	}
	return f.Store.OpenRequest(ctx, request)
}

func (f *faulty) CloseRequest(ctx context.Context, tenant privacy.TenantID, id string) error {
	if f.onCloseRequest != nil {
		return f.onCloseRequest(ctx, tenant, id)
	}
	return f.Store.CloseRequest(ctx, tenant, id)
}

func (f *faulty) Requests(ctx context.Context, tenant privacy.TenantID) ([]retention.Request, error) {
	if f.onRequests != nil {
		return f.onRequests(ctx, tenant)
	}
	return f.Store.Requests(ctx, tenant)
}

func (f *faulty) CreateSweep(ctx context.Context, sweep retention.Sweep) error {
	if f.onCreateSweep != nil {
		return f.onCreateSweep(ctx, sweep)
	}
	return f.Store.CreateSweep(ctx, sweep)
}

func (f *faulty) Claim(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
	if f.onClaim != nil {
		return f.onClaim(ctx, sweep, leases, claims, at)
	}
	return f.Store.Claim(ctx, sweep, leases, claims, at)
}

func (f *faulty) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	if f.onRecord != nil {
		return f.onRecord(ctx, sweep, leases, items, pending)
	}
	return f.Store.Record(ctx, sweep, leases, items, pending)
}

func (f *faulty) Items(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
	if f.onItems != nil {
		return f.onItems(ctx, sweep, after, limit)
	}
	return f.Store.Items(ctx, sweep, after, limit)
}

func (f *faulty) Disposed(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
	if f.onDisposed != nil {
		return f.onDisposed(ctx, tokens)
	}
	return f.Store.Disposed(ctx, tokens)
}

func (f *faulty) Lease(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
	if f.onLease != nil {
		return f.onLease(ctx, sweep, shards, now, until)
	}
	return f.Store.Lease(ctx, sweep, shards, now, until)
}

func (f *faulty) Renew(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
	if f.onRenew != nil {
		return f.onRenew(ctx, sweep, leases, until)
	}
	return f.Store.Renew(ctx, sweep, leases, until)
}

func (f *faulty) Release(ctx context.Context, sweep string, leases []retention.Lease) error {
	if f.onRelease != nil {
		return f.onRelease(ctx, sweep, leases)
	}
	return f.Store.Release(ctx, sweep, leases)
}

func (f *faulty) InFlight(ctx context.Context, sweep string, shards []retention.Shard) ([]retention.Claim, error) {
	if f.onInFlight != nil {
		return f.onInFlight(ctx, sweep, shards)
	}
	return f.Store.InFlight(ctx, sweep, shards)
}

func (f *faulty) Notices(ctx context.Context, sweep string, after retention.Token, limit int) ([]retention.Notice, error) {
	if f.onNotices != nil {
		return f.onNotices(ctx, sweep, after, limit)
	}
	return f.Store.Notices(ctx, sweep, after, limit)
}

func (f *faulty) Told(ctx context.Context, sweep string, tokens []retention.Token) error {
	if f.onTold != nil {
		return f.onTold(ctx, sweep, tokens)
	}
	return f.Store.Told(ctx, sweep, tokens)
}
