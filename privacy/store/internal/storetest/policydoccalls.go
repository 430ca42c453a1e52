package storetest

import (
	"context"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// PoliciesInTransactions is the store of package policydoc with every call in a
// transaction of the host.
func PoliciesInTransactions(transact Transact) policydoc.Store {
	return policyCalls{joining(transact, func(tx *sqlstore.Tx) policydoc.Store { return tx.Policydoc() })}
}

type policyCalls struct{ calls[policydoc.Store] }

func (c policyCalls) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	return c.calls(ctx, func(s policydoc.Store) error { return s.AppendEntry(ctx, e, events) })
}

func (c policyCalls) Entries(ctx context.Context, policy policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	return ask(ctx, c.calls, func(s policydoc.Store) ([]policydoc.Entry, error) { return s.Entries(ctx, policy, after, limit) })
}

func (c policyCalls) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	return c.calls(ctx, func(s policydoc.Store) error { return s.AppendAcknowledgement(ctx, a, events) })
}

func (c policyCalls) Acknowledgements(ctx context.Context, policy policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	return ask(ctx, c.calls, func(s policydoc.Store) ([]policydoc.Acknowledgement, error) {
		return s.Acknowledgements(ctx, policy, subject)
	})
}

func (c policyCalls) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	return ask(ctx, c.calls, func(s policydoc.Store) ([]privacy.SubjectID, error) { return s.Unacknowledged(ctx, q) })
}
