package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/consent/renewal/renewaltest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newRenewal(testing.TB) renewal.Store { return memstore.NewRenewal() }

func TestRenewalStore(t *testing.T) { renewaltest.Run(t, newRenewal) }

func TestRenewalMutants(t *testing.T) { renewaltest.RunMutants(t, newRenewal) }
