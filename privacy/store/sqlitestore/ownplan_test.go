package sqlitestore_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// fillOwn makes records of every kind of which a few are due, and some are old and
// yet not due: streams in use, disclosures, rows that were not delivered.
func fillOwn(t *testing.T, db *sqlitestore.DB) {
	t.Helper()
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) `
	old, young := moment.UnixMicro(), storetest.SweptOwn().AddDate(0, 0, -1).UnixMicro()
	for _, rows := range []struct {
		count int
		text  string
	}{
		{defaultOwn, `INSERT INTO privacy_streams (tenant, subject, version, state, transaction_id, idle_since, ended, last_recorded)
			SELECT 't' || (i % 97), printf('subject-%08d', i), 1, x'01', 0, CASE i % 3 WHEN 0 THEN NULL ELSE ?2 + i END, i % 3 = 1, CASE i % 3 WHEN 0 THEN ?1 + i ELSE ?2 + i END FROM n`},
		{defaultOwn, `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			SELECT 't' || (i % 97), printf('d-%08d', i), 's', CASE i % 3 WHEN 0 THEN ?1 + i ELSE ?2 + i END, CASE i % 3 WHEN 0 THEN 'mailer' END, x'7b7d' FROM n`},
		{400, `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			SELECT 't' || (i % 97), printf('old-%08d', i), 's', ?1 - (i % 2) * 10 * 366 * 86400000000 + i / 4, CASE i % 2 WHEN 1 THEN 'mailer' END, x'7b7d' FROM n WHERE ?2 > 0`},
		{defaultOwn, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
			SELECT 0, 't' || (i % 97), 's', 0, CASE i % 3 WHEN 0 THEN ?1 ELSE ?2 + i END, '{"id":"e"}', i % 3 > 0 FROM n`},
		{400, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
			SELECT 0, 't' || (i % 97), 's', 0, ?1 + i / 4, '{"id":"e"}', 1 FROM n WHERE ?2 > 0`},
		{20_000, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
			SELECT 't' || (i % 97), printf('case-%08d', i), 1, 'fulfilled', 0, 'none', 0, 's', 'eu-gdpr@2018-05-25', i % 2, CASE i % 4 WHEN 0 THEN ?1 ELSE ?2 END + i, 0, 0, x'', x'7b7d'
			FROM n WHERE i % 4 > 0 OR (i % 2 = 0 AND i < 1000)`},
	} {
		_, err := db.SQL().ExecContext(t.Context(), fmt.Sprintf(numbers, rows.count)+rows.text, old, young)
		require.NoError(t, err)
	}
	storetest.FillIdle(t, db.Consent(), 400)
}

var (
	fromTable = regexp.MustCompile(`FROM privacy_\w+\s+WHERE `)
	fromJoin  = regexp.MustCompile(`FROM privacy_\w+ s JOIN [^W]+WHERE `)
)

// counting is an executor that has every statement count the rows it visits.
type counting struct {
	sqlstore.Executor
	ran []sqlstore.Statement
}

func (c *counting) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	c.ran = append(c.ran, statements...)
	counted := make([]sqlstore.Statement, len(statements))
	for i, s := range statements {
		s.SQL = fromTable.ReplaceAllString(s.SQL, "${0}visited(tenant) AND ")
		s.SQL = fromJoin.ReplaceAllString(s.SQL, "${0}visited(s.tenant) AND ")
		counted[i] = s
	}
	return c.Executor.Batch(ctx, counted)
}

// ownIndexes are the indexes that a pass of each system reads by.
var ownIndexes = map[privacy.SystemID]string{
	sqlstore.LedgerSystem: "streams_idle", sqlstore.DecisionSystem: "decisions_d", sqlstore.OutboxSystem: "outbox_delivered",
	sqlstore.CaseSystem: "cases_redactable", sqlstore.CaseLogSystem: "cases_ended",
}

// A pass reads what is due and little else, whether the database has statistics or
// not.
func TestOwnRecordsAreReadByIndex(t *testing.T) {
	require.NoError(t, registerVisit())
	db := open(t, nil)
	fillOwn(t, db)
	ownRecordsAreReadByIndex(t, db)
	_, err := db.SQL().ExecContext(t.Context(), "ANALYZE")
	require.NoError(t, err)
	ownRecordsAreReadByIndex(t, db)
}

func ownRecordsAreReadByIndex(t *testing.T, db *sqlitestore.DB) {
	t.Helper()
	c := &counting{Executor: plainExecutor{db.SQL()}}
	stores, err := sqlstore.NewWithExecutor(c, sqlstore.SQLite, nil)
	require.NoError(t, err)
	for _, event := range []string{sqlstore.EventLastRecorded, sqlstore.EventRelationshipEnded} {
		schedule := storetest.OwnPeriods(t, event)
		for _, system := range storetest.OwnSystems(t, stores, nil) {
			t.Run(string(system.ID)+" "+event, func(t *testing.T) {
				c.ran = nil
				visits.Store(0)
				due := storetest.Due(schedule, storetest.Pass(t, system, schedule, storetest.SweptOwn(), 7), storetest.SweptOwn())
				visited := int(visits.Load())
				t.Logf("%d due, %d visited by %d statements", due, visited, len(c.ran))
				assert.GreaterOrEqual(t, due, 200)
				assert.GreaterOrEqual(t, visited, due, "the counter counts")
				assert.LessOrEqual(t, visited, due*12/10)
				for _, s := range c.ran {
					plan := explained(t, db.SQL(), s)
					assert.Regexp(t, `^SEARCH \w+ USING INDEX privacy_`+ownIndexes[system.ID], plan, s.SQL)
					assert.NotContains(t, plan, "SCAN", s.SQL)
					assert.NotContains(t, plan, "TEMP B-TREE", s.SQL)
				}
			})
		}
	}
}
