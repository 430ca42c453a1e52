package sqlstore

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// place is a place in the cache feed: that of the row with these values, or
// just before the rows of a transaction.
//
// On PostgreSQL, a row shows once every transaction up to its own has ended, so
// that no row can appear behind a place that was passed. A stream's rows carry
// the greatest transaction that ever wrote it, and rows of equal transaction go
// by version, so that no stream's versions go back. On SQLite, only the
// position counts.
type place struct{ transaction, version, position int64 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.transaction, q.transaction), cmp.Compare(p.version, q.version), cmp.Compare(p.position, q.position))
}

func (p place) before(q place) bool { return p.compare(q) < 0 }

func (p place) args() []any { return []any{p.transaction, p.version, p.position} }

// cursorFormat begins every cursor.
const cursorFormat = "1"

func (p place) cursor() consent.Cursor {
	return consent.Cursor(fmt.Sprintf("%s.%d.%d.%d", cursorFormat, p.transaction, p.version, p.position))
}

// parseCursor reads a cursor of ours; the empty one is the zero place.
func parseCursor(cursor consent.Cursor) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	parts := strings.Split(string(cursor), ".")
	if len(parts) != 4 || parts[0] != cursorFormat {
		return place{}, errCursor
	}
	var numbers [3]int64
	for i, part := range parts[1:] {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || n < 0 || strconv.FormatInt(n, 10) != part {
			return place{}, errCursor
		}
		numbers[i] = n
	}
	return place{numbers[0], numbers[1], numbers[2]}, nil
}

var errCursor = fmt.Errorf("sqlstore: not a cursor of this store: %w", privacy.ErrInvalid)
