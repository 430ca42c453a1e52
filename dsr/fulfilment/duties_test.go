package fulfilment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Corrections and restrictions reach every system, and then the recipients (GDPR
// Art. 19).
func TestCorrectionAndRestriction(t *testing.T) {
	for request, action := range map[regime.Request]dsr.Action{
		regime.RequestRectification: dsr.ActionCorrect, regime.RequestRestriction: dsr.ActionRestrict,
	} {
		t.Run(string(request), func(t *testing.T) {
			w := newWorld(t)
			c := w.open(asks("jane", request))
			w.run()
			for _, id := range systemIDs {
				seen := w.systems[id].seen
				if len(seen) != 1 || seen[0].Action != action || seen[0].System != id || seen[0].Subject != "jane" || len(seen[0].Categories) == 0 {
					t.Errorf("%s: %+v", id, seen)
				}
			}
			seen := w.recipients["tax"].seen
			if len(seen) != 1 || seen[0].Recipient != "tax" || seen[0].Action != dsr.ActionNotify {
				t.Errorf("told: %+v", seen)
			}
			w.ended(c)
		})
	}
}

// A recipient that nobody can reach automatically is told by a person.
func TestRecipientsAreToldByHand(t *testing.T) {
	w := newWorld(t, func(w *world) { delete(w.connectors.Recipients, "tax") })
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	c = w.get(c)
	notice := task(t, c, 0, "notify-tax")
	equal(t, "by hand", notice.Manual, true)
	equal(t, "state", c.State(), dsr.StateInProgress)
	_, err := w.CompleteManual(t.Context(), "t", c.ID, 0, "notify-tax", fulfilment.Done{
		By: "clerk", Reference: "letter-9", Categories: notice.Categories, Fields: []string{"letter"},
	})
	must(t, err)
	w.ended(c)
}

// told is who the data of a subject were disclosed to in fact.
type told struct {
	recipients []privacy.RecipientID
	fails      error
}

func (d *told) Recipients(context.Context, privacy.TenantID, privacy.SubjectID, []privacy.CategoryID) ([]privacy.RecipientID, error) {
	return slices.Clone(d.recipients), d.fails
}

// Whom to tell is what was recorded, not what was declared; as long as it cannot
// be read, what the systems did is on record all the same.
func TestActualRecipientsAreTold(t *testing.T) {
	log := &told{recipients: []privacy.RecipientID{"tax"}, fails: errors.New("unreachable")}
	w := newWorld(t, func(w *world) { w.disclosures = log })
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	for _, id := range systemIDs {
		equal(t, string(id), task(t, w.get(c), 0, dsr.TaskID("erase-"+id)).State, dsr.TaskDone)
	}
	w.pass(time.Hour, time.Minute)
	equal(t, "state", w.get(c).State(), dsr.StateInProgress)
	for _, id := range systemIDs {
		equal(t, "calls of "+string(id), len(w.systems[id].seen), 1)
	}
	log.fails = nil
	w.pass(2*time.Hour, time.Minute)
	w.ended(c)
	equal(t, "told", fmt.Sprint(len(w.recipients["tax"].seen), len(w.recipients["payments"].seen)), "1 0")
}

// A Verifier that fails is no proof.
func TestVerifierThatFails(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.database().verifies = &fulfilment.CallError{Code: "read_only"}
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	got := task(t, w.get(c), 0, "erase-database")
	equal(t, "problem", got.Problem, "read_only")
	equal(t, "round", got.Round, 0)
	w.database().set(func(s *fakeSystem) { s.verifies = nil })
	w.pass(time.Minute, time.Minute)
	w.ended(c)
}

// A release whose connectors lack one that an earlier release planned for says so.
func TestConnectorThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.recipients["tax"].before = fails(&fulfilment.CallError{Code: "unavailable"})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	delete(w.connectors.Recipients, "tax")
	w.start()
	w.pass(time.Minute, time.Minute)
	equal(t, "problem", task(t, w.get(c), 0, "notify-tax").Problem, fulfilment.ProblemNoConnector)
}

func TestNoRetention(t *testing.T) {
	decisions, err := fulfilment.NoRetention{}.Decide(t.Context(), fulfilment.Question{Categories: []privacy.CategoryID{"a", "b"}})
	must(t, err)
	equal(t, "decisions", decisions, []fulfilment.Decision{
		{Category: "a", Verdict: fulfilment.EraseNow}, {Category: "b", Verdict: fulfilment.EraseNow},
	})
}

func TestCallErrorsAreCodes(t *testing.T) {
	for code, want := range map[string]string{
		"unavailable": "connector: unavailable", "e2_x": "connector: e2_x", "": "connector: failed", "Jane": "connector: failed",
		"2x": "connector: failed", "a-b": "connector: failed",
	} {
		equal(t, code, (&fulfilment.CallError{Code: code}).Error(), want)
	}
}

// A handler of the host that panics costs its own wake-up a pause, and no more.
func TestHandlerThatPanics(t *testing.T) {
	calls := 0
	w := newWorld(t, func(w *world) {
		w.options.Others = map[string]func(context.Context, dsr.Lease) error{
			"host.work": func(context.Context, dsr.Lease) error { calls++; panic("jane@example.com") },
		}
	})
	w.put(dsr.Wake{Tenant: "t", Kind: "host.work", Key: "k", RunAt: start, Payload: "{}"})
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.ended(c)
	w.pass(time.Minute, time.Minute)
	equal(t, "calls", calls, 2)
}
