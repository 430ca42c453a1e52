package sqlstore

import (
	"context"
	"fmt"
	"math"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
)

// RenewalStore keeps the index of consents in force. It is safe for concurrent
// use; that of a Tx is as safe as the transaction.
type RenewalStore struct {
	core *core
	work work
}

var _ renewal.Store = (*RenewalStore)(nil)

// Renewals returns the store of package consent/renewal.
func (db *DB) Renewals() *RenewalStore { return &RenewalStore{core: db.core, work: db} }

// Renewals returns the store of package consent/renewal within the transaction.
func (tx *Tx) Renewals() *RenewalStore { return &RenewalStore{core: tx.core, work: tx} }

// renewalSQL are the statements on consents to renew.
type renewalSQL struct {
	advance, clear, insert, setCursor string
	cursor                            string
	due                               map[renewal.Criterion]string
}

func newRenewalSQL(t *template) renewalSQL {
	due := func(value string) string {
		return t.read(`SELECT subject, notice_version, given_at, until_at FROM {renewals}
			WHERE tenant = $1 AND purpose = $2 AND ` + value + ` < $3 AND (` + value + `, subject) > ($4, $5)
			ORDER BY ` + value + `, subject LIMIT {unseen}$6{/unseen}`)
	}
	return renewalSQL{
		advance: t.write(`INSERT INTO {renewal_subjects} AS s (tenant, subject, version) VALUES ($1, $2, $3)
			ON CONFLICT (tenant, subject) DO UPDATE SET version = excluded.version WHERE s.version < excluded.version`),
		clear:     t.write(`DELETE FROM {renewals} WHERE tenant = $1 AND subject = $2`),
		insert:    t.write(`INSERT INTO {renewals} (tenant, subject, purpose, notice_version, given_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)`),
		setCursor: t.write(`UPDATE {renewal_feed} SET feed_cursor = $1 WHERE id = 1`),
		cursor:    t.read(`SELECT feed_cursor FROM {renewal_feed} WHERE id = 1`),
		due: map[renewal.Criterion]string{
			renewal.ByNotice: due("notice_version"), renewal.ByGiven: due("given_at"), renewal.ByEnd: due("until_at"),
		},
	}
}

// Replace writes the rows of a subject. See renewal.Store.
func (s *RenewalStore) Replace(ctx context.Context, subject consent.StreamKey, version uint64, rows []renewal.Row) error {
	return s.work.write(ctx, "replace renewals", &renewalUnit{sql: &s.core.renewals, subject: subject, version: version, rows: rows})
}

// renewalUnit raises the version that is kept, which locks the subject, and
// writes the rows if it did.
type renewalUnit struct {
	sql     *renewalSQL
	subject consent.StreamKey
	version uint64
	rows    []renewal.Row

	raised int64
}

func (u *renewalUnit) start() []Statement {
	u.raised = 0
	return []Statement{{
		SQL: u.sql.advance, Args: []any{string(u.subject.Tenant), string(u.subject.Subject), int64(u.version)}, Affected: &u.raised,
	}}
}

func (u *renewalUnit) next() ([]Statement, bool, error) {
	if u.raised == 0 {
		return nil, true, nil
	}
	tenant, subject := string(u.subject.Tenant), string(u.subject.Subject)
	statements := []Statement{{SQL: u.sql.clear, Args: []any{tenant, subject}}}
	for _, row := range u.rows {
		var until any
		if value, ends := renewal.ByEnd.Value(row); ends {
			until = value
		}
		statements = append(statements, Statement{
			SQL: u.sql.insert, Args: []any{tenant, subject, string(row.Purpose), int64(row.NoticeVersion), row.GivenAt.UnixMicro(), until},
		})
	}
	return statements, true, nil
}

// Due returns the rows that a query asks for. See renewal.Store.
func (s *RenewalStore) Due(ctx context.Context, query renewal.Query) ([]renewal.Row, error) {
	text, ok := s.core.renewals.due[query.By]
	if !ok {
		return nil, fmt.Errorf("sqlstore: unknown criterion: %w", privacy.ErrInvalid)
	}
	value, subject := int64(math.MinInt64), ""
	if query.After != nil {
		if value, ok = query.By.Value(*query.After); !ok {
			return nil, nil
		}
		subject = string(query.After.Subject)
	}
	var rows []renewal.Row
	err := s.work.read(ctx, "renewals due", Statement{
		SQL:  text,
		Args: []any{string(query.Tenant), string(query.Purpose), query.Below, value, subject, int64(query.Limit)},
		Each: func(row Row) error {
			found, err := scanRenewal(row, query.Purpose)
			rows = append(rows, found)
			return err
		},
	})
	return rows, err
}

func scanRenewal(row Row, purpose privacy.PurposeID) (renewal.Row, error) {
	var subject string
	var notice, given int64
	var until *int64
	if err := row.Scan(&subject, &notice, &given, &until); err != nil {
		return renewal.Row{}, err
	}
	if notice < 0 || notice > math.MaxUint32 {
		return renewal.Row{}, fmt.Errorf("sqlstore: a stored notice version is out of range: %w", privacy.ErrInvalid)
	}
	found := renewal.Row{Subject: privacy.SubjectID(subject), Purpose: purpose, NoticeVersion: uint32(notice), GivenAt: instant(given)}
	if until != nil {
		found.Until = instant(*until)
	}
	return found, nil
}

// Cursor returns how far the feed was read. See renewal.Store.
func (s *RenewalStore) Cursor(ctx context.Context) (consent.Cursor, error) {
	var cursor string
	err := s.work.read(ctx, "renewal cursor", Statement{
		SQL: s.core.renewals.cursor, Each: func(row Row) error { return row.Scan(&cursor) },
	})
	return consent.Cursor(cursor), err
}

// SetCursor keeps how far the feed was read. See renewal.Store.
func (s *RenewalStore) SetCursor(ctx context.Context, cursor consent.Cursor) error {
	return s.work.write(ctx, "set renewal cursor", single(func() []Statement {
		return []Statement{{SQL: s.core.renewals.setCursor, Args: []any{string(cursor)}}}
	}))
}
