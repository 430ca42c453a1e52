package outside

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The environment variables that name the directories. They should be absolute: a
// test runs in the directory of its package. The go command does not see changes
// of files outside the module, so run with -count=1.
const (
	StandardsEnv = "PRIVACYKIT_STANDARDS"
	CorpusEnv    = "PRIVACYKIT_CORPUS"
)

// Standard returns the path of a file or directory of a standard, given by the
// elements of its path.
func Standard(t testing.TB, name ...string) string {
	t.Helper()
	return required(t, StandardsEnv, filepath.Join("shared", "standards"), name)
}

// Corpus returns the path of a file or directory of the corpus, given by the
// elements of its path; of the corpus itself without any.
func Corpus(t testing.TB, name ...string) string {
	t.Helper()
	return required(t, CorpusEnv, filepath.Join("shared", "corpus"), name)
}

func required(t testing.TB, variable, beside string, name []string) string {
	t.Helper()
	path, err := find(variable, beside, filepath.Join(name...))
	switch {
	case err == nil:
	case os.Getenv(variable) != "":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return path
}

func find(variable, beside, name string) (string, error) {
	if dir := os.Getenv(variable); dir != "" {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s: %w", variable, err)
		}
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, beside, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%s is not present: %s names no directory", filepath.Join(beside, name), variable)
		}
		dir = parent
	}
}
