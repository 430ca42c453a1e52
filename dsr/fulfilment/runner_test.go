package fulfilment_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// bubbleClock is the clock of a synctest bubble, which begins in 2000, moved to
// when the law of the tests is in force.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time {
	return time.Now().Add(start.Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// onSystemClock has a world live in the time of a synctest bubble.
func onSystemClock(w *world) { w.clock = bubbleClock{} }

// running runs the world's runner until stop is called, which returns how long
// it took to stop.
func (w *world) running() (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() time.Duration {
		w.t.Helper()
		begun := time.Now()
		cancel()
		must(w.t, <-done)
		return time.Since(begun)
	}
}

func (w *world) database() *fakeSystem { return w.systems["database"] }

type hook = func(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error, bool)

func TestRunFindsWorkAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onSystemClock)
		w.give("jane")
		stop := w.running()
		c := w.open(asks("jane", regime.RequestErasure))
		time.Sleep(6 * time.Second)
		synctest.Wait()
		equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
		if took := stop(); took != 0 {
			t.Errorf("an idle runner took %s to stop", took)
		}
	})
}

// A connector that is in the middle of its work when Run is told to stop gets the
// time to end it; one that takes longer is told to stop, and its task is taken up
// again by the next process.
func TestRunStopsGracefully(t *testing.T) {
	for name, c := range map[string]struct {
		work, wants time.Duration
		state       dsr.TaskState
		problem     string
	}{
		"in time":  {8 * time.Second, 7 * time.Second, dsr.TaskDone, ""},
		"too long": {20 * time.Second, 10 * time.Second, dsr.TaskPending, fulfilment.ProblemStopped},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, onSystemClock)
				w.database().before = working(c.work)
				opened := w.open(asks("jane", regime.RequestErasure))
				stop := w.running()
				time.Sleep(time.Second)
				synctest.Wait()
				equal(t, "took to stop", stop(), c.wants)
				got := task(t, w.get(opened), 0, "erase-database")
				equal(t, "state", got.State, c.state)
				equal(t, "problem", got.Problem, c.problem)
				equal(t, "another", task(t, w.get(opened), 0, "erase-crm").State, dsr.TaskDone)
				w.database().set(func(s *fakeSystem) { s.before = nil })
				w.start()
				stop = w.running()
				time.Sleep(time.Minute)
				synctest.Wait()
				equal(t, "case", w.get(opened).State(), dsr.StateFulfilled)
				stop()
			})
		})
	}
}

// A pass that is cut off tells its connectors to stop, records what came of them,
// and leaves the rest to the next.
func TestRunDueIsCutOff(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.database().before = func(ctx context.Context, _ fulfilment.Call) (fulfilment.Result, error, bool) {
		cancel()
		<-ctx.Done()
		return fulfilment.Result{}, ctx.Err(), true
	}
	c := w.open(asks("jane", regime.RequestErasure))
	_, err := w.RunDue(ctx)
	must(t, err)
	equal(t, "problem", task(t, w.get(c), 0, "erase-database").Problem, fulfilment.ProblemStopped)
	w.database().set(func(s *fakeSystem) { s.before = nil })
	w.pass(10*time.Minute, time.Minute)
	w.ended(c)
}

// absentStore cannot be reached as long as it is absent.
type absentStore struct {
	fulfilment.Store
	absent atomic.Bool
}

func (s *absentStore) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	if s.absent.Load() {
		return nil, errDead
	}
	return s.Store.Claim(ctx, now, until, limit)
}

func TestRunOutlivesAnOutageOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, onSystemClock)
		store := &absentStore{Store: w.store}
		w.store = store
		w.start()
		c := w.open(asks("jane", regime.RequestErasure))
		store.absent.Store(true)
		if _, err := w.RunDue(t.Context()); !errors.Is(err, errDead) {
			t.Errorf("RunDue: %v", err)
		}
		stop := w.running()
		time.Sleep(time.Hour)
		store.absent.Store(false)
		time.Sleep(6 * time.Second)
		synctest.Wait()
		equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
		stop()
	})
}

