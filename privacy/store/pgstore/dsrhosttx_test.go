package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// What a host's transaction rolls back was never there.
func TestDSRUpdateIsRolledBackWithTheHost(t *testing.T) {
	db := open(t, nil)
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	u := firstUpdate("c")
	require.NoError(t, db.WithTx(tx).DSR().Update(t.Context(), u))
	_, err = db.WithTx(tx).DSR().Case(t.Context(), tenant, "c")
	require.NoError(t, err, "the transaction sees its own work")
	require.NoError(t, tx.Rollback(t.Context()))
	h := casesOn(db.DSR(), db.Consent())
	_, err = h.Case(t.Context(), tenant, "c")
	require.ErrorIs(t, err, privacy.ErrNotFound)
	_, err = h.Digest(t.Context(), tenant, u.Key)
	require.ErrorIs(t, err, privacy.ErrNotFound)
	events, err := h.Events(t.Context(), tenant)
	require.NoError(t, err)
	assert.Empty(t, events)
	leases, err := h.Claim(t.Context(), moment.AddDate(1, 0, 0), moment.AddDate(1, 0, 1), 10)
	require.NoError(t, err)
	assert.Empty(t, leases)
}

// A refusal within a host's transaction, after its rows were placed to be locked,
// leaves the transaction usable and nothing that anybody sees.
func TestDSRRefusalLeavesTheHostsTransactionUsable(t *testing.T) {
	db := open(t, nil)
	require.NoError(t, db.DSR().Update(t.Context(), firstUpdate("c")))
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	joined := db.WithTx(tx).DSR()
	taken := firstUpdate("d")
	taken.Key, taken.Digest = "key of c", "another"
	require.ErrorIs(t, joined.Update(t.Context(), taken), privacy.ErrConflict)
	missing := firstUpdate("e")
	missing.Expect, missing.Case.Version = 1, 2
	require.ErrorIs(t, joined.Update(t.Context(), missing), privacy.ErrNotFound)
	require.NoError(t, joined.Update(t.Context(), firstUpdate("f")))
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
	require.NoError(t, db.DSR().Update(t.Context(), firstUpdate("d")), "a placeholder is the same as none")
}

// firstUpdate makes a case, with one of everything.
func firstUpdate(id dsr.CaseID) dsr.Update {
	return dsr.Update{
		Case: dsr.Case{
			Tenant: tenant, ID: id, Version: 1, Subject: "s1", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25", Received: moment,
			Items: []dsr.Item{{Request: regime.RequestAccess, Work: dsr.StateReceived}},
		},
		Lines:   []dsr.LogLine{{At: moment, Payload: "{}"}},
		Effects: []privacy.Effect{{Tenant: tenant, Subject: "s1", Kind: privacy.EffectRestriction, Cause: string(id), At: moment, Key: string(id)}},
		Events:  []privacy.Event{{ID: string(id), Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.submit", Time: moment, Tenant: tenant}},
		Wakes:   []dsr.Wake{{Tenant: tenant, Kind: "dsr.deadline", Key: string(id), RunAt: moment, Payload: "{}"}},
		Key:     "key of " + string(id), Digest: "d",
	}
}
