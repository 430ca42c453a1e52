package merkle_test

import (
	"fmt"

	"github.com/labelop/privacykit/privacy/merkle"
)

// A list of four entries grows by one. Whoever kept the old root can check both
// that an entry was in the old list and that the new one begins with it.
func Example() {
	var leaves []merkle.Hash
	for _, entry := range []string{"consent given", "notice shown", "consent withdrawn", "data erased", "receipt sent"} {
		leaves = append(leaves, merkle.LeafHash([]byte(entry)))
	}
	old, grown := merkle.Root(leaves[:4]), merkle.Root(leaves)

	path, err := merkle.InclusionProof(2, 4, merkle.Leaves(leaves))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(path), "hashes:", merkle.VerifyInclusion(leaves[2], 2, 4, path, old))
	fmt.Println(merkle.VerifyInclusion(leaves[3], 2, 4, path, old))

	proof, err := merkle.ConsistencyProof(4, 5, merkle.Leaves(leaves))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(merkle.VerifyConsistency(4, 5, proof, old, grown))
	// Output:
	// 2 hashes: <nil>
	// merkle: the proof does not show the leaf in the tree: invalid
	// <nil>
}
