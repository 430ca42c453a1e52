package dsr_test

import (
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// benchmarkPath is a request from receipt to fulfilment, with a question of
// identity and an extension.
var benchmarkPath = []struct {
	state dsr.State
	event dsr.Event
}{
	{dsr.StateReceived, dsr.EventBegin},
	{dsr.StateInProgress, dsr.EventIdentityRequested},
	{dsr.StateIdentityPending, dsr.EventIdentityConfirmed},
	{dsr.StateInProgress, dsr.EventExtend},
	{dsr.StateInProgress, dsr.EventFulfil},
}

// BenchmarkNext takes one transition per operation, with all guards and
// consequences.
func BenchmarkNext(b *testing.B) {
	law := mustLaw(b, "eu-gdpr", regime.RequestErasure)
	facts := dsr.Facts{
		Actor: dsr.ActorStaff, Role: privacy.RoleController, ReasonableDoubt: true,
		WithinFirstPeriod: true, ReasonsGiven: true, Ground: "complexity",
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := &benchmarkPath[i%len(benchmarkPath)]
		step, err := dsr.Next(law, at.state, at.event, &facts)
		if err != nil || step.To == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkNextFloor is the least that a machine can do: look up the next state
// by the names of state and event, without guards or consequences.
func BenchmarkNextFloor(b *testing.B) {
	type key struct{ state, event string }
	table := map[key]string{}
	for _, rule := range dsr.Table() {
		for _, from := range rule.From {
			to := rule.To
			if to == 0 {
				to = from
			}
			table[key{from.String(), rule.Event.String()}] = to.String()
		}
	}
	path := make([]key, len(benchmarkPath))
	for i, at := range benchmarkPath {
		path[i] = key{at.state.String(), at.event.String()}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if table[path[i%len(path)]] == "" {
			b.Fatal("no transition")
		}
	}
}

// BenchmarkDeadline computes the dates of an access request that was suspended
// and extended.
func BenchmarkDeadline(b *testing.B) {
	r := mustRegime(b, "eu-gdpr")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	query := regime.Query{
		Request: regime.RequestAccess, Received: time.Date(2026, 1, 31, 9, 0, 0, 0, berlin), Zone: berlin,
		Calendar: privacy.WeekdaysOnly(),
		Pauses: []regime.Pause{{
			Blocker: regime.BlockerIdentity,
			From:    privacy.MustDate("2026-02-02"), To: privacy.MustDate("2026-02-05"),
		}},
		Extension: &regime.ExtensionNotice{NoticeAt: time.Date(2026, 2, 20, 9, 0, 0, 0, berlin), Ground: "complexity", Reason: "many systems"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Deadline(query); err != nil {
			b.Fatal(err)
		}
	}
}

func mustRegime(t testing.TB, id regime.ID) *regime.Regime {
	t.Helper()
	r, err := presets(t).InForce(id, lawOf)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustLaw(t testing.TB, id regime.ID, request regime.Request) *dsr.Law {
	t.Helper()
	law, err := dsr.NewLaw(mustRegime(t, id), request)
	if err != nil {
		t.Fatal(err)
	}
	return law
}
