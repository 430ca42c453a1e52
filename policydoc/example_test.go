package policydoc_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// A longer retention cannot be called editorial; declared material, the version
// waits until its readers had time.
func Example() {
	ctx := context.Background()
	clock := privacytest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	policies, err := policydoc.New(memstore.NewPolicydoc(), &policydoc.Options{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	declaration := privacytest.Declaration()
	publish := func(follows int, m policydoc.Materiality, source string) (*policydoc.Version, error) {
		register, err := privacy.Compile(declaration)
		if err != nil {
			return nil, err
		}
		return policies.Publish(ctx, policydoc.PolicyKey{Tenant: "labelop", Name: "privacy"}, policydoc.Draft{
			Texts:       []policydoc.LocalizedText{{Locale: "en", Authoritative: true, Source: source}},
			Facts:       policydoc.FactsOf(register),
			Materiality: m, Summary: "We keep security logs for a year.", Follows: follows,
		})
	}
	first, err := publish(0, policydoc.Material, "# Privacy\n\nWe keep logs for 6 months.\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("version", first.Number, "in force from", first.EffectiveFrom.Format(time.DateOnly))

	declaration.Activities[1].Retention.Period = privacy.Period{Years: 1}
	const changed = "# Privacy\n\nWe keep logs for a year.\n"
	var refused *policydoc.EditorialError
	if _, err := publish(1, policydoc.Editorial, changed); errors.As(err, &refused) {
		fmt.Println("refused:", refused.Reasons[0].Detail)
	}
	second, err := publish(1, policydoc.Material, changed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("version", second.Number, "in force from", second.EffectiveFrom.Format(time.DateOnly))
	// Output:
	// version 1 in force from 2026-03-02
	// refused: data is kept longer: Security monitoring (P6M → P1Y)
	// version 2 in force from 2026-04-02
}
