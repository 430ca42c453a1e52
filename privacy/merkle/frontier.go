package merkle

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Frontier is a tree in its shortest form: the roots of the complete subtrees
// that its leaves make, the largest first, of which there are at most 64. The
// zero Frontier is the empty tree, and a copy is a tree of its own. Adding a leaf
// takes one hash on average.
type Frontier struct {
	size uint64
	// nodes begins with as many as size has binary ones. A slice would be shared
	// by copies.
	nodes [64]Hash
}

func (f *Frontier) count() int { return bits.OnesCount64(f.size) }

// NewFrontier returns the tree with the given size and the given roots of its
// complete subtrees, as Nodes returns them. The error matches privacy.ErrInvalid
// if a tree of that size has another number of them.
func NewFrontier(size uint64, nodes []Hash) (Frontier, error) {
	if len(nodes) != bits.OnesCount64(size) {
		return Frontier{}, fmt.Errorf("merkle: a tree of %d leaves has %d complete subtrees, not %d: %w", size, bits.OnesCount64(size), len(nodes), privacy.ErrInvalid)
	}
	f := Frontier{size: size}
	copy(f.nodes[:], nodes)
	return f, nil
}

// Size returns the number of leaves.
func (f *Frontier) Size() uint64 { return f.size }

// Nodes returns the roots of the complete subtrees, the largest first.
func (f *Frontier) Nodes() []Hash { return slices.Clone(f.nodes[:f.count()]) }

// Append adds a leaf by its hash.
func (f *Frontier) Append(leaf Hash) {
	last := f.count()
	// A subtree that is full and met by one of its size becomes one of twice it.
	for range bits.TrailingZeros64(^f.size) {
		last--
		leaf = NodeHash(f.nodes[last], leaf)
	}
	f.nodes[last] = leaf
	f.size++
}

// Root returns the root of the tree.
func (f *Frontier) Root() Hash { return foldNodes(f.nodes[:f.count()]) }

// foldNodes returns the root over complete subtrees of falling size.
func foldNodes(nodes []Hash) Hash {
	if len(nodes) == 0 {
		return EmptyRoot()
	}
	root := nodes[len(nodes)-1]
	for _, node := range slices.Backward(nodes[:len(nodes)-1]) {
		root = NodeHash(node, root)
	}
	return root
}
