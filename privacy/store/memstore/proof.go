package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// ProofStore is a proof.Store in memory, on the ledger of a ConsentStore. It is
// safe for concurrent use.
type ProofStore struct {
	ledger *ConsentStore

	lock      sync.Mutex
	holder    string
	lease     proof.Lease
	trees     map[privacy.TenantID]proof.Tree
	tiles     map[privacy.TenantID]map[proof.TileID][]merkle.Hash
	positions map[consent.StreamKey][]proof.Position
}

var _ proof.Store = (*ProofStore)(nil)

// NewProof returns an empty store for the trees over the events of ledger.
func NewProof(ledger *ConsentStore) *ProofStore {
	return &ProofStore{
		ledger: ledger, trees: map[privacy.TenantID]proof.Tree{},
		tiles:     map[privacy.TenantID]map[proof.TileID][]merkle.Hash{},
		positions: map[consent.StreamKey][]proof.Position{},
	}
}

// Lease implements proof.Store.
func (s *ProofStore) Lease(ctx context.Context, request proof.LeaseRequest) (proof.Lease, error) {
	if err := ctx.Err(); err != nil {
		return proof.Lease{}, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.holder != request.Holder && request.Duration <= 0 {
		return proof.Lease{}, nil
	}
	if s.holder != request.Holder {
		if s.holder != "" && s.lease.Until.After(request.Now) {
			return proof.Lease{}, fmt.Errorf("memstore: another process has the lease: %w", privacy.ErrConflict)
		}
		s.holder = request.Holder
		s.lease.Token++
	}
	s.lease.Until = request.Now.Add(request.Duration).UTC().Truncate(time.Microsecond)
	given := s.lease
	if request.Duration <= 0 {
		s.holder = ""
	}
	return given, nil
}

// Pending implements proof.Store. It looks at every stream.
func (s *ProofStore) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	if err := ctx.Err(); err != nil {
		return proof.Batch{}, err
	}
	s.ledger.lock.Lock()
	defer s.ledger.lock.Unlock()
	s.lock.Lock()
	defer s.lock.Unlock()
	batch := proof.Batch{Complete: true}
	seen := map[privacy.TenantID]bool{}
	for _, key := range slices.SortedFunc(maps.Keys(s.ledger.streams), compareStreams) {
		for _, record := range s.ledger.streams[key].records[len(s.positions[key]):] {
			if len(batch.Leaves) == limit {
				batch.More, batch.Complete = true, false
				return batch, nil
			}
			batch.Leaves = append(batch.Leaves, proof.LeafOf(record))
			if !seen[key.Tenant] {
				seen[key.Tenant] = true
				tree := s.trees[key.Tenant]
				tree.Tenant = key.Tenant
				batch.Trees = append(batch.Trees, copyTree(tree))
			}
		}
	}
	return batch, nil
}

func compareStreams(a, b consent.StreamKey) int {
	if order := strings.Compare(string(a.Tenant), string(b.Tenant)); order != 0 {
		return order
	}
	return strings.Compare(string(a.Subject), string(b.Subject))
}

// Extend implements proof.Store.
func (s *ProofStore) Extend(ctx context.Context, extension proof.Extension) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if extension.Token == 0 || extension.Token != s.lease.Token {
		return fmt.Errorf("memstore: the lease was lost: %w", privacy.ErrConflict)
	}
	for _, growth := range extension.Growths {
		if s.trees[growth.Tree.Tenant].Size != growth.From {
			return fmt.Errorf("memstore: the tree has grown: %w", privacy.ErrConflict)
		}
	}
	for _, growth := range extension.Growths {
		tenant := growth.Tree.Tenant
		s.trees[tenant] = copyTree(growth.Tree)
		if s.tiles[tenant] == nil {
			s.tiles[tenant] = map[proof.TileID][]merkle.Hash{}
		}
		for _, tile := range growth.Tiles {
			s.tiles[tenant][tile.TileID] = slices.Clone(tile.Hashes)
		}
		for _, position := range growth.Positions {
			s.positions[position.Key] = append(s.positions[position.Key], position)
		}
	}
	return nil
}

// Trees implements proof.Store.
func (s *ProofStore) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var trees []proof.Tree
	for _, tenant := range slices.Sorted(maps.Keys(s.trees)) {
		if len(trees) == filter.Limit {
			break
		}
		if tenant > filter.After && (filter.AllTenants || tenant == filter.Tenant) {
			trees = append(trees, copyTree(s.trees[tenant]))
		}
	}
	return trees, nil
}

// Tiles implements proof.Store.
func (s *ProofStore) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	tiles := make([]proof.Tile, len(ids))
	for i, id := range ids {
		hashes, ok := s.tiles[tenant][id]
		if !ok {
			return nil, fmt.Errorf("memstore: a tile is not there: %w", privacy.ErrNotFound)
		}
		tiles[i] = proof.Tile{TileID: id, Hashes: slices.Clone(hashes)}
	}
	return tiles, nil
}

// Positions implements proof.Store.
func (s *ProofStore) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	all := s.positions[key]
	if after >= uint64(len(all)) {
		return nil, nil
	}
	all = all[after:]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

func copyTree(tree proof.Tree) proof.Tree {
	tree.Edge = slices.Clone(tree.Edge)
	tree.Checkpoint = slices.Clone(tree.Checkpoint)
	return tree
}
