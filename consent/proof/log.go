package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// Ledger is what a Log needs of the ledger's store. Every consent.LedgerStore is
// one.
type Ledger interface {
	// Records returns up to limit records of a stream after a sequence.
	Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error)
	// Subjects returns up to limit subjects of a tenant after one, in byte order.
	Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error)
}

// Log proves what is in the trees. It only reads, and is safe for concurrent use.
type Log struct {
	store  Store
	ledger Ledger
	trust  Trust
}

// NewLog returns a log on the store of the trees and that of the ledger they are
// of. The error matches privacy.ErrInvalid.
func NewLog(store Store, ledger Ledger, trust Trust) (*Log, error) {
	if store == nil || ledger == nil {
		return nil, fmt.Errorf("proof: a log needs the stores of the trees and of the ledger: %w", privacy.ErrInvalid)
	}
	if err := trust.check(); err != nil {
		return nil, err
	}
	return &Log{store: store, ledger: ledger, trust: Trust{Origin: trust.Origin, Keys: slices.Clone(trust.Keys)}}, nil
}

// Checkpoint returns the latest checkpoint of a tenant's tree. The error matches
// privacy.ErrNotFound if there is none yet, is a *FaultError if it cannot be
// trusted, or the store's.
func (l *Log) Checkpoint(ctx context.Context, tenant privacy.TenantID) (Checkpoint, error) {
	_, checkpoint, err := l.tree(ctx, tenant)
	return checkpoint, err
}

func (l *Log) tree(ctx context.Context, tenant privacy.TenantID) (Tree, Checkpoint, error) {
	if err := privacy.CheckID("tenant", string(tenant)); err != nil {
		return Tree{}, Checkpoint{}, err
	}
	trees, err := l.store.Trees(ctx, TreeFilter{Tenant: tenant, Limit: 1})
	if err != nil {
		return Tree{}, Checkpoint{}, fmt.Errorf("proof: tree: %w", err)
	}
	if len(trees) == 0 || trees[0].Size == 0 {
		return Tree{}, Checkpoint{}, fmt.Errorf("proof: the tenant has no tree yet: %w", privacy.ErrNotFound)
	}
	if err := l.trust.verifyTree(trees[0]); err != nil {
		return Tree{}, Checkpoint{}, err
	}
	checkpoint, err := l.trust.Verify(tenant, trees[0].Checkpoint)
	return trees[0], checkpoint, err
}

// Inclusion proves that an event is in the tree of its tenant. It can be given
// away: it holds nothing of the event's payload.
type Inclusion struct {
	Leaf Leaf `json:"leaf"`
	// Index is that of the leaf.
	Index uint64 `json:"index"`
	// Path leads from the leaf to the root of the checkpoint.
	Path []merkle.Hash `json:"path"`
	// Checkpoint is a signed note.
	Checkpoint []byte `json:"checkpoint"`
}

// Inclusion returns the proof that an event of a stream is in the tree, by the
// latest checkpoint. The error matches privacy.ErrNotFound if there is no such
// event or it has no place yet, is a *FaultError if the event is not the one that
// was placed or the tree is not the one that was signed, matches
// privacy.ErrInvalid for a key that is not legal, or is the store's.
func (l *Log) Inclusion(ctx context.Context, key consent.StreamKey, sequence uint64) (Inclusion, error) {
	if err := checkKey(key); err != nil {
		return Inclusion{}, err
	}
	if sequence == 0 {
		return Inclusion{}, errNoEvent
	}
	records, err := l.ledger.Records(ctx, key, sequence-1, 1)
	if err != nil {
		return Inclusion{}, fmt.Errorf("proof: record: %w", err)
	}
	positions, err := l.store.Positions(ctx, key, sequence-1, 1)
	if err != nil {
		return Inclusion{}, fmt.Errorf("proof: position: %w", err)
	}
	if len(records) == 0 || records[0].Sequence != sequence || len(positions) == 0 || positions[0].Sequence != sequence {
		return Inclusion{}, errNoEvent
	}
	tree, checkpoint, err := l.tree(ctx, key.Tenant)
	if err != nil {
		return Inclusion{}, err
	}
	leaf, index := LeafOf(records[0]), positions[0].Index
	altered := &FaultError{Fault{Code: EventAltered, Tenant: key.Tenant, Subject: key.Subject, Sequence: sequence, Index: index}}
	if index >= tree.Size { // the tree was read later
		return Inclusion{}, altered
	}
	path, err := merkle.InclusionProof(index, tree.Size, l.nodes(ctx, tree))
	if err != nil {
		return Inclusion{}, fmt.Errorf("proof: inclusion: %w", err)
	}
	inclusion := Inclusion{Leaf: leaf, Index: index, Path: path, Checkpoint: checkpoint.Note}
	if _, err := l.trust.VerifyInclusion(inclusion); err != nil {
		return Inclusion{}, altered
	}
	return inclusion, nil
}

func checkKey(key consent.StreamKey) error {
	if err := privacy.CheckID("tenant", string(key.Tenant)); err != nil || key.Subject == "" {
		return err
	}
	return privacy.CheckID("subject", string(key.Subject))
}

