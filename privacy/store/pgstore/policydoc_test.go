package pgstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
)

func TestPolicydocConformance(t *testing.T) {
	newDB := schemas(t, openPool(t, cluster.Database(t)))
	policydoctest.Run(t, func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: db.Policydoc(), Events: outbox(db)}
	})
}

// TestPolicydocConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestPolicydocConformanceInHostTransactions(t *testing.T) {
	newDB := schemas(t, openPool(t, cluster.Database(t)))
	policydoctest.Run(t, func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: hostPolicies{db}, Events: outbox(db)}
	})
}

// outbox returns a function that reads all events of the outbox.
func outbox(db *pgstore.DB) func(context.Context) ([]privacy.Event, error) {
	return func(ctx context.Context) ([]privacy.Event, error) {
		deliveries, err := db.Consent().Claim(ctx, consent.Claim{Worker: "reader", Limit: 1000, Now: time.Now(), Lease: time.Microsecond})
		var events []privacy.Event
		for _, d := range deliveries {
			events = append(events, d.Event)
		}
		return events, err
	}
}

// hostPolicies makes a transaction of the host for every call.
type hostPolicies struct{ db *pgstore.DB }

// withinPolicies is within for the store of package policydoc.
func withinPolicies[T any](ctx context.Context, h hostPolicies, do func(policydoc.Store) (T, error)) (T, error) {
	var result T
	tx, err := h.db.Pool().Begin(ctx)
	if err != nil {
		return result, err
	}
	if result, err = do(h.db.WithTx(tx).Policydoc()); failed(err) || ctx.Err() != nil {
		return result, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return result, errors.Join(err, tx.Commit(ctx))
}

func (h hostPolicies) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	_, err := withinPolicies(ctx, h, func(s policydoc.Store) (struct{}, error) { return none(s.AppendEntry(ctx, e, events)) })
	return err
}

func (h hostPolicies) Entries(ctx context.Context, policy policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	return withinPolicies(ctx, h, func(s policydoc.Store) ([]policydoc.Entry, error) { return s.Entries(ctx, policy, after, limit) })
}

func (h hostPolicies) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	_, err := withinPolicies(ctx, h, func(s policydoc.Store) (struct{}, error) { return none(s.AppendAcknowledgement(ctx, a, events)) })
	return err
}

func (h hostPolicies) Acknowledgements(ctx context.Context, policy policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	return withinPolicies(ctx, h, func(s policydoc.Store) ([]policydoc.Acknowledgement, error) {
		return s.Acknowledgements(ctx, policy, subject)
	})
}

func (h hostPolicies) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	return withinPolicies(ctx, h, func(s policydoc.Store) ([]privacy.SubjectID, error) { return s.Unacknowledged(ctx, q) })
}
