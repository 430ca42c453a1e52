package retention_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// A store keeps the zone of a record: the day of a hold depends on it.
func TestClaimsAndNoticesKeepTheZone(t *testing.T) {
	for name, zone := range map[string]*time.Location{
		"none": nil, "UTC": time.UTC, "named": location(t, "Pacific/Kiritimati"), "fixed": time.FixedZone("", -3*3600),
		"fixed with the name of another": time.FixedZone("Europe/Berlin", 9*3600),
	} {
		t.Run(name, func(t *testing.T) {
			record := retention.Record{
				System: "files", Key: "k", Tenant: "t1", Subject: "s", Category: "image", Zone: zone, Bytes: 7,
				Events: []retention.Event{{Name: "created", On: privacy.MustDate("2020-02-29")}, {Name: "used", At: on("2026-01-01")}},
			}
			claim := retention.Claim{Token: retention.Token{1}, Shard: 7, Record: record}
			notice := retention.Notice{SweepID: "s", Token: retention.Token{1}, Record: record, PlanItem: retention.PlanItem{Action: retention.Delete}, At: on("2026-01-02")}
			var restored retention.Claim
			var told retention.Notice
			again(t, claim, &restored)
			again(t, notice, &told)
			at := time.Date(2026, 1, 1, 23, 30, 0, 0, time.UTC)
			for _, r := range []*retention.Record{&restored.Record, &told.Record} {
				equal(t, zone == nil, r.Zone == nil)
				equal(t, record.DayOf(at), r.DayOf(at))
				r.Zone = record.Zone
			}
			equal(t, claim, restored)
			equal(t, notice, told)
		})
	}
}

// again decodes into to what from encodes to.
func again(t *testing.T, from, to any) {
	t.Helper()
	body, err := json.Marshal(from)
	noError(t, err)
	noError(t, json.Unmarshal(body, to))
}

func TestPlanTravelsAsJSON(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	plan, approval := s.plan(t)
	var copied retention.Plan
	again(t, plan, &copied)
	hash, err := copied.Hash()
	noError(t, err)
	equal(t, approval.PlanHash, hash)
	certificate, err := s.Execute(t.Context(), &copied, approval)
	noError(t, err)
	equal(t, uint64(6), certificate.TreeSize)
}

func FuzzClaim(f *testing.F) {
	f.Add([]byte(`{"token":"","shard":1,"record":{"zone":"Europe/Berlin","zone_offset":3600}}`))
	f.Add([]byte(`{"record":{"zone":"../../etc/passwd","zone_offset":-99999999}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var claim retention.Claim
		if json.Unmarshal(data, &claim) != nil {
			equal(t, retention.Claim{}, claim, "unchanged on error")
			return
		}
		var restored retention.Claim
		body, err := json.Marshal(claim)
		if err != nil {
			return // a code that is unknown cannot be written
		}
		noError(t, json.Unmarshal(body, &restored))
		at := on("2026-01-01")
		equal(t, claim.Record.DayOf(at), restored.Record.DayOf(at))
	})
}