// working is a system that takes its time and obeys its context.
func working(d time.Duration) hook {
	return func(ctx context.Context, _ fulfilment.Call) (fulfilment.Result, error, bool) {
		select {
		case <-time.After(d):
			return fulfilment.Result{}, nil, false
		case <-ctx.Done():
			return fulfilment.Result{}, ctx.Err(), true
		}
	}
}

// A connector that hangs costs its own task its time, whether it obeys its context
// or not, and no other system anything.
func TestConnectorThatHangs(t *testing.T) {
	for name, obeys := range map[string]bool{"until it is told": true, "for good": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hooks := &privacytest.HookRecorder{}
				w := newWorld(t, onSystemClock, func(w *world) { w.options.Hooks = hooks })
				forever := make(chan struct{})
				var hangs atomic.Bool
				hangs.Store(true)
				w.database().before = func(ctx context.Context, _ fulfilment.Call) (fulfilment.Result, error, bool) {
					if !hangs.Load() {
						return fulfilment.Result{}, nil, false
					}
					if obeys {
						<-ctx.Done()
						return fulfilment.Result{}, ctx.Err(), true
					}
					<-forever
					return fulfilment.Result{Evidence: "too late"}, nil, true
				}
				c := w.open(asks("jane", regime.RequestErasure))
				stop := w.running()
				time.Sleep(40 * time.Second)
				synctest.Wait()
				got := task(t, w.get(c), 0, "erase-database")
				equal(t, "problem", got.Problem, fulfilment.ProblemTimeout)
				equal(t, "another", task(t, w.get(c), 0, "erase-crm").State, dsr.TaskDone)
				if hung := hooks.Total("dsr.hung", "database"); (hung > 0) == obeys {
					t.Errorf("%d are counted as hung", hung)
				}
				hangs.Store(false)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				equal(t, "case", w.get(c).State(), dsr.StateFulfilled)
				close(forever)
				stop()
				synctest.Wait()
				if evidence := task(t, w.get(c), 0, "erase-database").Evidence; evidence == "too late" {
					t.Error("the answer of a call that was given up is on record")
				}
			})
		})
	}
}

// fides#2079: the reason stands in front, as a code; what a connector says in its
// error or its panic is not kept, as it may be personal data.
func TestProblemsAreCodes(t *testing.T) {
	for want, before := range map[string]hook{
		fulfilment.ProblemFailed: fails(errors.New("jane@example.com not found")),
		"unavailable":            fails(&fulfilment.CallError{Code: "unavailable"}),
		fulfilment.ProblemPanic: func(context.Context, fulfilment.Call) (fulfilment.Result, error, bool) {
			panic("jane@example.com")
		},
		fulfilment.ProblemNoEvidence: fails(nil),
		fulfilment.ProblemTimeout:    fails(context.DeadlineExceeded),
	} {
		t.Run(want, func(t *testing.T) {
			w := newWorld(t)
			w.database().before = before
			c := w.open(asks("jane", regime.RequestErasure))
			w.run()
			got := task(t, w.get(c), 0, "erase-database")
			equal(t, "problem", got.Problem, want)
			equal(t, "state", got.State, dsr.TaskPending)
			w.nowhere("jane@example.com", c)
		})
	}
	w := newWorld(t)
	w.database().before = fails(&fulfilment.CallError{Code: "jane@example.com", Permanent: true})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	got := task(t, w.get(c), 0, "erase-database")
	equal(t, "problem", got.Problem, fulfilment.ProblemFailed)
	equal(t, "state", got.State, dsr.TaskDead)
	w.nowhere("jane@example.com", c)
}

func fails(err error) hook {
	return func(context.Context, fulfilment.Call) (fulfilment.Result, error, bool) {
		return fulfilment.Result{}, err, true
	}
}

