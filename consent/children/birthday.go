package children

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Birthday returns the day on which somebody born on the given day completes
// that many years. For 29 February it is 1 March where the year has no such
// day. It returns the zero Date for a zero date of birth, negative years, or a
// day beyond the calendar.
func Birthday(born privacy.Date, years int) privacy.Date {
	if born.IsZero() || years < 0 {
		return privacy.Date{}
	}
	year, month, day := born.Year()+years, born.Month(), born.Day()
	if month == time.February && day > privacy.DaysIn(year, month) {
		month, day = time.March, 1
	}
	date, err := privacy.NewDate(year, month, day)
	if err != nil {
		return privacy.Date{}
	}
	return date
}

// BornBy returns the latest date of birth of somebody who has completed that
// many years on a day: the inverse of Birthday. It is the zero Date, which
// nobody is born by, where there is none.
func BornBy(on privacy.Date, years int) privacy.Date {
	if on.IsZero() || years < 0 {
		return privacy.Date{}
	}
	year, month, day := on.Year()-years, on.Month(), on.Day()
	if last := privacy.DaysIn(year, month); last > 0 {
		day = min(day, last)
	}
	born, err := privacy.NewDate(year, month, day)
	if err != nil {
		return privacy.Date{}
	}
	return born
}

// reached reports whether somebody born on or before a day has completed the
// years on another. Nothing known of the birth means no.
func reached(bornOnOrBefore, on privacy.Date, years int) bool {
	birthday := Birthday(bornOnOrBefore, years)
	return !birthday.IsZero() && !on.Before(birthday)
}
