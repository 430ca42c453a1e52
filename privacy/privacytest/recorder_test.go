package privacytest_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestClockStandsStillUntilMoved(t *testing.T) {
	clock := privacytest.NewClock(start)
	for range 3 {
		if clock.Now() != start {
			t.Error("the clock moved by itself")
		}
	}
	if got := clock.Advance(time.Hour); got != start.Add(time.Hour) || clock.Now() != got {
		t.Errorf("after an hour: %v", got)
	}
	if got := clock.Advance(-2 * time.Hour); got != start.Add(-time.Hour) {
		t.Errorf("set back: %v", got)
	}
	clock.Set(start)
	if clock.Now() != start {
		t.Errorf("after Set: %v", clock.Now())
	}
	if !new(privacytest.Clock).Now().IsZero() {
		t.Error("the zero clock does not stand at the zero time")
	}
}

func TestClockHasNoMonotonicReading(t *testing.T) {
	now := time.Now()
	clock := privacytest.NewClock(now)
	if clock.Now() != now.Round(0) {
		t.Error("NewClock kept the monotonic reading")
	}
	clock.Set(now)
	if clock.Now() != now.Round(0) {
		t.Error("Set kept the monotonic reading")
	}
}

func TestClockIsSafeForConcurrentUse(t *testing.T) {
	clock := privacytest.NewClock(start)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				clock.Advance(time.Second)
				clock.Now()
			}
		})
	}
	wg.Wait()
	if got := clock.Now(); got != start.Add(800*time.Second) {
		t.Errorf("got %v", got)
	}
}

func TestIDsAreUniqueAndSorted(t *testing.T) {
	ids := privacytest.NewIDs("id")
	made := make([][]string, 8)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for range 100 {
				made[i] = append(made[i], ids.NewID())
			}
		})
	}
	wg.Wait()
	all := slices.Concat(made...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 800 || all[0] != "id-000001" || all[799] != "id-000800" {
		t.Errorf("got %d distinct, from %s to %s", len(slices.Compact(all)), all[0], all[799])
	}
	if got := new(privacytest.IDs).NewID(); got != "000001" {
		t.Errorf("without a prefix: %s", got)
	}
}

func TestEventRecorderKeepsCopiesInOrder(t *testing.T) {
	var recorder privacytest.EventRecorder
	data := []byte(`{"a":1}`)
	for i := range 3 {
		event := privacy.Event{ID: fmt.Sprint(i), Type: fmt.Sprintf("t%d", i), Data: data}
		if err := recorder.Record(t.Context(), event); err != nil {
			t.Fatal(err)
		}
	}
	data[0] = 'x'
	recorder.Events()[1].Data[0] = 'x'
	events := recorder.Events()
	if len(events) != 3 || events[1].ID != "1" || string(events[1].Data) != `{"a":1}` {
		t.Errorf("got %+v", events)
	}
	if got := recorder.Types(); !slices.Equal(got, []string{"t0", "t1", "t2"}) {
		t.Errorf("got %q", got)
	}
	if recorder.Reset(); len(recorder.Events()) != 0 {
		t.Error("events are left after Reset")
	}
}

func TestHookRecorder(t *testing.T) {
	var recorder privacytest.HookRecorder
	failed := errors.New("failed")
	ctx, endFirst := recorder.Start(t.Context(), "first")
	if ctx != t.Context() {
		t.Error("Start returned another context")
	}
	_, endSecond := recorder.Start(ctx, "second")
	endSecond(failed)
	want := []privacytest.Operation{{Name: "first"}, {Name: "second", Ends: 1, Err: failed}}
	if got := recorder.Operations(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	endFirst(nil)
	endFirst(nil)
	if got := recorder.Operations()[0]; got.Ends != 2 || got.Err != nil {
		t.Errorf("got %+v, want two ends", got)
	}

	recorder.Count("decisions", "allowed", 2)
	recorder.Count("decisions", "allowed", 3)
	recorder.Count("decisions", "denied", 1)
	if got := recorder.Total("decisions", "allowed"); got != 5 {
		t.Errorf("allowed: got %d, want 5", got)
	}
	if got := recorder.Total("decisions", "unknown"); got != 0 {
		t.Errorf("unknown: got %d, want 0", got)
	}
}

func TestRecordersAreSafeForConcurrentUse(t *testing.T) {
	var events privacytest.EventRecorder
	var hooks privacytest.HookRecorder
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, end := hooks.Start(t.Context(), "op")
			hooks.Count("n", "", 1)
			_ = events.Record(t.Context(), privacy.Event{})
			end(nil)
		})
	}
	wg.Wait()
	if len(events.Events()) != 8 || len(hooks.Operations()) != 8 || hooks.Total("n", "") != 8 {
		t.Error("something was lost")
	}
}
