package memstore_test

import (
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func TestConsentConformance(t *testing.T) {
	consenttest.Run(t, func(testing.TB) consent.Store { return memstore.NewConsent(nil) })
}
