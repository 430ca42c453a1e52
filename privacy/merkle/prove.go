package merkle

import (
	"fmt"
	"math/bits"

	"github.com/labelop/privacykit/privacy"
)

// Node names the root of a complete subtree: of the leaves from Index<<Level on,
// 1<<Level in number. A leaf has the level 0.
type Node struct {
	Level uint8
	Index uint64
}

// NodeReader returns the hashes of nodes, in their order. It is asked only for
// nodes whose leaves are all in the tree.
type NodeReader func(nodes []Node) ([]Hash, error)

// Leaves returns a NodeReader on the hashes of all leaves, for trees in memory.
func Leaves(leaves []Hash) NodeReader {
	return func(nodes []Node) ([]Hash, error) {
		hashes := make([]Hash, len(nodes))
		for i, node := range nodes {
			first, last := node.Index<<node.Level, (node.Index+1)<<node.Level
			if last > uint64(len(leaves)) {
				return nil, fmt.Errorf("merkle: there is no such node: %w", privacy.ErrNotFound)
			}
			hashes[i] = Root(leaves[first:last])
		}
		return hashes, nil
	}
}

// InclusionProof returns the proof that a leaf is at an index of the tree with
// the given size (RFC 6962, section 2.1.1). The error matches privacy.ErrInvalid
// for an index that is not below the size, or is the reader's.
func InclusionProof(index, size uint64, read NodeReader) ([]Hash, error) {
	if index >= size {
		return nil, fmt.Errorf("merkle: leaf %d is not in a tree of %d: %w", index, size, privacy.ErrInvalid)
	}
	var steps steps
	for first, last := uint64(0), size; last-first > 1; {
		middle := first + splitPoint(last-first)
		if index < middle {
			steps = append(steps, span{middle, last})
			last = middle
		} else {
			steps = append(steps, span{first, middle})
			first = middle
		}
	}
	return steps.read(read)
}

// ConsistencyProof returns the proof that the tree of size to begins with the
// tree of size from (RFC 6962, section 2.1.2). The error matches
// privacy.ErrInvalid unless from is at least 1 and at most to, or is the reader's.
// The proof for equal sizes is empty.
func ConsistencyProof(from, to uint64, read NodeReader) ([]Hash, error) {
	if from == 0 || from > to {
		return nil, fmt.Errorf("merkle: a tree of %d leaves is no beginning of one of %d: %w", from, to, privacy.ErrInvalid)
	}
	var steps steps
	first, last := uint64(0), to
	for from < last {
		middle := first + splitPoint(last-first)
		if from <= middle {
			steps = append(steps, span{middle, last})
			last = middle
		} else {
			steps = append(steps, span{first, middle})
			first = middle
		}
	}
	// Of a tree that is a complete subtree by itself, the verifier has the root.
	if first > 0 {
		steps = append(steps, span{first, last})
	}
	return steps.read(read)
}

// splitPoint returns the largest power of two below n, for n of at least 2.
func splitPoint(n uint64) uint64 { return 1 << (bits.Len64(n-1) - 1) }

// span is a range of leaves whose root is part of a proof.
type span struct{ first, last uint64 }

// nodes returns the complete subtrees of the span, the largest first. A span of a
// proof begins where a subtree of its size may begin.
func (s span) nodes(nodes []Node) []Node {
	for first := s.first; first < s.last; {
		level := bits.Len64(s.last-first) - 1
		nodes = append(nodes, Node{Level: uint8(level), Index: first >> level})
		first += 1 << level
	}
	return nodes
}

// steps are the spans of a proof from the root down.
type steps []span

// read returns the hashes of the spans from the leaf up, as a proof has them.
func (s steps) read(read NodeReader) ([]Hash, error) {
	var nodes []Node
	counts := make([]int, len(s))
	for i, step := range s {
		before := len(nodes)
		nodes = step.nodes(nodes)
		counts[i] = len(nodes) - before
	}
	proof := make([]Hash, len(s))
	if len(nodes) == 0 {
		return proof, nil
	}
	hashes, err := read(nodes)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(nodes) {
		return nil, fmt.Errorf("merkle: the reader returned %d hashes for %d nodes: %w", len(hashes), len(nodes), privacy.ErrInvalid)
	}
	for i, count := range counts {
		proof[len(s)-1-i] = foldNodes(hashes[:count])
		hashes = hashes[count:]
	}
	return proof, nil
}
