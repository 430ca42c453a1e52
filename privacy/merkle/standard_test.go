package merkle_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy/merkle"
	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// hashOf pads what has not the length of a hash, so that the verdict on it is
// that of the verification.
func hashOf(data []byte) merkle.Hash {
	var hash merkle.Hash
	copy(hash[:], data)
	return hash
}

func hashesOf(list [][]byte) []merkle.Hash {
	hashes := make([]merkle.Hash, len(list))
	for i, data := range list {
		hashes[i] = hashOf(data)
	}
	return hashes
}

// standardCase is one of either kind.
type standardCase struct {
	LeafIndex   uint64   `json:"leafIdx"`
	TreeSize    uint64   `json:"treeSize"`
	Root        []byte   `json:"root"`
	LeafHash    []byte   `json:"leafHash"`
	Size1       uint64   `json:"size1"`
	Size2       uint64   `json:"size2"`
	Root1       []byte   `json:"root1"`
	Root2       []byte   `json:"root2"`
	Proof       [][]byte `json:"proof"`
	Description string   `json:"desc"`
	WantErr     bool     `json:"wantErr"`
}

var errNoHash = errors.New("a Hash cannot be empty")

func (c standardCase) verdict(inclusion bool) error {
	if inclusion {
		if len(c.LeafHash) == 0 || len(c.Root) == 0 {
			return errNoHash
		}
		return merkle.VerifyInclusion(hashOf(c.LeafHash), c.LeafIndex, c.TreeSize, hashesOf(c.Proof), hashOf(c.Root))
	}
	return merkle.VerifyConsistency(c.Size1, c.Size2, hashesOf(c.Proof), hashOf(c.Root1), hashOf(c.Root2))
}

// The cases are those of the transparency.dev project's library.
func TestThirdPartyCases(t *testing.T) {
	caseDirectory := outside.Standard(t, "merkle", "testdata")
	total, accepted := 0, 0
	err := filepath.WalkDir(caseDirectory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var c standardCase
		decoder := json.NewDecoder(strings.NewReader(string(data)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&c); err != nil {
			return err
		}
		name, err := filepath.Rel(caseDirectory, path)
		if err != nil {
			return err
		}
		total++
		if !c.WantErr {
			accepted++
		}
		if err := c.verdict(strings.HasPrefix(name, "inclusion")); (err != nil) != c.WantErr {
			t.Errorf("%s (%s): %v", name, c.Description, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total < 196 || accepted == 0 {
		t.Errorf("only %d cases, %d of them valid", total, accepted)
	}
	t.Logf("third-party cases: %d, of which %d are valid", total, accepted)
}
