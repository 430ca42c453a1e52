package retention

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/bits"

	"github.com/labelop/privacykit/privacy"
)

// Hash is a SHA-256 hash. Its text form is lower-case hexadecimal.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns the hash in hexadecimal. It never fails.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hexadecimal digits. The error matches privacy.ErrInvalid.
func (h *Hash) UnmarshalText(text []byte) error {
	var parsed Hash
	if len(text) != hex.EncodedLen(len(parsed)) {
		return fmt.Errorf("a hash has 64 hexadecimal digits: %w", privacy.ErrInvalid)
	}
	if _, err := hex.Decode(parsed[:], text); err != nil {
		return fmt.Errorf("a hash has 64 hexadecimal digits: %w", privacy.ErrInvalid)
	}
	*h = parsed
	return nil
}

// Different prefixes keep a leaf from being passed off as a node (RFC 6962,
// section 2.1).
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

func leafHash(data []byte) Hash {
	return sha256.Sum256(append([]byte{leafPrefix}, data...))
}

func nodeHash(left, right Hash) Hash {
	var data [1 + 2*sha256.Size]byte
	data[0] = nodePrefix
	copy(data[1:], left[:])
	copy(data[1+sha256.Size:], right[:])
	return sha256.Sum256(data[:])
}

// merkleRoot returns the Merkle tree hash of leaves (RFC 6962, section 2.1); of
// none it is the hash of nothing.
func merkleRoot(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	split := splitPoint(len(leaves))
	return nodeHash(merkleRoot(leaves[:split]), merkleRoot(leaves[split:]))
}

// inclusionPath returns the audit path of a leaf (RFC 6962, section 2.1.1).
func inclusionPath(index int, leaves []Hash) []Hash {
	if len(leaves) <= 1 {
		return nil
	}
	split := splitPoint(len(leaves))
	if index < split {
		return append(inclusionPath(index, leaves[:split]), merkleRoot(leaves[split:]))
	}
	return append(inclusionPath(index-split, leaves[split:]), merkleRoot(leaves[:split]))
}

// splitPoint returns the largest power of two below n, for n of at least 2.
func splitPoint(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

// verifyInclusion reports whether a leaf is at an index of the tree with the given
// size and root (RFC 9162, section 2.1.3.2).
func verifyInclusion(leaf Hash, index, size uint64, path []Hash, root Hash) bool {
	if index >= size {
		return false
	}
	hash, node, last := leaf, index, size-1
	for _, sibling := range path {
		if last == 0 {
			return false
		}
		if node&1 == 1 || node == last {
			hash = nodeHash(sibling, hash)
			for node&1 == 0 && node != 0 {
				node, last = node>>1, last>>1
			}
		} else {
			hash = nodeHash(hash, sibling)
		}
		node, last = node>>1, last>>1
	}
	return last == 0 && hash == root
}
