package pgstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func TestDSRUpdateIsRolledBackWithTheHost(t *testing.T) {
	db := open(t, nil)
	storetest.RolledBackUpdate(t, db.DB, func(ctx context.Context, do func(*sqlstore.Tx) error) error {
		tx, err := db.Pool().Begin(ctx)
		if err != nil {
			return err
		}
		return errors.Join(do(db.WithTx(tx)), tx.Rollback(ctx))
	})
}

// A refusal within a host's transaction, after its rows were placed to be locked,
// leaves the transaction usable and nothing that anybody sees.
func TestDSRRefusalLeavesTheHostsTransactionUsable(t *testing.T) {
	db := open(t, nil)
	require.NoError(t, db.DSR().Update(t.Context(), storetest.FirstUpdate("c")))
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	joined := db.WithTx(tx).DSR()
	taken := storetest.FirstUpdate("d")
	taken.Key, taken.Digest = "key of c", "another"
	require.ErrorIs(t, joined.Update(t.Context(), taken), privacy.ErrConflict)
	missing := storetest.FirstUpdate("e")
	missing.Expect, missing.Case.Version = 1, 2
	require.ErrorIs(t, joined.Update(t.Context(), missing), privacy.ErrNotFound)
	require.NoError(t, joined.Update(t.Context(), storetest.FirstUpdate("f")))
	require.NoError(t, tx.Commit(t.Context()))

	for _, id := range []dsr.CaseID{"d", "e"} {
		_, err = db.DSR().Case(t.Context(), tenant, id)
		require.ErrorIs(t, err, privacy.ErrNotFound)
	}
	_, err = db.DSR().Digest(t.Context(), tenant, missing.Key)
	require.ErrorIs(t, err, privacy.ErrNotFound)
	listed, err := db.DSR().Open(t.Context(), tenant, dsr.Position{}, 10)
	require.NoError(t, err)
	require.Len(t, listed, 2)
	require.NoError(t, db.DSR().Update(t.Context(), storetest.FirstUpdate("d")), "a placeholder is the same as none")
}
