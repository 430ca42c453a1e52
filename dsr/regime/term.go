package regime

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// Term is a length of time in the unit the law uses: calendar time, or working
// days. The day from which it runs is not counted. The zero value means that
// the law states no number.
type Term struct {
	// Period is calendar time, such as one month or 45 days.
	Period privacy.Period
	// WorkingDays counts days that the calendar calls working days.
	WorkingDays int
	// SameDay means at once, which a day-based clock takes as the same day.
	SameDay bool
}

const (
	sameDay           = "same day"
	workingDaysSuffix = " working days"
)

// ParseTerm reads an ISO 8601 duration without a time of day ("P1M", "P45D"),
// "N working days" or "same day". The error matches privacy.ErrInvalid.
func ParseTerm(text string) (Term, error) {
	if text == sameDay {
		return Term{SameDay: true}, nil
	}
	if digits, ok := strings.CutSuffix(text, workingDaysSuffix); ok {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 {
			return Term{}, fmt.Errorf("a number of working days is a positive number: %w", privacy.ErrInvalid)
		}
		return Term{WorkingDays: int(n)}, nil
	}
	period, err := privacy.ParsePeriod(text)
	if err != nil {
		return Term{}, fmt.Errorf("a term is a period, %q or %q: %w", "15"+workingDaysSuffix, sameDay, err)
	}
	if period.IsZero() {
		return Term{}, fmt.Errorf("a term is not empty, want %q: %w", sameDay, privacy.ErrInvalid)
	}
	return Term{Period: period}, nil
}

// IsZero reports whether the law states no number.
func (t Term) IsZero() bool { return t == Term{} }

// String returns the text that ParseTerm reads, "" for the zero value.
func (t Term) String() string {
	switch {
	case t.SameDay:
		return sameDay
	case t.WorkingDays != 0:
		return strconv.Itoa(t.WorkingDays) + workingDaysSuffix
	case t.Period.IsZero():
		return ""
	}
	return t.Period.String()
}

// MarshalText returns String.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText parses as ParseTerm does and leaves t unchanged on error.
func (t *Term) UnmarshalText(text []byte) error {
	parsed, err := ParseTerm(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// sameUnit reports whether t and u can be added to one term.
func (t Term) sameUnit(u Term) bool { return (t.WorkingDays != 0) == (u.WorkingDays != 0) }

// plus returns the term that ends when u, begun where t ends, would end if both
// were counted from one day, as extensions are. Both have the same unit.
func (t Term) plus(u Term) Term {
	if t.WorkingDays != 0 || u.WorkingDays != 0 {
		return Term{WorkingDays: t.WorkingDays + u.WorkingDays}
	}
	return Term{Period: privacy.Period{
		Years:  t.Period.Years + u.Period.Years,
		Months: t.Period.Months + u.Period.Months,
		Weeks:  t.Period.Weeks + u.Period.Weeks,
		Days:   t.Period.Days + u.Period.Days,
	}}
}

// from returns the last day of the term if day is the day from which it runs.
// Months are added at once and clamped to the end of a shorter month. Only
// working days consult the calendar; without one they are an error.
func (t Term) from(day privacy.Date, calendar *privacy.Calendar) (privacy.Date, error) {
	if t.WorkingDays == 0 {
		return day.Add(t.Period), nil
	}
	return calendar.AddWorkingDays(day, t.WorkingDays)
}
