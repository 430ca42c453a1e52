package fulfilment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
)

// The end of every period that runs beside that of an item is told to people,
// once and on the day after its last, and is on record.
func TestEveryFollowupThatEndsIsAnAlert(t *testing.T) {
	refuse := dsr.Command{Event: dsr.EventRefuse, Actor: dsr.ActorStaff, Reason: "not_verified", Evidence: true}
	for kind, test := range map[dsr.FollowupKind]struct {
		law      regime.ID
		request  regime.Request
		commands []dsr.Command
		recorded func(c dsr.Case) bool
	}{
		dsr.FollowupAcknowledgement: {
			"us-ca-ccpa", regime.RequestKnow, nil,
			func(c dsr.Case) bool { return c.Items[0].Followups.AcknowledgementOverdue },
		},
		dsr.FollowupAppeal: {
			"us-va-vcdpa", regime.RequestAccess, []dsr.Command{refuse, {Event: dsr.EventAppeal, Actor: dsr.ActorSubject}},
			func(c dsr.Case) bool { return c.Items[0].Followups.AppealOverdue },
		},
		dsr.FollowupComplaint: {
			"uk-gdpr", regime.RequestErasure, []dsr.Command{refuse, {Event: dsr.EventComplaint, Actor: dsr.ActorSubject}},
			func(c dsr.Case) bool { return c.Items[0].Followups.ComplaintOverdue },
		},
		dsr.FollowupSilence: {
			"ch-fadp", regime.RequestAccess, []dsr.Command{{Event: dsr.EventFeeRequested, Actor: dsr.ActorStaff, Evidence: true}},
			func(c dsr.Case) bool { return c.State() == dsr.StateWithdrawn },
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.options.Workers = 1 }) // so that no alert comes twice
			c, err := w.service.Open(t.Context(), test.law, asks("jane", test.request), "")
			must(t, err)
			for _, command := range test.commands {
				_, err = w.service.Handle(t.Context(), "t", c.ID, command, "")
				must(t, err)
			}
			p, err := w.service.Procedure(c)
			must(t, err)
			followups, err := p.Followups(w.get(c), 0)
			must(t, err)
			if len(followups) != 1 || followups[0].Kind != kind {
				t.Fatalf("got %+v", followups)
			}
			overdue := func() (alerts []fulfilment.Alert) {
				for _, alert := range w.alerts {
					if alert.Followup != "" {
						alerts = append(alerts, alert)
					}
				}
				return alerts
			}
			w.until(followups[0].DueEnd.Add(-time.Second))
			equal(t, "alerts before the end", len(overdue()), 0)
			equal(t, "on record before the end", test.recorded(w.get(c)), false)
			w.until(followups[0].DueEnd)
			want := fulfilment.Alert{Kind: fulfilment.AlertOverdue, Tenant: "t", Case: c.ID, Followup: kind, Due: followups[0].Due}
			equal(t, "alerts", overdue(), []fulfilment.Alert{want})
			equal(t, "on record", test.recorded(w.get(c)), true)
			w.pass(10*24*time.Hour, 24*time.Hour)
			equal(t, "alerts in the end", len(overdue()), 1)
		})
	}
}

// A wake-up that nobody can act on any more ends: its case was erased, or what
// identified the person was taken out, or all of it was answered, or it names an
// item that the case does not have.
func TestWakeUpsOfWhatIsOverEnd(t *testing.T) {
	over := start.AddDate(5, 0, 0)
	for name, end := range map[string]func(w *world, d dsr.Disposal) error{
		"closed":   func(*world, dsr.Disposal) error { return nil },
		"redacted": func(w *world, d dsr.Disposal) error { return w.store.(dsr.ClosedStore).Redact(w.t.Context(), d) },
		"erased":   func(w *world, d dsr.Disposal) error { return w.store.(dsr.ClosedStore).Erase(w.t.Context(), d) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.open(asks("jane", regime.RequestErasure))
			w.run()
			w.ended(c)
			must(t, end(w, dsr.Disposal{Tenant: "t", ID: c.ID, Before: over}))
			wakes := map[string]string{}
			for kind, rest := range map[string]string{
				fulfilment.WakeFulfil: "", fulfilment.WakeAlert: `,"task":"erase-crm"`, dsr.WakeReminder: `,"due":"2026-12-24"`, dsr.WakeDeadline: "",
			} {
				for item, member := range map[string]string{"own": "", "none": `,"item":7`, "negative": `,"item":-1`} {
					wakes[kind+" "+item] = `{"case":"` + string(c.ID) + `"` + member + rest + `}`
				}
				wakes[kind+" followup"] = `{"case":"` + string(c.ID) + `","followup":"complaint"` + rest + `}`
			}
			for key, payload := range wakes {
				kind, _, _ := strings.Cut(key, " ")
				w.put(dsr.Wake{Tenant: "t", Kind: kind, Key: key, RunAt: start, Payload: payload})
			}
			w.run()
			w.pass(10*time.Minute, time.Minute) // those of one case get in each other's way
			waiting, err := w.store.Claim(t.Context(), over, over.Add(time.Minute), 1000)
			must(t, err)
			for _, lease := range waiting {
				if wakes[lease.Key] != "" {
					t.Errorf("%s is to be done again: %q", lease.Key, lease.Problem)
				}
			}
			equal(t, "alerts", len(w.alerts), 0)
		})
	}
}

// until lets the time come and does what is due then.
func (w *world) until(at time.Time) {
	w.t.Helper()
	if d := at.Sub(w.clock.Now()); d > 0 {
		w.pass(d, d)
	}
}
