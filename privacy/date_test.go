package privacy

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func loadZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	wantNoError(t, err)
	return zone
}

func TestNewDateAcceptsExactlyTheDaysThatExist(t *testing.T) {
	for _, tt := range []struct {
		name  string
		year  int
		month time.Month
		day   int
		want  string
	}{
		{"first day", 1, 1, 1, "0001-01-01"},
		{"last day", 9999, 12, 31, "9999-12-31"},
		{"leap day", 2028, 2, 29, "2028-02-29"},
		{"leap day of a century divisible by 400", 2000, 2, 29, "2000-02-29"},
		{"no leap day in other centuries", 1900, 2, 29, ""},
		{"no leap day in other years", 2026, 2, 29, ""},
		{"30 February", 2028, 2, 30, ""},
		{"31 April", 2026, 4, 31, ""},
		{"day 0", 2026, 1, 0, ""},
		{"negative day", 2026, 1, -1, ""},
		{"month 0", 2026, 0, 1, ""},
		{"month 13", 2026, 13, 1, ""},
		{"negative month", 2026, -1, 1, ""},
		{"year 0", 0, 12, 31, ""},
		{"year 10000", 10000, 1, 1, ""},
		{"negative year", -1, 1, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := NewDate(tt.year, tt.month, tt.day)
			if tt.want == "" {
				wantErrorIs(t, err, ErrInvalid)
			} else {
				wantNoError(t, err)
			}
			wantEqual(t, tt.want, d.String())
		})
	}
}

func TestDateAgreesWithTimeOnEveryDay(t *testing.T) {
	for _, years := range []struct{ first, last int }{{1, 401}, {1599, 2401}, {9599, 9999}} {
		at := time.Date(years.first, 1, 1, 12, 0, 0, 0, time.UTC)
		n := int32((at.Unix()-secondsAtFirstDay)/secondsPerDay) + 1
		previous := Date{n - 1}
		for ; at.Year() <= years.last; at = at.Add(24 * time.Hour) {
			year, month, day := at.Date()
			d, err := NewDate(year, month, day)
			if err != nil || d.day != n {
				t.Fatalf("%v: day number %d, want %d, error %v", at, d.day, n, err)
			}
			if y, m, dd := d.civil(); y != year || m != month || dd != day {
				t.Fatalf("%v: got %d-%d-%d back", at, y, m, dd)
			}
			if d.Weekday() != at.Weekday() || !d.After(previous) || !previous.Before(d) {
				t.Fatalf("%v: %v, not after the day before", at, d.Weekday())
			}
			previous = d
			n++
		}
	}
	wantEqual(t, int32(maxDay), MustDate("9999-12-31").day)
}

func TestDaysInEveryMonth(t *testing.T) {
	for year := 1; year <= 2400; year++ {
		for month := time.January; month <= time.December; month++ {
			if want := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day(); DaysIn(year, month) != want {
				t.Fatalf("%d-%d has %d days, want %d", year, month, DaysIn(year, month), want)
			}
		}
	}
	wantTrue(t, DaysIn(2026, 0) == 0)
	wantTrue(t, DaysIn(2026, 13) == 0)
}

func TestParseDateIsStrict(t *testing.T) {
	for _, text := range []string{"0001-01-01", "1970-01-01", "2028-02-29", "9999-12-31"} {
		d, err := ParseDate(text)
		wantNoError(t, err)
		wantEqual(t, text, d.String())
	}
	for _, text := range []string{
		"", " ", "2026", "2026-03", "2026-3-1", "26-03-01", "20260301", "2026/03/01", "2026-03-01 ", " 2026-03-01",
		"2026-03-01T00:00:00Z", "2026-02-29", "2026-00-01", "2026-01-00", "2026-01-32", "2026-13-01", "0000-01-01",
		"-001-01-01", "+026-03-01", "2026-+3-01", "2026-03--1", "10000-01-01", "２026-03", "2026-03-0x", "2026-W09-7",
	} {
		d, err := ParseDate(text)
		wantErrorIs(t, err, ErrInvalid, "%q", text)
		wantTrue(t, d.IsZero(), "%q", text)
	}
}

