package sqlstore

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

var errBreachVersion = fmt.Errorf("sqlstore: the entry has another version: %w", privacy.ErrConflict)

// SaveBreach writes the next version of an entry. See dsr.BreachStore.
func (s *DSRStore) SaveBreach(ctx context.Context, b dsr.Breach) error {
	if err := b.Validate(); err != nil {
		return err
	}
	body, err := dsr.EncodeBreach(b)
	if err != nil {
		return err
	}
	return s.work.write(ctx, "save breach", &breachUnit{sql: &s.core.dsr, key: []any{string(b.Tenant), string(b.ID)}, version: int64(b.Version), body: body})
}

// breachUnit writes an entry over the version before. A race for a new one ends
// at the primary key, without a failed statement.
type breachUnit struct {
	sql     *dsrSQL
	key     []any
	version int64
	body    []byte

	stored   int64
	asked    bool
	inserted int64
}

func (u *breachUnit) start() []Statement {
	u.stored, u.asked, u.inserted = 0, false, 0
	return []Statement{{SQL: u.sql.lastBreach, Args: u.key, Each: func(row Row) error { return row.Scan(&u.stored) }}}
}

func (u *breachUnit) next() ([]Statement, bool, error) {
	args := []any{u.key[0], u.key[1], u.version, u.body}
	switch {
	case u.asked && u.inserted > 0:
		return nil, true, nil
	case u.asked || u.stored != u.version-1:
		return nil, false, errBreachVersion
	case u.stored > 0:
		return []Statement{{SQL: u.sql.updateBreach, Args: args}}, true, nil
	}
	u.asked = true
	return []Statement{{SQL: u.sql.insertBreach, Args: args, Affected: &u.inserted}}, false, nil
}

// Breach returns an entry. See dsr.BreachStore.
func (s *DSRStore) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	found, err := s.breaches(ctx, "breach", s.core.dsr.readBreach, string(tenant), string(id))
	switch {
	case err != nil:
		return dsr.Breach{}, err
	case len(found) == 0:
		return dsr.Breach{}, fmt.Errorf("sqlstore: no such entry: %w", privacy.ErrNotFound)
	}
	return found[0], nil
}

// Breaches returns a page of the register. See dsr.BreachStore.
func (s *DSRStore) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	if limit < 1 {
		return nil, errLimit("breaches")
	}
	return s.breaches(ctx, "breaches", s.core.dsr.readBreachPage, string(tenant), string(after), int64(limit))
}

func (s *DSRStore) breaches(ctx context.Context, op, sql string, args ...any) ([]dsr.Breach, error) {
	var found []dsr.Breach
	err := s.work.read(ctx, op, Statement{SQL: sql, Args: args, Each: func(row Row) error {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return err
		}
		b, err := dsr.DecodeBreach(body)
		found = append(found, b)
		return err
	}})
	if err != nil {
		return nil, err
	}
	return found, nil
}
