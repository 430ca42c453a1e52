package dsr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// handle applies a command through the service.
func (d desk) handle(t *testing.T, id dsr.CaseID, cmd dsr.Command) dsr.Case {
	t.Helper()
	if cmd.Actor == 0 {
		cmd.Actor = cmd.Event.Usual()
	}
	c, err := d.Handle(t.Context(), "t", id, cmd, "")
	if err != nil {
		t.Fatalf("%s: %v", cmd.Event, err)
	}
	return c
}

// wakeAll wakes everything that is due now and returns the case.
func (d desk) wakeAll(t *testing.T, id dsr.CaseID) dsr.Case {
	t.Helper()
	now := d.clock.Now()
	leases, err := d.store.Claim(t.Context(), now, now.Add(time.Minute), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, lease := range leases {
		if _, err := d.Wake(t.Context(), lease); err != nil {
			t.Fatalf("%s: %v", lease.Key, err)
		}
	}
	c, err := d.store.Case(t.Context(), "t", id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// happened counts the audit events of a type.
func (d desk) happened(t *testing.T, event dsr.Event) int {
	t.Helper()
	n := 0
	for _, e := range d.events(t) {
		if strings.HasSuffix(e.Type, "."+event.String()) {
			n++
		}
	}
	return n
}

func (d desk) followups(t *testing.T, c dsr.Case) []dsr.Followup {
	t.Helper()
	p, err := d.Procedure(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Followups(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every state's time to decide an appeal is a wake-up, and an alert when it ends.
func TestAppealThatIsNotDecidedInTimeIsAnAlert(t *testing.T) {
	for id, due := range map[regime.ID]string{ // appealed on 2026-11-25
		"us-va-vcdpa": "2027-01-24", "us-ct-ctdpa": "2027-01-24", "us-tx-tdpsa": "2027-01-24", "us-mt-mcdpa": "2027-01-24",
		"us-de-dpdpa": "2027-01-24", "us-nh-nhpa": "2027-01-24", "us-md-modpa": "2027-01-24", "us-in-icdpa": "2027-01-24",
		"us-tn-tipa": "2027-01-24", "us-ky-kcdpa": "2027-01-24", "us-ne-ndpa": "2027-01-24", "us-ri-ridtppa": "2027-01-24",
		"us-ia-icdpa": "2027-01-24",
		"us-co-cpa":   "2027-01-09", "us-mn-mcdpa": "2027-01-09", "us-or-ocpa": "2027-01-09", "us-nj-njdpa": "2027-01-09",
	} {
		t.Run(string(id), func(t *testing.T) {
			d := newDesk(t)
			c := d.open(t, id, regime.RequestAccess, "")
			d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true})
			d.clock.Advance(24 * time.Hour)
			c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
			running := d.followups(t, c)
			if len(running) != 1 || running[0].Kind != dsr.FollowupAppeal || running[0].Due.String() != due || running[0].Cite == "" {
				t.Fatalf("got %+v, want %s", running, due)
			}
			d.clock.Set(running[0].DueEnd.Add(-time.Second))
			if c = d.wakeAll(t, c.ID); c.Items[0].Followups.AppealOverdue {
				t.Fatal("an alert before the end")
			}
			d.clock.Set(running[0].DueEnd)
			if c = d.wakeAll(t, c.ID); !c.Items[0].Followups.AppealOverdue || c.State() != dsr.StateAppealOpen {
				t.Fatalf("no alert at the end: %+v", c.Items[0].Followups)
			}
			if n := d.happened(t, dsr.EventAppealOverdue); n != 1 {
				t.Errorf("%d alerts", n)
			}
			d.clock.Advance(24 * time.Hour)
			d.wakeAll(t, c.ID)
			c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppealDenied})
			if c.State() != dsr.StateClosed || d.happened(t, dsr.EventAppealOverdue) != 1 {
				t.Errorf("late is decided all the same, once: %s", c.State())
			}
		})
	}
}

func TestAppealThatIsDecidedInTimeIsNoAlert(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "us-va-vcdpa", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppealDenied})
	d.clock.Advance(365 * 24 * time.Hour)
	if c = d.wakeAll(t, c.ID); c.Items[0].Followups.AppealOverdue || d.happened(t, dsr.EventAppealOverdue) != 0 {
		t.Error("an alert")
	}
}

