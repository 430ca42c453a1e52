package regime_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

var berlin = location("Europe/Berlin")

func location(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// on returns a query received at ten in the morning in Berlin.
func on(request regime.Request, day string) regime.Query {
	return regime.Query{
		Request: request, Received: privacy.MustDate(day).Start(berlin).Add(10 * time.Hour), Zone: berlin,
		Calendar: privacy.WeekdaysOnly(),
	}
}

func pause(blocker regime.Blocker, effect regime.Effect, from, to string) regime.Pause {
	p := regime.Pause{Blocker: blocker, Effect: effect, From: privacy.MustDate(from)}
	if to != "" {
		p.To = privacy.MustDate(to)
	}
	return p
}

func TestDeadline(t *testing.T) {
	type query = regime.Query
	suspended := func(q query, pauses ...regime.Pause) query { q.Pauses = pauses; return q }
	counted := func(counting regime.Counting, q query) query { q.Counting = counting; return q }
	extended := func(q query) query {
		q.Extension = &regime.ExtensionNotice{NoticeAt: at("2026-02-10T12:00:00+01:00"), Ground: "complexity", Reason: "x"}
		return q
	}
	for name, test := range map[string]struct {
		regime regime.ID
		query  query
		due    string
		state  regime.State
	}{
		"31 August ends on 30 September":             {"eu-gdpr", on("access", "2026-08-31"), "2026-09-30", regime.StateRunning},
		"5 March ends on 5 April, rolled":            {"eu-gdpr", on("access", "2026-03-05"), "2026-04-06", regime.StateRunning},
		"31 January ends on 29 February":             {"eu-gdpr", on("access", "2028-01-31"), "2028-02-29", regime.StateRunning},
		"a start on a Saturday does not move":        {"eu-gdpr", on("access", "2026-03-14"), "2026-04-14", regime.StateRunning},
		"30 days are not a month":                    {"ca-pipeda", on("access", "2026-01-30"), "2026-03-02", regime.StateRunning},
		"Art. 14 notice":                             {"eu-gdpr", on("notice_art14", "2026-03-02"), "2026-04-02", regime.StateRunning},
		"withdrawal has no number":                   {"eu-gdpr", on("withdraw_consent", "2026-03-02"), "", regime.StateRunning},
		"working days":                               {"us-ca-ccpa", on("limit_sensitive", "2026-03-02"), "2026-03-23", regime.StateRunning},
		"immediately is the same day":                {"br-lgpd", on("erasure", "2026-03-01"), "2026-03-01", regime.StateRunning},
		"shared days of two suspensions count once":  {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "suspend", "2026-03-03", "2026-03-13"), pause("clarification", "suspend", "2026-03-10", "2026-03-16")), "2026-04-15", regime.StateRunning},
		"a suspension within another adds nothing":   {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "suspend", "2026-03-03", "2026-03-13"), pause("clarification", "suspend", "2026-03-05", "2026-03-06")), "2026-04-13", regime.StateRunning},
		"asked after the period adds nothing":        {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "suspend", "2026-04-03", "2026-04-13")), "2026-04-02", regime.StateRunning},
		"effect looked up: identity suspends":        {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "", "2026-03-03", "2026-03-13")), "2026-04-13", regime.StateRunning},
		"effect looked up: identity restarts":        {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("identity", "", "2026-09-04", "2026-09-10")), "2026-10-12", regime.StateRunning},
		"effect looked up: California never pauses":  {"us-ca-ccpa", suspended(on("access", "2026-03-02"), pause("identity", "", "2026-03-03", "")), "2026-04-16", regime.StateRunning},
		"effect looked up: a condition is not met":   {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("clarification", "", "2026-09-04", "")), "2026-10-05", regime.StateRunning},
		"effect looked up: erasure is not clarified": {"uk-gdpr", suspended(on("erasure", "2026-09-03"), pause("clarification", "", "2026-09-04", "")), "2026-10-05", regime.StateRunning},
		"the latest of several restarts":             {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("fee", "", "2026-09-04", "2026-09-14"), pause("identity", "", "2026-09-04", "2026-09-10")), "2026-10-14", regime.StateRunning},
		"a restart before receipt changes nothing":   {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("identity", "restart", "2026-09-01", "2026-09-02")), "2026-10-05", regime.StateRunning},
		"a suspension before the start is not added": {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("identity", "restart", "2026-09-04", "2026-09-10"), pause("clarification", "suspend", "2026-09-04", "2026-09-08")), "2026-10-12", regime.StateRunning},
		"an open restart wins over a suspension":     {"uk-gdpr", suspended(on("access", "2026-09-03"), pause("identity", "restart", "2026-09-04", ""), pause("clarification", "suspend", "2026-09-04", "2026-09-08")), "", regime.StateNotStarted},
		"asked after the period, open":               {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "suspend", "2026-04-03", "")), "2026-04-02", regime.StateRunning},
		"asked on the day to which the end moved":    {"eu-gdpr", suspended(on("access", "2026-01-30"), pause("identity", "suspend", "2026-03-02", "2026-03-05")), "2026-03-05", regime.StateRunning},
		"that, counted inclusively":                  {"eu-gdpr", counted(regime.CountInclusive, suspended(on("access", "2026-01-30"), pause("identity", "suspend", "2026-03-02", "2026-03-05"))), "2026-03-06", regime.StateRunning},
		"asked on the day to which it moved, open":   {"eu-gdpr", suspended(on("access", "2026-01-30"), pause("identity", "suspend", "2026-03-02", "")), "", regime.StatePaused},
		"asked after the first month, extended":      {"eu-gdpr", extended(suspended(on("access", "2026-01-15"), pause("identity", "suspend", "2026-03-02", ""))), "", regime.StatePaused},
		"that, answered":                             {"eu-gdpr", extended(suspended(on("access", "2026-01-15"), pause("identity", "suspend", "2026-03-02", "2026-03-07"))), "2026-04-20", regime.StateRunning},
		"asked after the first month, not extended":  {"eu-gdpr", suspended(on("access", "2026-01-15"), pause("identity", "suspend", "2026-03-02", "")), "2026-02-16", regime.StateRunning},
		"an open suspension has no end":              {"eu-gdpr", suspended(on("access", "2026-03-02"), pause("identity", "suspend", "2026-03-03", "")), "", regime.StatePaused},
	} {
		t.Run(name, func(t *testing.T) {
			r := inForce(t, test.regime, "2026-11-23")
			d, err := r.Deadline(test.query)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "due", d.Due.String(), test.due)
			equal(t, "state", d.State, test.state)
			equal(t, "end", d.DueEnd, d.Due.AddDays(1).Start(berlin))
			if d.Due.IsZero() {
				equal(t, "end", d.DueEnd.IsZero(), true)
			}
		})
	}
}

