package sqlstore

import (
	"context"
	"math"

	"github.com/labelop/privacykit/consent"
)

// feedSQL returns the statements of the cache feed: a page, and the bounds
// alone. Each is one statement, hence sees one snapshot.
//
// The bounds are the horizon up to which rows were trimmed, the end up to which
// every change is shown, the limit that no cursor of this database exceeds, and
// whether a committed change had to be withheld.
func feedSQL(t *template, dialect Dialect) (changes, head string) {
	bounds := `SELECT f.transaction_id, f.version, f.position, 0, o.position, 0, o.position, 0
		FROM {feed} f
		CROSS JOIN (SELECT COALESCE(MAX(seq), 0) AS position FROM sqlite_sequence WHERE name = '{name:outbox}') o`
	changes = `SELECT f.transaction_id, f.version, f.position, 0, o.position, 0, o.position, 0,
			0, 0, c.position, c.tenant, c.subject, c.version
		FROM {feed} f
		CROSS JOIN (SELECT COALESCE(MAX(seq), 0) AS position FROM sqlite_sequence WHERE name = '{name:outbox}') o
		LEFT JOIN (
			SELECT position, tenant, subject, version FROM {outbox}
			WHERE version > 0 AND position > $3 AND $1 = 0 AND $2 = 0
			ORDER BY position LIMIT $4
		) c ON TRUE
		ORDER BY c.position`
	if dialect == PostgreSQL {
		// What does not depend on the row is asked once for the page, and the
		// newest change is the end of the index whatever the planner knows.
		head := `SELECT f.transaction_id, f.version, f.position, n.xmin, 0::bigint, n.xmax, 0::bigint,
				CASE WHEN (SELECT MAX(transaction_id) FROM {outbox} WHERE version > 0) >= n.xmin THEN 1 ELSE 0 END`
		from := `
			FROM {feed} f CROSS JOIN (
				SELECT pg_snapshot_xmin(s)::text::bigint AS xmin, pg_snapshot_xmax(s)::text::bigint AS xmax
				FROM pg_current_snapshot() s
			) n`
		bounds = head + from + ` WHERE f.id = 1`
		changes = head + `,
				c.transaction_id, c.version, c.position, c.tenant, c.subject, c.version` + from + `
			LEFT JOIN LATERAL (
				SELECT transaction_id, version, position, tenant, subject FROM {outbox}
				WHERE version > 0 AND (transaction_id, version, position) > ($1, $2, $3) AND transaction_id < n.xmin
				ORDER BY transaction_id, version, position LIMIT {unseen}$4{/unseen}
			) c ON TRUE
			WHERE f.id = 1
			ORDER BY c.transaction_id, c.version, c.position`
	}
	return t.read(changes), t.read(bounds)
}

// bounds are the bounds of the cache feed in a snapshot.
type bounds struct {
	horizon, end, limit place
	withheld            int64
}

func (b *bounds) columns() []any {
	return []any{
		&b.horizon.transaction, &b.horizon.version, &b.horizon.position,
		&b.end.transaction, &b.end.position, &b.limit.transaction, &b.limit.position, &b.withheld,
	}
}

// Changes returns a page of the cache feed. See consent.FeedStore. A cursor of
// another database, or of this one before an older backup was restored, is one
// whose changes were trimmed.
func (s *ConsentStore) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if limit < 1 {
		return consent.ChangePage{}, errLimit("changes")
	}
	from, err := parseCursor(after)
	if err != nil {
		return consent.ChangePage{}, err
	}
	page := changePage{limit: limit}
	err = s.work.read(ctx, "changes", Statement{
		SQL: s.core.outbox.changes, Args: append(from.args(), int64(min(limit, math.MaxInt32))+1), Each: page.scan,
	})
	if err != nil {
		return consent.ChangePage{}, err
	}
	next := page.last
	if !page.more {
		next = page.bounds.end
	}
	return consent.ChangePage{
		Changes:  page.changes,
		Next:     next.cursor(),
		Complete: !page.more && page.bounds.withheld == 0,
		Reset:    after != "" && (from.before(page.bounds.horizon) || page.bounds.limit.before(from)),
	}, nil
}

type changePage struct {
	limit   int
	bounds  bounds
	changes []consent.Change
	last    place
	more    bool
}

func (p *changePage) scan(row Row) error {
	var transaction, order, position, version *int64
	var tenant, subject *string
	if err := row.Scan(append(p.bounds.columns(), &transaction, &order, &position, &tenant, &subject, &version)...); err != nil {
		return err
	}
	if position == nil { // the one row of a page without changes
		return nil
	}
	if p.more = len(p.changes) == p.limit; p.more {
		return nil
	}
	p.last = place{*transaction, *order, *position}
	p.changes = append(p.changes, consent.Change{Key: streamKey(*tenant, *subject), Version: uint64(*version)})
	return nil
}

// Head returns the end of the cache feed. See consent.FeedStore.
func (s *ConsentStore) Head(ctx context.Context) (consent.Cursor, error) {
	var b bounds
	err := s.work.read(ctx, "head", Statement{SQL: s.core.outbox.head, Each: func(row Row) error { return row.Scan(b.columns()...) }})
	if err != nil {
		return "", err
	}
	return b.end.cursor(), nil
}
