package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// fillOwn makes records of every kind of which a few are due, and some are old and
// yet not due: streams in use, disclosures, rows that were not delivered.
func fillOwn(t *testing.T, db *pgstore.DB) {
	t.Helper()
	old, young := moment.UnixMicro(), storetest.SweptOwn().AddDate(0, 0, -1).UnixMicro()
	for _, rows := range []struct {
		count int
		text  string
	}{
		{60_000, `INSERT INTO privacy_streams (tenant, subject, version, state, transaction_id, idle_since, ended, last_recorded)
			SELECT 't' || (i % 97), 'subject-' || i, 1, '1', 0, CASE i % 3 WHEN 0 THEN NULL ELSE $2 + i END, CASE i % 3 WHEN 1 THEN 1 ELSE 0 END,
				CASE i % 3 WHEN 0 THEN $1 + i ELSE $2 + i END`},
		{60_000, `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			SELECT 't' || (i % 97), 'd-' || i, 's', CASE i % 3 WHEN 0 THEN $1 + i ELSE $2 + i END, CASE i % 3 WHEN 0 THEN 'mailer' END, '{}'`},
		{400, `INSERT INTO privacy_decisions (tenant, id, subject, decided_at, recipient, body)
			SELECT 't' || (i % 97), 'old-' || i, 's', $1 - (i % 2) * 10 * 366 * 86400000000 + i / 4, CASE i % 2 WHEN 1 THEN 'mailer' END, '{}'`},
		{60_000, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
			SELECT 0, 't' || (i % 97), 's', 0, CASE i % 3 WHEN 0 THEN $1 ELSE $2 + i END, '{"id":"e"}', CASE i % 3 WHEN 0 THEN 0 ELSE 1 END`},
		{400, `INSERT INTO privacy_outbox (transaction_id, tenant, subject, version, recorded_at, event, delivered)
			SELECT 0, 't' || (i % 97), 's', 0, $1 + i / 4, '{"id":"e"}', 1`},
		{20_000, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
			SELECT 't' || (i % 97), 'case-' || i, 1, 'fulfilled', 0, 'none', 0, 's', 'eu-gdpr@2018-05-25', i % 2, $2 + i, 0, 0, '', '{}'`},
		{400, `INSERT INTO privacy_cases (tenant, id, version, state, open, due, received, subject, regime, redacted, ended, last_at, log_sequence, log_hash, body)
			SELECT 't' || (i % 97), 'old-' || i, 1, 'fulfilled', 0, 'none', 0, 's', 'eu-gdpr@2018-05-25', 0, $1 + i / 4, 0, 0, '', '{}'`},
	} {
		execute(t, db, rows.text+` FROM generate_series(1, $3::bigint) i WHERE $1::bigint < $2::bigint`, old, young, rows.count)
	}
	storetest.FillIdle(t, db.Consent(), 400)
}

// reader is an executor on a pool that only reads, and keeps what it was asked.
type reader struct {
	db    *pgstore.DB
	asked []sqlstore.Statement
}

func (r *reader) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	for _, s := range statements {
		r.asked = append(r.asked, s)
		rows, err := r.db.Pool().Query(ctx, s.SQL, s.Args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := s.Each(rows); err != nil {
				rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) Begin(context.Context) (sqlstore.Transaction, error) {
	return nil, errors.New("only read")
}

// planModes are how the server plans a prepared statement: for its arguments, or
// before it knows them.
var planModes = []string{"force_custom_plan", "force_generic_plan"}

// indexedPlan is a node of a plan.
type indexedPlan struct {
	planNode
	Index string        `json:"Index Name"`
	Table string        `json:"Relation Name"`
	Plans []indexedPlan `json:"Plans"`
}

// nodes returns all nodes of a plan.
func (n *indexedPlan) nodes() []*indexedPlan {
	all := []*indexedPlan{n}
	for i := range n.Plans {
		all = append(all, n.Plans[i].nodes()...)
	}
	return all
}

// planned runs a statement as it is planned in a mode, and returns the nodes of its
// plan and whether it was compiled.
func planned(t *testing.T, db *pgstore.DB, mode string, statement sqlstore.Statement) (nodes []*indexedPlan, compiled bool) {
	t.Helper()
	tx, err := db.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(context.WithoutCancel(t.Context()))) }()
	literals := make([]string, len(statement.Args))
	for i, arg := range statement.Args {
		literals[i] = fmt.Sprintf("'%v'", arg)
	}
	arguments := ""
	if len(literals) > 0 {
		arguments = "(" + strings.Join(literals, ", ") + ")"
	}
	for _, text := range []string{"SET LOCAL plan_cache_mode = " + mode, "PREPARE planned AS " + statement.SQL} {
		_, err := tx.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol)
		require.NoError(t, err)
	}
	var text string
	row := tx.QueryRow(t.Context(), "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE planned "+arguments, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, row.Scan(&text))
	_, err = tx.Exec(t.Context(), "DEALLOCATE planned", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	var plans []struct {
		Plan indexedPlan
		JIT  *struct{ Functions int }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	require.Len(t, plans, 1)
	return plans[0].Plan.nodes(), plans[0].JIT != nil
}

// ownIndexes are the indexes that a pass of each system reads by.
var ownIndexes = map[privacy.SystemID]string{
	sqlstore.LedgerSystem: "streams_idle|events_pkey", sqlstore.DecisionSystem: "decisions_d", sqlstore.OutboxSystem: "outbox_delivered",
	sqlstore.CaseSystem: "cases_redactable", sqlstore.CaseLogSystem: "cases_ended",
}

// A pass reads what is due and little else.
func TestOwnRecordsAreReadByIndex(t *testing.T) {
	db := open(t, nil)
	fillOwn(t, db)
	execute(t, db, "VACUUM ANALYZE")
	r := &reader{db: db}
	stores, err := sqlstore.NewWithExecutor(r, sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	for _, event := range []string{sqlstore.EventLastRecorded, sqlstore.EventRelationshipEnded} {
		schedule := storetest.OwnPeriods(t, event)
		for _, system := range storetest.OwnSystems(t, stores, nil) {
			t.Run(string(system.ID)+" "+event, func(t *testing.T) {
				r.asked = nil
				due := storetest.Due(schedule, storetest.Pass(t, system, schedule, storetest.SweptOwn(), 50), storetest.SweptOwn())
				assert.GreaterOrEqual(t, due, 200)
				for _, mode := range planModes {
					visited := 0.0
					for _, s := range r.asked {
						nodes, _ := planned(t, db, mode, s)
						for _, node := range nodes {
							// A bitmap of an index, sorted, is how the server likes to read a few rows.
							assert.NotEqual(t, "Seq Scan", node.Type, s.SQL)
							if node.Index != "" {
								visited += (node.Rows + node.Filtered + node.Recheck) * node.Loops
								assert.Regexp(t, "^privacy_("+ownIndexes[system.ID]+")", node.Index, s.SQL)
							}
						}
					}
					t.Logf("%d due, %.0f visited by %d statements, %s", due, visited, len(r.asked), mode)
					assert.GreaterOrEqual(t, visited, float64(due), "the counter counts")
					assert.LessOrEqual(t, visited, float64(due)*1.2)
				}
			})
		}
	}
}
