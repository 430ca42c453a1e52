package pgstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// idleColumnsOf are what the columns say of every stream.
func idleColumnsOf(t *testing.T, db *pgstore.DB) []string {
	t.Helper()
	rows, err := db.Pool().Query(t.Context(), `SELECT tenant || '/' || subject || ' ' || COALESCE(idle_since::text, 'in use') || ' ' || ended || ' ' || last_recorded
		FROM privacy_streams WHERE version > 0 AND subject <> '' ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	return list
}

// Streams of a release that did not write since when they are idle are looked at
// once, and what was found is written down as an append would have.
func TestStreamsOfAnOlderSchemaAreLookedAtOnce(t *testing.T) {
	url := cluster.Database(t)
	db := openAt(t, url, nil)
	idle := storetest.FillStreams(t, db.Consent())
	written := idleColumnsOf(t, db)
	schedule := storetest.OwnPeriods(t, sqlstore.EventLastRecorded)
	ledger := storetest.OwnSystems(t, db.DB, nil)[0]
	require.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))

	execute(t, db, `UPDATE privacy_streams SET idle_since = 0, ended = 0, last_recorded = 0 WHERE subject <> ''`)
	makeReadOnly(t, url)
	replica := openAt(t, url, nil)
	assert.Equal(t, idle, storetest.Candidates(t, storetest.OwnSystems(t, replica.DB, nil)[0], schedule, storetest.SweptOwn()), "also where nothing can be written")

	assert.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))
	assert.Equal(t, written, idleColumnsOf(t, db))
	assert.Equal(t, idle, storetest.Candidates(t, ledger, schedule, storetest.SweptOwn()))
}

func TestAnOlderDatabaseIsUpgradedForSweeps(t *testing.T) {
	url := cluster.Database(t)
	tool := openPool(t, url)
	for _, m := range migrations(t)[:8] {
		_, err := tool.Exec(t.Context(), m.SQL)
		require.NoError(t, err)
	}
	_, err := tool.Exec(t.Context(), `INSERT INTO privacy_streams (tenant, subject, version, state, transaction_id) VALUES
		('acme', '', 1, '', 0), ('acme', 'placeholder', 0, NULL, 0), ('acme', 'subject', 1, '', 0)`)
	require.NoError(t, err)

	db := openAt(t, url, nil)
	assert.Equal(t, []string{"acme/subject 0 0 0"}, idleColumnsOf(t, db), "unknown")
	var unknown int
	require.NoError(t, db.Pool().QueryRow(t.Context(), `SELECT COUNT(*) FROM privacy_streams WHERE idle_since = 0`).Scan(&unknown))
	assert.Equal(t, 1, unknown, "no sweep looks at the others")
	whole := cluster.Database(t)
	openAt(t, whole, nil)
	assert.Equal(t, relations(t, whole), relations(t, url))
}

func TestStreamsThatWereMarkedAsErasedAreRedacted(t *testing.T) { storetest.MarkedAsErased(t, openOwn) }

func TestTenantsWithPeriodsOfTheirOwn(t *testing.T) {
	db := open(t, nil)
	storetest.TenantPeriods(t, db.DB, func(kind, tenant, id string, at int64) {
		if kind == "c" {
			execute(t, db, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
				VALUES ($1, $2, 1, 'fulfilled', 0, 'none', 0, 's', 'eu-gdpr@2018-05-25', 0, $3, 0, 0, '', '')`, tenant, id, at)
			return
		}
		execute(t, db, `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			VALUES ($1, $2, 's', $3, CASE $4 WHEN 'r' THEN 'mailer' END, '')`, tenant, id, at, kind)
	})
}

// What a sweep reads by costs an append nothing while the stream is in use: the
// server then rewrites the row in its page and leaves every index alone.
func TestAppendsToStreamsInUseTouchNoIndex(t *testing.T) {
	db := open(t, nil)
	key := consent.StreamKey{Tenant: "acme", Subject: "reader"}
	mustAppend(t, db.Consent(), granted(t, key, "event-0", "key-0"))
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
	for n := range 3 {
		mustAppend(t, db.WithTx(tx).Consent(), granted(t, key, fmt.Sprintf("event-%d", n+1), fmt.Sprintf("key-%d", n+1)))
	}
	var updated, inPlace int
	require.NoError(t, tx.QueryRow(t.Context(), `SELECT pg_stat_get_xact_tuples_updated(c), pg_stat_get_xact_tuples_hot_updated(c)
		FROM (SELECT 'privacy_streams'::regclass::oid) t (c)`).Scan(&updated, &inPlace))
	assert.Equal(t, 3, updated)
	assert.Equal(t, updated, inPlace)
}
