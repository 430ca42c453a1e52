package fulfilment_test

import (
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
)

// Who is erased by hand is on the suppression list as well, before the first
// system is.
func TestAnErasureByHandIsRemembered(t *testing.T) {
	w := newWorld(t, func(w *world) {
		for id, connector := range w.connectors.Systems {
			connector.Eraser, connector.Verifier, connector.Manual = nil, nil, []dsr.Action{dsr.ActionErase}
			w.connectors.Systems[id] = connector
		}
	})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	first := task(t, c, 0, "erase-crm")
	_, err := w.CompleteManual(t.Context(), "t", c.ID, 0, first.ID, fulfilment.Done{
		By: "desk", Reference: "ticket-1", Categories: first.Categories, Fields: []string{"person"},
	})
	must(t, err)
	found, err := w.options.Suppression.Suppressed(t.Context(), "t", fulfilment.Identifier{Kind: "subject", Value: "jane"})
	must(t, err)
	equal(t, "suppressed", found, []bool{true})
}
