package pgstore_test

import (
	"context"
	"errors"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

// hostCases makes a transaction of the host for every call.
type hostCases struct{ db *pgstore.DB }

var _ dsr.Store = hostCases{}

// withinCases is within for the store of package dsr.
func withinCases[T any](ctx context.Context, h hostCases, do func(dsr.Store) (T, error)) (T, error) {
	var result T
	tx, err := h.db.Pool().Begin(ctx)
	if err != nil {
		return result, err
	}
	if result, err = do(h.db.WithTx(tx).DSR()); failed(err) || ctx.Err() != nil {
		return result, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return result, errors.Join(err, tx.Commit(ctx))
}

func (h hostCases) Update(ctx context.Context, u dsr.Update) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.Update(ctx, u)) })
	return err
}

func (h hostCases) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	return withinCases(ctx, h, func(s dsr.Store) (string, error) { return s.Digest(ctx, tenant, key) })
}

func (h hostCases) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	return withinCases(ctx, h, func(s dsr.Store) (dsr.Case, error) { return s.Case(ctx, tenant, id) })
}

func (h hostCases) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.LogLine, error) { return s.Log(ctx, tenant, id, after, limit) })
}

func (h hostCases) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Summary, error) { return s.Open(ctx, tenant, after, limit) })
}

func (h hostCases) ByState(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Summary, error) { return s.ByState(ctx, tenant, state, after, limit) })
}

func (h hostCases) OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Summary, error) { return s.OfSubject(ctx, tenant, subject, after, limit) })
}

func (h hostCases) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Lease, error) { return s.Claim(ctx, now, until, limit) })
}

func (h hostCases) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.Retry(ctx, lease, at, problem)) })
	return err
}

func (h hostCases) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.Bury(ctx, lease, problem)) })
	return err
}

func (h hostCases) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Lease, error) { return s.Buried(ctx, tenant) })
}

func (h hostCases) SaveBreach(ctx context.Context, b dsr.Breach) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.SaveBreach(ctx, b)) })
	return err
}

func (h hostCases) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	return withinCases(ctx, h, func(s dsr.Store) (dsr.Breach, error) { return s.Breach(ctx, tenant, id) })
}

func (h hostCases) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.Breach, error) { return s.Breaches(ctx, tenant, after, limit) })
}

func (h hostCases) Closed(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
	return withinCases(ctx, h, func(s dsr.Store) ([]dsr.ClosedCase, error) { return s.Closed(ctx, tenant, q) })
}

func (h hostCases) Redact(ctx context.Context, d dsr.Disposal) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.Redact(ctx, d)) })
	return err
}

func (h hostCases) Erase(ctx context.Context, d dsr.Disposal) error {
	_, err := withinCases(ctx, h, func(s dsr.Store) (struct{}, error) { return none(s.Erase(ctx, d)) })
	return err
}
