package prooftest

import (
	"context"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
)

// faulty is a store with faults: a method whose field is nil is sound.
type faulty struct {
	proof.Store
	onLease     func(context.Context, proof.LeaseRequest) (proof.Lease, error)
	onPending   func(context.Context, int) (proof.Batch, error)
	onExtend    func(context.Context, proof.Extension) error
	onTrees     func(context.Context, proof.TreeFilter) ([]proof.Tree, error)
	onTiles     func(context.Context, privacy.TenantID, []proof.TileID) ([]proof.Tile, error)
	onPositions func(context.Context, consent.StreamKey, uint64, int) ([]proof.Position, error)
}

// Lease implements proof.Store.
func (f *faulty) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	if f.onLease != nil {
		return f.onLease(ctx, request)
	}
	return f.Store.Lease(ctx, request)
}

// Pending implements proof.Store.
func (f *faulty) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	if f.onPending != nil {
		return f.onPending(ctx, limit)
	}
	return f.Store.Pending(ctx, limit)
}

// Extend implements proof.Store.
func (f *faulty) Extend(ctx context.Context, extension proof.Extension) error {
	if f.onExtend != nil {
		return f.onExtend(ctx, extension)
	}
	return f.Store.Extend(ctx, extension)
}

// Trees implements proof.Store.
func (f *faulty) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	if f.onTrees != nil {
		return f.onTrees(ctx, filter)
	}
	return f.Store.Trees(ctx, filter)
}

// Tiles implements proof.Store.
func (f *faulty) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	if f.onTiles != nil {
		return f.onTiles(ctx, tenant, ids)
	}
	return f.Store.Tiles(ctx, tenant, ids)
}

// Positions implements proof.Store.
func (f *faulty) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	if f.onPositions != nil {
		return f.onPositions(ctx, key, after, limit)
	}
	return f.Store.Positions(ctx, key, after, limit)
}
