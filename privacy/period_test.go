package privacy

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"regexp"
	"testing"
)

var illegalPeriods = []Period{
	{Years: -1}, {Months: -1}, {Weeks: -1}, {Days: -1},
	{Years: maxPart + 1}, {Months: maxPart + 1}, {Weeks: maxPart + 1}, {Days: maxPart + 1},
	{Years: math.MaxInt}, {Days: math.MinInt}, {Years: 1, Days: -1},
}

func TestParsePeriod(t *testing.T) {
	for _, tt := range []struct {
		text   string
		want   Period
		normal string
	}{
		{"P1Y6M", Period{Years: 1, Months: 6}, "P1Y6M"},
		{"P45D", Period{Days: 45}, "P45D"},
		{"P2W", Period{Weeks: 2}, "P2W"},
		{"P1Y2M3W4D", Period{1, 2, 3, 4}, "P1Y2M3W4D"},
		{"P12M", Period{Months: 12}, "P12M"},
		{"P0D", Period{}, "P0D"},
		{"P0Y", Period{}, "P0D"},
		{"P0Y6M", Period{Months: 6}, "P6M"},
		{"P9999Y9999M9999W9999D", Period{9999, 9999, 9999, 9999}, "P9999Y9999M9999W9999D"},
	} {
		p, err := ParsePeriod(tt.text)
		wantNoError(t, err, "%q", tt.text)
		wantEqual(t, tt.want, p)
		wantEqual(t, tt.normal, p.String())
		wantNoError(t, p.Check())
	}
}

func TestParsePeriodIsStrict(t *testing.T) {
	for _, text := range []string{
		"", "P", "PT", "P1", "1Y", "Y", "PY", "P1Y6", "P6M1Y", "P1D1W", "P1Y1Y", "-P1Y", "P-1Y", "+P1Y", "P+1Y",
		"P1.5Y", "P1,5Y", "P1YT1H", "PT1H", "P1DT", "p1y", "P1y", " P1Y", "P1Y ", "P 1Y", "P01Y", "P00D", "P10000D",
		"P99999999999999999999D", "P1Y2026-03-01", "P0001-06-00", "P1X", "P１Y", "P1Y\x00",
	} {
		p, err := ParsePeriod(text)
		wantErrorIs(t, err, ErrInvalid, "%q", text)
		wantTrue(t, p.IsZero(), "%q", text)
	}
}

func TestMustPeriodPanicsOnTextThatIsNoPeriod(t *testing.T) {
	wantPanic(t, func() { MustPeriod("P") })
}

func TestIllegalPeriodsAreRejectedEverywhere(t *testing.T) {
	for _, p := range illegalPeriods {
		wantErrorIs(t, p.Check(), ErrInvalid, "%+v", p)
		_, err := p.MarshalText()
		wantErrorIs(t, err, ErrInvalid, "%+v", p)
		_, err = p.Times(1)
		wantErrorIs(t, err, ErrInvalid, "%+v", p)
		wantTrue(t, p.Cutoff(MustDate("2026-03-01")).IsZero(), "%+v", p)
	}
}

func TestPeriodText(t *testing.T) {
	in := map[string]Period{"keep": MustPeriod("P6Y"), "none": {}}
	data, err := json.Marshal(in)
	wantNoError(t, err)
	wantEqual(t, `{"keep":"P6Y","none":"P0D"}`, string(data))
	var out map[string]Period
	wantNoError(t, json.Unmarshal(data, &out))
	wantEqual(t, in, out)

	p := MustPeriod("P6Y")
	wantErrorIs(t, p.UnmarshalText(nil), ErrInvalid)
	wantEqual(t, MustPeriod("P6Y"), p, "a failed decoding changed the period")
	wantTrue(t, (json.Unmarshal([]byte(`6`), &p)) != nil)
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		period string
		n      int
		want   string
	}{
		{"P1M", 2, "P2M"},
		{"P1Y2M3W4D", 3, "P3Y6M9W12D"},
		{"P45D", 0, "P0D"},
		{"P45D", 1, "P45D"},
		{"P1D", 9999, "P9999D"},
		{"P1D", 10000, ""},
		{"P5000D", 2, ""},
		{"P1D", -1, ""},
		{"P1D", math.MaxInt, ""},
		{"P4D", math.MaxInt/2 + 1, ""},
		{"P0D", math.MaxInt, "P0D"},
		{"P0D", -1, ""},
	} {
		p, err := MustPeriod(tt.period).Times(tt.n)
		if tt.want == "" {
			wantErrorIs(t, err, ErrInvalid, "%d times %s", tt.n, tt.period)
			wantTrue(t, p.IsZero())
			continue
		}
		wantNoError(t, err)
		wantEqual(t, tt.want, p.String())
	}
}

