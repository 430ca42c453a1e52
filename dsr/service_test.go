package dsr_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

type desk struct {
	*dsr.Service
	store *memory
	clock *privacytest.Clock
}

func newDesk(t *testing.T) desk {
	t.Helper()
	store, clock := newMemory(), privacytest.NewClock(received)
	service, err := dsr.NewService(store, dsr.Options{
		Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, IDs: privacytest.NewIDs("case"), Source: "/labelop/dsr",
	})
	if err != nil {
		t.Fatal(err)
	}
	return desk{service, store, clock}
}

func asking(request regime.Request) dsr.Intake {
	return dsr.Intake{
		Tenant: "t", Subject: "jane", Role: privacy.RoleController, ContentHash: "00", Channel: "web_form",
		Actor: dsr.ActorSubject, Requests: []dsr.Asked{{Request: request}},
	}
}

func (d desk) open(t *testing.T, id regime.ID, request regime.Request, key string) dsr.Case {
	t.Helper()
	c, err := d.Open(t.Context(), id, asking(request), key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (d desk) events(t *testing.T) []privacy.Event {
	t.Helper()
	events, err := d.store.Events(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestServiceRunsACase(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	if c.ID != "case-000001" || c.Regime != "eu-gdpr@2018-05-25" || !c.Received.Equal(received) {
		t.Fatalf("got %+v", c)
	}
	for _, cmd := range []dsr.Command{
		{Event: dsr.EventBegin, Actor: dsr.ActorStaff},
		{Event: dsr.EventFulfil, Actor: dsr.ActorStaff},
	} {
		d.clock.Advance(time.Hour)
		var err error
		if c, err = d.Handle(t.Context(), "t", c.ID, cmd, ""); err != nil {
			t.Fatal(err)
		}
	}
	if c.State() != dsr.StateFulfilled || c.Version != 3 {
		t.Errorf("got %+v", c)
	}
	lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10)
	if err != nil || len(lines) != 3 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var line struct {
		Regime, Event, Actor, From, To, Due string
	}
	if err := json.Unmarshal([]byte(lines[2].Payload), &line); err != nil {
		t.Fatal(err)
	}
	if line.Event != "fulfil" || line.From != "in_progress" || line.To != "fulfilled" || line.Actor != "controller_staff" ||
		line.Regime != c.Regime || line.Due != "2026-12-24" || !lines[2].At.Equal(received.Add(2*time.Hour)) {
		t.Errorf("got %+v", line)
	}
	events := d.events(t)
	if len(events) != 3 || events[2].Type != "privacykit.dsr.fulfil" || events[2].Source != "/labelop/dsr" {
		t.Errorf("got %+v", events)
	}
	open, err := d.store.Open(t.Context(), "t", dsr.Position{}, 10)
	if err != nil || len(open) != 0 {
		t.Errorf("%d open cases, %v", len(open), err)
	}
}

func TestServiceDoesOnceWhatIsAskedTwice(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestRectification, "k1")
	begin := dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}
	if _, err := d.Handle(t.Context(), "t", c.ID, begin, "k2"); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(time.Hour)
	again := d.open(t, "eu-gdpr", regime.RequestRectification, "k1")
	if again.ID != c.ID || again.Version != 2 {
		t.Errorf("opened another: %+v", again)
	}
	if same, err := d.Handle(t.Context(), "t", c.ID, begin, "k2"); err != nil || same.Version != 2 {
		t.Errorf("done twice: %+v, %v", same, err)
	}
	if n := len(d.events(t)); n != 2 {
		t.Errorf("%d events", n)
	}
	if _, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorStaff}, "k2"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("the key served for something else: %v", err)
	}
	if _, err := d.Open(t.Context(), "eu-gdpr", asking(regime.RequestErasure), "k1"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("the key served for something else: %v", err)
	}
}

