package policydoctest

import (
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// RequireReconciled fails the test for each thing that the document and the
// register disagree on, under the GDPR and the further regimes given, and logs
// advice. A host calls it with its published policy and its declaration.
func RequireReconciled(t testing.TB, doc *policydoc.Document, register *privacy.Register, further ...policydoc.Regime) {
	t.Helper()
	regimes := append([]policydoc.Regime{policydoc.RegimeGDPR}, further...)
	for _, f := range policydoc.Reconcile(doc, register, &policydoc.ReconcileOptions{Regimes: regimes}) {
		if f.Advice {
			t.Logf("advice: %s", f)
		} else {
			t.Errorf("%s", f)
		}
	}
}
