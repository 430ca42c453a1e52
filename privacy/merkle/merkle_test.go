package merkle_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// leavesOf returns n different leaves.
func leavesOf(n int) []merkle.Hash {
	leaves := make([]merkle.Hash, n)
	for i := range leaves {
		leaves[i] = merkle.LeafHash(binary.BigEndian.AppendUint64(nil, uint64(i)))
	}
	return leaves
}

// plainRoot is the definition of RFC 6962, section 2.1, word for word.
func plainRoot(leaves []merkle.Hash) merkle.Hash {
	switch len(leaves) {
	case 0:
		return merkle.EmptyRoot()
	case 1:
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return merkle.NodeHash(plainRoot(leaves[:k]), plainRoot(leaves[k:]))
}

// plainPath is the definition of RFC 6962, section 2.1.1.
func plainPath(m int, leaves []merkle.Hash) []merkle.Hash {
	if len(leaves) <= 1 {
		return nil
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	if m < k {
		return append(plainPath(m, leaves[:k]), plainRoot(leaves[k:]))
	}
	return append(plainPath(m-k, leaves[k:]), plainRoot(leaves[:k]))
}

// plainProof is the definition of RFC 6962, section 2.1.2.
func plainProof(m int, leaves []merkle.Hash, known bool) []merkle.Hash {
	if m == len(leaves) {
		if known {
			return nil
		}
		return []merkle.Hash{plainRoot(leaves)}
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	if m <= k {
		return append(plainProof(m, leaves[:k], known), plainRoot(leaves[k:]))
	}
	return append(plainProof(m-k, leaves[k:], false), plainRoot(leaves[:k]))
}

const maxSize = 70

// The tree of eight entries that the reference implementations of RFC 6962 test with.
func TestTheRootIsThatOfTheReferenceImplementations(t *testing.T) {
	entries := []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	var leaves []merkle.Hash
	for n, want := range roots {
		if got := merkle.Root(leaves).String(); got != want {
			t.Errorf("root of %d entries is %s, want %s", n, got, want)
		}
		if n < len(entries) {
			data, err := hex.DecodeString(entries[n])
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, merkle.LeafHash(data))
		}
	}
}

func TestAPathOfAnotherLengthProvesNothing(t *testing.T) {
	leaves := leavesOf(40)
	for n := 1; n <= len(leaves); n++ {
		root, size := plainRoot(leaves[:n]), uint64(n)
		for i := range uint64(n) {
			path := plainPath(int(i), leaves[:n])
			refused := map[string]error{
				"beyond the tree": merkle.VerifyInclusion(leaves[i], size, size, path, root),
				"too long":        merkle.VerifyInclusion(leaves[i], i, size, append(slices.Clip(path), leaves[0]), root),
			}
			if n > 1 {
				refused["too short"] = merkle.VerifyInclusion(leaves[i], i, size, path[1:], root)
				refused["root and leaf exchanged"] = merkle.VerifyInclusion(root, i, size, path, leaves[i])
			}
			for name, err := range refused {
				if !errors.Is(err, privacy.ErrInvalid) {
					t.Fatalf("leaf %d of %d, %s: %v", i, n, name, err)
				}
			}
		}
	}
}

// A path that fits one tree is not taken for that of another depth: without that,
// the last leaf of a tree would pass for the only leaf of one with the same root.
func TestAPathIsOfTheDepthOfItsTree(t *testing.T) {
	leaves := leavesOf(24)
	for n := 1; n <= len(leaves); n++ {
		root := plainRoot(leaves[:n])
		for i := range n {
			path := plainPath(i, leaves[:n])
			for size := 1; size <= len(leaves); size++ {
				for index := range size {
					if len(plainPath(index, leaves[:size])) == len(path) {
						continue
					}
					if err := merkle.VerifyInclusion(leaves[i], uint64(index), uint64(size), path, root); !errors.Is(err, privacy.ErrInvalid) {
						t.Fatalf("leaf %d of %d as leaf %d of %d: %v", i, n, index, size, err)
					}
				}
			}
		}
	}
}

// What says nothing of a tree shows nothing, however well the roots fit.
func TestConsistencyAtTheEdges(t *testing.T) {
	leaves := leavesOf(6)
	empty, three, six := merkle.EmptyRoot(), plainRoot(leaves[:3]), plainRoot(leaves)
	path := plainProof(3, leaves, true)
	for name, err := range map[string]error{
		"nothing with nothing":             merkle.VerifyConsistency(0, 0, nil, empty, empty),
		"nothing with a tree":              merkle.VerifyConsistency(0, 6, nil, empty, six),
		"nothing, by the root of the tree": merkle.VerifyConsistency(0, 6, []merkle.Hash{six}, six, six),
		"a tree with itself, with a path":  merkle.VerifyConsistency(6, 6, path, six, six),
		"two trees of one size":            merkle.VerifyConsistency(6, 6, nil, three, six),
		"a tree with a smaller one":        merkle.VerifyConsistency(6, 3, path, six, three),
		"backwards, by the roots":          merkle.VerifyConsistency(6, 3, nil, six, six),
		"backwards, of complete trees":     merkle.VerifyConsistency(4, 2, nil, six, six),
		"a smaller one without a path":     merkle.VerifyConsistency(3, 6, nil, three, six),
		"a complete one without a path":    merkle.VerifyConsistency(4, 6, nil, plainRoot(leaves[:4]), six),
		"a root for another":               merkle.VerifyConsistency(3, 6, path, six, six),
		"and the other way":                merkle.VerifyConsistency(3, 6, path, three, three),
	} {
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := merkle.VerifyConsistency(6, 6, nil, six, six); err != nil {
		t.Errorf("a tree with itself: %v", err)
	}
}

func TestTheRootIsThatOfTheDefinition(t *testing.T) {
	leaves := leavesOf(maxSize)
	for n := range maxSize + 1 {
		if got, want := merkle.Root(leaves[:n]), plainRoot(leaves[:n]); got != want {
			t.Errorf("root of %d leaves is %s, want %s", n, got, want)
		}
	}
}

func TestInclusionProofsAreThoseOfTheDefinition(t *testing.T) {
	leaves := leavesOf(maxSize)
	for n := 1; n <= maxSize; n++ {
		root := plainRoot(leaves[:n])
		for i := range n {
			proof, err := merkle.InclusionProof(uint64(i), uint64(n), merkle.Leaves(leaves[:n]))
			if err != nil || !slices.Equal(proof, plainPath(i, leaves[:n])) {
				t.Fatalf("proof of leaf %d of %d differs: %v", i, n, err)
			}
			for j := range n {
				err := merkle.VerifyInclusion(leaves[i], uint64(j), uint64(n), proof, root)
				if (err == nil) != (i == j) {
					t.Fatalf("leaf %d of %d at index %d: %v", i, n, j, err)
				}
			}
		}
	}
}

func TestConsistencyProofsAreThoseOfTheDefinition(t *testing.T) {
	leaves := leavesOf(maxSize)
	for n := 1; n <= maxSize; n++ {
		root := plainRoot(leaves[:n])
		for m := 1; m <= n; m++ {
			proof, err := merkle.ConsistencyProof(uint64(m), uint64(n), merkle.Leaves(leaves[:n]))
			if err != nil || !slices.Equal(proof, plainProof(m, leaves[:n], true)) {
				t.Fatalf("proof from %d to %d differs: %v", m, n, err)
			}
			for k := 1; k <= n; k++ {
				err := merkle.VerifyConsistency(uint64(k), uint64(n), proof, plainRoot(leaves[:m]), root)
				if (err == nil) != (k == m) {
					t.Fatalf("the tree of %d as one of %d within %d: %v", m, k, n, err)
				}
			}
		}
	}
}

// Whoever rewrites an entry can prove nothing to those who have the old root.
func TestARewrittenListIsNotConsistent(t *testing.T) {
	leaves := leavesOf(20)
	old := merkle.Root(leaves[:13])
	leaves[5] = merkle.LeafHash([]byte("rewritten"))
	proof, err := merkle.ConsistencyProof(13, 20, merkle.Leaves(leaves))
	if err != nil {
		t.Fatal(err)
	}
	if err := merkle.VerifyConsistency(13, 20, proof, old, merkle.Root(leaves)); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestALeafIsNoNode(t *testing.T) {
	leaves := leavesOf(2)
	if merkle.LeafHash(slices.Concat(leaves[0][:], leaves[1][:])) == merkle.NodeHash(leaves[0], leaves[1]) {
		t.Error("a leaf has the hash of a node")
	}
}

func TestAFrontierGoesOnWhereItEnded(t *testing.T) {
	leaves := leavesOf(maxSize)
	var frontier merkle.Frontier
	for n, leaf := range leaves {
		resumed, err := merkle.NewFrontier(frontier.Size(), frontier.Nodes())
		if err != nil {
			t.Fatal(err)
		}
		frontier = resumed
		frontier.Append(leaf)
		if frontier.Root() != plainRoot(leaves[:n+1]) || frontier.Size() != uint64(n+1) {
			t.Fatalf("differs after %d leaves", n+1)
		}
	}
}

// What goes into a frontier and comes out of it is the caller's.
func TestAFrontierSharesNothing(t *testing.T) {
	nodes := leavesOf(2)
	frontier, err := merkle.NewFrontier(3, nodes)
	if err != nil {
		t.Fatal(err)
	}
	want := frontier.Root()
	nodes[0] = merkle.Hash{}
	frontier.Nodes()[1] = merkle.Hash{}
	if frontier.Root() != want {
		t.Error("the frontier changed with the slice of its caller")
	}
}

// A copy is a tree of its own, such as one that is grown to see what would become
// of it.
func TestACopyOfAFrontierIsAnotherTree(t *testing.T) {
	leaves, other := leavesOf(maxSize), merkle.LeafHash([]byte("another"))
	var frontier merkle.Frontier
	for n, leaf := range leaves {
		frontier.Append(leaf)
		branch := frontier
		branch.Append(other)
		if want := plainRoot(append(leaves[:n+1:n+1], other)); branch.Root() != want || frontier.Root() != plainRoot(leaves[:n+1]) {
			t.Fatalf("of %d leaves: the trees share their nodes", n+1)
		}
	}
}

func TestAFrontierHasOneNodeForEachSubtree(t *testing.T) {
	for _, c := range []struct {
		size  uint64
		nodes int
	}{{0, 1}, {1, 0}, {3, 1}, {3, 3}, {math.MaxUint64, 1}} {
		if _, err := merkle.NewFrontier(c.size, make([]merkle.Hash, c.nodes)); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%d nodes for %d leaves: %v", c.nodes, c.size, err)
		}
	}
}

func TestProofsOfWhatIsNotThereAreRefused(t *testing.T) {
	reader := merkle.Leaves(leavesOf(4))
	_, outside := merkle.InclusionProof(4, 4, reader)
	_, empty := merkle.InclusionProof(0, 0, reader)
	_, fromNothing := merkle.ConsistencyProof(0, 4, reader)
	_, backwards := merkle.ConsistencyProof(4, 3, reader)
	for name, err := range map[string]error{"outside": outside, "empty": empty, "from nothing": fromNothing, "backwards": backwards} {
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := merkle.InclusionProof(3, 5, reader); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("a tree larger than the leaves: %v", err)
	}
}

func TestAReaderThatReturnsAnotherNumberIsAnError(t *testing.T) {
	for name, hashes := range map[string][]merkle.Hash{"too few": nil, "too many": leavesOf(9)} {
		_, err := merkle.InclusionProof(0, 4, func([]merkle.Node) ([]merkle.Hash, error) { return hashes, nil })
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProofThatNeedsNothingReadsNothing(t *testing.T) {
	broken := func([]merkle.Node) ([]merkle.Hash, error) { return nil, errors.New("broken") }
	if proof, err := merkle.InclusionProof(0, 1, broken); err != nil || len(proof) != 0 {
		t.Errorf("of the only leaf: %v", err)
	}
	if proof, err := merkle.ConsistencyProof(4, 4, broken); err != nil || len(proof) != 0 {
		t.Errorf("of a tree with itself: %v", err)
	}
	if _, err := merkle.InclusionProof(0, 2, broken); err == nil {
		t.Error("a reader that fails was not heard")
	}
}

// The number of hashes that a proof asks for grows with the logarithm, also in
// the largest tree.
func TestAProofAsksForFewHashes(t *testing.T) {
	asked := 0
	count := func(nodes []merkle.Node) ([]merkle.Hash, error) {
		asked = len(nodes)
		return make([]merkle.Hash, len(nodes)), nil
	}
	for _, size := range []uint64{1 << 20, 1<<20 + 1, 1<<20 - 1, math.MaxUint64} {
		for _, index := range []uint64{0, size / 3, size - 1} {
			if _, err := merkle.InclusionProof(index, size, count); err != nil || asked > 2*64 {
				t.Errorf("inclusion of %d in %d: %d hashes, %v", index, size, asked, err)
			}
			if _, err := merkle.ConsistencyProof(index+1, size, count); err != nil || asked > 2*64 {
				t.Errorf("consistency of %d with %d: %d hashes, %v", index+1, size, asked, err)
			}
		}
	}
}

func TestHashesAreHexadecimal(t *testing.T) {
	hash := merkle.LeafHash(nil)
	text, err := hash.MarshalText()
	if err != nil || string(text) != "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" {
		t.Errorf("got %s, %v", text, err)
	}
	var parsed merkle.Hash
	if err := parsed.UnmarshalText(text); err != nil || parsed != hash {
		t.Errorf("got %s, %v", parsed, err)
	}
	for _, bad := range []string{"", "6e34", string(text) + "00", "zz" + string(text[2:])} {
		if err := parsed.UnmarshalText([]byte(bad)); !errors.Is(err, privacy.ErrInvalid) || parsed != hash {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(uint64(2), uint64(4), []byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, index, size uint64, proof, root []byte) {
		hashes := make([]merkle.Hash, len(proof)/merkle.Size)
		for i := range hashes {
			copy(hashes[i][:], proof[i*merkle.Size:])
		}
		var hash merkle.Hash
		copy(hash[:], root)
		// Nothing but the leaf of a tree of one has its own root without a proof,
		// and nobody finds a proof by chance.
		if err := merkle.VerifyInclusion(hash, index, size, hashes, hash); err == nil && (size != 1 || len(hashes) != 0) {
			t.Error("an inclusion was proved")
		}
		if err := merkle.VerifyConsistency(index, size, hashes, hash, hash); err == nil && index != size {
			t.Error("a consistency was proved")
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	leaf := merkle.LeafHash(nil)
	var frontier merkle.Frontier
	b.ReportAllocs()
	for b.Loop() {
		frontier.Append(leaf)
	}
}

func BenchmarkVerifyInclusion(b *testing.B) {
	leaves := leavesOf(1 << 16)
	root := merkle.Root(leaves)
	proof, err := merkle.InclusionProof(12345, 1<<16, merkle.Leaves(leaves))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := merkle.VerifyInclusion(leaves[12345], 12345, 1<<16, proof, root); err != nil {
			b.Fatal(err)
		}
	}
}
