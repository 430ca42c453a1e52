package privacy

import (
	"cmp"
	"fmt"
	"time"
)

// The first and last year a Date can lie in.
const (
	minYear = 1
	maxYear = 9999
)

// maxDay is the day number of 9999-12-31.
const maxDay = 3652059

// Date is a civil date of the proleptic Gregorian calendar in the years 1 to
// 9999, without a time of day and without a zone: the unit in which the law
// counts. Dates are comparable with == and usable as map keys.
//
// The zero Date is "no date". It sorts before every date, arithmetic on it
// yields it again, and its text form is empty.
//
// Arithmetic that would leave the years 1 to 9999 stops at the first or last
// of their days, so that a period that is too long to express never ends early.
type Date struct {
	// day counts from 1 at 0001-01-01, so that comparing and subtracting dates
	// are single instructions and 0 is left for "no date".
	day int32
}

// NewDate returns the date of the given year (1 to 9999), month and day of the
// month. A day that the month does not have is an error, never carried into the
// next month. The error matches ErrInvalid and does not quote the date, which
// may be a date of birth.
func NewDate(year int, month time.Month, day int) (Date, error) {
	if year < minYear || year > maxYear || month < time.January || month > time.December ||
		day < 1 || day > DaysIn(year, month) {
		return Date{}, errNoSuchDate
	}
	return civil(year, month, day), nil
}

// ParseDate parses the calendar date form of ISO 8601, "2026-03-01", and
// nothing else. The error matches ErrInvalid and does not quote the text, which
// may be a date of birth.
func ParseDate(text string) (Date, error) { return parseDate(text) }

