package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/directory"
)

var (
	at  = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	old = at.AddDate(-2, 0, 0)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes old files.
func write(t testing.TB, root string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		file := filepath.Join(root, path)
		must(t, os.MkdirAll(filepath.Dir(file), 0o700))
		must(t, os.WriteFile(file, []byte(path), 0o600))
		must(t, os.Chtimes(file, old, old))
	}
}

func byLayout(t testing.TB, layout string) directory.RecordFunc {
	t.Helper()
	record, err := directory.Layout(layout, "modified", retention.Record{Category: "images"})
	must(t, err)
	return record
}

func system(t testing.TB, declaration directory.Directory) retention.System {
	t.Helper()
	declaration.System = "files"
	if declaration.Record == nil {
		declaration.Record = byLayout(t, "**")
	}
	s, err := directory.New(declaration)
	must(t, err)
	return s
}

// schedule deletes after a year what no law keeps for ten.
func schedule(t testing.TB, law bool) *retention.Schedule {
	t.Helper()
	rules := []retention.Rule{{
		ID: "m", Version: 1, Kind: retention.Maximum, Action: retention.Delete, Period: privacy.MustPeriod("P1Y"),
		Anchor: retention.Anchor{Start: retention.StartEvent, Events: []string{"modified"}},
	}}
	if law {
		rules = append(rules, retention.Rule{
			ID: "law", Version: 1, Kind: retention.StatutoryMinimum, Period: privacy.MustPeriod("P10Y"), Anchor: rules[0].Anchor, Citation: "law",
		})
	}
	s, err := retention.Compile(rules, &retention.Options{Zone: time.UTC})
	must(t, err)
	return s
}

// all reads every page and returns the records by key, in order.
func all(t testing.TB, s retention.System, query retention.Query) []retention.Record {
	t.Helper()
	var records []retention.Record
	for {
		page, err := s.Source.Candidates(t.Context(), query)
		must(t, err)
		records = append(records, page.Records...)
		if page.Next == "" {
			return records
		}
		query.After = page.Next
	}
}

func keys(records []retention.Record) []string {
	var keys []string
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	return keys
}

// tree lists the files and empty directories below a root.
func tree(t testing.TB, root string) []string {
	t.Helper()
	var found []string
	must(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
				return err
			}
			name += "/"
		}
		found = append(found, name)
		return nil
	}))
	return found
}

func isTree(t testing.TB, root string, want ...string) {
	t.Helper()
	if got := tree(t, root); !slices.Equal(got, want) {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}

func find(t testing.TB, s retention.System, key string) *retention.Record {
	t.Helper()
	for _, r := range all(t, s, retention.Query{All: true, Limit: 100}) {
		if r.Key == key {
			return &r
		}
	}
	t.Fatalf("no record %s", key)
	return nil
}

func TestBadDeclarationsAreRefused(t *testing.T) {
	_, err := directory.New(directory.Directory{Quarantine: "../out", BackupCycleDays: -1})
	var problems privacy.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	if want := []string{"system", "path", "quarantine", "record", "backup_cycle_days"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("problems at %q, want %q", paths, want)
	}
	for _, quarantine := range []string{".", "/abs", "a/../..", `a\b`} {
		_, err := directory.New(directory.Directory{System: "s", Path: "p", Record: byLayout(t, "**"), Quarantine: quarantine})
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", quarantine, err)
		}
	}
}