func TestDateErrorsDoNotQuoteTheDate(t *testing.T) {
	_, err := ParseDate("1987-13-24")
	wantTrue(t, (err) != nil)
	wantTrue(t, !strings.Contains(err.Error(), "1987"), "%v", err)
	_, err = NewDate(1987, 2, 30)
	wantTrue(t, (err) != nil)
	wantTrue(t, !strings.Contains(err.Error(), "1987"), "%v", err)
	var d Date
	err = json.Unmarshal([]byte(`"1987-13-24"`), &d)
	wantErrorIs(t, err, ErrInvalid)
	wantTrue(t, !strings.Contains(err.Error(), "1987"), "%v", err)
}

func TestMustDatePanicsOnTextThatIsNoDate(t *testing.T) {
	wantPanic(t, func() { MustDate("2026-02-29") })
}

func TestZeroDateIsNoDate(t *testing.T) {
	var none Date
	some := MustDate("2026-03-01")
	wantTrue(t, none.IsZero())
	wantTrue(t, !some.IsZero())
	wantTrue(t, none.Year() == 0)
	wantTrue(t, none.Month() == 0)
	wantTrue(t, none.Day() == 0)
	wantEqual(t, time.Weekday(-1), none.Weekday())
	wantTrue(t, none.Before(MustDate("0001-01-01")))
	wantTrue(t, !none.After(none))
	wantTrue(t, some.DaysSince(none) == 0)
	wantTrue(t, none.DaysSince(some) == 0)
	wantTrue(t, none.AddDays(1).IsZero())
	wantTrue(t, none.Add(MustPeriod("P1Y")).IsZero())
	wantTrue(t, none.EndOfMonth().IsZero())
	wantTrue(t, none.EndOfYear().IsZero())
	wantTrue(t, none.Start(time.UTC).IsZero())
	wantEqual(t, "", none.String())
}

func TestDateCompare(t *testing.T) {
	early, late := MustDate("2026-02-28"), MustDate("2026-03-01")
	wantEqual(t, -1, early.Compare(late))
	wantEqual(t, 0, early.Compare(early))
	wantEqual(t, +1, late.Compare(early))
	wantTrue(t, early.Before(late))
	wantTrue(t, !early.Before(early))
	wantTrue(t, late.After(early))
	wantTrue(t, !late.After(late))
	wantEqual(t, 1, late.DaysSince(early))
	wantEqual(t, -1, early.DaysSince(late))
	wantEqual(t, 366, MustDate("2029-01-01").DaysSince(MustDate("2028-01-01")))
	wantEqual(t, maxDay-1, Date{maxDay}.DaysSince(Date{1}))
}

func TestAddDays(t *testing.T) {
	d := MustDate("2026-03-01")
	for _, tt := range []struct {
		name string
		days int
		want string
	}{
		{"none", 0, "2026-03-01"},
		{"forward over a year", 365, "2027-03-01"},
		{"back over a month", -1, "2026-02-28"},
		{"stops at the last day", maxDay, "9999-12-31"},
		{"stops at the first day", -maxDay, "0001-01-01"},
		{"greatest int", math.MaxInt, "9999-12-31"},
		{"least int", math.MinInt, "0001-01-01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantEqual(t, tt.want, d.AddDays(tt.days).String())
		})
	}
}