// MustDate is ParseDate for tables and tests.
// It panics if text is not a date.
func MustDate(text string) Date {
	d, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// DateOf returns the date on which t falls in zone. It is the zero Date if t is
// the zero time or outside the years 1 to 9999, or if zone is nil: without a
// zone no instant has a date, and UTC is not assumed.
func DateOf(t time.Time, zone *time.Location) Date {
	if zone == nil || t.IsZero() {
		return Date{}
	}
	_, offset := t.In(zone).Zone()
	seconds := t.Unix() + int64(offset) - secondsAtFirstDay
	if seconds < 0 || seconds >= maxDay*secondsPerDay {
		return Date{}
	}
	return Date{int32(seconds/secondsPerDay) + 1}
}

const (
	secondsPerDay = 24 * 60 * 60
	// secondsAtFirstDay is the Unix time of 0001-01-01T00:00:00Z.
	secondsAtFirstDay = -62135596800
)

var (
	errNoSuchDate = fmt.Errorf("no such date in the years 1 to 9999: %w", ErrInvalid)
	errDateForm   = fmt.Errorf("a date has the form YYYY-MM-DD: %w", ErrInvalid)
)

func parseDate[T string | []byte](text T) (Date, error) {
	if len(text) != len("YYYY-MM-DD") || text[4] != '-' || text[7] != '-' {
		return Date{}, errDateForm
	}
	number := func(from, to int) (n int) {
		for _, c := range []byte(text[from:to]) {
			if c < '0' || c > '9' {
				return -1
			}
			n = n*10 + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	if year < 0 || month < 0 || day < 0 {
		return Date{}, errDateForm
	}
	return NewDate(year, time.Month(month), day)
}

// IsZero reports whether d is "no date".
func (d Date) IsZero() bool { return d.day == 0 }

// Year returns the year of d, 1 to 9999, or 0 of the zero Date.
func (d Date) Year() int {
	year, _, _ := d.civil()
	return year
}

// Month returns the month of d, or 0 of the zero Date.
func (d Date) Month() time.Month {
	_, month, _ := d.civil()
	return month
}

// Day returns the day of the month of d, 1 to 31, or 0 of the zero Date.
func (d Date) Day() int {
	_, _, day := d.civil()
	return day
}

// Weekday returns the day of the week of d, or -1, which is no day of the week,
// of the zero Date.
func (d Date) Weekday() time.Weekday {
	if d.IsZero() {
		return -1
	}
	// 0001-01-01 was a Monday.
	return time.Weekday(d.day % 7)
}

// Compare returns -1 if d is before other, 0 if they are the same and +1 if d
// is after other. The zero Date is before every date.
func (d Date) Compare(other Date) int { return cmp.Compare(d.day, other.day) }

// Before reports whether d is before other. The zero Date is before every date.
func (d Date) Before(other Date) bool { return d.day < other.day }

// After reports whether d is after other. The zero Date is after none.
func (d Date) After(other Date) bool { return d.day > other.day }

// DaysSince returns the number of days from earlier to d: 1 from one day to the
// next, negative if earlier is in fact later, 0 if either is the zero Date.
func (d Date) DaysSince(earlier Date) int {
	if d.IsZero() || earlier.IsZero() {
		return 0
	}
	return int(d.day - earlier.day)
}

// AddDays returns the date n days after d, or before it if n is negative,
// stopping at 0001-01-01 and 9999-12-31.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	// n is bounded before the sum, which could otherwise overflow.
	n = min(max(n, -maxDay), maxDay)
	return Date{int32(min(max(int(d.day)+n, 1), maxDay))}
}

// Add returns the date that lies p after d. Years and months are added first,
// as one number of months; if the month reached has no such day, the last day
// of that month is taken (31 January and one month: 28 or 29 February; compare
// Art. 3(2)(c) of Regulation (EEC, Euratom) No 1182/71). Then weeks and days
// are added. The result stops at 9999-12-31.
//
// Adding is not associative: one month twice is not two months (31 January, 28
// February, 28 March). Multiply the period with Period.Times instead.
//
// A period that Period.Check rejects yields the zero Date.
func (d Date) Add(p Period) Date {
	if d.IsZero() || !p.legal() {
		return Date{}
	}
	if months := p.months(); months != 0 {
		d = d.addMonths(months)
	}
	return d.AddDays(p.days())
}

// addMonths adds n >= 0 months to a date that is not zero.
func (d Date) addMonths(n int) Date {
	year, month, day := d.civil()
	year, month = monthAt(monthIndex(year, month) + n)
	if year > maxYear {
		return Date{maxDay}
	}
	return civil(year, month, min(day, DaysIn(year, month)))
}

// EndOfMonth returns the last day of the month of d.
func (d Date) EndOfMonth() Date {
	if d.IsZero() {
		return d
	}
	year, month, _ := d.civil()
	return civil(year, month, DaysIn(year, month))
}

// EndOfYear returns 31 December of the year of d.
func (d Date) EndOfYear() Date {
	if d.IsZero() {
		return d
	}
	return civil(d.Year(), time.December, 31)
}

// Start returns the first instant of d in zone, with zone as its location.
// Where clocks skip midnight that is the instant at which they do so (01:00 on
// 2018-11-04 in America/Sao_Paulo), where midnight comes twice it is the first.
// If the zone skipped the entire day (2011-12-30 in Pacific/Apia), the day that
// followed starts instead. The last instant of a day is therefore before
// d.AddDays(1).Start(zone).
//
// Start of the zero Date, or with a nil zone, is the zero time.
func (d Date) Start(zone *time.Location) time.Time {
	if d.IsZero() || zone == nil {
		return time.Time{}
	}
	midnight := int64(d.day-1)*secondsPerDay + secondsAtFirstDay
	// Offsets are below a day, so that d has nowhere begun a day before
	// midnight UTC. From there the first interval of constant offset that
	// reaches midnight, or begins past it, holds the start of d.
	at := time.Unix(midnight-secondsPerDay, 0).In(zone)
	for {
		_, offset := at.Zone()
		begin, end := at.ZoneBounds()
		start := time.Unix(midnight-int64(offset), 0).In(zone)
		if !begin.IsZero() && start.Before(begin) {
			start = begin
		}
		// ZoneBounds gives an end that lies before the instant on 31 December of
		// leap years that only a zone's rule covers: no change is due then.
		if end.IsZero() || start.Before(end) || !end.After(at) {
			return start
		}
		at = end
	}
}

// String returns d in the form "2026-03-01", the zero Date as "".
func (d Date) String() string {
	var buf [len("YYYY-MM-DD")]byte
	return string(d.append(buf[:0]))
}

// AppendText appends d to dst in the form of String. It never fails.
func (d Date) AppendText(dst []byte) ([]byte, error) { return d.append(dst), nil }

// MarshalText returns d in the form of String. It never fails.
func (d Date) MarshalText() ([]byte, error) { return d.append(nil), nil }

// UnmarshalText sets d as ParseDate does; empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := parseDate(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Date) append(dst []byte) []byte {
	if d.IsZero() {
		return dst
	}
	year, month, day := d.civil()
	digit := func(n int) byte { return byte('0' + n%10) }
	return append(dst,
		digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(int(month)/10), digit(int(month)), '-',
		digit(day/10), digit(day))
}

// DaysIn returns the number of days of a month, 28 to 31, or 0 if month is not
// January to December.
func DaysIn(year int, month time.Month) int {
	switch month {
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case time.April, time.June, time.September, time.November:
		return 30
	case time.January, time.March, time.May, time.July, time.August, time.October, time.December:
		return 31
	default:
		return 0
	}
}

// monthIndex numbers the months from 0 at January of year 0.
func monthIndex(year int, month time.Month) int { return year*12 + int(month) - 1 }

// monthAt is the inverse of monthIndex for an index that is not negative.
func monthAt(index int) (year int, month time.Month) {
	return index / 12, time.Month(index%12 + 1)
}

// Both conversions count years from 1 March, so that the leap day comes last
// and the lengths of the months follow the line (153*m + 2) / 5.
const (
	daysPer400Years = 146097
	daysPer100Years = 36524
	daysPer4Years   = 1461
	// daysToFirstDay is the number of days from 0000-03-01 to 0001-01-01.
	daysToFirstDay = 306
)

// civil returns the date of a day that exists.
func civil(year int, month time.Month, day int) Date {
	y, m := int32(year), int32(month)-3
	if m < 0 {
		y, m = y-1, m+12
	}
	return Date{365*y + y/4 - y/100 + y/400 + (153*m+2)/5 + int32(day) - daysToFirstDay}
}

// civil returns the parts of d, all 0 for the zero Date.
func (d Date) civil() (year int, month time.Month, day int) {
	if d.IsZero() {
		return 0, 0, 0
	}
	n := uint32(d.day) + daysToFirstDay - 1
	cycle := n / daysPer400Years
	n %= daysPer400Years
	y := (n - n/(daysPer4Years-1) + n/daysPer100Years - n/(daysPer400Years-1)) / 365
	n -= 365*y + y/4 - y/100
	m := (5*n + 2) / 153
	day = int(n - (153*m+2)/5 + 1)
	year = int(400*cycle + y)
	if m >= 10 {
		return year + 1, time.Month(m - 9), day
	}
	return year, time.Month(m + 3), day
}
