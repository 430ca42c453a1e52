package sqlstore

import (
	"context"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// SuppressionStore keeps who was erased, as keyed hashes. It is safe for
// concurrent use.
type SuppressionStore struct {
	core *core
	work work
}

var _ fulfilment.SuppressionStore = (*SuppressionStore)(nil)

// Suppressions returns the store of suppression lists.
func (db *DB) Suppressions() *SuppressionStore { return &SuppressionStore{core: db.core, work: db} }

// Suppressions returns the store of suppression lists within the transaction.
func (tx *Tx) Suppressions() *SuppressionStore { return &SuppressionStore{core: tx.core, work: tx} }

// suppressionSQL are the statements on suppression lists.
type suppressionSQL struct{ add, remove, find string }

func newSuppressionSQL(t *template) suppressionSQL {
	return suppressionSQL{
		add:    t.write(`INSERT INTO {suppressions} (tenant, hash, case_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, hash) DO NOTHING`),
		remove: t.write(`DELETE FROM {suppressions} WHERE tenant = $1 AND hash = $2`),
		find:   t.read(`SELECT case_id, at FROM {suppressions} WHERE tenant = $1 AND hash = $2`),
	}
}

// Add writes entries. See fulfilment.SuppressionStore.
func (s *SuppressionStore) Add(ctx context.Context, tenant privacy.TenantID, entries []fulfilment.SuppressionEntry) error {
	statements := make([]Statement, 0, len(entries))
	for _, e := range entries {
		statements = append(statements, Statement{
			SQL: s.core.suppression.add, Args: []any{string(tenant), e.Hash[:], string(e.Case), e.At.UnixMicro()},
		})
	}
	return s.write(ctx, "suppress", statements)
}

// Remove removes entries. See fulfilment.SuppressionStore.
func (s *SuppressionStore) Remove(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) error {
	statements := make([]Statement, 0, len(hashes))
	for _, hash := range hashes {
		statements = append(statements, Statement{SQL: s.core.suppression.remove, Args: []any{string(tenant), hash[:]}})
	}
	return s.write(ctx, "end suppression", statements)
}

func (s *SuppressionStore) write(ctx context.Context, op string, statements []Statement) error {
	if err := ctx.Err(); err != nil || len(statements) == 0 {
		return err
	}
	return s.work.write(ctx, op, single(func() []Statement { return statements }))
}

// Find returns the entries with the given hashes. See fulfilment.SuppressionStore.
func (s *SuppressionStore) Find(ctx context.Context, tenant privacy.TenantID, hashes []fulfilment.SuppressionHash) ([]fulfilment.SuppressionEntry, error) {
	if err := ctx.Err(); err != nil || len(hashes) == 0 {
		return nil, err
	}
	var found []fulfilment.SuppressionEntry
	var statements []Statement
	asked := map[fulfilment.SuppressionHash]bool{}
	for _, hash := range hashes {
		if asked[hash] {
			continue
		}
		asked[hash] = true
		statements = append(statements, Statement{
			SQL: s.core.suppression.find, Args: []any{string(tenant), hash[:]},
			Each: func(row Row) error {
				var id string
				var at int64
				err := row.Scan(&id, &at)
				found = append(found, fulfilment.SuppressionEntry{Hash: hash, Case: dsr.CaseID(id), At: instant(at)})
				return err
			},
		})
	}
	if err := s.work.read(ctx, "suppressions", statements...); err != nil {
		return nil, err
	}
	return found, nil
}
