package privacy_test

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

func ExampleLegalBasis() {
	basis, err := privacy.ParseLegalBasis("legitimate_interests")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(basis.Label())
	fmt.Println(basis.Article())
	fmt.Println(basis.DPV())
	// Output:
	// Legitimate interests
	// GDPR Art. 6(1)(f)
	// https://w3id.org/dpv/legal/eu/gdpr#A6-1-f
}

func ExampleParseRole() {
	_, err := privacy.ParseRole("data controller")
	fmt.Println(errors.Is(err, privacy.ErrInvalid))
	fmt.Println(err)
	// Output:
	// true
	// unknown role, want one of controller, processor, joint_controller: invalid
}

// Codes are their own JSON, as values and as keys. The zero value is unknown
// and is refused rather than written.
func ExampleRole_MarshalText() {
	bases := map[privacy.Role][]privacy.LegalBasis{
		privacy.RoleController: {privacy.BasisContract, privacy.BasisConsent},
	}
	encoded, err := json.Marshal(bases)
	fmt.Println(string(encoded), err)

	_, err = json.Marshal([]privacy.Role{0})
	fmt.Println(errors.Is(err, privacy.ErrInvalid))
	// Output:
	// {"controller":["contract","consent"]} <nil>
	// true
}

func ExampleOperations() {
	for operation := range privacy.Operations() {
		fmt.Println(operation)
	}
	// Output:
	// collect
	// store
	// use
	// alter
	// combine
	// derive
	// disclose
	// export
	// restrict
	// pseudonymise
	// anonymise
	// erase
}

func ExampleMeasureSet() {
	required := privacy.NewMeasureSet(privacy.MeasureEncryptionAtRest, privacy.MeasureAccessControl, privacy.MeasureLogRedaction)
	inPlace := privacy.NewMeasureSet(privacy.MeasureEncryptionAtRest)

	for missing := range required.Minus(inPlace).All() {
		fmt.Println(missing.Label())
	}
	encoded, _ := json.Marshal(required)
	fmt.Println(string(encoded))
	// Output:
	// Redaction in logs
	// Access control
	// ["access_control","encryption_at_rest","log_redaction"]
}
