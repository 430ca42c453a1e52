package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func TestConformance(t *testing.T) {
	consenttest.Run(t, func(t testing.TB) consent.Store { return open(t, nil).Consent() })
}

// TestConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestConformanceInHostTransactions(t *testing.T) {
	consenttest.Run(t, func(t testing.TB) consent.Store {
		db := open(t, nil)
		return &hostStore{host: db.SQL(), stores: db.DB}
	})
}

// hostStore makes a transaction for every call.
type hostStore struct {
	host   *sql.DB
	stores *sqlstore.DB
}

// within calls do on the stores in a transaction. A refusal is committed too:
// it must have written nothing.
func within[T any](ctx context.Context, h *hostStore, do func(consent.Store) (T, error)) (T, error) {
	var result T
	tx, err := h.host.BeginTx(ctx, nil)
	if err != nil {
		return result, err
	}
	result, err = do(h.stores.WithTx(tx).Consent())
	return result, errors.Join(err, tx.Commit())
}

func none(err error) (struct{}, error) { return struct{}{}, err }

func (h *hostStore) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	return within(ctx, h, func(s consent.Store) ([]consent.Appended, error) { return s.Append(ctx, appends) })
}

func (h *hostStore) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	return within(ctx, h, func(s consent.Store) (consent.Appended, error) { return s.Redact(ctx, erasure) })
}

func (h *hostStore) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	return within(ctx, h, func(s consent.Store) ([]consent.Stream, error) { return s.Streams(ctx, keys) })
}

func (h *hostStore) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	return within(ctx, h, func(s consent.Store) ([]consent.Record, error) { return s.Records(ctx, key, after, limit) })
}

func (h *hostStore) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	return within(ctx, h, func(s consent.Store) ([]privacy.SubjectID, error) { return s.Subjects(ctx, tenant, after, limit) })
}

func (h *hostStore) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	_, err := within(ctx, h, func(s consent.Store) (struct{}, error) { return none(s.ApplyEffects(ctx, effects)) })
	return err
}

func (h *hostStore) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	return within(ctx, h, func(s consent.Store) (consent.ChangePage, error) { return s.Changes(ctx, after, limit) })
}

func (h *hostStore) Head(ctx context.Context) (consent.Cursor, error) {
	return within(ctx, h, func(s consent.Store) (consent.Cursor, error) { return s.Head(ctx) })
}

func (h *hostStore) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	return within(ctx, h, func(s consent.Store) ([]consent.Delivery, error) { return s.Claim(ctx, claim) })
}

func (h *hostStore) Acknowledge(ctx context.Context, worker string, positions []string) error {
	_, err := within(ctx, h, func(s consent.Store) (struct{}, error) { return none(s.Acknowledge(ctx, worker, positions)) })
	return err
}

func (h *hostStore) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	return within(ctx, h, func(s consent.Store) (int, error) { return s.Trim(ctx, before, undelivered) })
}

func (h *hostStore) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	_, err := within(ctx, h, func(s consent.Store) (struct{}, error) { return none(s.RecordDecision(ctx, decision)) })
	return err
}

func (h *hostStore) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	return within(ctx, h, func(s consent.Store) ([]consent.DecisionRecord, error) { return s.Decisions(ctx, filter) })
}

func (h *hostStore) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	return within(ctx, h, func(s consent.Store) (int, error) { return s.ForgetDecisions(ctx, key, before) })
}
