package renewal

import (
	"context"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// Row is a consent in force.
type Row struct {
	Subject privacy.SubjectID
	Purpose privacy.PurposeID
	// NoticeVersion is that of the notice it was given under.
	NoticeVersion uint32
	// GivenAt is when it was given, in UTC, exact to the microsecond.
	GivenAt time.Time
	// Until is when it ends by itself, in whole seconds UTC; zero if it does not.
	Until time.Time
}

// Criterion is what a query goes by.
type Criterion uint8

// The criteria.
const (
	// ByNotice goes by the version of the notice.
	ByNotice Criterion = iota + 1
	// ByGiven goes by when the consent was given, in microseconds since 1970.
	ByGiven
	// ByEnd goes by when it ends, in microseconds since 1970. Consents that do
	// not end have no value.
	ByEnd
)

// Value returns the value of a row for a criterion, and false if it has none.
func (c Criterion) Value(row Row) (int64, bool) {
	switch c {
	case ByNotice:
		return int64(row.NoticeVersion), true
	case ByGiven:
		return row.GivenAt.UnixMicro(), true
	case ByEnd:
		return row.Until.UnixMicro(), !row.Until.IsZero()
	}
	return 0, false
}

// Query asks for consents to one purpose whose value for a criterion is below a
// bound.
type Query struct {
	Tenant  privacy.TenantID
	Purpose privacy.PurposeID
	By      Criterion
	// Below is the bound, exclusive.
	Below int64
	// After is the last row of the previous page, nil for the first page.
	After *Row
	// Limit is the greatest number of rows, at least 1.
	Limit int
}

// Store keeps the rows of an index. Package renewaltest is its specification as
// a test suite. All methods MUST be safe for concurrent use, and tenants MUST
// never mix.
type Store interface {
	// Replace puts rows in place of all that is kept of a subject, in one unit
	// of work. If what is kept is of the same or a newer version of the subject's
	// stream, it MUST do nothing.
	Replace(ctx context.Context, subject consent.StreamKey, version uint64, rows []Row) error

	// Due returns the rows that a query asks for, in the order of their values
	// and, of equal ones, in byte order of their subjects. What it reads MUST
	// grow with the result, not with the rows kept.
	Due(ctx context.Context, query Query) ([]Row, error)

	// Cursor returns the place in the cache feed that SetCursor kept last, the
	// empty one before.
	Cursor(ctx context.Context) (consent.Cursor, error)

	// SetCursor keeps a place in the cache feed.
	SetCursor(ctx context.Context, cursor consent.Cursor) error
}
