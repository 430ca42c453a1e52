package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Copies returns a function that makes a copy of a file, in a directory of the test,
// and returns its path. The file is what create makes at the first call. To copy an
// embedded database takes a tenth of the time of making its schema.
func Copies(create func(path string) error) func(t testing.TB) string {
	original := sync.OnceValues(func() (content []byte, err error) {
		directory, err := os.MkdirTemp("", "storetest-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(directory) //nolint:errcheck // what is left of a temporary directory harms nobody
		path := filepath.Join(directory, "original")
		if err := create(path); err != nil {
			return nil, err
		}
		return os.ReadFile(path) //nolint:gosec // its own file
	})
	return func(t testing.TB) string {
		t.Helper()
		content, err := original()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "privacy.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
}