func TestLayoutReadsThePath(t *testing.T) {
	root := t.TempDir()
	write(t, root, "w/acme/ada/a.png", "w/acme/ada/deep/b.png", "w/stray", "x/acme/ada/c.png", "w/odd\x01/ada/d.png")
	s := system(t, directory.Directory{Path: root, Record: byLayout(t, "w/{tenant}/{subject}/**")})
	got := map[string]string{}
	for _, r := range all(t, s, retention.Query{All: true, Limit: 2}) {
		got[r.Key] = fmt.Sprint(r.Tenant, " ", r.Subject, " ", r.Category, " ", len(r.Events), " ", r.Unreadable, " ", r.Bytes)
	}
	want := map[string]string{
		"w/acme/ada/a.png":      "acme ada images 1 false 16",
		"w/acme/ada/deep/b.png": "acme ada images 1 false 21",
		"w/stray":               "stray  images 0 true 7",
		"x/acme/ada/c.png":      "  images 0 true 16",
		"w/odd\x01/ada/d.png":   "odd\x01  images 0 true 16",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBadLayoutsAreRefused(t *testing.T) {
	for layout, code := range map[string]string{
		"**/a": "layout", "{tenant}/{tenant}": "duplicate", "{owner}": "layout", "a//b": "layout", "a*": "layout",
	} {
		_, err := directory.Layout(layout, "modified", retention.Record{Category: "c"})
		var problems privacy.Problems
		if !errors.As(err, &problems) || problems[0].Code != code {
			t.Errorf("%q: got %v, want %s", layout, err, code)
		}
	}
	_, err := directory.Layout("*", "", retention.Record{})
	var problems privacy.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Errorf("got %v, want two problems", err)
	}
}

func TestPagesHoldEveryFileOnce(t *testing.T) {
	root := t.TempDir()
	paths := []string{"a", "a.b/x", "a-b/x", "b/1", "b/2/3", "b/2/4", "c", "d/e/f/g"}
	write(t, root, paths...)
	write(t, root, ".hidden/b/9")
	s := system(t, directory.Directory{Path: root, Quarantine: ".hidden"})
	want := []string{"a", "a-b/x", "a.b/x", "b/1", "b/2/3", "b/2/4", "c", "d/e/f/g", "b/9"}
	for limit := 1; limit <= 10; limit++ {
		if got := keys(all(t, s, retention.Query{All: true, Limit: limit})); !slices.Equal(got, want) {
			t.Errorf("pages of %d: got %q, want %q", limit, got, want)
		}
	}
	if _, err := s.Source.Candidates(t.Context(), retention.Query{All: true, Limit: 1, After: "b"}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}

func TestPassGoesOnWhileFilesAreDeleted(t *testing.T) {
	root := t.TempDir()
	var paths []string
	for i := range 30 {
		paths = append(paths, fmt.Sprintf("%d/%02d", i/7, i))
	}
	write(t, root, paths...)
	s := system(t, directory.Directory{Path: root})
	query, seen := retention.Query{Schedule: schedule(t, false), At: at, Limit: 4}, []string(nil)
	for {
		page, err := s.Source.Candidates(t.Context(), query)
		must(t, err)
		for i := range page.Records {
			seen = append(seen, page.Records[i].Key)
			must(t, s.Disposer.Dispose(t.Context(), &page.Records[i], retention.Delete))
		}
		if query.After = page.Next; query.After == "" {
			break
		}
	}
	if !slices.Equal(seen, paths) {
		t.Errorf("seen %q, want %q", seen, paths)
	}
	isTree(t, root)
}

func TestDeleteRemovesFileAndEmptyParents(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/b/c/1", "a/2")
	s := system(t, directory.Directory{Path: root})
	r := find(t, s, "a/b/c/1")
	for range 2 {
		must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
		if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); err != nil || !gone {
			t.Errorf("gone %v, %v", gone, err)
		}
	}
	isTree(t, root, "a/2")
	s = system(t, directory.Directory{Path: root, KeepEmpty: true})
	must(t, s.Disposer.Dispose(t.Context(), find(t, s, "a/2"), retention.Delete))
	isTree(t, root, "a/")
}

func TestDeleteAfterAnInterruptionRemovesEmptyParents(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/b/1")
	s := system(t, directory.Directory{Path: root})
	r := find(t, s, "a/b/1")
	must(t, os.Remove(filepath.Join(root, r.Key)))
	must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
	isTree(t, root)
}

func TestChangedFileIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a")
	s := system(t, directory.Directory{Path: root, Quarantine: "q"})
	r := find(t, s, "a")
	must(t, os.Chtimes(filepath.Join(root, "a"), at, at))
	must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
	if err := s.Disposer.Hide(t.Context(), r); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("hiding a file that changed: %v, want ErrConflict", err)
	}
	if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); err != nil || gone {
		t.Errorf("gone %v, %v", gone, err)
	}
	isTree(t, root, "a")
}

