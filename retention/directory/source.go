package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

var _ retention.Source = (*files)(nil)

// The parts of a pass, which cursors begin with: files in use, then hidden ones.
const (
	inUse  = "u/"
	hidden = "h/"
)

// Candidates implements retention.Source. It gives every file but those that are
// hidden and have to stay so: what else is due, the schedule says. The error matches
// privacy.ErrInvalid for a cursor that is none.
func (f *files) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return retention.Page{}, f.failure("read", err)
	}
	defer root.Close()
	w := &walk{files: f, query: &query}
	after, isHidden := strings.CutPrefix(query.After, hidden)
	if !isHidden {
		var known bool
		if after, known = strings.CutPrefix(query.After, inUse); !known && after != "" {
			return retention.Page{}, fmt.Errorf("directory: not a page of this system: %w", privacy.ErrInvalid)
		}
		if err := w.from(ctx, root, inUse, "", after); err != nil {
			return retention.Page{}, f.failure("read", err)
		}
		after = ""
	}
	if f.Quarantine != "" && !w.full() {
		quarantine, err := enter(root, f.Quarantine)
		if err == nil {
			defer quarantine.Close()
			err = w.from(ctx, quarantine, hidden, "", after)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return retention.Page{}, f.failure("read", err)
		}
	}
	return w.page, nil
}

// walk collects a page. Paths are in the order of their parts, which no disposal
// changes.
type walk struct {
	*files
	page  retention.Page
	query *retention.Query
}

func (w *walk) full() bool { return len(w.page.Records) == w.query.Limit }

// from visits the files of a directory that come after a path within it.
func (w *walk) from(ctx context.Context, dir *os.Root, part, prefix, after string) error {
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	first, rest, _ := strings.Cut(after, "/")
	// Names are compared as they are, whatever order the file system likes.
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, entry := range entries {
		if w.full() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name := entry.Name()
		within := ""
		if name == first {
			within = rest
		}
		switch {
		case name < first, part == inUse && prefix+name == w.Quarantine:
		case entry.IsDir():
			if err := w.enter(ctx, dir, part, prefix, name, within); err != nil {
				return err
			}
		case entry.Type().IsRegular() && name != first:
			if err := w.add(ctx, dir, part, prefix+name, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) enter(ctx context.Context, dir *os.Root, part, prefix, name, after string) error {
	below, err := enter(dir, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDirectory) {
		return nil
	}
	if err != nil {
		return err
	}
	defer below.Close()
	return w.from(ctx, below, part, prefix+name+"/", after)
}

func (w *walk) add(ctx context.Context, dir *os.Root, part, key, name string) error {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	record, ok, err := w.record(ctx, key, info)
	record.Hidden = part == hidden
	if err != nil || !ok || record.Hidden && w.stays(&record) {
		return err
	}
	w.page.Records = append(w.page.Records, record)
	if w.full() {
		w.page.Next = part + key
	}
	return nil
}

// stays reports whether a hidden file has nothing to wait for yet.
func (w *walk) stays(record *retention.Record) bool {
	return !w.query.All && w.query.Schedule.Evaluate(record, nil, w.query.At).State == retention.Hidden
}

var errNotDirectory = fmt.Errorf("directory: a link or a file in the place of a directory: %w", privacy.ErrInvalid)

// enter opens a directory below another, part by part, and follows no link, also
// none that is put there meanwhile.
func enter(root *os.Root, path string) (*os.Root, error) {
	at := root
	for name := range strings.SplitSeq(path, "/") {
		next, err := enterOne(at, name)
		if at != root {
			err = errors.Join(err, at.Close())
		}
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

func enterOne(at *os.Root, name string) (*os.Root, error) {
	seen, err := at.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !seen.IsDir() {
		return nil, errNotDirectory
	}
	next, err := at.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = errNotDirectory
	}
	if err != nil {
		return nil, errors.Join(err, next.Close())
	}
	return next, nil
}
