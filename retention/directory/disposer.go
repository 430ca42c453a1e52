package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

var _ retention.Disposer = (*files)(nil)

// Dispose implements retention.Disposer. Delete is the only action there is for
// files; the error of another matches privacy.ErrInvalid.
func (f *files) Dispose(ctx context.Context, record *retention.Record, action retention.Action) error {
	if action != retention.Delete {
		return fmt.Errorf("directory: %s can delete files and hide them, not %s: %w", f.System, action, privacy.ErrInvalid)
	}
	return f.inside(ctx, "delete", record, func(root *os.Root) error {
		for _, place := range f.places(record) {
			if err := f.remove(ctx, root, place, record); err != nil {
				return err
			}
		}
		return nil
	})
}

// Hide implements retention.Disposer. The error matches privacy.ErrInvalid without
// a quarantine, privacy.ErrExists if another file of the same path is in it, and
// privacy.ErrConflict if the file has changed since it was read.
func (f *files) Hide(ctx context.Context, record *retention.Record) error {
	if f.Quarantine == "" {
		return fmt.Errorf("directory: %s has no quarantine: %w", f.System, privacy.ErrInvalid)
	}
	return f.inside(ctx, "hide", record, func(root *os.Root) error { return f.hide(ctx, root, record) })
}

// Disposed implements retention.Disposer: whether neither the place of the file nor
// the quarantine has one.
func (f *files) Disposed(ctx context.Context, record *retention.Record, action retention.Action) (bool, error) {
	if action != retention.Delete {
		return false, nil
	}
	gone := true
	err := f.inside(ctx, "verify", record, func(root *os.Root) error {
		for _, place := range f.places(record) {
			there, err := exists(root, place)
			if err != nil {
				return err
			}
			gone = gone && !there
		}
		return nil
	})
	return gone && err == nil, err
}

// places are where the file of a record can be.
func (f *files) places(record *retention.Record) []string {
	if f.Quarantine == "" {
		return []string{record.Key}
	}
	return []string{record.Key, f.hidden(record.Key)}
}

// inside runs a call on the directory, for a key that is a path within it.
func (f *files) inside(ctx context.Context, op string, record *retention.Record, call func(*os.Root) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !fs.ValidPath(record.Key) || record.Key == "." {
		return fmt.Errorf("directory: the key is no path of a file: %w", privacy.ErrInvalid)
	}
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return f.failure(op, err)
	}
	defer root.Close()
	return f.failure(op, call(root))
}

// parent opens the directory of a path. It is nil where there is none.
func parent(root *os.Root, place string) (*os.Root, error) {
	dir := path.Dir(place)
	if dir == "." {
		return root.OpenRoot(".")
	}
	opened, err := enter(root, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return opened, err
}

func exists(root *os.Root, place string) (bool, error) {
	dir, err := parent(root, place)
	if dir == nil || err != nil {
		return false, err
	}
	defer dir.Close()
	_, err = dir.Lstat(path.Base(place))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// unchanged reports whether the file at a place is still the one of the record.
func (f *files) unchanged(ctx context.Context, dir *os.Root, place string, record *retention.Record) (bool, error) {
	info, err := dir.Lstat(path.Base(place))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	now, ok, err := f.record(ctx, record.Key, info)
	return ok && among(now.Events, record.Events) && among(record.Events, now.Events), err
}

// among reports whether all of some events are among others, to the microsecond,
// which is what claims keep.
func among(some, others []retention.Event) bool {
	return !slices.ContainsFunc(some, func(e retention.Event) bool {
		return !slices.ContainsFunc(others, func(o retention.Event) bool {
			return o.Name == e.Name && o.On == e.On && o.At.Truncate(time.Microsecond).Equal(e.At.Truncate(time.Microsecond))
		})
	})
}

func (f *files) remove(ctx context.Context, root *os.Root, place string, record *retention.Record) error {
	dir, err := parent(root, place)
	if dir == nil || err != nil {
		return err
	}
	defer dir.Close()
	same, err := f.unchanged(ctx, dir, place, record)
	if err != nil {
		return err
	}
	if same {
		if err := dir.Remove(path.Base(place)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// Also without a file: an earlier call may have been interrupted before this.
	if err := sync(dir); err != nil {
		return err
	}
	return f.prune(root, path.Dir(place))
}

// prune removes directories that are empty, upwards.
func (f *files) prune(root *os.Root, dir string) error {
	if f.KeepEmpty {
		return nil
	}
	for ; dir != "." && dir != f.Quarantine; dir = path.Dir(dir) {
		above, err := parent(root, dir)
		if above == nil || err != nil {
			return err
		}
		// What is no directory is not ours to remove; a directory that is not empty
		// stays.
		err = removeDirectory(above, path.Base(dir))
		if err == nil {
			err = sync(above)
		}
		err = errors.Join(err, above.Close())
		if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) || errors.Is(err, errNotDirectory) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func removeDirectory(above *os.Root, name string) error {
	info, err := above.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		return errNotDirectory
	}
	if err != nil {
		return err
	}
	return above.Remove(name)
}

func (f *files) hide(ctx context.Context, root *os.Root, record *retention.Record) error {
	from, err := parent(root, record.Key)
	if from == nil || err != nil {
		return err
	}
	defer from.Close()
	same, err := f.unchanged(ctx, from, record.Key, record)
	if err != nil {
		return err
	}
	if !same {
		return shown(root, record.Key)
	}
	target := f.hidden(record.Key)
	if there, err := exists(root, target); err != nil || there {
		return errors.Join(err, fmt.Errorf("directory: another file of the same path is hidden: %w", privacy.ErrExists))
	}
	to, err := makeParent(root, target)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := root.Rename(record.Key, target); err != nil {
		return err
	}
	// The new place first: a file may be in both after a loss of power, not in none.
	if err := errors.Join(sync(to), sync(from)); err != nil {
		return err
	}
	return f.prune(root, path.Dir(record.Key))
}

// shown reports a file that stays in use, because it has changed.
func shown(root *os.Root, place string) error {
	there, err := exists(root, place)
	if err == nil && there {
		err = fmt.Errorf("directory: a file has changed and stays in use: %w", privacy.ErrConflict)
	}
	return err
}

// makeParent makes the directories of a path, open to their owner only, and brings
// them to the disk.
func makeParent(root *os.Root, place string) (*os.Root, error) {
	dir := path.Dir(place)
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for above := path.Dir(dir); ; above = path.Dir(above) {
		at, err := parent(root, path.Join(above, "x"))
		if err == nil && at == nil {
			err = fs.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		if err := errors.Join(sync(at), at.Close()); err != nil {
			return nil, err
		}
		if above == "." {
			return enter(root, dir)
		}
	}
}

// sync brings the entries of a directory to the disk.
func sync(dir *os.Root) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such call, and writes entries with their change
	}
	opened, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
