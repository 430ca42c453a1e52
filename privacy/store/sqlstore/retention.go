package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// RetentionStore keeps what package retention stores: holds and open requests,
// sweeps with their shards, claims and logs, and pending notices. It is safe for
// concurrent use; that of a Tx is as safe as the transaction.
//
// Who places a hold or opens a request locks a row of its tenant that claims share,
// so that each sees what the other has committed. In a transaction of the host, the
// sweeps of the tenant wait until that ends, and the claims in flight are all those
// there are only at the isolation level READ COMMITTED, the default of PostgreSQL.
type RetentionStore struct {
	core *core
	work work
}

var _ retention.Store = (*RetentionStore)(nil)

// Retention returns the store of package retention.
func (db *DB) Retention() *RetentionStore { return &RetentionStore{core: db.core, work: db} }

// Retention returns the store of package retention within the transaction.
func (tx *Tx) Retention() *RetentionStore { return &RetentionStore{core: tx.core, work: tx} }

// retentionSQL are the statements on holds, requests and sweeps. Those that end
// with IN take a list of placeholders, and then what follows it.
type retentionSQL struct {
	makeGuard, lockGuard, shareGuard                    string
	hold, lockHold, insertHold, updateHold, holds       string
	requestRight, insertRequest, closeRequest, requests string
	subjectRequestsIn, byID                             string
	claimsOfTenant, allClaims                           string
	insertSweep, sweepPlan, lockSweep, lengthen         string
	claim, endClaimsIn, loggedIn, insertItem            string
	items, disposedIn, byDisposal                       string
	leasesIn, sharing, updating, lease, renewIn         string
	want, wanted, release, unwant, inFlightIn, byToken  string
	insertNotice, notices, toldIn                       string
}

func newRetentionSQL(t *template) retentionSQL {
	return retentionSQL{
		makeGuard:  t.write(`INSERT INTO {retention_guards} (tenant) VALUES ($1) ON CONFLICT (tenant) DO NOTHING`),
		lockGuard:  t.write(`SELECT tenant FROM {retention_guards} WHERE tenant = $1 {for update}`),
		shareGuard: t.write(`SELECT tenant FROM {retention_guards} WHERE tenant = $1 {for share}`),

		hold:       t.write(`SELECT id FROM {retention_holds} WHERE tenant = $1 AND id = $2`),
		lockHold:   t.write(`SELECT hold FROM {retention_holds} WHERE tenant = $1 AND id = $2 {for update}`),
		insertHold: t.write(`INSERT INTO {retention_holds} (tenant, id, hold) VALUES ($1, $2, $3)`),
		updateHold: t.write(`UPDATE {retention_holds} SET hold = $1 WHERE tenant = $2 AND id = $3`),
		holds:      t.write(`SELECT hold FROM {retention_holds} WHERE tenant = $1 ORDER BY id`),

		requestRight: t.write(`SELECT request_right FROM {retention_requests} WHERE tenant = $1 AND id = $2 LIMIT 1`),
		insertRequest: t.write(`INSERT INTO {retention_requests} (tenant, subject, id, request_right) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, subject, id) DO NOTHING`),
		closeRequest:      t.write(`DELETE FROM {retention_requests} WHERE tenant = $1 AND id = $2`),
		requests:          t.read(`SELECT id, subject, request_right FROM {retention_requests} WHERE tenant = $1 ORDER BY id, subject`),
		subjectRequestsIn: t.read(`SELECT subject, request_right FROM {retention_requests} WHERE tenant = $1 AND subject IN `),
		byID:              ` ORDER BY id`,

		claimsOfTenant: t.write(`SELECT claim FROM {retention_claims} WHERE tenant = $1 ORDER BY token`),
		allClaims:      t.write(`SELECT claim FROM {retention_claims} ORDER BY token`),

		insertSweep: t.write(`INSERT INTO {retention_sweeps} (id, plan_hash, approved_by, started_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO NOTHING`),
		sweepPlan: t.write(`SELECT plan_hash, approved_by FROM {retention_sweeps} WHERE id = $1`),
		lockSweep: t.write(`SELECT items FROM {retention_sweeps} WHERE id = $1 {for update}`),
		lengthen:  t.write(`UPDATE {retention_sweeps} SET items = $1 WHERE id = $2`),

		// A claim of another sweep stands while its shard is leased.
		claim: t.write(`INSERT INTO {retention_claims} AS c (token, tenant, sweep, shard, claim) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (token) DO UPDATE SET tenant = excluded.tenant, sweep = excluded.sweep, shard = excluded.shard, claim = excluded.claim
			WHERE c.sweep = excluded.sweep OR NOT EXISTS (
				SELECT 1 FROM {retention_shards} s WHERE s.sweep = c.sweep AND s.shard = c.shard AND s.leased_until > $6)`),
		endClaimsIn: t.read(`DELETE FROM {retention_claims} WHERE sweep = $1 AND token IN `),
		loggedIn:    t.read(`SELECT token FROM {retention_items} WHERE sweep = $1 AND token IN `),
		insertItem:  t.write(`INSERT INTO {retention_items} (sweep, sequence, token, item, action, disposed_at) VALUES ($1, $2, $3, $4, $5, $6)`),
		items:       t.read(`SELECT item FROM {retention_items} WHERE sweep = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`),
		disposedIn:  t.read(`SELECT token, action FROM {retention_items} WHERE disposed_at IS NOT NULL AND token IN `),
		byDisposal:  ` ORDER BY disposed_at, sweep`,

		leasesIn: t.read(`SELECT shard, fence FROM {retention_shards} WHERE sweep = $1 AND shard IN `),
		sharing:  t.read(` ORDER BY shard {for share}`),
		updating: t.read(` ORDER BY shard {for update}`),
		lease: t.write(`INSERT INTO {retention_shards} AS s (sweep, shard, fence, leased_until) VALUES ($1, $2, 1, $3)
			ON CONFLICT (sweep, shard) DO UPDATE SET fence = s.fence + 1, leased_until = excluded.leased_until
			WHERE s.leased_until <= $4
			RETURNING fence`),
		renewIn:    t.read(`UPDATE {retention_shards} SET leased_until = $2 WHERE sweep = $1 AND shard IN `),
		want:       t.write(`UPDATE {retention_sweeps} SET wanted = 1 WHERE id = $1 AND wanted = 0`),
		wanted:     t.write(`SELECT wanted FROM {retention_sweeps} WHERE id = $1`),
		release:    t.write(`UPDATE {retention_shards} SET leased_until = 0 WHERE sweep = $1 AND shard = $2 AND fence = $3`),
		unwant:     t.write(`UPDATE {retention_sweeps} SET wanted = 0 WHERE id = $1`),
		inFlightIn: t.read(`SELECT claim FROM {retention_claims} WHERE sweep = $1 AND shard IN `),
		byToken:    ` ORDER BY token`,

		insertNotice: t.write(`INSERT INTO {retention_notices} (sweep, token, notice) VALUES ($1, $2, $3) ON CONFLICT (sweep, token) DO NOTHING`),
		notices:      t.read(`SELECT notice FROM {retention_notices} WHERE sweep = $1 AND token > $2 ORDER BY token LIMIT $3`),
		toldIn:       t.read(`DELETE FROM {retention_notices} WHERE sweep = $1 AND token IN `),
	}
}