// nowhere checks that a text is neither in a case nor in its log.
func (w *world) nowhere(text string, c dsr.Case) {
	w.t.Helper()
	data, err := dsr.EncodeCase(w.get(c))
	must(w.t, err)
	lines, err := w.store.Log(w.t.Context(), c.Tenant, c.ID, 0, 1000)
	must(w.t, err)
	for _, line := range lines {
		data = append(data, line.Payload...)
	}
	if strings.Contains(string(data), text) {
		w.t.Errorf("%q is on record", text)
	}
}

// A system that is down for two days is tried again with growing pauses, across
// restarts, and then does its part; the others do not wait for it.
func TestSystemDownForTwoDays(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.database().before = fails(&fulfilment.CallError{Code: "unavailable"})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	for range 48 {
		w.start() // a restart every hour
		w.pass(time.Hour, 30*time.Second)
	}
	got := task(t, w.get(c), 0, "erase-database")
	if got.State != dsr.TaskPending || got.Attempts < 50 || got.Attempts > 60 {
		t.Errorf("after two days: %+v", got)
	}
	equal(t, "left elsewhere", len(w.leftOf("jane"))-len(w.database().left("t", "jane")), 0)
	w.database().set(func(s *fakeSystem) { s.before = nil })
	w.pass(time.Hour, time.Minute)
	equal(t, "case", w.get(c).State(), dsr.StateFulfilled)
	equal(t, "keys", len(w.database().effects), 1)
}

func TestPausesDoubleAndSpread(t *testing.T) {
	for name, c := range map[string]struct {
		random float64
		want   []time.Duration
	}{
		"longest":  {0, []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour}},
		"shortest": {1, []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 30 * time.Minute, 30 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.options.Random = func() float64 { return c.random } })
			w.database().before = fails(&fulfilment.CallError{Code: "unavailable"})
			opened := w.open(asks("jane", regime.RequestErasure))
			w.run()
			clock := w.clock.(*privacytest.Clock)
			for i, want := range c.want {
				got := task(t, w.get(opened), 0, "erase-database")
				equal(t, "failures", got.Failures, i+1)
				equal(t, "pause", got.NotBefore.Sub(clock.Now()), want)
				clock.Set(got.NotBefore)
				w.run()
			}
		})
	}
	w := newWorld(t)
	w.database().before = fails(&fulfilment.CallError{Code: "too_many_requests", RetryAfter: 3 * time.Hour})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	equal(t, "what the system asks for", task(t, w.get(c), 0, "erase-database").NotBefore, start.Add(3*time.Hour))
}

// A slow system that accepts and works on is asked again with its ticket and the
// same key, and not for ever.
func TestSlowSystemIsPolled(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	var polls atomic.Int64
	w.database().before = func(_ context.Context, call fulfilment.Call) (fulfilment.Result, error, bool) {
		if polls.Add(1) == 1 && call.Ticket != "" || polls.Load() > 1 && call.Ticket != "job-7" {
			t.Errorf("poll %d has ticket %q", polls.Load(), call.Ticket)
		}
		if polls.Load() < 5 {
			return fulfilment.Result{AskAgain: 6 * time.Hour, Ticket: "job-7"}, nil, true
		}
		return fulfilment.Result{}, nil, false
	}
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.pass(23*time.Hour, time.Hour)
	got := task(t, w.get(c), 0, "erase-database")
	equal(t, "failures", got.Failures, 0)
	equal(t, "accepted", got.AcceptedAt, start)
	w.pass(time.Hour, time.Hour)
	equal(t, "case", w.get(c).State(), dsr.StateFulfilled)
	equal(t, "polls", polls.Load(), int64(5))
	equal(t, "keys", len(w.database().calls), 1)

	w = newWorld(t)
	w.database().before = func(context.Context, fulfilment.Call) (fulfilment.Result, error, bool) {
		return fulfilment.Result{AskAgain: 24 * time.Hour, Ticket: "job-8"}, nil, true
	}
	c = w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.pass(31*24*time.Hour, 12*time.Hour)
	got = task(t, w.get(c), 0, "erase-database")
	equal(t, "state", got.State, dsr.TaskDead)
	equal(t, "problem", got.Problem, fulfilment.ProblemNeverFinished)
}

