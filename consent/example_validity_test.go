package consent_test

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// A newsletter box that was ticked beforehand, on a page that makes the service
// depend on it.
func ExampleValidate() {
	verdict, err := consent.Validate(consent.Statement{
		Subject: "account-1815", At: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), Purposes: []privacy.PurposeID{"newsletter"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "en", TextSHA256: textHash},
			Act:    "box_left_ticked", Channel: "web",
			Asking: &consent.Asking{
				ControllerNamed: true, WithdrawalRightTold: true, WithdrawalAsEasy: true, Granular: true,
				Prechecked: true, ConditionalOnService: true,
			},
		},
	}, consent.Circumstances{Regime: "eu-gdpr"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, defect := range verdict.Defects {
		fmt.Println(defect.Code, defect.Article)
	}
	// Output:
	// no_affirmative_act Art. 4(11)
	// not_freely_given Art. 7(4)
}
