package proof

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// A tree is kept in tiles of 32 hashes. Those of level 0 are the leaves; each
// hash of a higher level is the root of a whole tile below. Hashes within a tile
// are computed when they are needed.
const (
	tileHeight = 5
	// TileWidth is the number of hashes of a tile.
	TileWidth = 1 << tileHeight
)

// TileID names a tile of a tree.
type TileID struct {
	// Level is 0 for tiles of leaves, and at most 12.
	Level uint8
	// Index numbers the tiles of a level from 0.
	Index uint64
}

// Tile is a part of a tree that is complete and never changes again.
type Tile struct {
	TileID
	// Hashes are TileWidth in number.
	Hashes []merkle.Hash
}

// Tree is the state of a tenant's tree. Together with the tiles it is all of it.
type Tree struct {
	Tenant privacy.TenantID
	// Size is the number of leaves.
	Size uint64
	// Edge are the hashes that no complete tile holds yet, the lowest level
	// first: fewer than TileWidth of each.
	Edge []merkle.Hash
	// Checkpoint is the signed note on this size.
	Checkpoint []byte
}

// levels returns the edge by levels.
func (t Tree) levels() ([][]merkle.Hash, error) {
	var levels [][]merkle.Hash
	edge := t.Edge
	for rest := t.Size; rest > 0; rest >>= tileHeight {
		n := int(rest % TileWidth)
		if n > len(edge) {
			return nil, errEdge
		}
		levels = append(levels, edge[:n:n])
		edge = edge[n:]
	}
	if len(edge) > 0 {
		return nil, errEdge
	}
	return levels, nil
}

var errEdge = fmt.Errorf("proof: the edge of a tree does not fit its size: %w", privacy.ErrInvalid)

// Root returns the root of the tree. The error matches privacy.ErrInvalid if the
// edge does not fit the size.
func (t Tree) Root() (merkle.Hash, error) {
	levels, err := t.levels()
	if err != nil {
		return merkle.Hash{}, err
	}
	var nodes []merkle.Hash
	for _, level := range slices.Backward(levels) {
		var frontier merkle.Frontier
		for _, hash := range level {
			frontier.Append(hash)
		}
		nodes = append(nodes, frontier.Nodes()...)
	}
	frontier, err := merkle.NewFrontier(t.Size, nodes)
	return frontier.Root(), err
}

// grow returns the tree with further leaves, and the tiles that they complete.
// The checkpoint is not carried over.
func (t Tree) grow(leaves []merkle.Hash) (Tree, []Tile, error) {
	levels, err := t.levels()
	if err != nil {
		return Tree{}, nil, err
	}
	for i := range levels {
		levels[i] = slices.Clone(levels[i])
	}
	grown := Tree{Tenant: t.Tenant, Size: t.Size}
	var tiles []Tile
	for _, hash := range leaves {
		grown.Size++
		for level := 0; ; level++ {
			if level == len(levels) {
				levels = append(levels, nil)
			}
			levels[level] = append(levels[level], hash)
			if len(levels[level]) < TileWidth {
				break
			}
			id := TileID{Level: uint8(level), Index: grown.Size>>((level+1)*tileHeight) - 1}
			tiles = append(tiles, Tile{TileID: id, Hashes: levels[level]})
			hash, levels[level] = merkle.Root(levels[level]), nil
		}
	}
	grown.Edge = slices.Concat(levels...)
	return grown, tiles, nil
}

// place says where a node's hash comes from: hashes of one tile, from first on.
type place struct {
	tile  TileID
	first int
	count int
}

func placeOf(node merkle.Node) place {
	level := node.Level / tileHeight
	within := node.Level % tileHeight
	first := node.Index << within
	return place{
		tile:  TileID{Level: level, Index: first / TileWidth},
		first: int(first % TileWidth), count: 1 << within,
	}
}

// hashAt returns the hash of a node, from the edge or from the tiles.
func (t Tree) hashAt(node merkle.Node, levels [][]merkle.Hash, tiles map[TileID][]merkle.Hash) (merkle.Hash, error) {
	p := placeOf(node)
	hashes, complete := tiles[p.tile]
	if !complete && t.onEdge(p.tile) {
		hashes = levels[p.tile.Level]
	}
	if p.first+p.count > len(hashes) {
		return merkle.Hash{}, fmt.Errorf("proof: a tile is not there or too short: %w", privacy.ErrInvalid)
	}
	return merkle.Root(hashes[p.first : p.first+p.count]), nil
}

// onEdge reports whether a tile is not complete yet.
func (t Tree) onEdge(id TileID) bool {
	return id.Index == t.Size>>((uint(id.Level)+1)*tileHeight)
}
