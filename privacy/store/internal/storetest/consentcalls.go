package storetest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// ConsentInTransactions is the store of package consent with every call in a
// transaction of the host.
func ConsentInTransactions(transact Transact) consent.Store {
	return consentCalls{joining(transact, func(tx *sqlstore.Tx) consent.Store { return tx.Consent() })}
}

type consentCalls struct{ calls[consent.Store] }

func (c consentCalls) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]consent.Appended, error) { return s.Append(ctx, appends) })
}

func (c consentCalls) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	return ask(ctx, c.calls, func(s consent.Store) (consent.Appended, error) { return s.Redact(ctx, erasure) })
}

func (c consentCalls) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]consent.Stream, error) { return s.Streams(ctx, keys) })
}

func (c consentCalls) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]consent.Record, error) { return s.Records(ctx, key, after, limit) })
}

func (c consentCalls) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]privacy.SubjectID, error) { return s.Subjects(ctx, tenant, after, limit) })
}

func (c consentCalls) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	return c.calls(ctx, func(s consent.Store) error { return s.ApplyEffects(ctx, effects) })
}

func (c consentCalls) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	return ask(ctx, c.calls, func(s consent.Store) (consent.ChangePage, error) { return s.Changes(ctx, after, limit) })
}

func (c consentCalls) Head(ctx context.Context) (consent.Cursor, error) {
	return ask(ctx, c.calls, func(s consent.Store) (consent.Cursor, error) { return s.Head(ctx) })
}

func (c consentCalls) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]consent.Delivery, error) { return s.Claim(ctx, claim) })
}

func (c consentCalls) Acknowledge(ctx context.Context, worker string, positions []string) error {
	return c.calls(ctx, func(s consent.Store) error { return s.Acknowledge(ctx, worker, positions) })
}

func (c consentCalls) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	return ask(ctx, c.calls, func(s consent.Store) (int, error) { return s.Trim(ctx, before, undelivered) })
}

func (c consentCalls) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	return c.calls(ctx, func(s consent.Store) error { return s.RecordDecision(ctx, decision) })
}

func (c consentCalls) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	return ask(ctx, c.calls, func(s consent.Store) ([]consent.DecisionRecord, error) { return s.Decisions(ctx, filter) })
}

func (c consentCalls) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	return ask(ctx, c.calls, func(s consent.Store) (int, error) { return s.ForgetDecisions(ctx, key, before) })
}
