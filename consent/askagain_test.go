package consent_test

import (
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func TestRefusalsAreRemembered(t *testing.T) {
	for name, refusal := range map[string]consent.Fact{
		"refusal": refusalOf("marketing"), "withdrawal": withdrawalOf("marketing"), "withdrawal of everything": withdrawalOf(),
		"opt-out":           consent.OptOut{Purposes: []privacy.PurposeID{"marketing"}},
		"opt-out of a kind": consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutTargetedAdvertising)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, setup{})
			californian := privacy.Subject{Tenant: "acme", ID: "visitor", Jurisdiction: "US-CA"}
			_, err := w.ledger.CheckAsking(t.Context(), californian, "marketing")
			must(t, err) // nobody has asked yet
			w.given(californian, refusal)
			at := start.AddDate(1, 0, 0)
			w.clock.Set(at.Add(-24 * time.Hour))
			recurrence, err := w.ledger.CheckAsking(t.Context(), californian, "marketing")
			wantErr(t, err, consent.ErrTooSoon)
			wantErr(t, err, privacy.ErrDenied)
			wantSame(t, "due", recurrence.Due, privacy.DateOf(at, time.UTC))
			w.clock.Set(at)
			_, err = w.ledger.CheckAsking(t.Context(), californian, "marketing")
			must(t, err)
		})
	}
}

func TestRecommendedTimesAreTheHosts(t *testing.T) {
	w := newWorld(t, setup{})
	french := privacy.Subject{Tenant: "acme", ID: "visitor", Jurisdiction: "FR"}
	w.given(french, refusalOf("marketing"))
	recurrence, err := w.ledger.CheckAsking(t.Context(), french, "marketing")
	must(t, err)
	wantSame(t, "binding", recurrence.Binding, false)
	wantSame(t, "due", recurrence.Due.String(), "2026-09-02")
	w.given(french, grantOf("marketing"))
	recurrence, err = w.ledger.CheckAsking(t.Context(), french, "marketing")
	must(t, err)
	wantSame(t, "after the consent", recurrence.Due.IsZero(), true)
	_, err = w.ledger.CheckAsking(t.Context(), french, "unheard-of")
	wantErr(t, err, privacy.ErrNotFound)
}
