package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
)

func newPolicies(t *testing.T) func(t testing.TB) policydoctest.Opened {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	return func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: db.Policydoc(), Events: storetest.Outbox(db.Consent())}
	}
}

func TestPolicydocConformance(t *testing.T) { policydoctest.Run(t, newPolicies(t)) }

func TestPolicydocMutants(t *testing.T) { policydoctest.RunMutants(t, newPolicies(t)) }

// TestPolicydocConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestPolicydocConformanceInHostTransactions(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	policydoctest.Run(t, func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: storetest.PoliciesInTransactions(inTransactions(db)), Events: storetest.Outbox(db.Consent())}
	})
}
