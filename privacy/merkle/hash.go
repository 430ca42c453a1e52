package merkle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Size is the length of a Hash in bytes.
const Size = sha256.Size

// Hash is a SHA-256 hash. Its text form is lower-case hexadecimal.
type Hash [Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText returns the hash in hexadecimal. It never fails.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

var errHash = fmt.Errorf("a hash has 64 hexadecimal digits: %w", privacy.ErrInvalid)

// UnmarshalText reads 64 hexadecimal digits. The error matches privacy.ErrInvalid.
func (h *Hash) UnmarshalText(text []byte) error {
	var parsed Hash
	if len(text) != hex.EncodedLen(len(parsed)) {
		return errHash
	}
	if _, err := hex.Decode(parsed[:], text); err != nil {
		return errHash
	}
	*h = parsed
	return nil
}

// What a hash is of, so that a leaf cannot be passed off as a node (RFC 6962,
// section 2.1).
const (
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// LeafHash returns the hash of a leaf with the given data.
func LeafHash(data []byte) Hash {
	hash := sha256.New()
	hash.Write([]byte{leafPrefix})
	hash.Write(data)
	var sum Hash
	hash.Sum(sum[:0])
	return sum
}

// NodeHash returns the hash of the node above two others.
func NodeHash(left, right Hash) Hash {
	var data [1 + 2*Size]byte
	data[0] = nodePrefix
	copy(data[1:], left[:])
	copy(data[1+Size:], right[:])
	return sha256.Sum256(data[:])
}

// EmptyRoot returns the root of the tree without leaves, the hash of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Root returns the root of the tree over the hashes of its leaves.
func Root(leaves []Hash) Hash {
	var frontier Frontier
	for _, leaf := range leaves {
		frontier.Append(leaf)
	}
	return frontier.Root()
}
