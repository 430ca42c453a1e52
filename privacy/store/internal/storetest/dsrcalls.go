package storetest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// CasesInTransactions is the store of package dsr with every call in a transaction
// of the host.
func CasesInTransactions(transact Transact) dsr.Store {
	return caseCalls{joining(transact, func(tx *sqlstore.Tx) dsr.Store { return tx.DSR() })}
}

type caseCalls struct{ calls[dsr.Store] }

func (c caseCalls) Update(ctx context.Context, u dsr.Update) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.Update(ctx, u) })
}

func (c caseCalls) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	return ask(ctx, c.calls, func(s dsr.Store) (string, error) { return s.Digest(ctx, tenant, key) })
}

func (c caseCalls) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	return ask(ctx, c.calls, func(s dsr.Store) (dsr.Case, error) { return s.Case(ctx, tenant, id) })
}

func (c caseCalls) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.LogLine, error) { return s.Log(ctx, tenant, id, after, limit) })
}

func (c caseCalls) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Summary, error) { return s.Open(ctx, tenant, after, limit) })
}

func (c caseCalls) ByState(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Summary, error) { return s.ByState(ctx, tenant, state, after, limit) })
}

func (c caseCalls) WithDeadTask(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Summary, error) { return s.WithDeadTask(ctx, tenant, after, limit) })
}

func (c caseCalls) OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Summary, error) { return s.OfSubject(ctx, tenant, subject, after, limit) })
}

func (c caseCalls) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Lease, error) { return s.Claim(ctx, now, until, limit) })
}

func (c caseCalls) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.Retry(ctx, lease, at, problem) })
}

func (c caseCalls) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.Bury(ctx, lease, problem) })
}

func (c caseCalls) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Lease, error) { return s.Buried(ctx, tenant) })
}

func (c caseCalls) SaveBreach(ctx context.Context, b dsr.Breach) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.SaveBreach(ctx, b) })
}

func (c caseCalls) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	return ask(ctx, c.calls, func(s dsr.Store) (dsr.Breach, error) { return s.Breach(ctx, tenant, id) })
}

func (c caseCalls) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.Breach, error) { return s.Breaches(ctx, tenant, after, limit) })
}

func (c caseCalls) Closed(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
	return ask(ctx, c.calls, func(s dsr.Store) ([]dsr.ClosedCase, error) { return s.Closed(ctx, tenant, q) })
}

func (c caseCalls) Redact(ctx context.Context, d dsr.Disposal) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.Redact(ctx, d) })
}

func (c caseCalls) Erase(ctx context.Context, d dsr.Disposal) error {
	return c.calls(ctx, func(s dsr.Store) error { return s.Erase(ctx, d) })
}