func TestTimesIsNotRepeatedAddition(t *testing.T) {
	d, month := MustDate("2026-01-31"), MustPeriod("P1M")
	twice, err := month.Times(2)
	wantNoError(t, err)
	wantEqual(t, "2026-03-31", d.Add(twice).String())
	wantEqual(t, "2026-03-28", d.Add(month).Add(month).String())
}

func TestCutoff(t *testing.T) {
	for _, tt := range []struct{ period, at, want string }{
		{"P1M", "2026-02-27", "2026-01-27"},
		{"P1M", "2026-02-28", "2026-01-31"},
		{"P1M", "2026-03-01", "2026-02-01"},
		{"P1M", "2026-03-28", "2026-02-28"},
		{"P1M", "2026-03-30", "2026-02-28"},
		{"P1Y", "2029-02-28", "2028-02-29"},
		{"P1Y", "2028-02-28", "2027-02-28"},
		{"P1Y", "2028-02-29", "2027-02-28"},
		{"P8Y", "2025-12-31", "2017-12-31"},
		{"P90D", "2026-03-31", "2025-12-31"},
		{"P1M1D", "2026-03-01", "2026-01-31"},
		{"P0D", "2026-03-01", "2026-03-01"},
		{"P9999Y", "9999-12-31", "9999-12-31"},
		{"P9999Y", "9999-12-30", ""},
		{"P1Y", "0001-12-31", ""},
		{"P1Y", "0002-01-01", "0001-01-01"},
		{"P1D", "0001-01-01", ""},
		{"P1D", "0001-01-02", "0001-01-01"},
	} {
		got := MustPeriod(tt.period).Cutoff(MustDate(tt.at))
		wantEqual(t, tt.want, got.String(), "%s at %s", tt.period, tt.at)
	}
	wantTrue(t, MustPeriod("P1D").Cutoff(Date{}).IsZero())
}

// checkCutoff compares Cutoff with a scan: for every day from the end of the
// first anchor on, the latest anchor that ends by that day.
func checkCutoff(t *testing.T, p Period, first, last Date) {
	t.Helper()
	latest := first.AddDays(-1)
	if first.day == 1 {
		latest = Date{}
	}
	for at := first.Add(p); !at.After(last); at.day++ {
		for next := (Date{latest.day + 1}); !next.Add(p).After(at) && next.day <= maxDay; next.day++ {
			latest = next
		}
		if got := p.Cutoff(at); got != latest {
			t.Fatalf("%s at %s: cutoff %q, want %q", p, at, got, latest)
		}
	}
}

func TestCutoffIsTheLatestAnchorThatEndsInTime(t *testing.T) {
	for _, text := range []string{"P0D", "P90D", "P1M", "P2M", "P1Y", "P1Y6M", "P1M1W30D"} {
		checkCutoff(t, MustPeriod(text), MustDate("1900-01-01"), MustDate("2100-12-31"))
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		p := Period{random.IntN(3), random.IntN(24), random.IntN(6), random.IntN(70)}
		checkCutoff(t, p, Date{1}, Date{3000})
		checkCutoff(t, p, MustDate("1996-01-01"), MustDate("2005-01-01"))
		checkCutoff(t, p, MustDate("9990-01-01"), MustDate("9999-12-30"))
		wantEqual(t, Date{maxDay}, p.Cutoff(Date{maxDay}))
	}
}

func TestCutoffBeforeTheFirstEndIsNoDate(t *testing.T) {
	for _, text := range []string{"P1D", "P1M", "P1Y", "P1Y1M1D"} {
		p := MustPeriod(text)
		for at, firstEnd := (Date{1}), (Date{1}).Add(p); at.Before(firstEnd); at.day++ {
			wantTrue(t, p.Cutoff(at).IsZero(), "%s at %s", p, at)
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, seed := range []string{"P1Y6M", "P45D", "P0D", "P1Y2M3W4D", "P", "PT1H", "P01Y", "P10000Y", "P1Y1Y"} {
		f.Add(seed)
	}
	number := `(0|[1-9][0-9]{0,3})`
	form := regexp.MustCompile(`^P(` + number + `Y)?(` + number + `M)?(` + number + `W)?(` + number + `D)?$`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePeriod(text)
		if accepted := text != "P" && form.MatchString(text); accepted != (err == nil) {
			t.Fatalf("%q: error %v, the grammar says %v", text, err, accepted)
		}
		if err != nil {
			return
		}
		if again, err := ParsePeriod(p.String()); err != nil || again != p {
			t.Fatalf("%q became %v by way of %q: %v", text, again, p.String(), err)
		}
		at := MustDate("2026-02-28")
		if anchor := p.Cutoff(at); !anchor.IsZero() && (anchor.Add(p).After(at) || !anchor.AddDays(1).Add(p).After(at)) {
			t.Fatalf("%s: cutoff %s", p, anchor)
		}
	})
}