func TestAddClampsToTheLastDayOfTheMonthOnce(t *testing.T) {
	for _, tt := range []struct{ date, period, want string }{
		{"2026-01-31", "P1M", "2026-02-28"},
		{"2028-01-31", "P1M", "2028-02-29"},
		{"2026-01-30", "P1M", "2026-02-28"},
		{"2026-01-28", "P1M", "2026-02-28"},
		{"2026-01-31", "P2M", "2026-03-31"},
		{"2026-02-28", "P1M", "2026-03-28"},
		{"2028-02-29", "P1Y", "2029-02-28"},
		{"2028-02-29", "P4Y", "2032-02-29"},
		{"2028-02-29", "P12M", "2029-02-28"},
		{"2026-08-31", "P1Y6M", "2028-02-29"}, // clamped in 2028, not by way of 2027-08-31
		{"2028-02-29", "P1Y1M", "2029-03-29"}, // not by way of 2029-02-28
		{"2026-01-31", "P1M1D", "2026-03-01"},
		{"2026-01-31", "P1M1W1D", "2026-03-08"},
		{"2026-12-31", "P2M", "2027-02-28"},
		{"2026-01-18", "P45D", "2026-03-04"},
		{"2028-01-18", "P45D", "2028-03-03"},
		{"2026-03-03", "P0D", "2026-03-03"},
		{"2026-03-03", "P2W", "2026-03-17"},
		{"1900-01-31", "P1M", "1900-02-28"},
		{"2000-01-31", "P1M", "2000-02-29"},
		{"9999-12-31", "P1D", "9999-12-31"},
		{"9999-12-01", "P1M", "9999-12-31"},
		{"9999-11-30", "P1M", "9999-12-30"},
		{"9999-11-30", "P1M5D", "9999-12-31"},
		{"0001-01-01", "P9999Y9999M9999W9999D", "9999-12-31"},
	} {
		wantEqual(t, tt.want, MustDate(tt.date).Add(MustPeriod(tt.period)).String(), "%s and %s", tt.date, tt.period)
	}
}

func TestAddOfAnIllegalPeriodIsNoDate(t *testing.T) {
	d := MustDate("2026-03-01")
	for _, p := range illegalPeriods {
		wantTrue(t, d.Add(p).IsZero(), "%+v", p)
	}
}

// addByTime is the rule in terms of package time: go to the first of the month
// reached, clamp, then add days.
func addByTime(d Date, p Period) Date {
	first := time.Date(d.Year()+p.Years, d.Month()+time.Month(p.Months), 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return DateOf(first.AddDate(0, 0, min(d.Day(), last)-1+7*p.Weeks+p.Days), time.UTC)
}

func checkAdd(t *testing.T, p Period, first, last Date) {
	t.Helper()
	previous := Date{}
	for d := first; !d.After(last); d = d.AddDays(1) {
		got := d.Add(p)
		if want := addByTime(d, p); got != want {
			t.Fatalf("%s and %s: %s, want %s", d, p, got, want)
		}
		if got.Before(previous) {
			t.Fatalf("%s and %s: %s, before the end of the day before", d, p, got)
		}
		previous = got
	}
}

func TestAddAgreesWithTime(t *testing.T) {
	for _, text := range []string{"P0D", "P1D", "P1M", "P1Y", "P1Y6M", "P13M2W3D"} {
		checkAdd(t, MustPeriod(text), MustDate("1900-01-01"), MustDate("2100-12-31"))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		p := Period{random.IntN(40), random.IntN(40), random.IntN(40), random.IntN(400)}
		checkAdd(t, p, MustDate("1999-01-01"), MustDate("2005-01-01"))
	}
}

func TestEndOfMonthAndYear(t *testing.T) {
	for _, tt := range []struct{ date, month, year string }{
		{"2026-01-01", "2026-01-31", "2026-12-31"},
		{"2026-02-28", "2026-02-28", "2026-12-31"},
		{"2028-02-01", "2028-02-29", "2028-12-31"},
		{"2026-12-31", "2026-12-31", "2026-12-31"},
		{"9999-12-31", "9999-12-31", "9999-12-31"},
	} {
		wantEqual(t, tt.month, MustDate(tt.date).EndOfMonth().String())
		wantEqual(t, tt.year, MustDate(tt.date).EndOfYear().String())
	}
}

func TestDateOfIsTheDayInTheStatedZone(t *testing.T) {
	for _, tt := range []struct{ instant, zone, want string }{
		{"2026-12-31T23:30:00Z", "Europe/Helsinki", "2027-01-01"},
		{"2026-12-31T23:30:00Z", "UTC", "2026-12-31"},
		{"2026-12-31T21:59:59Z", "Europe/Helsinki", "2026-12-31"},
		{"2026-12-31T22:00:00Z", "Europe/Helsinki", "2027-01-01"},
		{"2026-03-01T04:00:00+01:00", "America/New_York", "2026-02-28"},
		{"2026-03-01T04:00:00+01:00", "Pacific/Kiritimati", "2026-03-01"},
		{"1969-12-31T23:59:59.999999999Z", "UTC", "1969-12-31"},
		{"0001-01-01T00:00:00.000000001Z", "UTC", "0001-01-01"},
		{"0001-01-01T00:00:01Z", "America/New_York", ""},
		{"9999-12-31T23:59:59Z", "UTC", "9999-12-31"},
		{"9999-12-31T23:59:59Z", "Asia/Tokyo", ""},
		{"0001-01-01T00:00:00Z", "UTC", ""},
	} {
		at, err := time.Parse(time.RFC3339, tt.instant)
		wantNoError(t, err)
		wantEqual(t, tt.want, DateOf(at, loadZone(t, tt.zone)).String(), "%s in %s", tt.instant, tt.zone)
	}
}

func TestNilZoneYieldsNothing(t *testing.T) {
	wantTrue(t, DateOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), nil).IsZero())
	wantTrue(t, MustDate("2026-03-01").Start(nil).IsZero())
}

