package directory

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// Directory declares a directory of files.
type Directory struct {
	// System names the system in plans, holds and certificates. Required.
	System privacy.SystemID
	// Path is where the directory is. Required.
	Path string
	// Quarantine is the directory for hidden files, a relative path with slashes
	// below Path. Without it the directory cannot hide.
	Quarantine string
	// Record says what a file is. Required.
	Record RecordFunc
	// KeepEmpty leaves directories that have become empty.
	KeepEmpty bool
	// BackupCycleDays is that of retention.System.
	BackupCycleDays int
}

// RecordFunc says what the file at a path is. System, Key and Bytes are set for it.
// It returns false for a file that is none of the system's records, which no plan
// then shows. An error ends the plan; it MUST NOT hold personal data. It is asked
// again before the file is disposed of, and a file whose events have changed is
// left alone.
type RecordFunc func(ctx context.Context, path string, info fs.FileInfo) (retention.Record, bool, error)

// New returns a system over a directory. The error is privacy.Problems with
// everything that is wrong with the declaration, and matches privacy.ErrInvalid. It
// does not touch the directory, which each call opens anew.
func New(directory Directory) (retention.System, error) {
	var problems privacy.Problems
	if err := privacy.CheckID("system", string(directory.System)); err != nil {
		problems.Add("system", "identifier", "%v", err)
	}
	if directory.Path == "" {
		problems.Add("path", "required", "say where the directory is")
	}
	if q := directory.Quarantine; q != "" && (!fs.ValidPath(q) || q == "." || strings.ContainsRune(q, '\\')) {
		problems.Add("quarantine", "path", "the quarantine is a relative path with slashes, below the directory")
	}
	if directory.Record == nil {
		problems.Add("record", "required", "say what a file is")
	}
	if directory.BackupCycleDays < 0 {
		problems.Add("backup_cycle_days", "negative", "a cycle takes no negative time")
	}
	if err := problems.Err(); err != nil {
		return retention.System{}, err
	}
	f := &files{directory}
	return retention.System{ID: directory.System, Source: f, Disposer: f, BackupCycleDays: directory.BackupCycleDays}, nil
}

// files is the Source and Disposer of a directory.
type files struct{ Directory }

// hidden returns the path of a file in the quarantine.
func (f *files) hidden(key string) string { return path.Join(f.Quarantine, key) }

// record returns the record of a file.
func (f *files) record(ctx context.Context, key string, info fs.FileInfo) (retention.Record, bool, error) {
	record, ok, err := f.Record(ctx, key, info)
	record.System, record.Key, record.Bytes = f.System, key, info.Size()
	return record, ok, err
}

// Error is a failure of the file system. Its text has no path, which may tell whose
// file it is; Unwrap gives the error of the system.
type Error struct {
	// System is the one that failed.
	System privacy.SystemID
	// Op is what was tried, such as "delete".
	Op    string
	cause error
}

// Error names the system and what was tried.
func (e *Error) Error() string { return fmt.Sprintf("directory: %s: %s failed", e.System, e.Op) }

// Unwrap returns the error of the file system.
func (e *Error) Unwrap() error { return e.cause }

func (f *files) failure(op string, err error) error {
	var own *Error
	if err == nil || errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &Error{System: f.System, Op: op, cause: err}
}