// A file of which something more is known than when it was read has changed.
func TestFileWithAnotherEventIsLeftAlone(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a")
	made := retention.Event{Name: "made", On: privacy.MustDate("2020-01-01")}
	events := []retention.Event{made}
	s := system(t, directory.Directory{Path: root, Record: func(context.Context, string, fs.FileInfo) (retention.Record, bool, error) {
		return retention.Record{Category: "image", Events: events}, true, nil
	}})
	r := find(t, s, "a")
	events = []retention.Event{made, {Name: "viewed", At: at}}
	must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
	isTree(t, root, "a")
	events = events[:1]
	must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
	isTree(t, root)
}

func TestHiddenFileWaitsInTheQuarantine(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/b/1", "a/2")
	s := system(t, directory.Directory{Path: root, Quarantine: "q/deep"})
	query := retention.Query{Schedule: schedule(t, true), At: at, Limit: 10}
	r := find(t, s, "a/b/1")
	for range 2 {
		must(t, s.Disposer.Hide(t.Context(), r))
	}
	isTree(t, root, "a/2", "q/deep/a/b/1")
	if got := keys(all(t, s, query)); !slices.Equal(got, []string{"a/2"}) {
		t.Errorf("candidates %q, want a/2 alone", got)
	}
	query.At = at.AddDate(9, 0, 0)
	if got := keys(all(t, s, query)); !slices.Equal(got, []string{"a/2", "a/b/1"}) {
		t.Errorf("candidates %q, want both", got)
	}
	if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); err != nil || gone {
		t.Errorf("hidden is gone: %v, %v", gone, err)
	}
	must(t, s.Disposer.Dispose(t.Context(), r, retention.Delete))
	if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); err != nil || !gone {
		t.Errorf("gone %v, %v", gone, err)
	}
	isTree(t, root, "a/2", "q/deep/")
}

func TestHiddenFileIsNotOverwritten(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a", "q/a")
	s := system(t, directory.Directory{Path: root, Quarantine: "q"})
	if err := s.Disposer.Hide(t.Context(), find(t, s, "a")); !errors.Is(err, privacy.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	isTree(t, root, "a", "q/a")
}

func TestLinksAreNotFollowed(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	write(t, outside, "d/secret")
	write(t, root, "real/1")
	for name, target := range map[string]string{
		"out": filepath.Join(outside, "d"), "in": "real", "file": "real/1", "up": "..",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			if runtime.GOOS != "windows" {
				t.Fatal(err)
			}
			t.Skip("symbolic links need a privilege on Windows")
		}
	}
	s := system(t, directory.Directory{Path: root})
	if got := keys(all(t, s, retention.Query{All: true, Limit: 10})); !slices.Equal(got, []string{"real/1"}) {
		t.Errorf("records %q, want real/1 alone", got)
	}
	events := find(t, s, "real/1").Events
	for _, key := range []string{"out/secret", "in/1", "up/1", "file"} {
		r := &retention.Record{Key: key, Events: events}
		_ = s.Disposer.Dispose(t.Context(), r, retention.Delete)
		if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); gone {
			t.Errorf("%s is gone (%v)", key, err)
		}
	}
	for _, key := range []string{"../x", "/etc/passwd", "", ".", "a/../../b"} {
		if err := s.Disposer.Dispose(t.Context(), &retention.Record{Key: key}, retention.Delete); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", key, err)
		}
	}
	isTree(t, outside, "d/secret")
	isTree(t, root, "file", "in", "out", "real/1", "up")
}

func TestErrorsHoldNoPath(t *testing.T) {
	s := system(t, directory.Directory{Path: filepath.Join(t.TempDir(), "ada-lovelace"), Quarantine: "q"})
	r := &retention.Record{Key: "ada/1"}
	_, read := s.Source.Candidates(t.Context(), retention.Query{All: true, Limit: 1})
	_, verify := s.Disposer.Disposed(t.Context(), r, retention.Delete)
	for op, err := range map[string]error{
		"read": read, "verify": verify, "delete": s.Disposer.Dispose(t.Context(), r, retention.Delete), "hide": s.Disposer.Hide(t.Context(), r),
	} {
		if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "ada") || err.Error() != "directory: files: "+op+" failed" {
			t.Errorf("%s: got %v", op, err)
		}
	}
}

