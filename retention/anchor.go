package retention

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Start says how the day of an event becomes the day a period counts from. The
// zero value is unknown and never valid.
type Start uint8

const (
	// StartEvent counts from the day of the event itself.
	StartEvent Start = iota + 1
	// StartEndOfMonth counts from the last day of the event's month.
	StartEndOfMonth
	// StartEndOfCalendarYear counts from 31 December of the event's year.
	StartEndOfCalendarYear
	// StartEndOfFiscalYear counts from the end of the fiscal year the event falls in.
	StartEndOfFiscalYear
)

var startCodes = codes{"", "event", "end_of_month", "end_of_calendar_year", "end_of_fiscal_year"}

// ParseStart returns the start with the given code. The error matches
// privacy.ErrInvalid and names the accepted codes.
func ParseStart(code string) (Start, error) {
	s, err := startCodes.parse("start of a period", code)
	return Start(s), err
}

// Valid reports whether s is one of the constants.
func (s Start) Valid() bool { return s >= StartEvent && s <= StartEndOfFiscalYear }

// String returns the code, "unknown" if s is not Valid.
func (s Start) String() string { return startCodes.text(uint8(s)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (s Start) MarshalText() ([]byte, error) {
	return startCodes.marshal("start of a period", uint8(s))
}

// UnmarshalText parses as ParseStart does and leaves s unchanged on error.
func (s *Start) UnmarshalText(text []byte) error {
	parsed, err := ParseStart(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// Anchor is the day a period counts from, told by the events of a record.
type Anchor struct {
	// Start says how the day of the event becomes the anchor. Required.
	Start Start `json:"start"`
	// Events names the event that counts. Of several the latest counts, so that
	// each activity starts the period anew; those a record lacks are left out. At
	// least one is required.
	Events []string `json:"events"`
	// FiscalYearEnd is the last day of the fiscal year, for StartEndOfFiscalYear.
	FiscalYearEnd MonthDay `json:"fiscal_year_end,omitzero"`
	// ThenNext, if set, moves the anchor on to the first such day that is not before
	// it, for example to the 31 January after the end of a tax year, or to the last
	// day of the calendar year in which a fiscal year ends.
	ThenNext MonthDay `json:"then_next,omitzero"`
	// NotBefore, if set, replaces earlier events, for example by the day a law
	// came into force.
	NotBefore privacy.Date `json:"not_before,omitzero"`
}

// MonthDay is a day of every year. The zero value is none. 29 February means the
// last day of February.
type MonthDay struct {
	Month time.Month
	Day   int
}

// ParseMonthDay reads "MM-DD". The error matches privacy.ErrInvalid.
func ParseMonthDay(text string) (MonthDay, error) {
	parsed, err := time.Parse("2006-01-02", "2000-"+text)
	if err != nil || len(text) != len("01-02") {
		return MonthDay{}, fmt.Errorf("retention: a day of the year is written MM-DD and exists: %w", privacy.ErrInvalid)
	}
	return MonthDay{Month: parsed.Month(), Day: parsed.Day()}, nil
}

// IsZero reports whether m is none.
func (m MonthDay) IsZero() bool { return m == MonthDay{} }

// Valid reports whether m exists in a leap year.
func (m MonthDay) Valid() bool {
	return m.Day >= 1 && m.Day <= privacy.DaysIn(leapYear, m.Month)
}

// String returns "MM-DD", "" for none.
func (m MonthDay) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d-%02d", int(m.Month), m.Day)
}

// MarshalText returns the text of String. It never fails.
func (m MonthDay) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText parses as ParseMonthDay does and leaves m unchanged on error.
func (m *MonthDay) UnmarshalText(text []byte) error {
	parsed, err := ParseMonthDay(string(text))
	if err == nil {
		*m = parsed
	}
	return err
}

const leapYear = 2000

// lastDate is the last day of the calendar, where arithmetic on dates stops.
var lastDate = privacy.MustDate("9999-12-31")

// in returns the day in a year, lastDate beyond the calendar.
func (m MonthDay) in(year int) privacy.Date {
	date, err := privacy.NewDate(year, m.Month, min(m.Day, privacy.DaysIn(year, m.Month)))
	if err != nil {
		return lastDate
	}
	return date
}

// onOrAfter returns the first such day that is not before date.
func (m MonthDay) onOrAfter(date privacy.Date) privacy.Date {
	if day := m.in(date.Year()); !day.Before(date) {
		return day
	}
	return m.in(date.Year() + 1)
}

// Date returns the anchor for an event on the given day: the day from which the
// period counts. It is monotone: a later event never gives an earlier anchor.
// The zero Date gives the zero Date.
func (a Anchor) Date(event privacy.Date) privacy.Date {
	if event.IsZero() {
		return event
	}
	return a.date(event)
}

func (a *Anchor) date(event privacy.Date) privacy.Date {
	if event.Before(a.NotBefore) {
		event = a.NotBefore
	}
	switch a.Start {
	case StartEvent:
	case StartEndOfMonth:
		event = event.EndOfMonth()
	case StartEndOfCalendarYear:
		event = event.EndOfYear()
	case StartEndOfFiscalYear:
		event = a.FiscalYearEnd.onOrAfter(event)
	default:
		return privacy.Date{}
	}
	if !a.ThenNext.IsZero() {
		event = a.ThenNext.onOrAfter(event)
	}
	return event
}

func (a *Anchor) same(b *Anchor) bool {
	return a.Start == b.Start && slices.Equal(a.Events, b.Events) && a.FiscalYearEnd == b.FiscalYearEnd &&
		a.ThenNext == b.ThenNext && a.NotBefore == b.NotBefore
}

func (a *Anchor) check(path string, problems *privacy.Problems) {
	if !a.Start.Valid() {
		problems.Add(path+".start", "required", "say how the period starts, for example \"event\"")
	}
	if len(a.Events) == 0 {
		problems.Add(path+".events", "required", "name the event that the period counts from")
	}
	for i, event := range a.Events {
		if err := privacy.CheckID("event", event); err != nil {
			problems.Add(fmt.Sprintf("%s.events[%d]", path, i), "identifier", "%v", err)
		}
	}
	switch fiscal := a.Start == StartEndOfFiscalYear; {
	case fiscal && a.FiscalYearEnd.IsZero():
		problems.Add(path+".fiscal_year_end", "required", "a fiscal year needs its last day, as MM-DD")
	case !fiscal && !a.FiscalYearEnd.IsZero():
		problems.Add(path+".fiscal_year_end", "unused", "only end_of_fiscal_year has a fiscal year")
	case fiscal && !a.FiscalYearEnd.Valid():
		problems.Add(path+".fiscal_year_end", "no_such_day", "no year has that day")
	}
	if !a.ThenNext.IsZero() && !a.ThenNext.Valid() {
		problems.Add(path+".then_next", "no_such_day", "no year has that day")
	}
}
