package outside_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/labelop/privacykit/privacy/privacytest/outside"
)

// verdict runs a look-up as a test of its own and tells how that ended.
func verdict(t *testing.T, look func(t testing.TB) string) (path string, skipped, failed bool) {
	t.Helper()
	probe := &probe{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		path = look(probe)
	}()
	<-done
	return path, probe.skipped, probe.failed
}

// probe is a test that notes its end instead of ending.
type probe struct {
	testing.TB

	skipped, failed bool
}

func (p *probe) Helper()      {}
func (p *probe) Skip(...any)  { p.skipped = true; panic(p) }
func (p *probe) Fatal(...any) { p.failed = true; panic(p) }

func policy(t testing.TB) string { return outside.Corpus(t, "policies", "one.txt") }

func put(t *testing.T, elements ...string) string {
	t.Helper()
	path := filepath.Join(elements...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatTheVariableNamesIsUsed(t *testing.T) {
	dir := t.TempDir()
	want := put(t, dir, "policies", "one.txt")
	t.Setenv(outside.CorpusEnv, dir)
	if path, skipped, failed := verdict(t, policy); path != want || skipped || failed {
		t.Errorf("got %q, skipped %t, failed %t", path, skipped, failed)
	}
}

func TestWhatTheVariableNamesMustBeThere(t *testing.T) {
	t.Setenv(outside.CorpusEnv, t.TempDir())
	if _, skipped, failed := verdict(t, policy); skipped || !failed {
		t.Errorf("skipped %t, failed %t", skipped, failed)
	}
}

func TestWithoutVariableItLiesBesideTheCheckout(t *testing.T) {
	t.Setenv(outside.CorpusEnv, "")
	dir := t.TempDir()
	want := put(t, dir, "shared", "corpus", "policies", "one.txt")
	work := filepath.Dir(put(t, dir, "checkout", "consent", "go.mod"))
	t.Chdir(work)
	if path, skipped, failed := verdict(t, policy); path != want || skipped || failed {
		t.Errorf("got %q, skipped %t, failed %t", path, skipped, failed)
	}
}

func TestWithoutMaterialATestSkips(t *testing.T) {
	t.Setenv(outside.StandardsEnv, "")
	t.Chdir(t.TempDir())
	if _, skipped, failed := verdict(t, func(t testing.TB) string { return outside.Standard(t, "none", "such") }); !skipped || failed {
		t.Errorf("skipped %t, failed %t", skipped, failed)
	}
}