// A process that was paused past its lease finds its attempt overtaken: its
// result is dropped, and a system that knows tokens refuses it.
func TestPausedProcessIsFenced(t *testing.T) {
	hooks := &privacytest.HookRecorder{}
	w := newWorld(t, func(w *world) { w.options.Hooks = hooks })
	w.give("jane")
	paused, wake := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	w.database().before = func(context.Context, fulfilment.Call) (fulfilment.Result, error, bool) {
		if first.CompareAndSwap(false, true) {
			close(paused)
			<-wake
		}
		return fulfilment.Result{}, nil, false
	}
	c := w.open(asks("jane", regime.RequestErasure))
	_, _, sleeper := w.process()
	done := make(chan error, 1)
	go func() { _, err := sleeper.RunDue(context.WithoutCancel(t.Context())); done <- err }()
	<-paused
	w.pass(3*time.Minute, 3*time.Minute)
	overtaken := task(t, w.get(c), 0, "erase-database")
	equal(t, "state", overtaken.State, dsr.TaskDone)
	equal(t, "attempts", overtaken.Attempts, 2)
	version := w.get(c).Version
	close(wake)
	must(t, <-done)
	equal(t, "version", w.get(c).Version, version)
	equal(t, "effects", w.database().effects[w.database().seen[0].Key], 1)
	equal(t, "the second token", w.database().seen[1].Token, uint64(2))
	if hooks.Total("dsr.fenced", "erase") == 0 {
		t.Error("nothing was fenced")
	}
	w.ended(c)
}

// So it is while the attempt that overtook it is still under way: what the first
// brings is not taken for the result of the second.
func TestPausedProcessDoesNotEndTheAttemptOfAnother(t *testing.T) {
	w := newWorld(t)
	var calls atomic.Int64
	begun := []chan struct{}{make(chan struct{}), make(chan struct{})}
	goOn := []chan struct{}{make(chan struct{}), make(chan struct{})}
	w.database().before = func(_ context.Context, call fulfilment.Call) (fulfilment.Result, error, bool) {
		n := calls.Add(1) - 1
		close(begun[n])
		<-goOn[n]
		return fulfilment.Result{Evidence: fmt.Sprint("attempt ", call.Token)}, nil, true
	}
	c := w.open(asks("jane", regime.RequestErasure))
	done := []chan error{make(chan error, 1), make(chan error, 1)}
	for n := range 2 {
		_, _, runner := w.process()
		go func() { _, err := runner.RunDue(context.WithoutCancel(t.Context())); done[n] <- err }()
		<-begun[n]
		if n == 0 {
			w.clock.(*privacytest.Clock).Advance(3 * time.Minute)
		}
	}
	close(goOn[0])
	must(t, <-done[0])
	got := task(t, w.get(c), 0, "erase-database")
	equal(t, "state", got.State, dsr.TaskRunning)
	close(goOn[1])
	must(t, <-done[1])
	equal(t, "evidence", task(t, w.get(c), 0, "erase-database").Evidence, "attempt 2")
	w.run()
	w.ended(c)
}

func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	clock := w.clock.(*privacytest.Clock)
	w.database().before = fails(&fulfilment.CallError{Code: "unavailable"})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	clock.Advance(-48 * time.Hour)
	w.run()
	other := w.open(asks("john", regime.RequestErasure))
	w.run()
	equal(t, "another case", w.get(other).State(), dsr.StateInProgress)
	w.database().set(func(s *fakeSystem) { s.before = nil })
	must(t, w.Recheck(t.Context(), "t", c.ID)) // at a time before the request came in
	w.pass(49*time.Hour, 10*time.Minute)
	w.ended(c)
	w.ended(other)
}

