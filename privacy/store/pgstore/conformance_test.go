package pgstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func newConsent(t *testing.T) func(t testing.TB) consent.Store {
	pool := openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) })
	newDB := recycled(t, pool)
	return func(t testing.TB) consent.Store { return newDB(t).Consent() }
}

func TestConformance(t *testing.T) { consenttest.Run(t, newConsent(t)) }

func TestConsentMutants(t *testing.T) { consenttest.RunMutants(t, newConsent(t)) }

// execModes are the other ways in which pgx can run statements, for the sake of
// a pooler in between.
var execModes = []pgx.QueryExecMode{
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
}

func hostPool(t *testing.T, mode pgx.QueryExecMode) *pgxpool.Pool {
	t.Helper()
	return openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
}

// TestConformanceOnAPoolOfTheHost runs the suite on pools that were not made for
// the stores.
func TestConformanceOnAPoolOfTheHost(t *testing.T) {
	if !soak() {
		t.Skip("four more runs of the suite: with PRIVACYKIT_SOAK=1; TestExecModes is the short form")
	}
	for _, mode := range execModes {
		t.Run(mode.String(), func(t *testing.T) {
			newDB := recycled(t, hostPool(t, mode))
			consenttest.Run(t, func(t testing.TB) consent.Store { return newDB(t).Consent() })
		})
	}
}

func TestExecModes(t *testing.T) {
	for _, mode := range execModes {
		t.Run(mode.String(), func(t *testing.T) {
			db, err := pgstore.New(t.Context(), hostPool(t, mode), nil)
			require.NoError(t, err)
			store := db.Consent()
			appends := []consent.Append{granted(t, subjectKey(1), "event-1", "key-1"), granted(t, subjectKey(2), "event-2", "key-2")}
			mustAppend(t, store, appends...)
			for _, result := range mustAppend(t, store, appends...) {
				assert.True(t, result.Duplicate)
			}
			streams, err := store.Streams(t.Context(), []consent.StreamKey{subjectKey(1), subjectKey(2), subjectKey(3)})
			require.NoError(t, err)
			assert.Equal(t, []uint64{1, 1, 0}, []uint64{streams[0].Version, streams[1].Version, streams[2].Version})
			deliveries, err := store.Claim(t.Context(), consent.Claim{Worker: "w", Limit: 10, Now: moment, Lease: time.Minute})
			require.NoError(t, err)
			assert.Len(t, deliveries, 2)
			page, err := store.Changes(t.Context(), "", 10)
			require.NoError(t, err)
			assert.Len(t, page.Changes, 2)
		})
	}
}

// TestConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestConformanceInHostTransactions(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	consenttest.Run(t, func(t testing.TB) consent.Store { return storetest.ConsentInTransactions(inTransactions(newDB(t))) })
}

// TestConformanceOfTwoStores runs the suite on two stores that share a
// database, as two processes do: calls go to one and the other in turn.
func TestConformanceOfTwoStores(t *testing.T) {
	url := cluster.Database(t)
	first, second := openPool(t, url, hasty), openPool(t, url, hasty)
	next := recycledSchemas(t, first)
	consenttest.Run(t, func(t testing.TB) consent.Store {
		r := next(t)
		return &turns{stores: [2]consent.Store{r.db.Consent(), r.again(t, second, sqlstore.Options{}).Consent()}}
	})
}

// turns calls two stores in turn.
type turns struct {
	calls  atomic.Int64
	stores [2]consent.Store
}

func (s *turns) next() consent.Store { return s.stores[s.calls.Add(1)%2] }

func (s *turns) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	return s.next().Append(ctx, appends)
}

func (s *turns) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	return s.next().Redact(ctx, erasure)
}

func (s *turns) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	return s.next().Streams(ctx, keys)
}

func (s *turns) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	return s.next().Records(ctx, key, after, limit)
}

func (s *turns) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	return s.next().Subjects(ctx, tenant, after, limit)
}

func (s *turns) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	return s.next().ApplyEffects(ctx, effects)
}

func (s *turns) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	return s.next().Changes(ctx, after, limit)
}

func (s *turns) Head(ctx context.Context) (consent.Cursor, error) { return s.next().Head(ctx) }

func (s *turns) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	return s.next().Claim(ctx, claim)
}

func (s *turns) Acknowledge(ctx context.Context, worker string, positions []string) error {
	return s.next().Acknowledge(ctx, worker, positions)
}

func (s *turns) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	return s.next().Trim(ctx, before, undelivered)
}

func (s *turns) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	return s.next().RecordDecision(ctx, decision)
}

func (s *turns) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	return s.next().Decisions(ctx, filter)
}

func (s *turns) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	return s.next().ForgetDecisions(ctx, key, before)
}

// inTransactions makes a transaction of the host for every call. A refusal is
// committed too: it must have written nothing, and must not have ended the
// transaction.
func inTransactions(db *pgstore.DB) storetest.Transact {
	return func(ctx context.Context, do func(*sqlstore.Tx) error) error {
		tx, err := db.Pool().Begin(ctx)
		if err != nil {
			return err
		}
		if err = do(db.WithTx(tx)); failed(err) || ctx.Err() != nil {
			return errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
		}
		return errors.Join(err, tx.Commit(ctx))
	}
}

func failed(err error) bool {
	var failure *sqlstore.Error
	return errors.As(err, &failure)
}

func none(err error) (struct{}, error) { return struct{}{}, err }