var errNoEvent = fmt.Errorf("proof: there is no such event in a tree: %w", privacy.ErrNotFound)

// nodes reads hashes of a tree, with one call for all tiles of a proof.
func (l *Log) nodes(ctx context.Context, tree Tree) merkle.NodeReader {
	return func(nodes []merkle.Node) ([]merkle.Hash, error) {
		levels, err := tree.levels()
		if err != nil {
			return nil, err
		}
		var ids []TileID
		for _, node := range nodes {
			if id := placeOf(node).tile; !tree.onEdge(id) && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		tiles, err := l.tiles(ctx, tree.Tenant, ids)
		if errors.Is(err, privacy.ErrNotFound) {
			return nil, &FaultError{Fault{Code: TreeAltered, Tenant: tree.Tenant, Index: tree.Size}}
		}
		if err != nil {
			return nil, err
		}
		hashes := make([]merkle.Hash, len(nodes))
		for i, node := range nodes {
			if hashes[i], err = tree.hashAt(node, levels, tiles); err != nil {
				return nil, &FaultError{Fault{Code: TreeAltered, Tenant: tree.Tenant, Index: node.Index << node.Level}}
			}
		}
		return hashes, nil
	}
}

func (l *Log) tiles(ctx context.Context, tenant privacy.TenantID, ids []TileID) (map[TileID][]merkle.Hash, error) {
	found := make(map[TileID][]merkle.Hash, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	tiles, err := l.store.Tiles(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	for _, tile := range tiles {
		found[tile.TileID] = tile.Hashes
	}
	return found, nil
}

// VerifyInclusion checks a proof offline: that the leaf is in the tree of its
// tenant at the checkpoint, which it returns. The error matches
// privacy.ErrInvalid.
func (t Trust) VerifyInclusion(inclusion Inclusion) (Checkpoint, error) {
	checkpoint, err := t.Verify(inclusion.Leaf.Tenant, inclusion.Checkpoint)
	if err != nil {
		return Checkpoint{}, err
	}
	hash, err := inclusion.Leaf.Hash()
	if err != nil {
		return Checkpoint{}, err
	}
	if err := merkle.VerifyInclusion(hash, inclusion.Index, checkpoint.Size, inclusion.Path, checkpoint.Root); err != nil {
		return Checkpoint{}, err
	}
	return checkpoint, nil
}

// Shows checks that a record is the one of which the proof is. A record whose
// payload was not redacted must fit its commitment. The error matches
// privacy.ErrInvalid.
func (i Inclusion) Shows(record consent.Record) error {
	mine, err := i.Leaf.Hash()
	if err != nil {
		return err
	}
	other, err := LeafOf(record).Hash()
	if err != nil {
		return err
	}
	if mine != other {
		return fmt.Errorf("proof: the proof is that of another event: %w", privacy.ErrInvalid)
	}
	return record.Verify()
}

// Consistency proves that a tree begins with an older one.
type Consistency struct {
	Tenant privacy.TenantID `json:"tenant"`
	// From is the size of the older tree.
	From uint64 `json:"from"`
	// Path leads from the older root to that of the checkpoint.
	Path []merkle.Hash `json:"path"`
	// Checkpoint is a signed note.
	Checkpoint []byte `json:"checkpoint"`
}

// Consistency returns the proof that the tree of a tenant, by its latest
// checkpoint, begins with the one of the size from. The error matches
// privacy.ErrInvalid if the tree is smaller or from is 0, privacy.ErrNotFound if
// there is no tree, is a *FaultError if the tree is not the one that was signed,
// or the store's.
func (l *Log) Consistency(ctx context.Context, tenant privacy.TenantID, from uint64) (Consistency, error) {
	tree, checkpoint, err := l.tree(ctx, tenant)
	if err != nil {
		return Consistency{}, err
	}
	path, err := merkle.ConsistencyProof(from, tree.Size, l.nodes(ctx, tree))
	if err != nil {
		return Consistency{}, fmt.Errorf("proof: consistency: %w", err)
	}
	return Consistency{Tenant: tenant, From: from, Path: path, Checkpoint: checkpoint.Note}, nil
}

// VerifyConsistency checks offline that the tree at the checkpoint of a proof,
// which it returns, begins with the tree at an older checkpoint. The error matches
// privacy.ErrInvalid.
func (t Trust) VerifyConsistency(older Checkpoint, consistency Consistency) (Checkpoint, error) {
	newer, err := t.Verify(consistency.Tenant, consistency.Checkpoint)
	if err != nil {
		return Checkpoint{}, err
	}
	if older.Origin != newer.Origin || older.Size != consistency.From {
		return Checkpoint{}, fmt.Errorf("proof: the proof is not about this checkpoint: %w", privacy.ErrInvalid)
	}
	if err := merkle.VerifyConsistency(older.Size, newer.Size, consistency.Path, older.Root, newer.Root); err != nil {
		return Checkpoint{}, err
	}
	return newer, nil
}