func TestServiceBindsTheLawOfTheDay(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestAccess)
	in.Received = time.Date(2026, 2, 4, 23, 59, 0, 0, time.UTC)
	c, err := d.Open(t.Context(), "uk-gdpr", in, "")
	if err != nil || c.Regime != "uk-gdpr@2018-05-25" {
		t.Errorf("got %s, %v", c.Regime, err)
	}
	// It stays bound to it, also for what happens under the next version.
	c, err = d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, "")
	if err != nil || c.Regime != "uk-gdpr@2018-05-25" {
		t.Errorf("got %s, %v", c.Regime, err)
	}
	for id, want := range map[regime.ID]error{"in-dpdp": regime.ErrNotInForce, "xx": regime.ErrUnknownRegime} {
		if _, err := d.Open(t.Context(), id, asking(regime.RequestAccess), ""); !errors.Is(err, want) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestServiceWritesEffectsWithTheCase(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestObjection)
	in.Requests[0].DirectMarketing = true
	if _, err := d.Open(t.Context(), "eu-gdpr", in, ""); err != nil {
		t.Fatal(err)
	}
	effects, err := d.store.Effects(t.Context(), "t")
	if err != nil || len(effects) != 1 || !effects[0].DirectMarketing {
		t.Errorf("got %+v, %v", effects, err)
	}
}

// racing is a store in which another update comes first, some times.
type racing struct {
	*memory
	races int
}

func (r *racing) Update(ctx context.Context, u dsr.Update) error {
	if u.Expect != 0 && r.races > 0 {
		r.races--
		return privacy.ErrConflict
	}
	return r.memory.Update(ctx, u)
}

func TestServiceComputesAnewAfterAConflict(t *testing.T) {
	for races, want := range map[int]error{4: nil, 5: privacy.ErrConflict} {
		store := &racing{newMemory(), races}
		s, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: privacytest.NewClock(received)})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, ""); !errors.Is(err, want) {
			t.Errorf("%d races: %v", races, err)
		}
	}
}

// Whichever call to the store fails, the error comes out.
func TestServiceReportsAFailingStore(t *testing.T) {
	for call := 1; call <= 8; call++ {
		d := newDesk(t)
		d.store.failAt = call
		c, err := d.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "k1")
		if err == nil {
			_, err = d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, "k2")
		}
		if err == nil {
			_, err = d.Deadlines(t.Context(), "t", c.ID)
		}
		if used := d.store.calls; used >= call && !errors.Is(err, errUnreachable) {
			t.Errorf("call %d: %v", call, err)
		}
	}
}

func TestServiceWork(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestErasure, "")
	c, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, "")
	if err != nil {
		t.Fatal(err)
	}
	plan := func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Plan(c, 0, []dsr.Task{{ID: "erase", System: "crm", Action: dsr.ActionErase}}, d.clock.Now())
	}
	for range 2 {
		if c, err = d.Work(t.Context(), "t", c.ID, "plan-1", "plan", plan); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.Items[0].Tasks) != 1 || c.Version != 3 {
		t.Errorf("got %+v", c)
	}
	events := d.events(t)
	if last := events[len(events)-1]; last.Type != "privacykit.dsr.task" {
		t.Errorf("got %+v", last)
	}
}

func TestServiceWakesAtTheDeadline(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "ca-pipeda", regime.RequestAccess, "")
	due, err := d.Deadlines(t.Context(), "t", c.ID)
	if err != nil || due[0].Due.String() != "2026-12-24" {
		t.Fatalf("%+v, %v", due, err)
	}
	end := due[0].DueEnd
	claim := func(now time.Time) []dsr.Lease {
		t.Helper()
		leases, err := d.store.Claim(t.Context(), now, now.Add(time.Minute), 10)
		if err != nil {
			t.Fatal(err)
		}
		return leases
	}
	if early := claim(end.Add(-time.Second)); len(early) != 0 {
		t.Fatalf("%d wake-ups before the end", len(early))
	}
	leases := claim(end)
	if len(leases) != 1 {
		t.Fatalf("%d wake-ups at the end", len(leases))
	}
	d.clock.Set(end)
	c, err = d.Wake(t.Context(), leases[0])
	if err != nil || c.State() != dsr.StateRefused || c.Items[0].Reason != dsr.ReasonDeemedRefusal {
		t.Fatalf("got %+v, %v", c, err)
	}
	// The lease is gone: a process that wakes late does nothing a second time.
	if _, err := d.Wake(t.Context(), leases[0]); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("woken twice: %v", err)
	}
	if more := claim(end.Add(time.Hour)); len(more) != 0 {
		t.Errorf("%d wake-ups of a decided case", len(more))
	}
}