func TestStartIsTheFirstInstantOfTheDay(t *testing.T) {
	for _, tt := range []struct{ name, date, zone, want string }{
		{"winter", "2026-01-15", "Europe/Berlin", "2026-01-15T00:00:00+01:00"},
		{"summer", "2026-07-15", "Europe/Berlin", "2026-07-15T00:00:00+02:00"},
		{"day of change", "2026-03-29", "Europe/Berlin", "2026-03-29T00:00:00+01:00"},
		{"day after the change", "2026-03-30", "Europe/Berlin", "2026-03-30T00:00:00+02:00"},
		{"UTC", "2026-03-29", "UTC", "2026-03-29T00:00:00Z"},
		{"midnight skipped", "2018-11-04", "America/Sao_Paulo", "2018-11-04T01:00:00-02:00"},
		{"midnight skipped in Lebanon", "2022-03-27", "Asia/Beirut", "2022-03-27T01:00:00+03:00"},
		{"midnight skipped in Egypt", "2023-04-28", "Africa/Cairo", "2023-04-28T01:00:00+03:00"},
		{"midnight twice", "2020-11-01", "America/Havana", "2020-11-01T00:00:00-04:00"},
		{"midnight twice in the Azores", "2020-10-25", "Atlantic/Azores", "2020-10-25T00:00:00Z"},
		{"back to the day before, a minute in", "2010-11-07", "America/St_Johns", "2010-11-07T00:00:00-02:30"},
		{"the evening before comes twice", "2018-02-18", "America/Sao_Paulo", "2018-02-18T00:00:00-03:00"},
		{"whole day skipped", "2011-12-30", "Pacific/Apia", "2011-12-31T00:00:00+14:00"},
		{"day after the skipped day", "2011-12-31", "Pacific/Apia", "2011-12-31T00:00:00+14:00"},
		{"day before the skipped day", "2011-12-29", "Pacific/Apia", "2011-12-29T00:00:00-10:00"},
		{"whole day twice", "1892-07-04", "Pacific/Apia", "1892-07-04T00:00:00+12:33"},
		{"first day", "0001-01-01", "UTC", "0001-01-01T00:00:00Z"},
		{"last day", "9999-12-31", "America/New_York", "9999-12-31T00:00:00-05:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := MustDate(tt.date).Start(loadZone(t, tt.zone))
			wantEqual(t, tt.want, start.Format(time.RFC3339))
			wantEqual(t, tt.zone, start.Location().String())
		})
	}
}

func TestStartInFixedZones(t *testing.T) {
	for _, hours := range []int{-30, -12, 0, 14, 30} {
		zone := time.FixedZone("fixed", hours*3600)
		want := time.Date(2026, 3, 1, 0, 0, 0, 0, zone)
		wantTrue(t, want.Equal(MustDate("2026-03-01").Start(zone)), "%d hours", hours)
	}
}

