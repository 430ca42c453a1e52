package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func TestConsentMutants(t *testing.T) {
	consenttest.RunMutants(t, func(testing.TB) consent.Store { return memstore.NewConsent(nil) })
}

func TestPolicydocMutants(t *testing.T) {
	policydoctest.RunMutants(t, func(testing.TB) policydoctest.Opened {
		s := memstore.NewPolicydoc()
		return policydoctest.Opened{Store: s, Events: s.Events}
	})
}