func TestExtension(t *testing.T) {
	for name, test := range map[string]struct {
		regime regime.ID
		by     regime.Term
		notice string
		ground string
		reason string
		want   regime.ExtensionResult
		due    string
	}{
		"the most by default":       {"eu-gdpr", regime.Term{}, "2026-02-10T12:00:00+01:00", "complexity", "x", regime.ExtensionValid, "2026-04-15"},
		"less than the most":        {"eu-gdpr", months(1), "2026-02-10T12:00:00+01:00", "number", "x", regime.ExtensionValid, "2026-03-16"},
		"more than the most":        {"eu-gdpr", months(3), "2026-02-10T12:00:00+01:00", "complexity", "x", regime.ExtensionTooLong, "2026-02-16"},
		"days for months":           {"eu-gdpr", days(62), "2026-02-10T12:00:00+01:00", "complexity", "x", regime.ExtensionTooLong, "2026-02-16"},
		"less than nothing":         {"eu-gdpr", days(-5), "2026-02-10T12:00:00+01:00", "complexity", "x", regime.ExtensionTooLong, "2026-02-16"},
		"less than the period":      {"us-ca-ccpa", days(-5), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-03-01"},
		"more than a period holds":  {"nz-privacy", regime.Term{WorkingDays: -1}, "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-02-12"},
		"an overflow":               {"ch-fadp", days(9999), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-02-14"},
		"without reason":            {"eu-gdpr", months(2), "2026-02-10T12:00:00+01:00", "complexity", "", regime.ExtensionNoReason, "2026-02-16"},
		"without ground":            {"eu-gdpr", months(2), "2026-02-10T12:00:00+01:00", "", "x", regime.ExtensionNoGround, "2026-02-16"},
		"on the last evening":       {"eu-gdpr", months(2), "2026-02-16T23:59:59+01:00", "number", "x", regime.ExtensionValid, "2026-04-15"},
		"one second late":           {"eu-gdpr", months(2), "2026-02-17T00:00:00+01:00", "number", "x", regime.ExtensionTooLate, "2026-02-16"},
		"where there is none":       {"kr-pipa", days(10), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionNotProvided, "2026-01-26"},
		"another format in Canada":  {"ca-pipeda", days(75), "2026-01-20T12:00:00+01:00", "alternative_format", "x", regime.ExtensionValid, "2026-04-30"},
		"consultation in Canada":    {"ca-pipeda", days(31), "2026-01-20T12:00:00+01:00", "consultation", "x", regime.ExtensionTooLong, "2026-02-16"},
		"no ground in Canada":       {"ca-pipeda", days(31), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-02-16"},
		"format, no length":         {"ca-pipeda", regime.Term{}, "2026-01-20T12:00:00+01:00", "alternative_format", "x", regime.ExtensionValid, "2026-03-16"},
		"no maximum in New Zealand": {"nz-privacy", regime.Term{WorkingDays: 10}, "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionValid, "2026-02-26"},
		"no length, no maximum":     {"nz-privacy", regime.Term{}, "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-02-12"},
		"another unit":              {"nz-privacy", days(10), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-02-12"},
		"ninety days at most":       {"us-ca-ccpa", days(46), "2026-01-20T12:00:00+01:00", "", "x", regime.ExtensionTooLong, "2026-03-01"},
	} {
		t.Run(name, func(t *testing.T) {
			q := on("access", "2026-01-15")
			q.Extension = &regime.ExtensionNotice{By: test.by, NoticeAt: at(test.notice), Ground: test.ground, Reason: test.reason}
			d, err := inForce(t, test.regime, "2026-01-15").Deadline(q)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "result", d.Extension, test.want)
			equal(t, "due", d.Due.String(), test.due)
		})
	}
}

func months(n int) regime.Term { return regime.Term{Period: privacy.Period{Months: n}} }

func days(n int) regime.Term { return regime.Term{Period: privacy.Period{Days: n}} }

func TestDeadlineRefuses(t *testing.T) {
	short, err := privacy.NewCalendar(privacy.CalendarTable{
		Name: "SHORT", From: privacy.MustDate("2026-01-01"), Through: privacy.MustDate("2026-03-31"),
		Weekend: []time.Weekday{}, Holidays: []privacy.Holiday{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(q *regime.Query)
		want   error
	}{
		"no calendar":            {func(q *regime.Query) { q.Calendar = nil }, privacy.ErrOutOfCoverage},
		"calendar ends too soon": {func(q *regime.Query) { q.Calendar = short }, privacy.ErrOutOfCoverage},
		"no zone":                {func(q *regime.Query) { q.Zone = nil }, privacy.ErrInvalid},
		"no time of receipt":     {func(q *regime.Query) { q.Received = time.Time{} }, privacy.ErrInvalid},
		"not regulated":          {func(q *regime.Query) { q.Request = regime.RequestAppeal }, regime.ErrNotRegulated},
		"before the law":         {func(q *regime.Query) { q.Received = at("2018-05-24T12:00:00Z") }, regime.ErrNotInForce},
		"unknown roll-over":      {func(q *regime.Query) { q.Rollover = "maybe" }, privacy.ErrInvalid},
		"unknown counting":       {func(q *regime.Query) { q.Counting = "maybe" }, privacy.ErrInvalid},
		"unknown blocker":        {func(q *regime.Query) { q.Pauses = []regime.Pause{pause("mood", "", "2026-03-03", "")} }, privacy.ErrInvalid},
		"unknown effect":         {func(q *regime.Query) { q.Pauses = []regime.Pause{pause("identity", "maybe", "2026-03-03", "")} }, privacy.ErrInvalid},
		"answer before question": {func(q *regime.Query) { q.Pauses = []regime.Pause{pause("identity", "", "2026-03-03", "2026-03-02")} }, privacy.ErrInvalid},
		"pause without start":    {func(q *regime.Query) { q.Pauses = []regime.Pause{{Blocker: "identity"}} }, privacy.ErrInvalid},
		"fee without date":       {func(q *regime.Query) { q.Fee = &regime.Fee{} }, privacy.ErrInvalid},
		"notice without time":    {func(q *regime.Query) { q.Extension = &regime.ExtensionNotice{} }, privacy.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			q := on("access", "2026-03-02")
			test.change(&q)
			_, err := inForce(t, "eu-gdpr", "2026-03-02").Deadline(q)
			is(t, err, test.want)
		})
	}
	t.Run("acknowledgement without calendar", func(t *testing.T) {
		q := on("access", "2026-03-02")
		q.Calendar = nil
		_, err := inForce(t, "us-ca-ccpa", "2026-03-02").Deadline(q)
		is(t, err, privacy.ErrOutOfCoverage)
	})
	t.Run("no calendar where none is needed", func(t *testing.T) {
		q := on("access", "2026-03-02")
		q.Calendar = nil
		if _, err := inForce(t, "us-va-vcdpa", "2026-03-02").Deadline(q); err != nil {
			t.Error(err)
		}
	})
}

func TestRolloverIsTheHostsChoice(t *testing.T) {
	// Thirty days from 6 March 2026 end on Sunday 5 April, ten days from it on
	// Monday 16 March, from 5 March on Sunday 15 March.
	for _, test := range []struct {
		regime   regime.ID
		received string
		rollover regime.Rollover
		due      string
	}{
		{"ca-qc-law25", "2026-03-06", regime.RolloverDefault, "2026-04-05"},
		{"ca-qc-law25", "2026-03-06", regime.RolloverStatutory, "2026-04-06"},
		{"kr-pipa", "2026-03-05", regime.RolloverDefault, "2026-03-16"},
		{"kr-pipa", "2026-03-05", regime.RolloverNone, "2026-03-15"},
		{"eu-gdpr", "2026-03-05", regime.RolloverNone, "2026-04-06"},
	} {
		q := on("access", test.received)
		q.Rollover = test.rollover
		d, err := inForce(t, test.regime, "2026-03-06").Deadline(q)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, string(test.regime)+" "+string(test.rollover), d.Due.String(), test.due)
	}
}

func TestFeeReflection(t *testing.T) {
	r := inForce(t, "ch-fadp", "2026-03-02")
	for name, test := range map[string]struct {
		confirmed, asOf string
		state           regime.State
		due             string
	}{
		"confirmed on the last day":   {"2026-03-15", "", regime.StateRunning, "2026-04-14"},
		"confirmed too late":          {"2026-03-16", "", regime.StateWithdrawn, ""},
		"still time":                  {"", "2026-03-15T23:59:59+01:00", regime.StateNotStarted, ""},
		"silent":                      {"", "2026-03-16T00:00:00+01:00", regime.StateWithdrawn, ""},
		"silent, and no day is asked": {"", "", regime.StateNotStarted, ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := on("access", "2026-03-02")
			q.Fee = &regime.Fee{Notified: privacy.MustDate("2026-03-05")}
			if test.confirmed != "" {
				q.Fee.Confirmed = privacy.MustDate(test.confirmed)
			}
			if test.asOf != "" {
				q.AsOf = at(test.asOf)
			}
			d, err := r.Deadline(q)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "state", d.State, test.state)
			equal(t, "due", d.Due.String(), test.due)
			equal(t, "reflection", d.FeeReflectionEnds.String(), "2026-03-15")
		})
	}
}

func TestCircumstances(t *testing.T) {
	for name, test := range map[string]struct {
		regime regime.ID
		change func(q *regime.Query)
		due    string
		target string
	}{
		"complete":                {"br-lgpd", func(q *regime.Query) { q.Format = "complete" }, "2026-03-17", ""},
		"simplified":              {"br-lgpd", func(q *regime.Query) { q.Format = "simplified" }, "2026-03-02", ""},
		"small":                   {"br-lgpd", func(q *regime.Query) { q.ControllerSize = "small" }, "2026-04-01", ""},
		"small and simplified":    {"br-lgpd", func(q *regime.Query) { q.ControllerSize, q.Format = "small", "simplified" }, "2026-03-17", ""},
		"organisation":            {"au-privacy", func(q *regime.Query) { q.ControllerKind = "organisation" }, "", "2026-04-01"},
		"agency":                  {"au-privacy", func(q *regime.Query) { q.ControllerKind = "agency" }, "2026-04-01", ""},
		"unknown kind is strict":  {"au-privacy", func(*regime.Query) {}, "2026-04-01", ""},
		"Japan gives no number":   {"jp-appi", func(*regime.Query) {}, "", ""},
		"New Zealand working day": {"nz-privacy", func(*regime.Query) {}, "2026-03-30", ""},
	} {
		t.Run(name, func(t *testing.T) {
			q := on("access", "2026-03-02")
			test.change(&q)
			d, err := inForce(t, test.regime, "2026-03-02").Deadline(q)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "due", d.Due.String(), test.due)
			equal(t, "target", d.Target.String(), test.target)
		})
	}
}

func TestGrievanceInIndia(t *testing.T) {
	d, err := inForce(t, "in-dpdp", "2027-06-01").Deadline(on("grievance", "2027-06-01"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "due", d.Due.String(), "2027-08-30")
}

func TestComplaintToTheController(t *testing.T) {
	q := on("complaint", "2026-07-02")
	d, err := inForce(t, "uk-gdpr", "2026-07-02").Deadline(q)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "acknowledge, rolled off Saturday", d.Acknowledge.String(), "2026-08-03")
	_, err = inForce(t, "uk-gdpr", "2026-03-02").Deadline(on("complaint", "2026-03-02"))
	is(t, err, regime.ErrNotRegulated)
}

func TestStepsSpeak(t *testing.T) {
	q := on("access", "2026-03-02")
	q.Pauses = []regime.Pause{pause("identity", "suspend", "2026-03-03", "2026-03-13")}
	q.Extension = &regime.ExtensionNotice{NoticeAt: at("2026-03-20T10:00:00Z"), Ground: "complexity", Reason: "x"}
	d, err := inForce(t, "eu-gdpr", "2026-03-02").Deadline(q)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, step := range d.Steps {
		lines = append(lines, step.String())
	}
	text := strings.Join(lines, "\n")
	for _, part := range []string{"10 suspended days are added (difference)", "extended: P3M in all", "due by the end of 2026-06-12"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	for _, rule := range []regime.StepRule{
		regime.StepReceived, regime.StepAcknowledge, regime.StepReflection, regime.StepRestart, regime.StepNotStarted,
		regime.StepPeriod, regime.StepExtended, regime.StepSuspended, regime.StepRolled, regime.StepPaused,
		regime.StepStandard, regime.StepTarget, regime.StepSuit, regime.StepRefusalNotice, regime.StepExtensionNotice,
		regime.StepExtensionVoid, regime.StepWithdrawn, regime.StepDue,
	} {
		if text := (regime.Step{Rule: rule}).String(); text == string(rule) {
			t.Errorf("%s has no words", rule)
		}
	}
	equal(t, "unknown step", regime.Step{Rule: "other"}.String(), "other")
}

// Properties that hold for every regime and any pauses.
func TestDeadlineProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	book := presets(t)
	for range 3000 {
		id := book.IDs()[random.IntN(len(book.IDs()))]
		versions := book.Versions(id)
		r := versions[len(versions)-1]
		clock := r.Clocks[random.IntN(len(r.Clocks))]
		received := r.EffectiveFrom.AddDays(random.IntN(1000))
		q := regime.Query{
			Request:  clock.Requests[random.IntN(len(clock.Requests))],
			Received: received.Start(berlin).Add(time.Duration(random.IntN(23)) * time.Hour), Zone: berlin,
			Calendar: privacy.WeekdaysOnly(), Pauses: randomPauses(random, received),
		}
		plain := mustDeadline(t, r, q)
		if plain.Due.IsZero() {
			continue
		}
		if plain.Due.Before(plain.Start) || plain.Start.Before(received) {
			t.Fatalf("%s %s: due %s, start %s, received %s", r.Version(), q.Request, plain.Due, plain.Start, received)
		}
		later := q
		later.Received = q.Received.Add(24 * time.Hour)
		if d := mustDeadline(t, r, later); d.Due.Before(plain.Due) {
			t.Fatalf("%s %s: received later, due earlier", r.Version(), q.Request)
		}
		inclusive := q
		inclusive.Counting = regime.CountInclusive
		if d := mustDeadline(t, r, inclusive); d.Due.Before(plain.Due) {
			t.Fatalf("%s: inclusive counting ends earlier", r.Version())
		}
		shuffled := q
		shuffled.Pauses = slices.Clone(q.Pauses)
		random.Shuffle(len(shuffled.Pauses), func(i, j int) {
			shuffled.Pauses[i], shuffled.Pauses[j] = shuffled.Pauses[j], shuffled.Pauses[i]
		})
		if d := mustDeadline(t, r, shuffled); d.Due != plain.Due {
			t.Fatalf("%s: the order of pauses matters", r.Version())
		}
		without := q
		without.Pauses = nil
		if d := mustDeadline(t, r, without); d.Due.After(plain.Due) {
			t.Fatalf("%s: a pause shortens the period", r.Version())
		}
	}
}

func mustDeadline(t *testing.T, r *regime.Regime, q regime.Query) regime.Deadline {
	t.Helper()
	d, err := r.Deadline(q)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Version(), q.Request, err)
	}
	return d
}

