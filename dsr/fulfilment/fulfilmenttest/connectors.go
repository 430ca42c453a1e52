package fulfilmenttest

import (
	"testing"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// RequireConnectors fails the test at once, naming every problem, unless every
// system of the register that holds personal data has a connector for each of
// its duties, or declares that people do it; see fulfilment.CheckConnectors.
func RequireConnectors(t testing.TB, register *privacy.Register, connectors fulfilment.Connectors) {
	t.Helper()
	if err := fulfilment.CheckConnectors(register, connectors); err != nil {
		t.Fatalf("connectors and register disagree: %v", err)
	}
}
