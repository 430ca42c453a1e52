package sqlitestore_test

import (
	"testing"

	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/internal/storetest"
)

func newPolicies(t testing.TB) policydoctest.Opened {
	db := open(t, nil)
	return policydoctest.Opened{Store: db.Policydoc(), Events: storetest.Outbox(db.Consent())}
}

func TestPolicydocConformance(t *testing.T) { policydoctest.Run(t, newPolicies) }

func TestPolicydocMutants(t *testing.T) { policydoctest.RunMutants(t, newPolicies) }

// TestPolicydocConformanceInHostTransactions runs the suite with every call in a
// transaction of a host, which commits it if the call did not fail.
func TestPolicydocConformanceInHostTransactions(t *testing.T) {
	policydoctest.Run(t, func(t testing.TB) policydoctest.Opened {
		db := open(t, nil)
		return policydoctest.Opened{Store: storetest.PoliciesInTransactions(inTransactions(db)), Events: storetest.Outbox(db.Consent())}
	})
}