// put writes a wake-up that no command would.
func (w *world) put(wake dsr.Wake) {
	w.t.Helper()
	c, err := w.service.Open(w.t.Context(), "eu-gdpr", asks("nobody", regime.RequestAccess), "")
	must(w.t, err)
	_, err = w.service.Work(w.t.Context(), "t", c.ID, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Together(c, func(c dsr.Case) (dsr.Change, error) {
			return dsr.Change{Case: c, Wakes: []dsr.Wake{wake}}, nil
		})
	})
	must(w.t, err)
}

func TestWakeUpsThatLeadNowhere(t *testing.T) {
	w := newWorld(t)
	other := w.open(asks("jane", regime.RequestErasure))
	w.run()
	before := w.get(other)
	wake := func(kind, key, payload string) {
		w.put(dsr.Wake{Tenant: "t", Kind: kind, Key: key, RunAt: start, Payload: payload})
	}
	wake(fulfilment.WakeFulfil, "none", `{"case":"no-such-case"}`)
	wake(fulfilment.WakeFulfil, "unreadable", `jane@example.com`)
	wake(dsr.WakeReminder, "item", `{"case":"case-000001","item":7,"due":"2026-12-24"}`)
	wake("host.unknown", "later", `{}`)
	w.run()
	buried, err := w.store.Buried(t.Context(), "t")
	must(t, err)
	got := map[string]string{}
	for _, lease := range buried {
		got[lease.Key] = lease.Problem
	}
	equal(t, "buried", got, map[string]string{"none": "no_such_case", "unreadable": "unreadable", "item": "unreadable"})
	equal(t, "version of a case that none of it concerns", w.get(other).Version, before.Version)

	// A kind that this release does not know is not lost to the next.
	handled := 0
	w.options.Others = map[string]func(context.Context, dsr.Lease) error{
		"host.unknown": func(ctx context.Context, lease dsr.Lease) error {
			handled++
			return w.store.Bury(ctx, lease, "handled")
		},
	}
	w.start()
	w.pass(time.Hour, time.Minute)
	equal(t, "handled", handled, 1)
}

// A wake-up of one tenant cannot reach a case of another.
func TestCaseOfAnotherTenant(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	for name, err := range map[string]error{
		"Begin":          second(w.Begin(t.Context(), "u", c.ID, 0, fulfilment.Scope{})),
		"Preview":        second(w.Preview(t.Context(), "u", c.ID, 0, fulfilment.Scope{})),
		"Recheck":        w.Recheck(t.Context(), "u", c.ID),
		"Resume":         second(w.Resume(t.Context(), "u", c.ID, 0, "erase-crm")),
		"CompleteManual": second(w.CompleteManual(t.Context(), "u", c.ID, 0, "erase-crm", fulfilment.Done{})),
	} {
		if !errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	letters, err := w.DeadLetters(t.Context(), "u")
	must(t, err)
	equal(t, "letters", len(letters), 0)
	equal(t, "left", len(w.leftOf("jane")), 18)
}

func second[T any](_ T, err error) error { return err }

// A process whose book lacks the law of a case leaves it to one that has it.
func TestUnknownRegime(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	service, err := dsr.NewService(w.store.(dsr.CaseStore), dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: w.clock, Book: &regime.Book{}})
	must(t, err)
	ignorant, err := fulfilment.NewRunner(service, w.store, w.planner, fulfilment.Options{Clock: w.clock})
	must(t, err)
	_, err = ignorant.RunDue(t.Context())
	must(t, err)
	if _, err := ignorant.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{}); !errors.Is(err, regime.ErrUnknownRegime) {
		t.Errorf("Begin: %v", err)
	}
	equal(t, "left", len(w.leftOf("jane")), 18)
	w.pass(time.Minute, time.Minute)
	w.ended(c)
}
