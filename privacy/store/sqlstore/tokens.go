package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// TokenStore keeps the tokens of downloads, without their secrets. It is safe
// for concurrent use; that of a Tx is as safe as the transaction.
type TokenStore struct {
	core *core
	work work
}

var _ archive.TokenStore = (*TokenStore)(nil)

// Tokens returns the store of download tokens, for an archive.Desk.
func (db *DB) Tokens() *TokenStore { return &TokenStore{core: db.core, work: db} }

// Tokens returns the store of download tokens within the transaction.
func (tx *Tx) Tokens() *TokenStore { return &TokenStore{core: tx.core, work: tx} }

// tokenSQL are the statements on download tokens.
type tokenSQL struct{ save, redeem, purge, grant, exists string }

func newTokenSQL(t *template) tokenSQL {
	return tokenSQL{
		save: t.write(`INSERT INTO {download_tokens} (tenant, id, case_id, hash, expires_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, id) DO NOTHING`),
		redeem: t.write(`UPDATE {download_tokens} SET redeemed_at = $3 WHERE tenant = $1 AND id = $2 AND redeemed_at IS NULL`),
		exists: t.write(`SELECT 1 FROM {download_tokens} WHERE tenant = $1 AND id = $2`),
		purge:  t.write(`DELETE FROM {download_tokens} WHERE tenant = $1 AND expires_at < $2`),
		grant:  t.read(`SELECT case_id, hash, expires_at, redeemed_at FROM {download_tokens} WHERE tenant = $1 AND id = $2`),
	}
}

var (
	errNoGrant     = fmt.Errorf("sqlstore: no such grant: %w", privacy.ErrNotFound)
	errGrantExists = fmt.Errorf("sqlstore: the grant exists: %w", privacy.ErrExists)
	errRedeemed    = fmt.Errorf("sqlstore: the grant was redeemed before: %w", privacy.ErrConflict)
)

// Save keeps a new grant. See archive.TokenStore.
func (s *TokenStore) Save(ctx context.Context, g archive.Grant) error {
	return s.work.write(ctx, "save token", &saveTokenUnit{save: Statement{
		SQL:  s.core.tokens.save,
		Args: []any{string(g.Tenant), g.ID, string(g.Case), g.Hash, g.Expires.UnixMicro()},
	}})
}

// saveTokenUnit ends a race for an id at the primary key.
type saveTokenUnit struct {
	save Statement

	saved int64
}

func (u *saveTokenUnit) start() []Statement {
	u.saved = 0
	u.save.Affected = &u.saved
	return []Statement{u.save}
}

func (u *saveTokenUnit) next() ([]Statement, bool, error) {
	if u.saved == 0 {
		return nil, false, errGrantExists
	}
	return nil, true, nil
}

// Grant returns a grant. See archive.TokenStore.
func (s *TokenStore) Grant(ctx context.Context, tenant privacy.TenantID, id string) (archive.Grant, error) {
	var g archive.Grant
	err := s.work.read(ctx, "token", Statement{
		SQL: s.core.tokens.grant, Args: []any{string(tenant), id},
		Each: func(row Row) error {
			var expires int64
			var redeemed *int64
			g.Tenant, g.ID = tenant, id
			err := row.Scan((*string)(&g.Case), &g.Hash, &expires, &redeemed)
			g.Expires = instant(expires)
			if redeemed != nil {
				g.RedeemedAt = instant(*redeemed)
			}
			return err
		},
	})
	if err == nil && g.ID == "" {
		err = errNoGrant
	}
	return g, err
}

// Redeem uses a grant up. See archive.TokenStore.
func (s *TokenStore) Redeem(ctx context.Context, tenant privacy.TenantID, id string, at time.Time) error {
	return s.work.write(ctx, "redeem token", &redeemUnit{sql: &s.core.tokens, key: []any{string(tenant), id}, at: at.UnixMicro()})
}

// redeemUnit lets the row decide who is first: a call that waited for another
// finds the time set.
type redeemUnit struct {
	sql *tokenSQL
	key []any
	at  int64

	redeemed int64
	there    bool
}

func (u *redeemUnit) start() []Statement {
	u.redeemed, u.there = 0, false
	return []Statement{
		{SQL: u.sql.redeem, Args: []any{u.key[0], u.key[1], u.at}, Affected: &u.redeemed},
		{SQL: u.sql.exists, Args: u.key, Each: func(Row) error {
			u.there = true
			return nil
		}},
	}
}

func (u *redeemUnit) next() ([]Statement, bool, error) {
	switch {
	case u.redeemed > 0:
		return nil, true, nil
	case u.there:
		return nil, false, errRedeemed
	}
	return nil, false, errNoGrant
}

// Purge removes what expired. See archive.TokenStore.
func (s *TokenStore) Purge(ctx context.Context, tenant privacy.TenantID, before time.Time) (int, error) {
	var purged int64
	err := s.work.write(ctx, "purge tokens", single(func() []Statement {
		purged = 0
		return []Statement{{SQL: s.core.tokens.purge, Args: []any{string(tenant), before.UnixMicro()}, Affected: &purged}}
	}))
	return int(purged), err
}
