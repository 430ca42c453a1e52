package privacy

import (
	"fmt"
	"strconv"
)

// maxPart is the greatest number of years, months, weeks or days in a Period.
const maxPart = 9999

// Period is a span of calendar time as laws state it: years, months, weeks and
// days, each 0 to 9999, never hours and never converted into one another. A
// month has no fixed number of days; it gets one only when Date.Add applies it
// to a date. The zero Period is no time at all.
//
// Two periods are the same under == only if all four parts are: 12 months and
// one year end on the same day, yet are different statements.
type Period struct {
	// Years, Months, Weeks and Days are each 0 to 9999; see Check.
	Years, Months, Weeks, Days int
}

// ParsePeriod parses an ISO 8601 duration of whole years, months, weeks and
// days, in this order, such as "P1Y6M", "P45D" or "P2W". At least one part is
// required; weeks may stand beside other parts. Signs, fractions, a time part,
// leading zeros, lower case and numbers above 9999 are refused with an error
// that matches ErrInvalid.
func ParsePeriod(text string) (Period, error) { return parsePeriod(text) }

// MustPeriod is ParsePeriod for tables and tests.
// It panics if text is not a period.
func MustPeriod(text string) Period {
	p, err := ParsePeriod(text)
	if err != nil {
		panic(err)
	}
	return p
}

var (
	errPeriodForm = fmt.Errorf("a period has the form P1Y2M3W4D with at least one part: %w", ErrInvalid)
	errPeriodPart = fmt.Errorf("the parts of a period are 0 to %d: %w", maxPart, ErrInvalid)
)

func parsePeriod[T string | []byte](text T) (Period, error) {
	if len(text) < len("P0D") || text[0] != 'P' {
		return Period{}, errPeriodForm
	}
	var p Period
	parts := [...]*int{&p.Years, &p.Months, &p.Weeks, &p.Days}
	const units = "YMWD"
	next := 0
	for i := 1; i < len(text); {
		n, width, err := parsePart(text[i:])
		if err != nil {
			return Period{}, err
		}
		i += width
		if i == len(text) {
			return Period{}, errPeriodForm
		}
		for next < len(units) && units[next] != text[i] {
			next++
		}
		if next == len(units) {
			return Period{}, errPeriodForm
		}
		*parts[next] = n
		next++
		i++
	}
	return p, nil
}

// parsePart reads the digits at the start of text.
func parsePart[T string | []byte](text T) (n, width int, err error) {
	for width < len(text) && text[width] >= '0' && text[width] <= '9' {
		n = n*10 + int(text[width]-'0')
		if n > maxPart {
			return 0, 0, errPeriodPart
		}
		width++
	}
	if width == 0 || (width > 1 && text[0] == '0') {
		return 0, 0, errPeriodForm
	}
	return n, width, nil
}

// IsZero reports whether p is no time at all.
func (p Period) IsZero() bool { return p == Period{} }

// Check returns an error that matches ErrInvalid if a part of p is negative or
// above 9999. Parsed periods always pass.
func (p Period) Check() error {
	if !p.legal() {
		return errPeriodPart
	}
	return nil
}

func (p Period) legal() bool {
	// The conversion makes a negative part a huge one.
	return uint(p.Years) <= maxPart && uint(p.Months) <= maxPart &&
		uint(p.Weeks) <= maxPart && uint(p.Days) <= maxPart
}

// months returns years and months as one number of months.
func (p Period) months() int { return p.Years*12 + p.Months }

// days returns weeks and days as one number of days.
func (p Period) days() int { return p.Weeks*7 + p.Days }

// Times returns the period n times as long, part by part: two times "P1M" is
// "P2M". The error matches ErrInvalid if n is negative or a part leaves the
// range 0 to 9999.
func (p Period) Times(n int) (Period, error) {
	// With n and the parts at most maxPart, no product overflows.
	if !p.legal() || n < 0 {
		return Period{}, errPeriodPart
	}
	if p.IsZero() {
		return p, nil
	}
	if n > maxPart {
		return Period{}, errPeriodPart
	}
	product := Period{p.Years * n, p.Months * n, p.Weeks * n, p.Days * n}
	if !product.legal() {
		return Period{}, errPeriodPart
	}
	return product, nil
}

// Cutoff returns the latest date d for which d.Add(p) is at or before at. It
// inverts Add for searches by index: p, counted from an anchor date, has ended
// by the day at if and only if the anchor date is at or before the cutoff.
// That holds for the clamping at the end of months too: with one month, both 30
// and 31 January end on 28 February 2026, whose cutoff is 31 January.
//
// The cutoff is the zero Date, before which no date lies, if there is none in
// the years 1 to 9999, if at is the zero Date, or if Check rejects p.
func (p Period) Cutoff(at Date) Date {
	if at.IsZero() || !p.legal() {
		return Date{}
	}
	if at.day == maxDay {
		// Add stops here, so that every date qualifies.
		return at
	}
	days := p.days()
	if days >= int(at.day) {
		return Date{}
	}
	at = at.AddDays(-days)
	months := p.months()
	if months == 0 {
		return at
	}
	year, month, day := at.civil()
	anchorIndex := monthIndex(year, month) - months
	if anchorIndex < monthIndex(minYear, 1) {
		return Date{}
	}
	anchorYear, anchorMonth := monthAt(anchorIndex)
	last := DaysIn(anchorYear, anchorMonth)
	if day == DaysIn(year, month) {
		// Every day of the anchor month ends by the last day of this one.
		return civil(anchorYear, anchorMonth, last)
	}
	return civil(anchorYear, anchorMonth, min(day, last))
}

// String returns p in ISO 8601 form without its zero parts, such as "P1Y6M",
// the zero Period as "P0D". It is the normal form: ParsePeriod of it returns p,
// provided that Check accepts p.
func (p Period) String() string {
	var buf [len("P9999Y9999M9999W9999D")]byte
	return string(p.append(buf[:0]))
}

// AppendText appends p to dst in the form of String. The error is that of Check.
func (p Period) AppendText(dst []byte) ([]byte, error) {
	if err := p.Check(); err != nil {
		return dst, err
	}
	return p.append(dst), nil
}

// MarshalText returns p in the form of String. The error is that of Check.
func (p Period) MarshalText() ([]byte, error) { return p.AppendText(nil) }

// UnmarshalText sets p as ParsePeriod does.
func (p *Period) UnmarshalText(text []byte) error {
	parsed, err := parsePeriod(text)
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}

func (p Period) append(dst []byte) []byte {
	if p.IsZero() {
		return append(dst, "P0D"...)
	}
	part := func(n int, unit byte) {
		if n != 0 {
			dst = append(strconv.AppendInt(dst, int64(n), 10), unit)
		}
	}
	dst = append(dst, 'P')
	part(p.Years, 'Y')
	part(p.Months, 'M')
	part(p.Weeks, 'W')
	part(p.Days, 'D')
	return dst
}
