package privacy_test

import (
	"errors"
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/labelop/privacykit/privacy"
)

// A request that arrives late on New Year's Eve in UTC is one of the new year
// where the controller is.
func ExampleDateOf() {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		fmt.Println(err)
		return
	}
	received := time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC)
	fmt.Println(privacy.DateOf(received, helsinki))
	// Output: 2027-01-01
}

// A month ends on the same date of the next month or, if there is none, on its
// last day.
func ExampleDate_Add() {
	month := privacy.MustPeriod("P1M")
	fmt.Println(privacy.MustDate("2026-01-15").Add(month))
	fmt.Println(privacy.MustDate("2026-01-31").Add(month))
	fmt.Println(privacy.MustDate("2028-01-31").Add(month))
	// Output:
	// 2026-02-15
	// 2026-02-28
	// 2028-02-29
}

// The end of a day is the start of the next, exclusively. In São Paulo the
// clocks skipped midnight in 2018.
func ExampleDate_Start() {
	zone, err := time.LoadLocation("America/Sao_Paulo")
	if err != nil {
		fmt.Println(err)
		return
	}
	due := privacy.MustDate("2018-11-03")
	fmt.Println(due.AddDays(1).Start(zone).Format(time.RFC3339))
	// Output: 2018-11-04T01:00:00-02:00
}

func ExampleParsePeriod() {
	keep, err := privacy.ParsePeriod("P1Y6M")
	fmt.Println(keep.Years, keep.Months, err)
	_, err = privacy.ParsePeriod("PT24H")
	fmt.Println(errors.Is(err, privacy.ErrInvalid))
	// Output:
	// 1 6 <nil>
	// true
}

// An extension by two further months prolongs the first month to three; it does
// not start again from where the first month ended.
func ExamplePeriod_Times() {
	quarter, err := privacy.MustPeriod("P1M").Times(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	received := privacy.MustDate("2026-01-31")
	fmt.Println(received.Add(quarter))
	// Output: 2026-04-30
}

// Records that are kept for six years from an event, and whose six years had
// ended by 28 February 2026, are those with an event up to the cutoff: a date
// that a database can compare with an index.
func ExamplePeriod_Cutoff() {
	keep := privacy.MustPeriod("P6Y")
	fmt.Println(keep.Cutoff(privacy.MustDate("2026-02-28")))
	fmt.Println(privacy.MustDate("2020-02-29").Add(keep))
	// Output:
	// 2020-02-29
	// 2026-02-28
}

// A period of the Union that ends on Good Friday ends on the Tuesday after
// Easter instead.
func ExampleCalendar_NextWorkingDay() {
	germany, err := privacy.NewCalendar(privacy.CalendarTable{
		Name:     "DE",
		Citation: "national holidays as published in the Official Journal",
		Weekend:  []time.Weekday{time.Saturday, time.Sunday},
		From:     privacy.MustDate("2026-01-01"),
		Through:  privacy.MustDate("2026-06-30"),
		Holidays: []privacy.Holiday{
			{Date: privacy.MustDate("2026-04-03"), Name: "Karfreitag"},
			{Date: privacy.MustDate("2026-04-06"), Name: "Ostermontag"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	received := privacy.MustDate("2026-03-03")
	fmt.Println(germany.NextWorkingDay(received.Add(privacy.MustPeriod("P1M"))))
	_, err = germany.NextWorkingDay(received.Add(privacy.MustPeriod("P6M")))
	fmt.Println(err)
	// Output:
	// 2026-04-07 <nil>
	// calendar "DE" from 2026-01-01 through 2026-06-30: outside the coverage of the calendar: invalid
}

// A table that a lawyer maintains is checked in one go.
func ExampleParseCalendar() {
	_, err := privacy.ParseCalendar([]byte(`{
		"name": "DE",
		"weekend": ["Saturday", "Sunday"],
		"from": "2026-01-01",
		"through": "2026-12-31",
		"holidays": [{"date": "2026-02-30"}, {"date": "2027-01-01"}]
	}`))
	fmt.Println(err)
	// Output:
	// 2 problems
	// 	holidays[0].date: "2026-02-30" is no date of the form YYYY-MM-DD (date)
	// 	holidays[1].date: 2027-01-01 lies outside the coverage from 2026-01-01 through 2026-12-31 (out_of_coverage)
}
