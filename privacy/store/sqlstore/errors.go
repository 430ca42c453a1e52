package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// What kept the database from doing its work. An Error matches one of them
// where the driver tells.
var (
	// ErrFull reports that the disk or the quota is full. Nothing was written.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly reports that the database cannot be written: a read-only file,
	// or a standby.
	ErrReadOnly = errors.New("the database is read-only")
	// ErrBusy reports that other writers held the database for too long. Nothing
	// was written.
	ErrBusy = errors.New("the database is busy")
)

// Error is a failure of the database in one of the stores' methods. For a write
// it means, unless it matches ErrFull, ErrReadOnly or ErrBusy, that the caller
// cannot know whether the work was done; repeating it is safe.
type Error struct {
	// Op is what failed, such as "append".
	Op string
	// Code is the SQLSTATE or the SQLite result code in decimal, "" if the
	// driver told none.
	Code string

	kind  error // one of the sentinels, or nil
	cause error
	class class
}

// Error returns the message without the server's own text where that might
// quote the data.
func (e *Error) Error() string {
	text := "sqlstore: " + e.Op + ": "
	switch {
	case e.kind != nil:
		text += e.kind.Error()
	case e.Code == "" || e.class == classSafe:
		return text + e.cause.Error()
	default:
		text += "the database failed"
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	return text
}

// Unwrap returns the sentinel, if any, and the driver's error.
func (e *Error) Unwrap() []error {
	if e.kind == nil {
		return []error{e.cause}
	}
	return []error{e.kind, e.cause}
}

// class is what a failure means for the work.
type class uint8

const (
	classOther class = iota
	// classSafe is classOther with a text that quotes no data.
	classSafe
	// classRetry is a race that the server has ended by undoing all: a unique
	// violation of two first inserts, two that create the same table, a deadlock,
	// a serialization failure.
	classRetry
	// classGone is a fault of the whole database: other work would fail as well.
	classGone
)

// failure makes an Error of what a driver returned. A failed context stays
// visible through it.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*Error](err); known {
		return err
	}
	e := &Error{Op: op, cause: err}
	var server interface{ SQLState() string }
	var sqlite interface{ Code() int }
	switch {
	case errors.As(err, &server):
		e.Code = server.SQLState()
		e.class, e.kind = classifyState(e.Code)
	case errors.As(err, &sqlite):
		e.Code = fmt.Sprint(sqlite.Code())
		e.class, e.kind = classifySQLite(sqlite.Code())
	}
	return e
}

// safeClasses are the classes of SQLSTATE whose messages name objects and
// settings, never values.
var safeClasses = []string{"08", "25", "28", "3D", "3F", "40", "53", "54", "55", "57", "58"}

func classifyState(code string) (class, error) {
	switch code {
	case "40001", "40P01", "23505", "42P07", "42710":
		return classRetry, ErrBusy
	case "55P03":
		return classGone, ErrBusy
	case "53100":
		return classOther, ErrFull
	case "25006":
		return classGone, ErrReadOnly
	case "42P01":
		return classSafe, nil
	}
	if len(code) == 5 && slices.Contains(safeClasses, code[:2]) {
		return classSafe, nil
	}
	return classOther, nil
}

// The result codes of SQLite that matter here; the low byte of an extended code
// is the primary one.
const (
	sqliteBusy         = 5
	sqliteLocked       = 6
	sqliteReadOnly     = 8
	sqliteInterrupt    = 9
	sqliteFull         = 13
	sqliteBusySnapshot = sqliteBusy | 2<<8
	sqliteBusyRecovery = sqliteBusy | 1<<8
)

// SQLite's messages name tables and columns, never values.
func classifySQLite(code int) (class, error) {
	switch code {
	case sqliteBusySnapshot, sqliteBusyRecovery:
		return classRetry, ErrBusy
	}
	switch code & 0xff {
	case sqliteBusy, sqliteLocked:
		return classGone, ErrBusy
	case sqliteReadOnly:
		return classGone, ErrReadOnly
	case sqliteFull:
		return classSafe, ErrFull
	}
	return classSafe, nil
}

// classOf returns the class of an error of failure.
func classOf(err error) class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.class
	}
	return classOther
}

// conflicting turns a lost race in a transaction of the host, which cannot be
// repeated here, into a conflict.
func conflicting(err error) error {
	var e *Error
	if errors.As(err, &e) && e.class == classRetry {
		e.kind = privacy.ErrConflict
	}
	return err
}

// interrupted prefers the context's own error to what a driver made of it.
func interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return errors.Join(ctx.Err(), err)
}

func errLimit(what string) error {
	return fmt.Errorf("sqlstore: the limit of %s must be at least 1: %w", what, privacy.ErrInvalid)
}