func randomPauses(random *rand.Rand, received privacy.Date) []regime.Pause {
	pauses := make([]regime.Pause, random.IntN(4))
	for i := range pauses {
		from := received.AddDays(random.IntN(40))
		pauses[i] = regime.Pause{
			Blocker: regime.Blockers()[random.IntN(4)], From: from, To: from.AddDays(random.IntN(20)),
		}
	}
	return pauses
}

func TestCombine(t *testing.T) {
	q := on("access", "2026-03-02")
	q.Pauses = []regime.Pause{pause("identity", "", "2026-03-03", "")}
	eu, ca, jp := inForce(t, "eu-gdpr", "2026-03-02"), inForce(t, "us-ca-ccpa", "2026-03-02"), inForce(t, "jp-appi", "2026-03-02")
	combined, err := regime.Combine(q, eu, ca, jp)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a paused clock delays no other", combined.Due().String(), "2026-04-16")
	equal(t, "all are listed", len(combined.All), 3)
	none, err := regime.Combine(q, jp)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "no number", none.Due().IsZero(), true)
	_, err = regime.Combine(on("appeal", "2026-03-02"), eu)
	is(t, err, regime.ErrNotRegulated)
}

func TestBreach(t *testing.T) {
	r := inForce(t, "uk-gdpr", "2026-03-02")
	facts := regime.BreachFacts{AwareAt: at("2026-03-27T16:30:00+01:00"), Zone: berlin}
	c, err := r.Breach(facts)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "over the start of summer time", c.Due.Format(time.RFC3339), "2026-03-30T17:30:00+02:00")
	equal(t, "letter", c.DueLiteral.Format(time.RFC3339), "2026-03-30T18:00:00+02:00")
	equal(t, "an unknown risk is notified", c.NotifyAuthority, true)
	facts.NotifiedAt = c.Due
	onTime, _ := r.Breach(facts)
	equal(t, "on the last instant", onTime.Late, false)
	facts.NotifiedAt = c.Due.Add(time.Nanosecond)
	late, _ := r.Breach(facts)
	equal(t, "after it", late.Late, true)
	facts.Risk = regime.RiskUnlikely
	unlikely, _ := r.Breach(facts)
	equal(t, "nothing to be late with", unlikely.Late, false)
	equal(t, "nothing is due", unlikely.Due.IsZero() && unlikely.DueLiteral.IsZero(), true)
	equal(t, "documented all the same", unlikely.Document, true)
	for name, bad := range map[string]regime.BreachFacts{
		"no zone": {AwareAt: facts.AwareAt}, "no awareness": {Zone: berlin}, "risk": {AwareAt: facts.AwareAt, Zone: berlin, Risk: "eek"},
	} {
		if _, err := r.Breach(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	_, err = inForce(t, "us-va-vcdpa", "2026-03-02").Breach(facts)
	is(t, err, regime.ErrNotRegulated)
}
