package privacy

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// german holds the days off of 2026 that matter below.
func german() CalendarTable {
	return CalendarTable{
		Name:     "DE",
		Citation: "Feiertagsgesetze der Länder",
		Weekend:  []time.Weekday{time.Sunday, time.Saturday},
		From:     MustDate("2026-01-01"),
		Through:  MustDate("2026-12-31"),
		Holidays: []Holiday{
			{MustDate("2026-05-01"), "Tag der Arbeit"},
			{MustDate("2026-01-01"), "Neujahr"},
			{MustDate("2026-04-03"), "Karfreitag"},
			{MustDate("2026-04-06"), "Ostermontag"},
			{MustDate("2026-05-14"), "Christi Himmelfahrt"},
			{MustDate("2026-05-25"), "Pfingstmontag"},
			{MustDate("2026-10-03"), "Tag der Deutschen Einheit"},
			{MustDate("2026-12-25"), "1. Weihnachtstag"},
			{MustDate("2026-12-26"), "2. Weihnachtstag"},
		},
	}
}

func mustCalendar(t testing.TB, table CalendarTable) *Calendar {
	t.Helper()
	c, err := NewCalendar(table)
	wantNoError(t, err)
	return c
}

func TestIsWorkingDay(t *testing.T) {
	c := mustCalendar(t, german())
	for _, tt := range []struct {
		name, date string
		want       bool
	}{
		{"Thursday", "2026-04-02", true},
		{"holiday", "2026-04-03", false},
		{"Saturday", "2026-04-04", false},
		{"Sunday", "2026-04-05", false},
		{"first covered day", "2026-01-01", false},
		{"last covered day", "2026-12-31", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.IsWorkingDay(MustDate(tt.date))
			wantNoError(t, err)
			wantEqual(t, tt.want, got)
		})
	}
}

func TestNextWorkingDay(t *testing.T) {
	c := mustCalendar(t, german())
	for _, tt := range []struct{ name, date, want string }{
		{"a working day stays", "2026-04-02", "2026-04-02"},
		{"over Easter", "2026-04-03", "2026-04-07"},
		{"over a weekend", "2026-03-07", "2026-03-09"},
		{"holiday on a Saturday", "2026-10-03", "2026-10-05"},
		{"over Christmas", "2026-12-25", "2026-12-28"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.NextWorkingDay(MustDate(tt.date))
			wantNoError(t, err)
			wantEqual(t, tt.want, got.String())
		})
	}
}

func TestAddWorkingDays(t *testing.T) {
	c := mustCalendar(t, german())
	for _, tt := range []struct {
		name, date string
		n          int
		want       string
	}{
		{"none from a working day", "2026-04-02", 0, "2026-04-02"},
		{"none from a day off", "2026-04-04", 0, "2026-04-04"},
		{"the day itself does not count", "2026-03-02", 1, "2026-03-03"},
		{"from a Saturday", "2026-03-07", 1, "2026-03-09"},
		{"over Easter", "2026-04-02", 1, "2026-04-07"},
		{"ten", "2026-03-02", 10, "2026-03-16"},
		{"back over Easter", "2026-04-07", -1, "2026-04-02"},
		{"back from a Sunday", "2026-04-05", -2, "2026-04-01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.AddWorkingDays(MustDate(tt.date), tt.n)
			wantNoError(t, err)
			wantEqual(t, tt.want, got.String())
		})
	}
}

func TestWorkingDaysAgreeWithCountingOneByOne(t *testing.T) {
	c := mustCalendar(t, german())
	working := func(d Date) bool {
		ok, err := c.IsWorkingDay(d)
		wantNoError(t, err)
		return ok
	}
	for d := MustDate("2026-02-01"); d.Before(MustDate("2026-11-01")); d = d.AddDays(1) {
		next := d
		for !working(next) {
			next = next.AddDays(1)
		}
		got, err := c.NextWorkingDay(d)
		wantNoError(t, err)
		wantEqual(t, next, got, "after %s", d)
		for _, n := range []int{-20, -3, -1, 1, 3, 20} {
			to, err := c.AddWorkingDays(d, n)
			wantNoError(t, err)
			first, last, want := d.AddDays(1), to, n
			if n < 0 {
				first, last, want = to, d.AddDays(-1), -n
			}
			count := 0
			for on := first; !on.After(last); on = on.AddDays(1) {
				if working(on) {
					count++
				}
			}
			wantEqual(t, want, count, "%d working days from %s to %s", n, d, to)
			wantTrue(t, working(to), "%d working days from %s end on a day off", n, d)
		}
	}
}

