package regime_test

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func Example() {
	book, err := regime.Presets()
	if err != nil {
		fmt.Println(err)
		return
	}
	received := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	gdpr, err := book.InForce("eu-gdpr", privacy.DateOf(received, time.UTC))
	if err != nil {
		fmt.Println(err)
		return
	}
	deadline, err := gdpr.Deadline(regime.Query{
		Request:  regime.RequestAccess,
		Received: received,
		Zone:     time.UTC,
		Calendar: privacy.WeekdaysOnly(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range deadline.Steps {
		fmt.Println(step)
	}
	// Output:
	// received on 2026-01-31; this day is not counted (Reg. 1182/71 Art. 3(1)-(4))
	// answer within P1M, by 2026-02-28 (GDPR Art. 12(3)-(4))
	// that is no working day in calendar WEEKDAYS-ONLY; the next is 2026-03-02 (Reg. 1182/71 Art. 3(1)-(4))
	// a refusal must be told by 2026-03-02 (GDPR Art. 12(3)-(4))
	// an extension must be told by 2026-03-02 (GDPR Art. 12(3))
	// due by the end of 2026-03-02
}

// One request can be bound to several laws; the earliest date wins.
func ExampleCombine() {
	book, err := regime.Presets()
	if err != nil {
		fmt.Println(err)
		return
	}
	received := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	day := privacy.DateOf(received, time.UTC)
	var applicable []*regime.Regime
	for _, id := range []regime.ID{"eu-gdpr", "us-ca-ccpa"} {
		r, err := book.InForce(id, day)
		if err != nil {
			fmt.Println(err)
			return
		}
		applicable = append(applicable, r)
	}
	combined, err := regime.Combine(regime.Query{
		Request: regime.RequestAccess, Received: received, Zone: time.UTC, Calendar: privacy.WeekdaysOnly(),
	}, applicable...)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range combined.All {
		fmt.Println(d.Regime, "due", d.Due)
	}
	fmt.Println("acknowledge by", combined.Acknowledge, "answer by", combined.Due())
	// Output:
	// eu-gdpr@2018-05-25 due 2026-04-02
	// us-ca-ccpa@2026-01-01 due 2026-04-16
	// acknowledge by 2026-03-16 answer by 2026-04-02
}

// A right depends on the legal basis on which the data are held.
func ExampleRegime_Decide() {
	book, err := regime.Presets()
	if err != nil {
		fmt.Println(err)
		return
	}
	gdpr, err := book.InForce("eu-gdpr", privacy.MustDate("2026-03-02"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ruling, err := gdpr.Decide(regime.Claim{
		Right: privacy.RightErasure,
		Basis: privacy.BasisContract,
		Facts: regime.Facts{"still_necessary": false, "statutory_retention": true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ruling.Applies, ruling.Grounds, ruling.Outcome, ruling.Exception)
	// Output:
	// partial [17(1)(a)] restrict_until_expiry_and_erase_rest 17(3)(b)
}
