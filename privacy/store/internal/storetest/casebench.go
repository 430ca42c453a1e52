package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// BenchCases are in a database before the clock starts, in their first version.
const BenchCases = 20_000

// BenchUpdate moves the n-th case to a version, with a line, an event, a wake-up and a
// key, as a service does.
func BenchUpdate(n int, version uint64) dsr.Update {
	id := dsr.CaseID(fmt.Sprintf("case-%08d", n))
	at := Moment().Add(time.Duration(version) * time.Hour) //nolint:gosec // a count
	name := fmt.Sprintf("%s/%s/%d", Tenant, id, version)
	return dsr.Update{
		Expect: version - 1,
		Case: dsr.Case{
			Tenant: Tenant, ID: id, Version: version, Subject: "subject", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25",
			Received: Moment(), ContentHash: "00ff", Channel: "web_form",
			Items: []dsr.Item{{Request: regime.RequestErasure, Work: dsr.StateInProgress}},
		},
		Due:    privacy.MustDate("2026-04-02"),
		Lines:  []dsr.LogLine{{At: at, Payload: `{"actor":"controller_staff","event":"begin","from":"received","item":0,"to":"in_progress","version":2}`}},
		Events: []privacy.Event{{ID: name, Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.begin", Time: at, Tenant: Tenant}},
		Wakes:  []dsr.Wake{{Tenant: Tenant, Kind: "dsr.deadline", Key: name, RunAt: at, Payload: "{}"}},
		Key:    name, Digest: "d",
	}
}

// BenchUpdates move random-looking cases, which are counted from 1, to their next
// version.
func BenchUpdates(n int) []dsr.Update {
	updates := make([]dsr.Update, n)
	for i := range updates {
		updates[i] = BenchUpdate(1+i*7919%BenchCases, uint64(2+i/BenchCases)) //nolint:gosec // a count
	}
	return updates
}

// BenchmarkCaseUpdate measures updates, one by one and by many callers, of a store that
// open returns, with the cases in it.
func BenchmarkCaseUpdate(b *testing.B, open func(b *testing.B) dsr.CaseStore) {
	b.Helper()
	for _, shape := range Shapes()[:2] {
		b.Run(shape.Name, func(b *testing.B) {
			store, updates := open(b), BenchUpdates(b.N)
			shape.Measure(b, "updates", func(call int) error { return store.Update(b.Context(), updates[call]) })
		})
	}
}

// BenchmarkOpenPage reads a page of 50 of a million open cases, from a random place.
func BenchmarkOpenPage(b *testing.B, store dsr.CaseStore) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	b.ReportAllocs()
	for b.Loop() {
		after := dsr.Position{Due: privacy.MustDate("2026-01-01").AddDays(random.IntN(390)), ID: dsr.CaseID(fmt.Sprintf("case-%08d", random.IntN(1_000_000)))}
		page, err := store.Open(b.Context(), Tenant, after, 50)
		if err != nil || len(page) != 50 {
			b.Fatal(len(page), err)
		}
	}
}
