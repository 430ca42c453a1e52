package signal_test

import (
	"fmt"
	"net/http"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/signal"
	"github.com/labelop/privacykit/privacy"
)

// A known Californian visits with the signal on.
func Example() {
	request, err := http.NewRequest(http.MethodGet, "https://example.com/", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set(signal.Header, "1")

	law, err := signal.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	effect, err := law.Effect("us-ca", true, privacy.MustDate("2026-11-23"))
	if err != nil || !signal.Present(request.Header) {
		fmt.Println(err)
		return
	}
	resolution := effect.Resolve(&consent.State{}, 0)
	for _, fact := range resolution.Record {
		fmt.Println(fact.Kind(), fact.(consent.OptOut).Kinds)
	}
	fmt.Println(effect.Scope, resolution.Status.Title(), resolution.Status.Show)
	// Output:
	// opted_out sale,sharing
	// [browser device account] Opt-out request honored true
}
