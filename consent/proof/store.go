package proof

import (
	"context"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// LeaseRequest asks for the right to extend trees.
type LeaseRequest struct {
	// Holder names who asks, and must be unique among processes.
	Holder string
	// Now and Duration say until when the lease holds: Now + Duration. A
	// Duration of zero gives it up.
	Now      time.Time
	Duration time.Duration
}

// Lease is the right to extend trees.
type Lease struct {
	// Token is greater than that of every earlier holder.
	Token uint64
	// Until is when another may take it.
	Until time.Time
}

// Cursor is how far a Store has looked for events without a place. Only the
// Store that made it can read it. The empty Cursor means that nothing is to be
// remembered.
type Cursor string

// Batch are events to be given a place.
type Batch struct {
	// Leaves are the events.
	Leaves []Leaf
	// Trees are the trees of their tenants, each once; of a tenant without one,
	// the empty tree.
	Trees []Tree
	// Cursor is for the Extension that places these events.
	Cursor Cursor
	// More is true if a further call, after the Extension, may find more at once.
	More bool
	// Complete is true if every event that was committed before the call has a
	// place or is in the batch.
	Complete bool
}

// Position is the place of an event in the tree of its tenant.
type Position struct {
	Key      consent.StreamKey
	Sequence uint64
	// Index is the index of the leaf, from 0.
	Index uint64
}

// Growth is what becomes of one tree.
type Growth struct {
	// From is the size that the tree must have now.
	From uint64
	// Tree is the tree as it will be.
	Tree Tree
	// Tiles are those that are complete now and were not before.
	Tiles []Tile
	// Positions are those of the leaves from the index From on, all of the
	// tree's tenant.
	Positions []Position
}

// Extension is a write to trees.
type Extension struct {
	// Token is that of the lease under which it was made.
	Token uint64
	// Growths are of different tenants; there may be none.
	Growths []Growth
	// Cursor is that of the batch.
	Cursor Cursor
}

// TreeFilter selects trees.
type TreeFilter struct {
	// Tenant limits the result to the tree of one tenant; with AllTenants it is
	// ignored.
	Tenant     privacy.TenantID
	AllTenants bool
	// After is the tenant of the last tree of the previous page, "" for the first.
	After privacy.TenantID
	// Limit is the greatest number of trees, at least 1.
	Limit int
}

// Store keeps the trees beside the ledger. Package prooftest is its specification
// as a test suite.
//
// All methods MUST be safe for concurrent use. A cancelled context MUST make them
// fail without having written anything, unless the write was already decided.
// Slices that go in or come out MUST be copies. Identifiers MUST be compared byte
// for byte. What this package passes is valid; a Store need not check it.
type Store interface {
	// Lease gives the lease to the holder if nobody has it, if it ended (its
	// Until is not after Now), or if the holder has it already; otherwise it MUST
	// fail with privacy.ErrConflict. Who has it keeps the Token; who takes it from
	// another, or after it was given up, MUST get a greater Token than any before.
	// To give up a lease that one does not have is no error.
	Lease(ctx context.Context, request LeaseRequest) (Lease, error)

	// Pending returns up to limit events of the ledger that have no place in a
	// tree. Of each stream they MUST begin with the first that has none, in order
	// of sequence without gaps. What is not committed MUST NOT be among them.
	// A batch that was not placed MUST come again. Every event MUST come in the
	// end as batches are placed one after another, also one of a transaction that
	// began early and committed late, and one whose outbox row was trimmed. The
	// trees of the batch MUST be those of the tenants of its leaves.
	Pending(ctx context.Context, limit int) (Batch, error)

	// Extend writes growths and the cursor in one unit of work. If Token is not
	// the last that was given, or a tree has not the size From, it MUST fail with
	// privacy.ErrConflict and write nothing. When it returns nil, all MUST be
	// durable.
	Extend(ctx context.Context, extension Extension) error

	// Trees returns trees in byte order of their tenants. A tenant without a tree
	// is not among them.
	Trees(ctx context.Context, filter TreeFilter) ([]Tree, error)

	// Tiles returns complete tiles of a tenant's tree, in the order of ids. It
	// MUST fail with privacy.ErrNotFound if one is not there.
	Tiles(ctx context.Context, tenant privacy.TenantID, ids []TileID) ([]Tile, error)

	// Positions returns up to limit positions of a stream's events with a
	// sequence greater than after, in order of sequence.
	Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]Position, error)
}
