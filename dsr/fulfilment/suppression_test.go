package fulfilment_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// OpenTranscribe#442, second part: an import or a restored backup does not bring
// back who was erased; platos PR#66: under none of their identifiers.
func TestRestoreDoesNotResurrect(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.options.Identifiers = func(context.Context, privacy.TenantID, privacy.SubjectID) ([]fulfilment.Identifier, error) {
			return []fulfilment.Identifier{{Kind: "email", Value: "jane@example.com"}}, nil
		}
	})
	w.give("jane")
	listed := map[string]bool{}
	for id, system := range w.systems {
		system.before = func(ctx context.Context, _ fulfilment.Call) (fulfilment.Result, error, bool) {
			found, err := w.options.Suppression.Suppressed(ctx, "t", fulfilment.Identifier{Kind: "email", Value: "jane@example.com"})
			must(t, err)
			w.lock.Lock()
			defer w.lock.Unlock()
			listed[string(id)] = found[0]
			return fulfilment.Result{}, nil, false
		}
	}
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	for id, before := range listed {
		if !before {
			t.Errorf("%s erased before the person was on the list", id)
		}
	}
	found, err := w.options.Suppression.Suppressed(t.Context(), "t",
		fulfilment.Identifier{Kind: "subject", Value: "jane"}, fulfilment.Identifier{Kind: "email", Value: "jane@example.com"},
		fulfilment.Identifier{Kind: "email", Value: "john@example.com"}, fulfilment.Identifier{Kind: "phone", Value: "jane@example.com"})
	must(t, err)
	equal(t, "suppressed", found, []bool{true, true, false, false})
	elsewhere, err := w.options.Suppression.Suppressed(t.Context(), "u", fulfilment.Identifier{Kind: "subject", Value: "jane"})
	must(t, err)
	equal(t, "in another tenant", elsewhere, []bool{false})
	w.nowhere("example.com", c)
}

// The person is on the list before anything is erased, or nothing is.
func TestNoErasureWithoutSuppression(t *testing.T) {
	fail := errors.New("unreachable")
	w := newWorld(t, func(w *world) {
		w.options.Identifiers = func(context.Context, privacy.TenantID, privacy.SubjectID) ([]fulfilment.Identifier, error) {
			return nil, fail
		}
	})
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	equal(t, "left", len(w.leftOf("jane")), 18)
	fail = nil
	w.pass(time.Minute, time.Minute)
	w.ended(c)
}

func TestSuppressionKeys(t *testing.T) {
	store := memstore.NewSuppressions()
	other := []byte("another key of thirty-two bytes.")
	jane := fulfilment.Identifier{Kind: "email", Value: "jane@example.com"}
	list := func(keys ...[]byte) *fulfilment.SuppressionList {
		l, err := fulfilment.NewSuppressionList(store, keys...)
		must(t, err)
		return l
	}
	suppressed := func(l *fulfilment.SuppressionList) bool {
		found, err := l.Suppressed(t.Context(), "t", jane)
		must(t, err)
		return found[0]
	}
	must(t, list(suppressionKey).Add(t.Context(), "t", "case-1", start, jane))
	equal(t, "under the key", suppressed(list(suppressionKey)), true)
	equal(t, "under another", suppressed(list(other)), false)
	equal(t, "under a new one beside it", suppressed(list(other, suppressionKey)), true)
	must(t, list(other, suppressionKey).Remove(t.Context(), "t", jane))
	equal(t, "removed", suppressed(list(suppressionKey)), false)

	for name, err := range map[string]error{
		"no key":      second(fulfilment.NewSuppressionList(store)),
		"a short key": second(fulfilment.NewSuppressionList(store, suppressionKey[1:])),
		"no store":    second(fulfilment.NewSuppressionList(nil, suppressionKey)),
		"no kind":     list(suppressionKey).Add(t.Context(), "t", "case-1", start, fulfilment.Identifier{Value: "x"}),
		"no value":    second(list(suppressionKey).Suppressed(t.Context(), "t", fulfilment.Identifier{Kind: "email"})),
		"no tenant":   list(suppressionKey).Remove(t.Context(), "", jane),
	} {
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is hashed is kept apart part by part.
func TestSuppressionHashesDoNotRunTogether(t *testing.T) {
	store := memstore.NewSuppressions()
	l, err := fulfilment.NewSuppressionList(store, suppressionKey)
	must(t, err)
	must(t, l.Add(t.Context(), "t", "case-1", start, fulfilment.Identifier{Kind: "ab", Value: "c"}))
	found, err := l.Suppressed(t.Context(), "t", fulfilment.Identifier{Kind: "a", Value: "bc"})
	must(t, err)
	equal(t, "suppressed", found, []bool{false})
}
