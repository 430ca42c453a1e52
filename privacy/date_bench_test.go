package privacy

import (
	"testing"
	"time"
)

// The results are stored so that the compiler cannot drop the work.
var (
	dateSink Date
	intSink  int
	timeSink time.Time
)

func BenchmarkDate(b *testing.B) {
	// Dates that differ from round to round, so that branches are not all foreseen.
	dates := make([]Date, 1024)
	for i := range dates {
		dates[i] = MustDate("2020-01-31").AddDays(i * 7)
	}
	months, days := MustPeriod("P1Y6M"), MustPeriod("P90D")
	zone := loadZone(b, "Europe/Berlin")
	at := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	run := func(name string, f func(d Date)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f(dates[i%len(dates)])
			}
		})
	}
	run("Compare", func(d Date) { intSink = d.Compare(dates[7]) })
	run("DaysSince", func(d Date) { intSink = d.DaysSince(dates[7]) })
	run("AddDays", func(d Date) { dateSink = d.AddDays(45) })
	run("AddPeriodOfDays", func(d Date) { dateSink = d.Add(days) })
	run("AddPeriodOfMonths", func(d Date) { dateSink = d.Add(months) })
	run("Cutoff", func(d Date) { dateSink = months.Cutoff(d) })
	run("EndOfYear", func(d Date) { dateSink = d.EndOfYear() })
	run("EndOfMonth", func(d Date) { dateSink = d.EndOfMonth() })
	run("DateOf", func(d Date) { dateSink = DateOf(at.AddDate(0, 0, d.Day()), zone) })
	run("Start", func(d Date) { timeSink = d.Start(zone) })
}

func BenchmarkDateText(b *testing.B) {
	d := MustDate("2026-03-01")
	buf := make([]byte, 0, 16)
	b.Run("AppendText", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.AppendText(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ParseDate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseDate("2026-03-01"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ParsePeriod", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParsePeriod("P1Y6M"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkNextWorkingDay(b *testing.B) {
	c := mustCalendar(b, german())
	easter := MustDate("2026-04-03")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.NextWorkingDay(easter); err != nil {
			b.Fatal(err)
		}
	}
}
