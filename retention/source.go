package retention

import (
	"context"
	"errors"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// System is a place of the host that holds records: a table, a bucket, a folder.
type System struct {
	ID       privacy.SystemID
	Source   Source
	Disposer Disposer
	// BackupCycleDays is after how many days the last backup that may hold a
	// disposed record has been overwritten, 0 if none ever holds one.
	BackupCycleDays int
}

// Source lists the records of a system. Implementations MUST be safe for
// concurrent use.
type Source interface {
	// Candidates returns a page of records in an order of its choice that does not
	// change while records are disposed of, such as that of their keys. A page
	// MUST hold every record after query.After, up to query.Limit of them, that
	// may be due, or that is to be hidden if the system hides; it may hold others.
	// Page.Next is "" on the last page. Errors MUST NOT hold personal data.
	Candidates(ctx context.Context, query Query) (Page, error)
}

// Query asks a Source for a page.
type Query struct {
	// Schedule and At tell what may be due: a database asks Schedule.Lanes, a source
	// without an index ignores them.
	Schedule *Schedule
	At       time.Time
	// All asks for every record, due or not: after a backup was restored, and for
	// Sweeper.Undecided.
	All bool
	// After is the Next of the page before, "" for the first page.
	After string
	// Limit is the greatest number of records, at least 1.
	Limit int
}

// Page is a page of records.
type Page struct {
	Records []Record
	// Next asks for the page that follows, "" if there is none.
	Next string
}

// ErrKeyCopies is the error of a Disposer that cannot count CryptoShred as erasure: a
// copy of the record's key may remain, or nothing is known of the key.
var ErrKeyCopies = errors.New("retention: a copy of the key may remain")

// Disposer disposes of records of a system. Every method is idempotent by the key
// of the record: a sweep that was interrupted calls again. Methods MUST honour
// ctx. Errors MUST NOT hold personal data. A log records that there was one, and
// whether it matches ErrKeyCopies or, for a record that has changed since it was read,
// privacy.ErrConflict.
type Disposer interface {
	// Dispose carries out an action that Disposes. A record that is gone already
	// is a success.
	Dispose(ctx context.Context, record *Record, action Action) error
	// Hide withdraws the record from every use but its retention. A record that is gone
	// or hidden already is a success. One that it leaves in use, because it has changed
	// since it was read, is an error that matches privacy.ErrConflict: a sweep believes
	// it.
	Hide(ctx context.Context, record *Record) error
	// Disposed reports, from the system itself, whether nothing is left that the
	// action was to end. A sweep believes it rather than Dispose.
	Disposed(ctx context.Context, record *Record, action Action) (bool, error)
}
