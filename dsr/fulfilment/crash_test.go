package fulfilment_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// ended checks a case that came to its end: every task done, every effect once,
// and a log without a gap that proves it.
func (w *world) ended(c dsr.Case) {
	w.t.Helper()
	c = w.get(c)
	if c.State() != dsr.StateFulfilled {
		w.t.Errorf("%s is %s: %+v", c.ID, c.State(), c.Items)
	}
	for _, systems := range []map[privacy.SystemID]*fakeSystem{w.systems, byString(w.recipients)} {
		for id, system := range systems {
			system.lock.Lock()
			for key, times := range system.effects {
				if times != 1 {
					w.t.Errorf("%s: %s took effect %d times", id, key, times)
				}
			}
			system.lock.Unlock()
		}
	}
	lines, err := w.store.Log(w.t.Context(), c.Tenant, c.ID, 0, 1<<20)
	must(w.t, err)
	if err := dsr.VerifyLog(lines); err != nil {
		w.t.Errorf("the log of %s: %v", c.ID, err)
	}
	done := map[string]int{}
	for _, line := range lines {
		for _, task := range c.Items[0].Tasks {
			if strings.Contains(line.Payload, fmt.Sprintf(`"id":%q`, task.ID)) && strings.Contains(line.Payload, `"state":"done"`) {
				done[string(task.ID)]++
			}
		}
	}
	for _, task := range c.Items[0].Tasks {
		if done[string(task.ID)] != 1 {
			w.t.Errorf("the log says %d times that %s is done", done[string(task.ID)], task.ID)
		}
	}
}

func byString(m map[privacy.RecipientID]*fakeSystem) map[privacy.SystemID]*fakeSystem {
	systems := map[privacy.SystemID]*fakeSystem{}
	for id, system := range m {
		systems[privacy.SystemID(id)] = system
	}
	return systems
}

// TestKilledAtEveryCall kills the process at every call of the store in turn,
// before the call takes place and after it did, and starts another. fides#1900,
// PR#4837, PR#8211: a request that hangs; newtheatre/stage-door#136: a retry that
// takes the half for the whole.
func TestKilledAtEveryCall(t *testing.T) {
	for _, answered := range []bool{false, true} {
		calls := int64(1)
		for ; ; calls++ {
			w := newWorld(t)
			sound := w.store
			w.give("jane")
			dying := newDyingStore(sound, calls, answered)
			w.store = dying
			w.start()
			in := asks("jane", regime.RequestErasure)
			c, err := w.service.Open(t.Context(), "eu-gdpr", in, "request-1")
			if err == nil {
				if _, err := w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{}); err == nil {
					_, _ = w.RunDue(t.Context())
				}
			}
			survived := !dying.dead()

			w.store = sound
			w.start()
			c, err = w.service.Open(t.Context(), "eu-gdpr", in, "request-1")
			must(t, err)
			_, err = w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
			must(t, err)
			w.pass(10*time.Minute, time.Minute)
			w.ended(c)
			equal(t, "left", len(w.leftOf("jane")), 0)
			if t.Failed() {
				t.Fatalf("call %d, answered %t", calls, answered)
			}
			if survived {
				break
			}
		}
		if calls < 10 {
			t.Errorf("only %d calls", calls)
		}
		t.Logf("%d calls, each answered %t", calls-1, answered)
	}
}

// TestFailingSystemsAndDyingProcesses runs cases on two processes at a time whose
// connectors fail 30 % of their calls, before or after the effect, and which are
// killed again and again.
func TestFailingSystemsAndDyingProcesses(t *testing.T) {
	cases, kills := 40, 60
	if testing.Short() {
		cases, kills = 10, 15
	}
	w := newWorld(t)
	var lock sync.Mutex
	random := rand.New(rand.NewPCG(6, 11))
	roll := func(n int) int {
		lock.Lock()
		defer lock.Unlock()
		return random.IntN(n)
	}
	flaky := func(_ context.Context, _ fulfilment.Call) (fulfilment.Result, error, bool) {
		switch n := roll(1000); {
		case n < 140:
			return fulfilment.Result{}, &fulfilment.CallError{Code: "unavailable"}, true
		case n < 160:
			panic("jane@example.com")
		}
		return fulfilment.Result{}, nil, false
	}
	for _, systems := range []map[privacy.SystemID]*fakeSystem{w.systems, byString(w.recipients)} {
		for _, s := range systems {
			s.before, s.after = flaky, flaky
		}
	}
	var opened []dsr.Case
	for n := range cases {
		subject := privacy.SubjectID(fmt.Sprint("subject-", n))
		w.give(subject)
		opened = append(opened, w.open(asks(subject, regime.RequestErasure)))
	}
	sound, clock := w.store, w.clock.(*privacytest.Clock)
	for range kills {
		var wait sync.WaitGroup
		for range 2 {
			w.store = newDyingStore(sound, int64(1+roll(60)), roll(2) == 0)
			_, _, runner := w.process()
			wait.Go(func() { _, _ = runner.RunDue(t.Context()) })
		}
		wait.Wait()
		clock.Advance(time.Duration(roll(180)) * time.Second)
	}
	w.store = sound
	w.start()
	w.pass(3*24*time.Hour, 10*time.Minute)
	attempts := 0
	for _, c := range opened {
		w.ended(c)
		for _, task := range w.get(c).Items[0].Tasks {
			attempts += task.Attempts
		}
	}
	left := 0
	for n := range cases {
		left += len(w.leftOf(privacy.SubjectID(fmt.Sprint("subject-", n))))
	}
	equal(t, "left", left, 0)
	t.Logf("%d cases, %d attempts at %d tasks", cases, attempts, cases*8)
}