func TestServiceWakesForNothing(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	due, err := d.Deadlines(t.Context(), "t", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	extend := dsr.Command{Event: dsr.EventExtend, Actor: dsr.ActorStaff, Ground: "complexity", Explanation: "message-1"}
	if _, err := d.Handle(t.Context(), "t", c.ID, extend, ""); err != nil {
		t.Fatal(err)
	}
	d.clock.Set(due[0].DueEnd)
	leases, err := d.store.Claim(t.Context(), d.clock.Now(), d.clock.Now().Add(time.Minute), 10)
	if err != nil || len(leases) != 1 {
		t.Fatalf("%d wake-ups, %v", len(leases), err)
	}
	c, err = d.Wake(t.Context(), leases[0])
	if err != nil || c.Items[0].Overdue || c.State() != dsr.StateReceived {
		t.Errorf("got %+v, %v", c, err)
	}
	for name, lease := range map[string]dsr.Lease{
		"another kind": {Wake: dsr.Wake{Tenant: "t", Kind: "other"}},
		"no payload":   {Wake: dsr.Wake{Tenant: "t", Kind: dsr.WakeDeadline}},
		"no item":      {Wake: dsr.Wake{Tenant: "t", Kind: dsr.WakeDeadline, Payload: `{"case":"case-000001","item":4}`}},
	} {
		if _, err := d.Wake(t.Context(), lease); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	gone := dsr.Lease{Wake: dsr.Wake{Tenant: "u", Kind: dsr.WakeDeadline, Payload: `{"case":"case-000001","item":0}`}}
	if _, err := d.Wake(t.Context(), gone); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestServiceNeedsAStoreAndAZone(t *testing.T) {
	for name, build := range map[string]func() (*dsr.Service, error){
		"no store": func() (*dsr.Service, error) {
			return dsr.NewService(nil, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly()})
		},
		"no zone": func() (*dsr.Service, error) {
			return dsr.NewService(newMemory(), dsr.Options{Calendar: privacy.WeekdaysOnly()})
		},
		"no calendar": func() (*dsr.Service, error) { return dsr.NewService(newMemory(), dsr.Options{Zone: time.UTC}) },
	} {
		if _, err := build(); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := dsr.NewService(newMemory(), dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Book: new(regime.Book)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), ""); !errors.Is(err, regime.ErrUnknownRegime) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Deadlines(t.Context(), "t", "none"); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestServiceRefusesARequestFromTheFuture(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestAccess)
	in.Received = received.Add(2*time.Minute + time.Nanosecond)
	if c, err := d.Open(t.Context(), "eu-gdpr", in, ""); !errors.Is(err, privacy.ErrInvalid) || c.ID != "" {
		t.Errorf("got %q, %v", c.ID, err)
	}
	in.Received = received.Add(2 * time.Minute)
	if _, err := d.Open(t.Context(), "eu-gdpr", in, ""); err != nil {
		t.Errorf("a clock a little ahead: %v", err)
	}
}

// A case that was not stored has no ID that anybody could go on with.
func TestServiceReturnsNoCaseThatWasNotStored(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := d.Open(ctx, "eu-gdpr", asking(regime.RequestAccess), ""); err == nil || c.ID != "" {
		t.Errorf("got %q, %v", c.ID, err)
	}
}

// A case whose law the book no longer holds is an error, not a guess.
func TestServiceKeepsTheLawOfACase(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	s, err := dsr.NewService(d.store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Book: new(regime.Book)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, ""); !errors.Is(err, regime.ErrUnknownRegime) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Deadlines(t.Context(), "t", c.ID); !errors.Is(err, regime.ErrUnknownRegime) {
		t.Errorf("got %v", err)
	}
}

// The log holds codes; the subject appears in none of it.
func TestLogHoldsNoSubject(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10)
	if err != nil || len(lines) == 0 {
		t.Fatal(err)
	}
	for _, line := range lines {
		if strings.Contains(line.Payload, "jane") {
			t.Errorf("got %s", line.Payload)
		}
	}
}