// Colorado and Minnesota give sixty days more, if told with reasons in the first
// forty-five; the others give none.
func TestAppealIsExtendedWhereTheLawSaysSo(t *testing.T) {
	appealed := func(t *testing.T, id regime.ID) (desk, dsr.Case) {
		t.Helper()
		d := newDesk(t)
		c := d.open(t, id, regime.RequestAccess, "")
		d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true})
		return d, d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	}
	extend := dsr.Command{Event: dsr.EventExtend, Actor: dsr.ActorStaff, Explanation: "message-1"}
	for _, id := range []regime.ID{"us-co-cpa", "us-mn-mcdpa"} {
		d, c := appealed(t, id)
		first := d.followups(t, c)[0]
		c = d.handle(t, c.ID, extend)
		longer := d.followups(t, c)[0]
		if first.Due.String() != "2027-01-08" || longer.Due.String() != "2027-03-09" {
			t.Errorf("%s: %s, then %s", id, first.Due, longer.Due)
		}
		if c.Items[0].Extension != nil {
			t.Errorf("%s: the period of the request was extended too", id)
		}
		if _, err := d.Handle(t.Context(), "t", c.ID, extend, ""); err != dsr.GuardAlreadyExtended {
			t.Errorf("%s twice: %v", id, err)
		}
		d.clock.Set(first.DueEnd)
		if c = d.wakeAll(t, c.ID); c.Items[0].Followups.AppealOverdue {
			t.Errorf("%s: an alert at the end of the first period", id)
		}
		d.clock.Set(longer.DueEnd)
		if c = d.wakeAll(t, c.ID); !c.Items[0].Followups.AppealOverdue {
			t.Errorf("%s: no alert at the end", id)
		}
		d, c = appealed(t, id)
		d.clock.Set(first.DueEnd)
		if _, err := d.Handle(t.Context(), "t", c.ID, extend, ""); err != dsr.GuardTooLate {
			t.Errorf("%s late: %v", id, err)
		}
	}
	d, c := appealed(t, "us-va-vcdpa")
	if _, err := d.Handle(t.Context(), "t", c.ID, extend, ""); err != dsr.GuardExtensionNotProvided {
		t.Errorf("Virginia: %v", err)
	}
}

// DPA 2018 s. 164A(3): a complaint is acknowledged in thirty days.
func TestComplaintThatIsNotAcknowledgedInTimeIsAnAlert(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "uk-gdpr", regime.RequestErasure, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAcknowledge})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "17(3)(b)", Evidence: true})
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaint})
	running := d.followups(t, c)
	if len(running) != 1 || running[0].Kind != dsr.FollowupComplaint || running[0].Due.String() != "2026-12-24" {
		t.Fatalf("got %+v", running)
	}
	d.clock.Set(running[0].DueEnd)
	if c = d.wakeAll(t, c.ID); !c.Items[0].Followups.ComplaintOverdue || d.happened(t, dsr.EventComplaintOverdue) != 1 {
		t.Fatalf("no alert: %+v", c.Items[0].Followups)
	}
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaintAcknowledged})
	if len(d.followups(t, c)) != 0 || !c.Items[0].ComplaintOpen {
		t.Error("acknowledged is not resolved")
	}
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaintResolved})
	if c.Items[0].ComplaintOpen {
		t.Error("still open")
	}
	for _, event := range []dsr.Event{dsr.EventComplaintAcknowledged, dsr.EventComplaintResolved, dsr.EventComplaintOverdue} {
		if _, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: event, Actor: event.Usual()}, ""); err != dsr.GuardNoComplaintOpen {
			t.Errorf("%s: %v", event, err)
		}
	}
}

func TestComplaintThatIsAcknowledgedInTimeIsNoAlert(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "uk-gdpr", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaint})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaintAcknowledged})
	d.clock.Advance(31 * 24 * time.Hour)
	d.wakeAll(t, c.ID)
	if n := d.happened(t, dsr.EventComplaintOverdue); n != 0 {
		t.Errorf("%d alerts", n)
	}
}