var trickyZones = []string{
	"UTC", "Europe/Berlin", "Europe/London", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "America/Asuncion",
	"Asia/Beirut", "Asia/Tehran", "Asia/Gaza", "Africa/Cairo", "Africa/Casablanca", "Atlantic/Azores",
	"Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe", "Antarctica/Troll",
}

func TestNoEarlierInstantFallsOnTheDay(t *testing.T) {
	for _, name := range trickyZones {
		zone := loadZone(t, name)
		previous := time.Time{}
		for d := MustDate("1990-01-01"); d.Year() < 2038; d = d.AddDays(1) {
			start := d.Start(zone)
			if on := DateOf(start, zone); on.Before(d) || (on != d && !DateOf(start.Add(-1), zone).Before(d)) {
				t.Fatalf("%s in %s starts on %s", d, name, on)
			}
			if start.Before(previous) {
				t.Fatalf("%s in %s starts before the day before it", d, name)
			}
			for _, earlier := range []time.Duration{1, time.Minute, 31 * time.Minute, time.Hour, 2 * time.Hour, 12 * time.Hour, 25 * time.Hour} {
				if !DateOf(start.Add(-earlier), zone).Before(d) {
					t.Fatalf("%s in %s: %s before its start is on the day too", d, name, earlier)
				}
			}
			previous = start
		}
	}
}

func TestDateText(t *testing.T) {
	type document struct {
		Due  Date          `json:"due"`
		None Date          `json:"none,omitzero"`
		Days map[Date]bool `json:"days"`
	}
	in := document{Due: MustDate("2026-03-01"), Days: map[Date]bool{MustDate("2026-03-02"): true}}
	data, err := json.Marshal(in)
	wantNoError(t, err)
	wantEqual(t, `{"due":"2026-03-01","days":{"2026-03-02":true}}`, string(data))
	var out document
	wantNoError(t, json.Unmarshal(data, &out))
	wantEqual(t, in, out)

	out.Due = MustDate("2026-03-01")
	wantNoError(t, json.Unmarshal([]byte(`{"due":""}`), &out))
	wantTrue(t, out.Due.IsZero())
	out.Due = MustDate("2026-03-01")
	wantTrue(t, (json.Unmarshal([]byte(`{"due":"2026-3-1"}`), &out)) != nil)
	wantEqual(t, MustDate("2026-03-01"), out.Due, "a failed decoding changed the date")
	wantTrue(t, (json.Unmarshal([]byte(`{"due":20260301}`), &out)) != nil)

	text, err := MustDate("2026-03-01").AppendText([]byte("on "))
	wantNoError(t, err)
	wantEqual(t, "on 2026-03-01", string(text))
}

func TestDateArithmeticDoesNotAllocate(t *testing.T) {
	d, p, zone := MustDate("2026-01-31"), MustPeriod("P1Y1M1D"), loadZone(t, "Europe/Berlin")
	now := time.Now()
	wantEqual(t, 0.0, testing.AllocsPerRun(100, func() {
		d.Add(p).DaysSince(d)
		p.Cutoff(d).Compare(d)
		DateOf(now, zone).EndOfYear().Start(zone)
	}))
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-03-01", "2028-02-29", "2026-02-29", "0000-00-00", "", "2026-3-1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDate(text)
		byTime, timeErr := time.Parse(time.DateOnly, text)
		if accepted := timeErr == nil && byTime.Year() >= minYear; accepted != (err == nil) {
			t.Fatalf("error %v, package time says %v", err, timeErr)
		}
		if err == nil && d.String() != text {
			t.Fatalf("%q became %q", text, d)
		}
	})
}

func TestStartOfEveryDayThatOnlyAZoneRuleCovers(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Pacific/Auckland", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		last := MustDate("2049-01-02")
		for day := MustDate("2036-01-01"); day.Before(last); day = day.AddDays(1) {
			start := day.Start(zone)
			if got := DateOf(start, zone); got != day {
				t.Fatalf("%s: the start of %s lies on %s", name, day, got)
			}
			if got := DateOf(start.Add(-time.Second), zone); got != day.AddDays(-1) {
				t.Fatalf("%s: a second before the start of %s it is %s", name, day, got)
			}
		}
	}
}