// in completes statements that end with IN, one for each chunk of the list.
func (s *RetentionStore) in(text, rest string, first, list []any, each func(Row) error) []Statement {
	var statements []Statement
	for chunk := range slices.Chunk(list, maxSubjects) {
		statements = append(statements, Statement{
			SQL:  text + placeholders(s.core.dialect, len(first)+1, padded(len(chunk))) + rest,
			Args: slices.Concat(first, pad(chunk)), Each: each,
		})
	}
	return statements
}

// stored decodes the values of a column into a list.
func stored[T any](what string, list *[]T) func(Row) error {
	return func(row Row) error {
		var body []byte
		if err := row.Scan(&body); err != nil {
			return err
		}
		var value T
		if json.Unmarshal(body, &value) != nil {
			return fmt.Errorf("a stored %s cannot be read: %w", what, privacy.ErrInvalid)
		}
		*list = append(*list, value)
		return nil
	}
}

// encoded returns what stored decodes.
func encoded(what string, value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: a %s cannot be encoded: %w", what, privacy.ErrInvalid)
	}
	return body, nil
}

func compareTokens(a, b retention.Token) int { return bytes.Compare(a[:], b[:]) }

func tokenArgs(tokens []retention.Token) []any {
	args := make([]any, len(tokens))
	for i := range tokens {
		args[i] = tokens[i][:]
	}
	return args
}

func errNoSweep() error { return fmt.Errorf("sqlstore: sweep: %w", privacy.ErrNotFound) }

// Holds returns the holds of a tenant and the operator's. See retention.HoldStore.
func (s *RetentionStore) Holds(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
	var holds []retention.Hold
	if err := s.work.read(ctx, "holds", s.holdsOf(tenant, &holds)...); err != nil {
		return nil, err
	}
	return holds, nil
}

func (s *RetentionStore) holdsOf(tenant privacy.TenantID, into *[]retention.Hold) []Statement {
	tenants := []privacy.TenantID{tenant, ""}
	if tenant == "" {
		tenants = tenants[1:]
	}
	statements := make([]Statement, len(tenants))
	for i, id := range tenants {
		statements[i] = Statement{SQL: s.core.retention.holds, Args: []any{string(id)}, Each: stored("hold", into)}
	}
	return statements
}

// Requests returns the open requests of a tenant. See retention.RequestStore.
func (s *RetentionStore) Requests(ctx context.Context, tenant privacy.TenantID) ([]retention.Request, error) {
	var requests []retention.Request
	err := s.work.read(ctx, "requests", Statement{
		SQL: s.core.retention.requests, Args: []any{string(tenant)},
		Each: func(row Row) error {
			var id, subject, code string
			if err := row.Scan(&id, &subject, &code); err != nil {
				return err
			}
			if last := len(requests) - 1; last >= 0 && requests[last].ID == id {
				requests[last].Subjects = append(requests[last].Subjects, privacy.SubjectID(subject))
				return nil
			}
			right, err := storedRight(code)
			requests = append(requests, retention.Request{ID: id, Tenant: tenant, Subjects: []privacy.SubjectID{privacy.SubjectID(subject)}, Right: right})
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return requests, nil
}

func storedRight(code string) (privacy.Right, error) {
	right, err := privacy.ParseRight(code)
	if err != nil {
		return 0, fmt.Errorf("a stored right cannot be read: %w", privacy.ErrInvalid)
	}
	return right, nil
}

// sortedLeases returns leases by shard, the order in which they are locked.
func sortedLeases(leases []retention.Lease) []retention.Lease {
	return slices.SortedFunc(slices.Values(leases), func(a, b retention.Lease) int {
		return cmp.Or(cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Fence, b.Fence))
	})
}
