package privacytest_test

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func ExampleClock() {
	clock := privacytest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	clock.Advance(90 * time.Minute)
	fmt.Println(clock.Now())
	// Output: 2026-03-01 10:30:00 +0000 UTC
}

func ExampleIDs() {
	ids := privacytest.NewIDs("event")
	fmt.Println(ids.NewID(), ids.NewID())
	// Output: event-000001 event-000002
}

// In a test, RequireTagged fails with the same text.
func ExampleCheckTagged() {
	type User struct {
		Name  string `privacy:"account.name"`
		Phone string `privacy:"account.phone"`
		Notes string
	}
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(privacytest.CheckTagged(register, User{}))
	// Output:
	// 2 problems
	// 	privacytest_test.User.Phone: no category "account.phone" is declared (unknown_reference)
	// 	privacytest_test.User.Notes: tag the field with its category, or with "-" if it holds no personal data (untagged)
}
