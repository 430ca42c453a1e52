// Package merkle is the Merkle tree of RFC 6962 (section 2.1): a list that only
// grows, one hash that stands for all of it, and short proofs that an entry is in
// it, or that a longer list begins with a shorter one.
//
//	root := merkle.Root(leaves)
//	path, err := merkle.InclusionProof(index, size, merkle.Leaves(leaves))
//	...
//	err = merkle.VerifyInclusion(leaf, index, size, path, root)
//
// A [Frontier] is the tree in its shortest form, which is enough to add leaves
// and to know the root. The proofs take the hashes they need from a [NodeReader],
// all at once, so that a tree of any size may lie in a database: a proof asks for
// a number of hashes that grows with the logarithm of the size.
//
// A leaf's hash is that of its data after the byte 0, a node's is that of its
// children after the byte 1, so that no leaf can be passed off as a node. Hashes
// are SHA-256.
package merkle
