package dsr_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// What a partial erasure leaves is restricted if it is kept for its ground alone
// (GDPR Art. 17(3), BDSG s. 35(3)), not if its erasure was refused (Art. 17(1)).
func TestOnlyWhatIsKeptForItsGroundIsRestricted(t *testing.T) {
	kept := dsr.Protection{System: "crm", Category: "invoice", Ground: "17(3)(b)", Source: "de-ao-147"}
	refused := dsr.Protection{System: "crm", Category: "contract", Ground: "17(1)(a)", Source: "contract", Refused: true}
	for name, test := range map[string]struct {
		protections []dsr.Protection
		want        bool
	}{
		"nothing is protected": {nil, false},
		"refused":              {[]dsr.Protection{refused}, false},
		"kept":                 {[]dsr.Protection{kept}, true},
		"kept and refused":     {[]dsr.Protection{refused, kept}, true},
	} {
		b := open(t, "eu-gdpr", intake(regime.RequestErasure)).do(dsr.Command{Event: dsr.EventBegin})
		for _, protection := range test.protections {
			change, err := b.p.Protect(b.c, 0, protection, b.now)
			if err != nil {
				t.Fatal(err)
			}
			b.c = change.Case
		}
		b.do(dsr.Command{Event: dsr.EventFulfilPartially})
		if b.c.Items[0].Restricted != test.want || (len(b.last.Effects) == 1) != test.want {
			t.Errorf("%s: restricted %t, effects %v", name, b.c.Items[0].Restricted, b.last.Effects)
		}
	}
}

// A clock that stood still for the requester runs again in a case that was closed
// and reopened: otherwise it would never be due.
func TestAReopenedCaseIsDue(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	b.after(40).do(dsr.Command{Event: dsr.EventNoReply}).reports(dsr.StateClosed)
	b.after(1).do(dsr.Command{Event: dsr.EventReopen, Reason: "replied"}).reports(dsr.StateInProgress)
	if d, err := b.p.Deadline(b.c, 0, b.now); err != nil || d.Due.String() != "2027-02-02" {
		t.Errorf("due %s, %s, %v", d.Due, d.State, err)
	}
}

// That somebody was found is on record, and not who.
func TestIdentifyIsOnRecord(t *testing.T) {
	in := asking(regime.RequestAccess)
	in.Subject, in.Unidentified = "", true
	d := newDesk(t)
	c, err := d.Open(t.Context(), "eu-gdpr", in, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Identify(t.Context(), "t", c.ID, "jane", ""); err != nil {
		t.Fatal(err)
	}
	lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10)
	if err != nil || len(lines) != 2 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	var line struct{ Identified bool }
	if err := json.Unmarshal([]byte(lines[1].Payload), &line); err != nil || !line.Identified || strings.Contains(lines[1].Payload, "jane") {
		t.Errorf("got %s, %v", lines[1].Payload, err)
	}
	if events := d.events(t); events[len(events)-1].Type != "privacykit.dsr.identified" {
		t.Errorf("got %+v", events)
	}
}

// overtaken lets something else happen to a case right before it is opened or a
// wake-up is completed.
type overtaken struct {
	*memory
	first func()
}

func (o *overtaken) serve(t *testing.T, clock privacy.Clock) *dsr.Service {
	t.Helper()
	service, err := dsr.NewService(o, dsr.Options{
		Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, IDs: privacytest.NewIDs("other"), Source: "/labelop/dsr",
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func (o *overtaken) Update(ctx context.Context, u dsr.Update) error {
	if first := o.first; first != nil && (u.Expect == 0 || u.Completes != nil) {
		o.first = nil
		first()
	}
	return o.memory.Update(ctx, u)
}

// A wake-up that another change overtakes is acted on all the same, without being
// claimed, and people being told, once more.
func TestAWakeUpSurvivesAnotherChange(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	store := &overtaken{memory: d.store, first: func() { d.handle(t, c.ID, dsr.Command{Event: dsr.EventBegin}) }}
	d.clock.Advance(60 * 24 * time.Hour)
	service := store.serve(t, d.clock)
	now := d.clock.Now()
	leases, err := d.store.Claim(t.Context(), now, now.Add(time.Minute), 10)
	if err != nil || len(leases) != 1 {
		t.Fatalf("%d wake-ups, %v", len(leases), err)
	}
	if woken, err := service.Wake(t.Context(), leases[0]); err != nil || !woken.Items[0].Overdue || woken.State() != dsr.StateInProgress {
		t.Errorf("got %+v, %v", woken, err)
	}
}

// Of two calls that open a case under one key both return the one that is stored.
func TestOpeningReturnsTheCaseThatIsStored(t *testing.T) {
	d := newDesk(t)
	var stored dsr.Case
	store := &overtaken{memory: d.store, first: func() { stored = d.open(t, "eu-gdpr", regime.RequestAccess, "key") }}
	later := privacytest.NewClock(received.Add(time.Hour))
	opened, err := store.serve(t, later).Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "key")
	if err != nil || !opened.Received.Equal(stored.Received) {
		t.Errorf("got one received at %s, %v; stored is %s", opened.Received, err, stored.Received)
	}
}

// A request that another clock received ahead of ours can be handled at once.
func TestACaseReceivedAheadCanBeHandled(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestAccess)
	in.Received = received.Add(time.Minute)
	c, err := d.Open(t.Context(), "eu-gdpr", in, "")
	if err != nil {
		t.Fatal(err)
	}
	if c, err = d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, ""); err != nil || c.State() != dsr.StateInProgress {
		t.Errorf("got %s, %v", c.State(), err)
	}
}
