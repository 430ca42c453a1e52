package pgstore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/consent/renewal/renewaltest"
)

func newRenewals(t *testing.T) func(t testing.TB) renewal.Store {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	return func(t testing.TB) renewal.Store { return newDB(t).Renewals() }
}

func TestRenewalConformance(t *testing.T) { renewaltest.Run(t, newRenewals(t)) }

func TestRenewalMutants(t *testing.T) { renewaltest.RunMutants(t, newRenewals(t)) }
