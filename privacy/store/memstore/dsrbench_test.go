package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

var benchStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// benchUpdate moves a case from one version to the next, with a line, an event, a
// wake-up and a key, as a service does.
func benchUpdate(n int, version uint64) dsr.Update {
	id := dsr.CaseID(fmt.Sprintf("case-%08d", n))
	at := benchStart.Add(time.Duration(version) * time.Hour)
	name := fmt.Sprintf("acme/%s/%d", id, version)
	return dsr.Update{
		Expect: version - 1,
		Case: dsr.Case{
			Tenant: "acme", ID: id, Version: version, Subject: "subject", Role: privacy.RoleController, Regime: "eu-gdpr@2018-05-25",
			Received: benchStart, ContentHash: "00ff", Channel: "web_form",
			Items: []dsr.Item{{Request: regime.RequestErasure, Work: dsr.StateInProgress}},
		},
		Due:    privacy.MustDate("2026-04-02"),
		Lines:  []dsr.LogLine{{At: at, Payload: `{"actor":"controller_staff","event":"begin","from":"received","item":0,"to":"in_progress","version":2}`}},
		Events: []privacy.Event{{ID: name, Source: "/dsr", SpecVersion: privacy.SpecVersion, Type: "privacykit.dsr.begin", Time: at, Tenant: "acme"}},
		Wakes:  []dsr.Wake{{Tenant: "acme", Kind: "dsr.deadline", Key: name, RunAt: at, Payload: "{}"}},
		Key:    name, Digest: "d",
	}
}

func BenchmarkDSRUpdate(b *testing.B) {
	const cases = 20_000
	store := memstore.NewDSR(memstore.NewConsent(nil))
	for n := range cases {
		if err := store.Update(b.Context(), benchUpdate(n, 1)); err != nil {
			b.Fatal(err)
		}
	}
	updates := make([]dsr.Update, b.N)
	for i := range updates {
		updates[i] = benchUpdate(i%cases, uint64(2+i/cases))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range updates {
		if err := store.Update(b.Context(), updates[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
}
