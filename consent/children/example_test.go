package children_test

import (
	"fmt"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/privacy"
)

// A fourteen-year-old signs up for a newsletter in Germany and in France.
func Example() {
	law, err := children.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, country := range []privacy.Country{"DE", "FR", "SE"} {
		answer, err := law.Assess(children.Case{
			Regime: "eu-gdpr", Country: country, On: privacy.MustDate("2026-03-01"),
			Basis: privacy.BasisConsent, OfferedToChild: true,
			BornOnOrBefore: privacy.MustDate("2012-02-29"),
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(country, answer.Age.Age, answer.Requires, answer.Age.FirstDayAlone(privacy.MustDate("2012-02-29")))
	}
	// Output:
	// DE 16 parental_authorisation 2028-02-29
	// FR 15 joint_child_and_parent 2027-03-01
	// SE 13 none 2025-03-01
}
