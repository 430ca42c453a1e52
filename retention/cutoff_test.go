package retention_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func anchorsOfEveryKind() []retention.Anchor {
	events := []string{"event"}
	return []retention.Anchor{
		{Start: retention.StartEvent, Events: events},
		{Start: retention.StartEndOfMonth, Events: events},
		{Start: retention.StartEndOfCalendarYear, Events: events},
		{Start: retention.StartEndOfFiscalYear, Events: events, FiscalYearEnd: retention.MonthDay{Month: 2, Day: 29}},
		{Start: retention.StartEndOfFiscalYear, Events: events, FiscalYearEnd: retention.MonthDay{Month: 4, Day: 5},
			ThenNext: retention.MonthDay{Month: 1, Day: 31}},
		{Start: retention.StartEndOfFiscalYear, Events: events, FiscalYearEnd: retention.MonthDay{Month: 12, Day: 31},
			ThenNext: retention.MonthDay{Month: 12, Day: 31}},
		{Start: retention.StartEvent, Events: events, NotBefore: privacy.MustDate("1999-05-13")},
	}
}

var everyPeriod = []string{"P1D", "P90D", "P1M", "P2M", "P6M", "P1Y6M", "P1Y", "P8Y", "P10Y", "P1Y1M1W1D", "P3W"}

// The days run through 200 years; every one is an event, and the day asked about
// is drawn from around its end, where the answer turns.
func TestCutoffsInvertPeriodsOverTwoCenturies(t *testing.T) {
	zones := []*time.Location{time.UTC, location(t, "Europe/Berlin"), location(t, "America/Sao_Paulo"), location(t, "Pacific/Apia"), location(t, "Pacific/Kiritimati")}
	random := rand.New(rand.NewPCG(5, 17))
	first := privacy.MustDate("1900-01-01")
	for a, anchor := range anchorsOfEveryKind() {
		for _, text := range everyPeriod {
			rule := maximum("r", text)
			rule.Anchor = anchor
			schedule := compile(t, rule)
			for day := random.IntN(4); day < 200*365; day += 1 + random.IntN(20) {
				event := first.AddDays(day)
				zone := zones[random.IntN(len(zones))]
				end := anchor.Date(event).Add(rule.Period)
				today := end.AddDays(random.IntN(5) - 2)
				at := time.Date(today.Year(), today.Month(), today.Day(), 23, 30, 0, 0, zone)
				record := retention.Record{Zone: zone, Events: []retention.Event{{Name: "event", On: event}}}
				due := schedule.Evaluate(&record, nil, at).Eligible()
				cutoff := schedule.Cutoffs(at, zone)[0]
				// Apia skipped 30 December 2011, so that there is no such minute.
				asked := privacy.DateOf(at, zone)
				if want := end.Before(asked); due != want ||
					want == cutoff.Anchor.Before(anchor.Date(event)) || want == cutoff.Event.Before(event) {
					t.Fatalf("anchor %d, %s, event %s, on %s in %s: cutoffs %s and %s, elapsed is %v, due %v",
						a, text, event, asked, zone, cutoff.Anchor, cutoff.Event, want, due)
				}
			}
		}
	}
}

// With versions, a period has elapsed if and only if one of the cutoffs says so.
func TestCutoffsCoverEveryVersion(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	periods := []string{"P6Y", "P8Y", "P10Y"}
	for trial := range 400 {
		old, amended := maximum("r", periods[random.IntN(3)]), maximum("r", periods[random.IntN(3)])
		anchor := anchorsOfEveryKind()[random.IntN(4)]
		old.Anchor, amended.Anchor = anchor, anchor
		amended.Version, amended.EffectiveFrom = 2, privacy.MustDate("2025-01-01").AddDays(random.IntN(400))
		amended.ReachesRunning = trial%2 == 0
		schedule := compile(t, old, amended)
		for range 200 {
			event := privacy.MustDate("2005-01-01").AddDays(random.IntN(25 * 365))
			today := privacy.MustDate("2020-01-01").AddDays(random.IntN(20 * 365))
			record := retention.Record{Zone: time.UTC, Events: []retention.Event{{Name: "event", On: event}}}
			at := today.Start(time.UTC)
			elapsed := false
			for _, c := range schedule.Cutoffs(at, time.UTC) {
				byEvent := !event.Before(c.EventFrom) && !c.Event.Before(event)
				day := anchor.Date(event)
				equal(t, byEvent, !day.Before(c.AnchorFrom) && !c.Anchor.Before(day), "by anchor")
				elapsed = elapsed || byEvent
			}
			if schedule.Evaluate(&record, nil, at).Eligible() != elapsed {
				t.Fatalf("%s then %s from %s (reaches running: %v), event %s, on %s: elapsed is %v",
					old.Period, amended.Period, amended.EffectiveFrom, amended.ReachesRunning, event, today, elapsed)
			}
		}
	}
}

func TestAnchorDateIsMonotone(t *testing.T) {
	for _, anchor := range anchorsOfEveryKind() {
		before := privacy.Date{}
		for day := privacy.MustDate("1995-01-01"); day.Before(privacy.MustDate("2009-01-01")); day = day.AddDays(1) {
			date := anchor.Date(day)
			isTrue(t, !date.Before(before) && !date.Before(day), anchor, " on ", day)
			before = date
		}
	}
	isTrue(t, anchorsOfEveryKind()[0].Date(privacy.Date{}).IsZero())
}

func TestMonthDay(t *testing.T) {
	for _, bad := range []string{"", "02-30", "2-3", "13-01", "00-10", "04-31", "2-29x", "2026-01-01"} {
		_, err := retention.ParseMonthDay(bad)
		errorIs(t, err, privacy.ErrInvalid, bad)
	}
	day, err := retention.ParseMonthDay("02-29")
	noError(t, err)
	equal(t, "02-29", day.String())
	isTrue(t, day.Valid())
	isTrue(t, !retention.MonthDay{Month: 2, Day: 30}.Valid())
}