// 11 CCR § 7021(a): receipt is confirmed in ten business days; a message that
// was sent does it.
func TestAcknowledgementIsWatched(t *testing.T) {
	for name, test := range map[string]struct {
		acknowledge func(d desk, c dsr.Case) error
		alerts      int
	}{
		"nothing was said": {func(desk, dsr.Case) error { return nil }, 1},
		"by an event": {func(d desk, c dsr.Case) error {
			_, err := d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventAcknowledge, Actor: dsr.ActorStaff}, "")
			return err
		}, 0},
		"by a message": {func(d desk, c dsr.Case) error {
			return d.RecordMessage(t.Context(), "t", c.ID, dsr.MessageRecord{
				Kind: regime.NoticeAcknowledgement, Request: regime.RequestKnow, Locale: "en", Template: "en@1", Digest: "00", Sent: true,
			}, "m-1")
		}, 0},
		"by a message that was not sent": {func(d desk, c dsr.Case) error {
			return d.RecordMessage(t.Context(), "t", c.ID, dsr.MessageRecord{
				Kind: regime.NoticeAcknowledgement, Request: regime.RequestKnow, Locale: "en", Template: "en@1", Digest: "00",
			}, "m-1")
		}, 1},
		"about something else": {func(d desk, c dsr.Case) error {
			return d.RecordMessage(t.Context(), "t", c.ID, dsr.MessageRecord{
				Kind: regime.NoticeAcknowledgement, Request: regime.RequestComplaint, Locale: "en", Template: "en@1", Digest: "00", Sent: true,
			}, "m-1")
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			c := d.open(t, "us-ca-ccpa", regime.RequestKnow, "")
			due := d.followups(t, c)
			if len(due) != 1 || due[0].Due.String() != "2026-12-08" {
				t.Fatalf("got %+v", due)
			}
			if err := test.acknowledge(d, c); err != nil {
				t.Fatal(err)
			}
			d.clock.Set(due[0].DueEnd)
			c = d.wakeAll(t, c.ID)
			if n := d.happened(t, dsr.EventAcknowledgementOverdue); n != test.alerts || c.Items[0].Overdue {
				t.Errorf("%d alerts, want %d", n, test.alerts)
			}
		})
	}
}

func TestProcessorWithoutAuthorityOwesNoAcknowledgement(t *testing.T) {
	in := intake(regime.RequestKnow)
	in.Role = privacy.RoleProcessor
	b := open(t, "us-ca-ccpa", in)
	if f, err := b.p.Followups(b.c, 0); err != nil || len(f) != 0 {
		t.Errorf("got %+v, %v", f, err)
	}
	b.refuses(dsr.Command{Event: dsr.EventAcknowledge}, dsr.GuardProcessorNotAuthorised)
	if _, err := b.p.Followups(b.c, 1); err == nil {
		t.Error("an item that is not there")
	}
}

// An appeal follows the version of the law that its case is bound to, also when
// another has come into force meanwhile.
func TestAppealUnderALawThatHasEnded(t *testing.T) {
	book, err := regime.Presets()
	if err != nil {
		t.Fatal(err)
	}
	old := *mustRegime(t, "us-va-vcdpa")
	old.EffectiveThrough = privacy.MustDate("2026-11-30")
	if book, err = book.With(&old); err != nil {
		t.Fatal(err)
	}
	store, clock := newMemory(), privacytest.NewClock(received)
	service, err := dsr.NewService(store, dsr.Options{Book: book, Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock, Source: "/labelop/dsr"})
	if err != nil {
		t.Fatal(err)
	}
	d := desk{service, store, clock}
	c := d.open(t, "us-va-vcdpa", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true})
	clock.Set(time.Date(2026, 12, 10, 12, 0, 0, 0, time.UTC))
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	if f := d.followups(t, c); len(f) != 1 || f[0].Due.String() != "2027-02-08" {
		t.Errorf("got %+v", f)
	}
}

func TestCaseWithFollowupsSurvivesItsStore(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "us-co-cpa", regime.RequestAccess, "")
	d.clock.Advance(time.Nanosecond)
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventExtend, Explanation: "m-1"})
	encoded, err := dsr.EncodeCase(c)
	if err != nil {
		t.Fatal(err)
	}
	again, err := dsr.DecodeCase(encoded)
	if err != nil || again.Items[0].Followups != c.Items[0].Followups {
		t.Errorf("got %+v, want %+v: %v", again.Items[0].Followups, c.Items[0].Followups, err)
	}
}

// A second appeal, or complaint, has a period of its own.
func TestFollowupsBeginAnew(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "us-co-cpa", regime.RequestAccess, "")
	refuse := dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true}
	d.handle(t, c.ID, refuse)
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventExtend, Explanation: "m-1"})
	d.clock.Advance(200 * 24 * time.Hour)
	d.wakeAll(t, c.ID)
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppealUpheld})
	d.handle(t, c.ID, refuse)
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventAppeal})
	if f := d.followups(t, c); len(f) != 1 || f[0].Overdue || f[0].Due.String() != "2027-07-27" {
		t.Errorf("got %+v", f)
	}
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventExtend, Explanation: "m-2"})

	uk := newDesk(t)
	c = uk.open(t, "uk-gdpr", regime.RequestErasure, "")
	uk.handle(t, c.ID, refuse)
	uk.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaint})
	uk.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaintResolved})
	uk.clock.Advance(10 * 24 * time.Hour)
	c = uk.handle(t, c.ID, dsr.Command{Event: dsr.EventComplaint})
	if f := uk.followups(t, c); len(f) != 1 || f[0].Due.String() != "2027-01-04" {
		t.Errorf("got %+v", f)
	}
}

