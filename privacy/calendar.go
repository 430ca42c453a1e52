package privacy

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErrOutOfCoverage reports a question about a day for which a Calendar has no
// data. Nothing is guessed: supply a table that reaches further. It matches
// ErrInvalid.
var ErrOutOfCoverage = fmt.Errorf("outside the coverage of the calendar: %w", ErrInvalid)

// Calendar tells working days from weekends and public holidays over a stated
// span of dates. Which calendar applies is a question of law: for the Union's
// periods the holidays of the Member State in which the action is to be taken
// count (Art. 2(1) of Regulation (EEC, Euratom) No 1182/71), not those of the
// place where the data subject lives.
//
// A Calendar is immutable and safe for concurrent use. A nil *Calendar covers
// no day at all, so that a forgotten calendar fails with ErrOutOfCoverage
// instead of passing for one without holidays; a host that wants no holidays
// says so with WeekdaysOnly.
type Calendar struct {
	name          string
	citation      string
	from, through Date
	weekend       [7]bool
	holidays      map[Date]string
}

// NewCalendar compiles a table. Everything that is wrong with it is reported
// together as Problems, whose paths are those of the JSON form (see
// ParseCalendar); the codes are "required", "range", "weekday", "duplicate" and
// "out_of_coverage".
func NewCalendar(table CalendarTable) (*Calendar, error) {
	var problems Problems
	table.check(&problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return compileCalendar(table), nil
}

// WeekdaysOnly returns the calendar named "WEEKDAYS-ONLY", in which Saturdays
// and Sundays are the only days that are not working days, in all the years 1
// to 9999. A deadline that it moves to the next working day is never later than
// one moved by a calendar that has the same weekend and holidays besides.
func WeekdaysOnly() *Calendar {
	return compileCalendar(CalendarTable{
		Name:     "WEEKDAYS-ONLY",
		Citation: "Saturdays and Sundays, by decision of the host",
		Weekend:  []time.Weekday{time.Saturday, time.Sunday},
		From:     Date{1},
		Through:  Date{maxDay},
		Holidays: []Holiday{},
	})
}

// compileCalendar expects a table without problems.
func compileCalendar(table CalendarTable) *Calendar {
	c := &Calendar{
		name:     table.Name,
		citation: table.Citation,
		from:     table.From,
		through:  table.Through,
		holidays: make(map[Date]string, len(table.Holidays)),
	}
	for _, day := range table.Weekend {
		c.weekend[day] = true
	}
	for _, holiday := range table.Holidays {
		c.holidays[holiday.Date] = holiday.Name
	}
	return c
}

// Name returns the name of the calendar, "" if c is nil.
func (c *Calendar) Name() string {
	if c == nil {
		return ""
	}
	return c.name
}

// Covers reports whether c has data for d. A nil calendar has none, and no
// calendar has any for the zero Date.
func (c *Calendar) Covers(d Date) bool {
	return c != nil && !d.IsZero() && !d.Before(c.from) && !d.After(c.through)
}

// Table returns the data of the calendar, its weekend and holidays in order of
// time. The caller may change it. It is the zero CalendarTable if c is nil.
func (c *Calendar) Table() CalendarTable {
	if c == nil {
		return CalendarTable{}
	}
	table := CalendarTable{
		Name:     c.name,
		Citation: c.citation,
		Weekend:  make([]time.Weekday, 0, len(c.weekend)),
		From:     c.from,
		Through:  c.through,
		Holidays: make([]Holiday, 0, len(c.holidays)),
	}
	for day, off := range c.weekend {
		if off {
			table.Weekend = append(table.Weekend, time.Weekday(day))
		}
	}
	for _, date := range slices.SortedFunc(maps.Keys(c.holidays), Date.Compare) {
		table.Holidays = append(table.Holidays, Holiday{Date: date, Name: c.holidays[date]})
	}
	return table
}

// IsWorkingDay reports whether d is neither on the weekend nor a holiday. The
// error matches ErrOutOfCoverage if c does not cover d.
func (c *Calendar) IsWorkingDay(d Date) (bool, error) {
	if !c.Covers(d) {
		return false, c.outOfCoverage()
	}
	return c.working(d), nil
}

// NextWorkingDay returns d if it is a working day, otherwise the first working
// day after it. This is how a period that ends on a day off is prolonged (Art.
// 3(4) of Regulation (EEC, Euratom) No 1182/71). The error matches
// ErrOutOfCoverage if c does not cover d or no working day follows it within
// the coverage.
func (c *Calendar) NextWorkingDay(d Date) (Date, error) {
	for ; c.Covers(d); d.day++ {
		if c.working(d) {
			return d, nil
		}
	}
	return Date{}, c.outOfCoverage()
}

// AddWorkingDays returns the nth working day after d, which itself does not
// count and need not be a working day; 0 returns d, and a negative n counts
// backwards. The error matches ErrOutOfCoverage if the count leaves the
// coverage.
func (c *Calendar) AddWorkingDays(d Date, n int) (Date, error) {
	if !c.Covers(d) {
		return Date{}, c.outOfCoverage()
	}
	step := int32(1)
	if n < 0 {
		step = -1
	}
	for n != 0 {
		d.day += step
		if !c.Covers(d) {
			return Date{}, c.outOfCoverage()
		}
		if c.working(d) {
			n -= int(step)
		}
	}
	return d, nil
}

func (c *Calendar) working(d Date) bool {
	if c.weekend[d.Weekday()] {
		return false
	}
	_, holiday := c.holidays[d]
	return !holiday
}

func (c *Calendar) outOfCoverage() error {
	if c == nil {
		return fmt.Errorf("no calendar: %w", ErrOutOfCoverage)
	}
	return fmt.Errorf("calendar %q from %s through %s: %w", c.name, c.from, c.through, ErrOutOfCoverage)
}
