package merkle

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

var (
	errInclusion   = fmt.Errorf("merkle: the proof does not show the leaf in the tree: %w", privacy.ErrInvalid)
	errConsistency = fmt.Errorf("merkle: the proof does not show one tree at the beginning of the other: %w", privacy.ErrInvalid)
)

// VerifyInclusion returns nil if proof shows that the leaf with the given hash is
// at an index of the tree with the given size and root (RFC 9162, section
// 2.1.3.2), and otherwise an error that matches privacy.ErrInvalid.
func VerifyInclusion(leaf Hash, index, size uint64, proof []Hash, root Hash) error {
	if index >= size {
		return errInclusion
	}
	hash, node, last := leaf, index, size-1
	for _, sibling := range proof {
		if last == 0 {
			return errInclusion
		}
		if node&1 == 1 || node == last {
			hash = NodeHash(sibling, hash)
			for node&1 == 0 && node != 0 {
				node, last = node>>1, last>>1
			}
		} else {
			hash = NodeHash(hash, sibling)
		}
		node, last = node>>1, last>>1
	}
	if last != 0 || hash != root {
		return errInclusion
	}
	return nil
}

// VerifyConsistency returns nil if proof shows that the tree with the size and the
// root to begins with the one with the size and the root from (RFC 9162, section
// 2.1.4.2), and otherwise an error that matches privacy.ErrInvalid. Every tree
// begins with the empty one, of which nothing can be proved: it is refused.
func VerifyConsistency(from, to uint64, proof []Hash, fromRoot, toRoot Hash) error {
	if from == 0 || from > to {
		return errConsistency
	}
	if from == to {
		if len(proof) != 0 || fromRoot != toRoot {
			return errConsistency
		}
		return nil
	}
	if from&(from-1) == 0 { // the proof leaves out a root that is known
		proof = append([]Hash{fromRoot}, proof...)
	}
	if len(proof) == 0 {
		return errConsistency
	}
	node, last := from-1, to-1
	for node&1 == 1 {
		node, last = node>>1, last>>1
	}
	older, newer := proof[0], proof[0]
	for _, sibling := range proof[1:] {
		if last == 0 {
			return errConsistency
		}
		if node&1 == 1 || node == last {
			older, newer = NodeHash(sibling, older), NodeHash(sibling, newer)
			for node&1 == 0 && node != 0 {
				node, last = node>>1, last>>1
			}
		} else {
			newer = NodeHash(newer, sibling)
		}
		node, last = node>>1, last>>1
	}
	if last != 0 || older != fromRoot || newer != toRoot {
		return errConsistency
	}
	return nil
}