func TestWhatFilesCannotDoIsRefused(t *testing.T) {
	s := system(t, directory.Directory{Path: t.TempDir()})
	r := &retention.Record{Key: "a"}
	for _, action := range []retention.Action{0, retention.Anonymise, retention.CryptoShred, retention.Review} {
		if err := s.Disposer.Dispose(t.Context(), r, action); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", action, err)
		}
		if done, _ := s.Disposer.Disposed(t.Context(), r, action); done {
			t.Errorf("%s: nothing was done, and it is disposed of", action)
		}
	}
	if err := s.Disposer.Hide(t.Context(), r); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("hide: got %v, want ErrInvalid", err)
	}
}

func TestHostSaysWhatAFileIs(t *testing.T) {
	root := t.TempDir()
	write(t, root, "known", "unknown", "broken")
	down := errors.New("down")
	broken := error(nil)
	s := system(t, directory.Directory{Path: root, Record: func(_ context.Context, path string, _ fs.FileInfo) (retention.Record, bool, error) {
		return retention.Record{Tenant: "t1", Category: "c"}, path == "known", broken
	}})
	if got := keys(all(t, s, retention.Query{All: true, Limit: 10})); !slices.Equal(got, []string{"known"}) {
		t.Errorf("records %q, want known alone", got)
	}
	r := find(t, s, "known")
	if r.System != "files" || r.Bytes != 5 || r.Tenant != "t1" {
		t.Errorf("got %+v", r)
	}
	must(t, s.Disposer.Dispose(t.Context(), &retention.Record{Key: "unknown"}, retention.Delete))
	broken = down
	if _, err := s.Source.Candidates(t.Context(), retention.Query{All: true, Limit: 1}); !errors.Is(err, down) {
		t.Errorf("got %v, want the host's error", err)
	}
	if err := s.Disposer.Dispose(t.Context(), r, retention.Delete); !errors.Is(err, down) {
		t.Errorf("got %v, want the host's error", err)
	}
	isTree(t, root, "broken", "known", "unknown")
}

func TestContextEndsACall(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a")
	s := system(t, directory.Directory{Path: root, Quarantine: "q"})
	r := find(t, s, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, read := s.Source.Candidates(ctx, retention.Query{All: true, Limit: 1})
	for _, err := range []error{read, s.Disposer.Dispose(ctx, r, retention.Delete), s.Disposer.Hide(ctx, r)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}
	isTree(t, root, "a")
}

// A directory that is not there, because its disk is not mounted, has not been
// disposed of.
func TestMissingDirectoryIsAnError(t *testing.T) {
	root := filepath.Join(t.TempDir(), "files")
	write(t, root, "a/b/1")
	s := system(t, directory.Directory{Path: root, Quarantine: "q"})
	r := find(t, s, "a/b/1")
	must(t, os.Rename(root, root+"-elsewhere"))
	if _, err := s.Source.Candidates(t.Context(), retention.Query{All: true, Limit: 10}); err == nil {
		t.Error("it has no candidates")
	}
	if err := s.Disposer.Hide(t.Context(), r); err == nil {
		t.Error("a file in it is hidden")
	}
	if err := s.Disposer.Dispose(t.Context(), r, retention.Delete); err == nil {
		t.Error("a file in it is deleted")
	}
	if gone, err := s.Disposer.Disposed(t.Context(), r, retention.Delete); err == nil || gone {
		t.Errorf("a file in it is gone: %t, %v", gone, err)
	}
}

// Where a directory was, there is now a file, which is another record: nothing
// vouches for what became of the first.
func TestFileInThePlaceOfADirectory(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/b/1")
	s := system(t, directory.Directory{Path: root, Quarantine: "q"})
	r := find(t, s, "a/b/1")
	must(t, os.RemoveAll(filepath.Join(root, "a")))
	write(t, root, "a")
	for name, dispose := range map[string]func() error{
		"hidden":  func() error { return s.Disposer.Hide(t.Context(), r) },
		"deleted": func() error { return s.Disposer.Dispose(t.Context(), r, retention.Delete) },
	} {
		if err := dispose(); err == nil {
			t.Errorf("it counts as %s", name)
		}
	}
	isTree(t, root, "a")
}

func TestCancelledWalkEnds(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a/1", "b/2")
	s := system(t, directory.Directory{Path: root})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if page, err := s.Source.Candidates(ctx, retention.Query{All: true, Limit: 10}); !errors.Is(err, context.Canceled) || len(page.Records) != 0 {
		t.Errorf("got %d records, %v", len(page.Records), err)
	}
}
