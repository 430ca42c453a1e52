package storetest

import (
	"context"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// ProofInTransactions is the store of package proof with every call in a transaction
// of the host.
func ProofInTransactions(transact Transact) proof.Store {
	return proofCalls{joining(transact, func(tx *sqlstore.Tx) proof.Store { return tx.Proof() })}
}

type proofCalls struct{ calls[proof.Store] }

func (c proofCalls) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	return ask(ctx, c.calls, func(s proof.Store) (proof.Lease, error) { return s.Lease(ctx, request) })
}

func (c proofCalls) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	return ask(ctx, c.calls, func(s proof.Store) (proof.Batch, error) { return s.Pending(ctx, limit) })
}

func (c proofCalls) Extend(ctx context.Context, extension proof.Extension) error {
	return c.calls(ctx, func(s proof.Store) error { return s.Extend(ctx, extension) })
}

func (c proofCalls) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	return ask(ctx, c.calls, func(s proof.Store) ([]proof.Tree, error) { return s.Trees(ctx, filter) })
}

func (c proofCalls) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	return ask(ctx, c.calls, func(s proof.Store) ([]proof.Tile, error) { return s.Tiles(ctx, tenant, ids) })
}

func (c proofCalls) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	return ask(ctx, c.calls, func(s proof.Store) ([]proof.Position, error) { return s.Positions(ctx, key, after, limit) })
}
