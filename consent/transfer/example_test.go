package transfer_test

import (
	"fmt"

	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
)

// A German operator's provider in India works under standard contractual
// clauses whose impact assessment must be reviewed.
func Example() {
	ladder, err := transfer.Embedded()
	if err != nil {
		fmt.Println(err)
		return
	}
	support := transfer.Transfer{
		Regime: "eu", From: "DE", To: "IN",
		Safeguard: transfer.Safeguard{
			Mechanism:  privacy.TransferSCC,
			Assessment: transfer.Assessment{DoneOn: privacy.MustDate("2025-06-01"), ReviewBy: privacy.MustDate("2026-06-01")},
		},
	}
	for _, day := range []string{"2026-05-31", "2026-06-01"} {
		support.On = privacy.MustDate(day)
		answer, err := ladder.Judge(support)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(day, answer.Allowed, answer.Step, answer.Unmet)
	}
	module, _ := ladder.Module(privacy.RoleController, privacy.RoleProcessor)
	fmt.Println("module", module, ladder.MustState(privacy.TransferSCC))
	// Output:
	// 2026-05-31 true safeguard []
	// 2026-06-01 false refused [assessment]
	// module 2 [third_country safeguards means_to_obtain_copy]
}
