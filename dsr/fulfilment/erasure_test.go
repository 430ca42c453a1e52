package fulfilment_test

import (
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

func TestErasureReachesEverySystem(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.give("john")
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	equal(t, "left of jane", len(w.leftOf("jane")), 0)
	equal(t, "left of john", len(w.leftOf("john")), 18)
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StateFulfilled)
	for _, task := range c.Items[0].Tasks {
		equal(t, string(task.ID), task.State, dsr.TaskDone)
	}
	equal(t, "told", len(w.recipients["payments"].effects), 1)
	equal(t, "told", len(w.recipients["tax"].effects), 1)
	equal(t, "asked again", w.run(), 0)
}

func TestRemainderResumesByItself(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.retention.keep("ledger", fulfilment.Decision{
		Category: "billing", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(b)", Source: "ao-147", Until: privacy.MustDate("2026-12-31"),
	})
	c := w.open(asks("jane", regime.RequestErasure))
	plan, err := w.Preview(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(t, err)
	equal(t, "preview", plan.Protections[0].String(), "ledger: billing under 17(3)(b) (ao-147) until 2026-12-31")
	w.run()
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StatePartiallyFulfilled)
	equal(t, "left", len(w.leftOf("jane")), 2)
	equal(t, "remainder", len(c.Items[0].Remainder()), 1)
	told := len(w.recipients["payments"].effects)

	w.pass(37*24*time.Hour+14*time.Hour, time.Hour)
	equal(t, "left on the last day", len(w.leftOf("jane")), 2)
	w.pass(2*time.Hour, time.Hour)
	equal(t, "left when the ground has lapsed", len(w.leftOf("jane")), 0)
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StateFulfilled)
	equal(t, "remainder", len(c.Items[0].Remainder()), 0)
	equal(t, "told again", len(w.recipients["payments"].effects), told+1)
}

// OpenTranscribe#442, first part: the release of a hold re-runs the erasure, also
// if nobody tells the runner.
func TestReleasedHoldIsErased(t *testing.T) {
	for name, tell := range map[string]bool{"told": true, "found out": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.give("jane")
			w.retention.keep("crm", fulfilment.Decision{Category: "account", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-1"})
			c := w.open(asks("jane", regime.RequestErasure))
			w.run()
			equal(t, "left", len(w.leftOf("jane")), 2)
			w.retention.keep("crm")
			if tell {
				must(t, w.Recheck(t.Context(), "t", c.ID))
				w.run()
			} else {
				w.pass(25*time.Hour, time.Hour)
			}
			equal(t, "left", len(w.leftOf("jane")), 0)
			equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
		})
	}
}

// OpenTranscribe#442, last part: an exemption is that of a record, not of an
// account.
func TestExemptionCoversTheRecordOnly(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.retention.keep("ledger", fulfilment.Decision{
		Category: "billing", Record: "2", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-1",
	})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	left := w.leftOf("jane")
	if len(left) != 1 || left[0].key != "2" {
		t.Fatalf("left: %v", left)
	}
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StatePartiallyFulfilled)
	equal(t, "remainder", c.Items[0].Remainder()[0].String(), "ledger: billing[2] under 17(3)(e) (hold-1)")
	w.retention.keep("ledger")
	w.pass(25*time.Hour, time.Hour)
	equal(t, "left", len(w.leftOf("jane")), 0)
	equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
}

// A hold that is placed after the plan was made, and before the system is called,
// counts.
func TestHoldPlacedAfterThePlan(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	w.retention.keep("mail", fulfilment.Decision{Category: "account.email", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-9"})
	w.run()
	equal(t, "left in mail", len(w.systems["mail"].left("t", "jane")), 2)
	c = w.get(c)
	equal(t, "task", task(t, c, 0, "erase-mail").State, dsr.TaskWithheld)
	equal(t, "state", c.State(), dsr.StatePartiallyFulfilled)
}

// dsr/work.go guards one entry point and the runner has no other: openregister#2703.
func TestUnreadableHoldsEraseNothing(t *testing.T) {
	for name, fail := range map[string]func(f *fakeRetention){
		"an error":   func(f *fakeRetention) { f.fails = errors.New("jane@example.com cannot be read") },
		"no verdict": func(f *fakeRetention) { f.kept = decisions(fulfilment.Decision{Category: "billing"}) },
		"no ground": func(f *fakeRetention) {
			f.kept = decisions(fulfilment.Decision{Category: "billing", Verdict: fulfilment.RestrictUntil, Source: "policy"})
		},
		"an unknown verdict": func(f *fakeRetention) { f.kept = decisions(fulfilment.Decision{Category: "billing", Verdict: 9}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.give("jane")
			c := w.open(asks("jane", regime.RequestErasure))
			fail(w.retention)
			w.run()
			equal(t, "left", len(w.leftOf("jane")), 18)
			*w.retention = fakeRetention{}
			w.pass(time.Hour, time.Minute)
			equal(t, "left", len(w.leftOf("jane")), 0)
			equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
		})
	}
}

func decisions(d ...fulfilment.Decision) map[privacy.SystemID][]fulfilment.Decision {
	return map[privacy.SystemID][]fulfilment.Decision{"ledger": d}
}

// dentalpin PR#374, RTBF of systems that lie: no record claims an erasure that
// the system, asked again, has not done.
func TestErasureThatDidNotHappenIsNotRecorded(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.systems["crm"].set(func(s *fakeSystem) { s.lies = true })
	c := w.open(asks("jane", regime.RequestErasure))
	w.pass(8*24*time.Hour, time.Hour)
	c = w.get(c)
	lying := task(t, c, 0, "erase-crm")
	equal(t, "state", lying.State, dsr.TaskDead)
	equal(t, "problem", lying.Problem, fulfilment.ProblemStillHeld)
	equal(t, "evidence", lying.Evidence, "")
	equal(t, "case", c.State(), dsr.StateInProgress)
	for _, id := range systemIDs[:5] {
		equal(t, "the progress of "+string(id), len(w.systems[id].left("t", "jane")), 0)
		equal(t, "the proof of "+string(id), task(t, c, 0, dsr.TaskID("erase-"+id)).State, dsr.TaskDone)
	}
	letters, err := w.DeadLetters(t.Context(), "t")
	must(t, err)
	if len(letters) != 1 || letters[0].Problem != fulfilment.ProblemStillHeld || letters[0].System != "crm" || letters[0].Due.String() != "2026-12-24" {
		t.Errorf("letters: %+v", letters)
	}

	w.systems["crm"].set(func(s *fakeSystem) { s.lies = false })
	_, err = w.Resume(t.Context(), "t", c.ID, 0, letters[0].Task)
	must(t, err)
	w.run()
	equal(t, "left", len(w.leftOf("jane")), 0)
	equal(t, "case", w.get(c).State(), dsr.StateFulfilled)
	if _, err := w.Resume(t.Context(), "t", c.ID, 0, letters[0].Task); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("resumed twice: %v", err)
	}
}