// Swiss DPO Art. 19(3): whoever does not confirm a fee in ten days has taken the
// request back, without anybody's doing.
func TestSilenceOnAFeeTakesTheRequestBack(t *testing.T) {
	fee := dsr.Command{Event: dsr.EventFeeRequested, Evidence: true}
	asked := func(t *testing.T, id regime.ID) (desk, dsr.Case) {
		t.Helper()
		d := newDesk(t)
		c := d.open(t, id, regime.RequestAccess, "")
		return d, d.handle(t, c.ID, fee)
	}
	d, c := asked(t, "ch-fadp")
	f := d.followups(t, c)
	if len(f) != 1 || f[0].Kind != dsr.FollowupSilence || f[0].Due.String() != "2026-12-04" || f[0].Cite == "" {
		t.Fatalf("got %+v", f)
	}
	d.clock.Set(f[0].DueEnd.Add(-time.Second))
	if c = d.wakeAll(t, c.ID); c.State() != dsr.StateFeePending {
		t.Fatalf("too early: %s", c.State())
	}
	d.clock.Set(f[0].DueEnd)
	if c = d.wakeAll(t, c.ID); c.State() != dsr.StateWithdrawn || c.Items[0].Reason != dsr.ReasonDeemedWithdrawn {
		t.Errorf("got %s, %s", c.State(), c.Items[0].Reason)
	}

	d, c = asked(t, "ch-fadp")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventFeePaid})
	d.clock.Set(f[0].DueEnd)
	if c = d.wakeAll(t, c.ID); c.State() != dsr.StateInProgress {
		t.Errorf("confirmed in time: %s", c.State())
	}

	// Identity comes first; the fee waits behind it, and nothing is stuck.
	d, c = asked(t, "ch-fadp")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityRequested})
	d.clock.Set(f[0].DueEnd)
	if c = d.wakeAll(t, c.ID); c.State() != dsr.StateIdentityPending {
		t.Errorf("got %s", c.State())
	}
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityConfirmed})
	if c = d.wakeAll(t, c.ID); c.State() != dsr.StateWithdrawn {
		t.Errorf("got %s", c.State())
	}

	// In the Union silence closes a case only by somebody's decision.
	d, c = asked(t, "eu-gdpr")
	if f := d.followups(t, c); len(f) != 0 {
		t.Errorf("got %+v", f)
	}
}

// What was answered in part goes on when its ground lapses, years later: the
// period was kept, so nobody is told that it ended.
func TestRemainderIsNotOverdue(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestErasure, "")
	until := privacy.MustDate("2034-12-31")
	work := func(change func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error)) {
		t.Helper()
		var err error
		if c, err = d.Work(t.Context(), "t", c.ID, "", "", change); err != nil {
			t.Fatal(err)
		}
	}
	handle := func(event dsr.Event) {
		t.Helper()
		var err error
		if c, err = d.Handle(t.Context(), "t", c.ID, dsr.Command{Event: event, Actor: dsr.ActorStaff, Explanation: "message-1"}, ""); err != nil {
			t.Fatal(err)
		}
	}
	handle(dsr.EventBegin)
	work(func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Plan(c, 0, []dsr.Task{{ID: "erase", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"invoice"}}}, d.clock.Now())
	})
	work(func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Protect(c, 0, dsr.Protection{System: "crm", Category: "invoice", Ground: "17(3)(b)", Source: "law", Until: until}, d.clock.Now())
	})
	work(func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.StartTask(c, 0, "erase", d.clock.Now())
	})
	handle(dsr.EventFulfilPartially)
	d.clock.Set(until.AddDays(1).Start(time.UTC))
	work(func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) { return p.Release(c, 0, "", d.clock.Now()) })
	if c.Items[0].Work != dsr.StateInProgress {
		t.Fatalf("the remainder is %s", c.Items[0].Work)
	}
	c = d.wakeAll(t, c.ID)
	if c.Items[0].Overdue || c.Items[0].Followups.AcknowledgementOverdue {
		t.Errorf("overdue: %+v", c.Items[0])
	}
	if n := d.happened(t, dsr.EventDeadlineReached); n != 0 {
		t.Errorf("recorded %d times", n)
	}
}