func TestNothingIsGuessedOutsideTheCoverage(t *testing.T) {
	table := german()
	table.Holidays = append(table.Holidays, Holiday{MustDate("2026-12-31"), "Silvester"})
	c := mustCalendar(t, table)
	for name, ask := range map[string]func() (Date, error){
		"day before":              func() (Date, error) { _, err := c.IsWorkingDay(MustDate("2025-12-31")); return Date{}, err },
		"day after":               func() (Date, error) { _, err := c.IsWorkingDay(MustDate("2027-01-01")); return Date{}, err },
		"zero date":               func() (Date, error) { _, err := c.IsWorkingDay(Date{}); return Date{}, err },
		"next from the day after": func() (Date, error) { return c.NextWorkingDay(MustDate("2027-01-01")) },
		"next runs off the end":   func() (Date, error) { return c.NextWorkingDay(MustDate("2026-12-31")) },
		"next of the zero date":   func() (Date, error) { return c.NextWorkingDay(Date{}) },
		"count begins outside":    func() (Date, error) { return c.AddWorkingDays(MustDate("2025-12-31"), 5) },
		"count of none outside":   func() (Date, error) { return c.AddWorkingDays(MustDate("2025-12-31"), 0) },
		"count runs off the end":  func() (Date, error) { return c.AddWorkingDays(MustDate("2026-12-30"), 1) },
		"count runs off the start": func() (Date, error) {
			return c.AddWorkingDays(MustDate("2026-01-02"), -1)
		},
		"greatest count": func() (Date, error) { return c.AddWorkingDays(MustDate("2026-01-02"), math.MaxInt) },
		"least count":    func() (Date, error) { return c.AddWorkingDays(MustDate("2026-01-02"), math.MinInt) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask()
			wantErrorIs(t, err, ErrOutOfCoverage)
			wantErrorIs(t, err, ErrInvalid)
			wantTrue(t, got.IsZero())
			wantTrue(t, strings.Contains(err.Error(), `"DE" from 2026-01-01 through 2026-12-31`), "%v", err)
		})
	}
}

func TestNilCalendarIsNotACalendarWithoutHolidays(t *testing.T) {
	day := MustDate("2026-03-02")
	for name, c := range map[string]*Calendar{"nil": nil, "zero": {}} {
		t.Run(name, func(t *testing.T) {
			for _, d := range []Date{day, {}} {
				wantTrue(t, !c.Covers(d))
				_, err := c.IsWorkingDay(d)
				wantErrorIs(t, err, ErrOutOfCoverage)
				_, err = c.NextWorkingDay(d)
				wantErrorIs(t, err, ErrOutOfCoverage)
				_, err = c.AddWorkingDays(d, 0)
				wantErrorIs(t, err, ErrOutOfCoverage)
			}
			wantEqual(t, "", c.Name())
		})
	}
	var none *Calendar
	wantEqual(t, CalendarTable{}, none.Table())
}

func TestWeekdaysOnlyCoversEveryDay(t *testing.T) {
	c := WeekdaysOnly()
	wantEqual(t, "WEEKDAYS-ONLY", c.Name())
	for _, d := range []Date{{1}, MustDate("2026-12-25"), {maxDay}} {
		got, err := c.IsWorkingDay(d)
		wantNoError(t, err)
		wantEqual(t, d.Weekday() != time.Saturday && d.Weekday() != time.Sunday, got, "%s", d)
	}
	_, err := NewCalendar(c.Table())
	wantNoError(t, err)
	_, err = c.AddWorkingDays(MustDate("9999-12-30"), 2)
	wantErrorIs(t, err, ErrOutOfCoverage)
}

func TestOtherWeekends(t *testing.T) {
	table := german()
	table.Weekend = []time.Weekday{time.Sunday}
	saturday, err := mustCalendar(t, table).IsWorkingDay(MustDate("2026-04-11"))
	wantNoError(t, err)
	wantTrue(t, saturday)
	table.Weekend = []time.Weekday{}
	sunday, err := mustCalendar(t, table).IsWorkingDay(MustDate("2026-04-12"))
	wantNoError(t, err)
	wantTrue(t, sunday)
}

func TestCalendarIsImmutable(t *testing.T) {
	table := german()
	c := mustCalendar(t, table)
	table.Weekend[0], table.Holidays[0].Date = time.Monday, MustDate("2026-03-03")
	copied := c.Table()
	copied.Weekend[0], copied.Holidays[0].Date = time.Tuesday, MustDate("2026-03-03")
	for _, text := range []string{"2026-03-02", "2026-03-03"} {
		working, err := c.IsWorkingDay(MustDate(text))
		wantNoError(t, err)
		wantTrue(t, working, "%s", text)
	}
}

// problemsOf returns the problems of err as "path code".
func problemsOf(t testing.TB, err error) []string {
	t.Helper()
	wantErrorIs(t, err, ErrInvalid)
	var problems Problems
	wantTrue(t, errors.As(err, &problems), "%T has no Problems", err)
	got := make([]string, len(problems))
	for i, problem := range problems {
		got[i] = problem.Path + " " + problem.Code
	}
	return got
}

