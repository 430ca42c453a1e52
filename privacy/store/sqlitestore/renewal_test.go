package sqlitestore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/consent/renewal/renewaltest"
)

func newRenewals(t testing.TB) renewal.Store { return open(t, nil).Renewals() }

func TestRenewalConformance(t *testing.T) { renewaltest.Run(t, newRenewals) }

func TestRenewalMutants(t *testing.T) { renewaltest.RunMutants(t, newRenewals) }
