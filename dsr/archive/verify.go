package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/labelop/privacykit/privacy"
)

// maxManifest bounds the manifest that Verify reads, enough for some hundred
// thousand files.
const maxManifest = 64 << 20

// ErrNotWhole reports a package that is not what a Builder wrote: cut off,
// changed, with entries added or taken away, or with names that lead elsewhere.
// It matches privacy.ErrInvalid.
var ErrNotWhole = fmt.Errorf("the package is not whole: %w", privacy.ErrInvalid)

// Verify reads a package of the given size back and returns its manifest. It
// writes nothing to disk and reads no more of an entry than the manifest says.
// The error matches ErrNotWhole and lists everything that is wrong as
// privacy.Problems, or is the reader's own. It does not tell who made the
// package: sign or encrypt it for that.
func Verify(r io.ReaderAt, size int64) (Manifest, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: not a ZIP", ErrNotWhole)
	}
	if len(archive.File) == 0 || archive.File[len(archive.File)-1].Name != manifestName {
		return Manifest{}, fmt.Errorf("%w: no manifest at the end", ErrNotWhole)
	}
	manifest, err := readManifest(archive.File[len(archive.File)-1])
	if err != nil {
		return Manifest{}, err
	}
	var problems privacy.Problems
	compareEntries(&problems, manifest, archive.File[:len(archive.File)-1])
	if err := problems.Err(); err != nil {
		return Manifest{}, errors.Join(ErrNotWhole, err)
	}
	return manifest, nil
}

func readManifest(f *zip.File) (Manifest, error) {
	content, err := f.Open()
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: the manifest cannot be opened", ErrNotWhole)
	}
	defer content.Close()
	var data bytes.Buffer
	if n, err := io.Copy(&data, io.LimitReader(content, maxManifest+1)); err != nil || n > maxManifest {
		return Manifest{}, fmt.Errorf("%w: the manifest cannot be read", ErrNotWhole)
	}
	var manifest Manifest
	if err := privacy.DecodeJSON(data.Bytes(), &manifest); err != nil || manifest.Schema != Schema {
		return Manifest{}, fmt.Errorf("%w: the manifest cannot be understood", ErrNotWhole)
	}
	return manifest, nil
}

// compareEntries holds every file against its line of the manifest.
func compareEntries(problems *privacy.Problems, manifest Manifest, found []*zip.File) {
	if len(found) != len(manifest.Entries) {
		problems.Add("entries", "count", "%d files, %d in the manifest", len(found), len(manifest.Entries))
		return
	}
	seen := map[string]bool{}
	for i, f := range found {
		entry, path := manifest.Entries[i], fmt.Sprintf("entries[%d]", i)
		switch {
		case f.Name != entry.Name:
			problems.Add(path, "name", "is not the file that the manifest names")
		case !isSafe(f.Name) || f.NonUTF8:
			problems.Add(path, "unsafe_name", "has a name that no package has")
		case seen[fold(f.Name)]:
			problems.Add(path, "duplicate", "has the name of another")
		case !sound(f, entry):
			problems.Add(path, "content", "is not what the manifest says")
		}
		seen[fold(f.Name)] = true
	}
}

// sound reports whether a file has the size and the sum of its line.
func sound(f *zip.File, entry Entry) bool {
	if entry.Size < 0 || entry.Size == math.MaxInt64 || f.UncompressedSize64 != uint64(entry.Size) {
		return false
	}
	content, err := f.Open()
	if err != nil {
		return false
	}
	defer content.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(content, entry.Size+1))
	return err == nil && n == entry.Size && hex.EncodeToString(sum.Sum(nil)) == entry.SHA256
}