func TestNewCalendarReportsAllProblemsTogether(t *testing.T) {
	_, err := NewCalendar(CalendarTable{})
	wantEqual(t, []string{
		"name required", "from required", "through required", "weekend required", "holidays required",
	}, problemsOf(t, err))

	_, err = NewCalendar(CalendarTable{
		Name:    "DE",
		Weekend: []time.Weekday{time.Saturday, time.Saturday, 7, -1},
		From:    MustDate("2026-01-01"),
		Through: MustDate("2026-12-31"),
		Holidays: []Holiday{
			{Date: MustDate("2026-01-01")}, {Date: MustDate("2025-12-31")}, {Date: MustDate("2026-01-01")}, {},
			{Date: MustDate("2027-01-01")},
		},
	})
	wantEqual(t, []string{
		"weekend[1] duplicate", "weekend[2] weekday", "weekend[3] weekday", "holidays[1].date out_of_coverage",
		"holidays[2].date duplicate", "holidays[3].date required", "holidays[4].date out_of_coverage",
	}, problemsOf(t, err))

	_, err = NewCalendar(CalendarTable{
		Name:     "never",
		Weekend:  []time.Weekday{0, 1, 2, 3, 4, 5, 6},
		From:     MustDate("2026-12-31"),
		Through:  MustDate("2026-01-01"),
		Holidays: []Holiday{},
	})
	wantEqual(t, []string{"through range", "weekend range"}, problemsOf(t, err))
}

func TestParseCalendarReportsAllProblemsTogether(t *testing.T) {
	_, err := ParseCalendar([]byte(`{
		"name": "DE", "weekend": ["Saturday", "sunday", "Saturday"], "from": "2026-1-1", "through": "2026-12-31",
		"holidays": [{"date": "2026-02-30"}, {"date": ""}, {"date": "2027-01-01"}, {}]
	}`))
	wantEqual(t, []string{
		"from date", "weekend[1] weekday", "holidays[0].date date", "weekend[2] duplicate", "holidays[1].date required",
		"holidays[2].date out_of_coverage", "holidays[3].date required",
	}, problemsOf(t, err))
}

func TestParseCalendarIsStrict(t *testing.T) {
	const good = `{"name":"X","weekend":[],"from":"2026-01-01","through":"2026-01-31","holidays":[{"date":"2026-01-01"}]}`
	_, err := ParseCalendar([]byte(good))
	wantNoError(t, err)
	for name, change := range map[string][2]string{
		"unknown member":            {`"name":"X"`, `"name":"X","zone":"UTC"`},
		"unknown member of holiday": {`{"date"`, `{"half":true,"date"`},
		"member twice":              {`"name":"X"`, `"name":"X","name":"Y"`},
		"text after it":             {`]}`, `]} {}`},
		"missing weekend":           {`"weekend":[],`, ``},
		"null weekend":              {`"weekend":[]`, `"weekend":null`},
		"number for a date":         {`"from":"2026-01-01"`, `"from":20260101`},
		"number for a weekday":      {`"weekend":[]`, `"weekend":[6]`},
		"cut off":                   {`]}`, `]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseCalendar([]byte(strings.Replace(good, change[0], change[1], 1)))
			wantErrorIs(t, err, ErrInvalid)
		})
	}
}

func TestCalendarTableJSON(t *testing.T) {
	c := mustCalendar(t, german())
	data, err := json.Marshal(c.Table())
	wantNoError(t, err)
	wantTrue(t, strings.Contains(string(data), `"weekend":["Sunday","Saturday"],"from":"2026-01-01"`), "%s", data)
	parsed, err := ParseCalendar(data)
	wantNoError(t, err)
	wantEqual(t, c, parsed)

	var table CalendarTable
	wantNoError(t, json.Unmarshal(data, &table))
	wantEqual(t, c.Table(), table)
	err = json.Unmarshal([]byte(`{"from":"x","through":"y"}`), &table)
	wantEqual(t, []string{"from date", "through date"}, problemsOf(t, err))
	wantErrorIs(t, json.Unmarshal([]byte(`{"zone":"UTC"}`), &table), ErrInvalid)
	wantEqual(t, c.Table(), table, "after a failed decoding")

	_, err = json.Marshal(CalendarTable{Weekend: []time.Weekday{7}})
	wantErrorIs(t, err, ErrInvalid)
	data, err = json.Marshal(CalendarTable{})
	wantNoError(t, err)
	wantEqual(t, `{"name":"","weekend":null,"from":"","through":"","holidays":null}`, string(data))
}

func FuzzParseCalendar(f *testing.F) {
	f.Add([]byte(`{"name":"X","weekend":["Sunday"],"from":"2026-01-01","through":"2026-01-31","holidays":[{"date":"2026-01-01"}]}`))
	f.Add([]byte(`{"name":"X","weekend":[],"from":"2026-01-31","through":"2026-01-01","holidays":[{"date":"2026-01-01","name":"a"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseCalendar(data)
		if err != nil {
			wantErrorIs(t, err, ErrInvalid)
			return
		}
		again, err := json.Marshal(c.Table())
		wantNoError(t, err)
		parsed, err := ParseCalendar(again)
		wantNoError(t, err)
		wantEqual(t, c, parsed)
		if next, err := c.NextWorkingDay(c.Table().From); err == nil {
			working, err := c.IsWorkingDay(next)
			wantTrue(t, working && err == nil)
		}
	})
}
