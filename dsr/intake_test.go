package dsr_test

import (
	"errors"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Somebody without an account asks: the clock runs, nothing is answered before
// it is known whose data these are, and what takes effect at once does so as
// soon as it is known.
func TestIntakeWithoutAccount(t *testing.T) {
	in := asking(regime.RequestAccess)
	in.Subject, in.Unidentified = "", true
	in.Requests = append(in.Requests, dsr.Asked{Request: regime.RequestObjection, DirectMarketing: true}, dsr.Asked{Request: regime.RequestWithdrawConsent})
	d := newDesk(t)
	c, err := d.Open(t.Context(), "eu-gdpr", in, "")
	if err != nil || c.Identified() {
		t.Fatalf("%+v, %v", c, err)
	}
	due, err := d.Deadlines(t.Context(), "t", c.ID)
	if err != nil || due[0].Due.String() != "2026-12-24" {
		t.Errorf("the clock: %+v, %v", due, err)
	}
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventBegin})
	fulfil := dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorStaff}
	if _, err := d.Handle(t.Context(), "t", c.ID, fulfil, ""); !errors.Is(err, dsr.ErrUnidentified) {
		t.Errorf("answered to nobody: %v", err)
	}
	p, err := d.Procedure(c)
	if err != nil {
		t.Fatal(err)
	}
	planned, err := p.Plan(c, 0, []dsr.Task{{ID: "x", System: "crm", Action: dsr.ActionExport, Categories: []privacy.CategoryID{"a"}}}, received)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.StartTask(planned.Case, 0, "x", received); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("a system is asked about nobody: %v", err)
	}
	change, err := p.Identify(c, "jane", d.clock.Now())
	if err != nil || len(change.Effects) != 2 || change.Effects[0].Kind != privacy.EffectObjection || change.Effects[1].Kind != privacy.EffectWithdrawal {
		t.Fatalf("effects %+v, %v", change.Effects, err)
	}
	for _, effect := range change.Effects {
		if err := effect.Validate(); err != nil || effect.Subject != "jane" {
			t.Errorf("%+v: %v", effect, err)
		}
	}
	c, err = d.Identify(t.Context(), "t", c.ID, "jane", "found-1")
	if err != nil || c.Subject != "jane" {
		t.Fatalf("%+v, %v", c, err)
	}
	if again, err := d.Identify(t.Context(), "t", c.ID, "jane", "found-1"); err != nil || again.Version != c.Version {
		t.Errorf("twice: %v", err)
	}
	if _, err := d.Identify(t.Context(), "t", c.ID, "joe", ""); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another subject: %v", err)
	}
	if c = d.handle(t, c.ID, fulfil); c.Reported(0) != dsr.StateFulfilled {
		t.Errorf("got %s", c.Reported(0))
	}
}

// An opt-out that a browser sends needs nobody's name.
func TestOptOutWithoutAccountIsFulfilled(t *testing.T) {
	in := intake(regime.RequestOptOutSaleSharing)
	in.Subject, in.Unidentified, in.Channel = "", true, "gpc"
	b := open(t, "us-ca-ccpa", in)
	b.do(dsr.Command{Event: dsr.EventBegin}).do(dsr.Command{Event: dsr.EventFulfil}).reports(dsr.StateFulfilled)
}

func TestIntakeWithoutAccountIsStated(t *testing.T) {
	p := procedureOf(t, "eu-gdpr")
	in := intake(regime.RequestAccess)
	in.Unidentified = true
	if _, err := p.Open(in); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("known and not known: %v", err)
	}
	in = intake(regime.RequestAccess)
	in.Subject = ""
	if _, err := p.Open(in); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("forgotten: %v", err)
	}
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	for _, subject := range []privacy.SubjectID{"", "joe"} {
		if _, err := b.p.Identify(b.c, subject, b.now); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%q: %v", subject, err)
		}
	}
}

// A duplicate is a case of its own, linked to the first: it has its own clock,
// can prove its own identity and be answered, whatever becomes of the other.
func TestDuplicatesAreLinkedNotLost(t *testing.T) {
	d := newDesk(t)
	first := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	d.clock.Advance(10 * 24 * time.Hour)
	in := asking(regime.RequestAccess)
	in.DuplicateOf = first.ID
	second, err := d.Open(t.Context(), "eu-gdpr", in, "")
	if err != nil || second.DuplicateOf != first.ID || second.ID == first.ID {
		t.Fatalf("%+v, %v", second, err)
	}
	d.handle(t, first.ID, dsr.Command{Event: dsr.EventWithdraw})
	d.handle(t, second.ID, dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	code, err := d.IssueCode(t.Context(), "t", second.ID)
	if err != nil {
		t.Fatal(err)
	}
	if second, err = d.CheckCode(t.Context(), "t", second.ID, code); err != nil {
		t.Fatal(err)
	}
	second = d.handle(t, second.ID, dsr.Command{Event: dsr.EventFulfil})
	if second.State() != dsr.StateFulfilled || second.DuplicateOf != first.ID {
		t.Errorf("got %+v", second)
	}
	mine, err := d.store.OfSubject(t.Context(), "t", "jane", "", 10)
	if err != nil || len(mine) != 2 {
		t.Errorf("%d cases of the subject, %v", len(mine), err)
	}
	self := intake(regime.RequestAccess)
	self.DuplicateOf = self.ID
	if _, err := procedureOf(t, "eu-gdpr").Open(self); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a duplicate of itself: %v", err)
	}
}

// One letter about the account and about a picture in a customer's content is
// two cases: one is answered, the other forwarded.
func TestMixedRoleCasesAreSplit(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestErasure)
	mine, theirs, err := d.OpenSplit(t.Context(), "eu-gdpr", in, "letter-1")
	if err != nil {
		t.Fatal(err)
	}
	if mine.Role != privacy.RoleController || theirs.Role != privacy.RoleProcessor || theirs.SplitFrom != mine.ID || mine.ID == theirs.ID {
		t.Fatalf("got %+v and %+v", mine, theirs)
	}
	if !mine.Received.Equal(theirs.Received) || mine.ContentHash != theirs.ContentHash {
		t.Error("both came in the same letter")
	}
	refuse := dsr.Command{Event: dsr.EventRefuse, Actor: dsr.ActorProcessor, Reason: "x", Evidence: true}
	if _, err := d.Handle(t.Context(), "t", theirs.ID, refuse, ""); !errors.Is(err, dsr.GuardProcessorNotAuthorised) {
		t.Errorf("answered as processor: %v", err)
	}
	theirs = d.handle(t, theirs.ID, dsr.Command{Event: dsr.EventForwardToController, ForwardTo: "customer"})
	mine = d.handle(t, mine.ID, dsr.Command{Event: dsr.EventBegin})
	if theirs.State() != dsr.StateForwarded || mine.State() != dsr.StateInProgress {
		t.Errorf("got %s and %s", theirs.State(), mine.State())
	}
	if _, err := d.Handle(t.Context(), "t", mine.ID, dsr.Command{Event: dsr.EventForwardToController, Actor: dsr.ActorSystem, ForwardTo: "customer"}, ""); !errors.Is(err, dsr.GuardNotProcessor) {
		t.Errorf("passed on as controller: %v", err)
	}
}

// A crash between the two halves loses neither, and nothing is opened twice.
func TestSplitSurvivesACrashBetweenItsHalves(t *testing.T) {
	d := newDesk(t)
	in := asking(regime.RequestErasure)
	for failAt := 1; failAt < 20; failAt++ {
		d = newDesk(t)
		d.clock.Advance(1234)
		d.store.failAt = failAt
		if _, _, err := d.OpenSplit(t.Context(), "eu-gdpr", in, "letter-1"); err == nil {
			break
		}
		d.clock.Advance(time.Hour)
		mine, theirs, err := d.OpenSplit(t.Context(), "eu-gdpr", in, "letter-1")
		if err != nil || theirs.SplitFrom != mine.ID {
			t.Fatalf("failed at call %d: %+v, %v", failAt, theirs, err)
		}
		all, err := d.store.OfSubject(t.Context(), "t", "jane", "", 10)
		if err != nil || len(all) != 2 {
			t.Errorf("failed at call %d: %d cases, %v", failAt, len(all), err)
		}
	}
	d.store.failAt = 0
	if _, _, err := d.OpenSplit(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "letter-1"); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("another letter under the key: %v", err)
	}
	if _, _, err := d.OpenSplit(t.Context(), "eu-gdpr", in, ""); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no key: %v", err)
	}
}

func TestUnknownRegimeIsATypedErrorAndNothingIsWritten(t *testing.T) {
	d := newDesk(t)
	_, err := d.Open(t.Context(), "mars-dpa", asking(regime.RequestAccess), "k")
	if !errors.Is(err, regime.ErrUnknownRegime) || !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	nothingWritten(t, d)
	// The host can open it under another law, with the same key.
	if _, err := d.Open(t.Context(), "eu-gdpr", asking(regime.RequestAccess), "k"); err != nil {
		t.Error(err)
	}
}

func TestRequestReceivedBeforeTheRegimeExisted(t *testing.T) {
	for id, day := range map[regime.ID]string{"in-dpdp": "2026-11-24", "us-ri-ridtppa": "2025-12-31", "eu-gdpr": "2018-05-24"} {
		d := newDesk(t)
		in := asking(regime.RequestAccess)
		in.Received = privacy.MustDate(day).Start(time.UTC)
		if _, err := d.Open(t.Context(), id, in, ""); !errors.Is(err, regime.ErrNotInForce) {
			t.Errorf("%s: %v", id, err)
		}
		nothingWritten(t, d)
	}
}

func nothingWritten(t *testing.T, d desk) {
	t.Helper()
	open, err := d.store.Open(t.Context(), "t", dsr.Position{}, 10)
	if err != nil || len(open) != 0 || len(d.events(t)) != 0 {
		t.Errorf("%d cases, %v", len(open), err)
	}
}

// 11 CCR § 7063: an agent shows its authority; until then only the agent's own
// clock runs, and the agent cannot take the request back.
func TestAgentsAuthority(t *testing.T) {
	in := intake(regime.RequestErasure)
	in.Actor = dsr.ActorAgent
	b := open(t, "us-ca-ccpa", in).reports(dsr.StateAgentAuthorityPending)
	b.refuses(dsr.Command{Event: dsr.EventWithdraw, Actor: dsr.ActorAgent}, dsr.GuardActor)
	b.do(dsr.Command{Event: dsr.EventIdentityRequested}).reports(dsr.StateAgentAuthorityPending)
	b.do(dsr.Command{Event: dsr.EventAuthorityConfirmed}).reports(dsr.StateIdentityPending)
	b.do(dsr.Command{Event: dsr.EventIdentityConfirmed}).reports(dsr.StateInProgress)
	b.do(dsr.Command{Event: dsr.EventWithdraw, Actor: dsr.ActorAgent}).reports(dsr.StateWithdrawn)

	failed := open(t, "us-ca-ccpa", in)
	failed.do(dsr.Command{Event: dsr.EventAuthorityFailed}).reports(dsr.StateRefused)
	if failed.c.Items[0].Reason != dsr.ReasonAgentNotAuthorised {
		t.Errorf("got %s", failed.c.Items[0].Reason)
	}
	// Proof that comes later reopens it, with the original due day.
	before, err := failed.p.Deadline(failed.c, 0, failed.now)
	if err != nil {
		t.Fatal(err)
	}
	failed.after(5).do(dsr.Command{Event: dsr.EventReopen, Reason: "authority_shown"})
	after, err := failed.p.Deadline(failed.c, 0, failed.now)
	if err != nil || after.Due != before.Due {
		t.Errorf("due %s, then %s: %v", before.Due, after.Due, err)
	}
}

func TestIdentifyRefuses(t *testing.T) {
	in := intake(regime.RequestAccess)
	in.Subject, in.Unidentified = "", true
	b := open(t, "eu-gdpr", in)
	if _, err := b.p.Identify(b.c, "jane", received.Add(-time.Second)); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("before the request came: %v", err)
	}
	if _, err := procedureOf(t, "uk-gdpr").Identify(b.c, "jane", b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("under another law: %v", err)
	}
	if _, err := b.p.ProveIdentity(b.c, dsr.Proof{Method: dsr.MethodHost, Sufficient: true}, b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("not asked: %v", err)
	}
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	if _, err := b.p.ProveIdentity(b.c, dsr.Proof{Method: dsr.MethodHost, Sufficient: true}, b.now); !errors.Is(err, dsr.ErrProof) {
		t.Errorf("nobody proves to be nobody: %v", err)
	}
	if _, err := b.p.Identify(b.c.Redact(), "jane", b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("who was taken out is put in again: %v", err)
	}
}

// What was taken back, and what is the controller's to order, has no effect.
func TestIdentifyHasNoEffectWhereNothingIsAsked(t *testing.T) {
	in := intake(regime.RequestWithdrawConsent)
	in.Subject, in.Unidentified = "", true
	b := open(t, "eu-gdpr", in)
	b.do(dsr.Command{Event: dsr.EventWithdraw})
	if change, err := b.p.Identify(b.c, "jane", b.now); err != nil || len(change.Effects) != 0 {
		t.Errorf("taken back: %+v, %v", change.Effects, err)
	}
	in = intake(regime.RequestWithdrawConsent)
	in.Subject, in.Role = "", privacy.RoleProcessor
	b = open(t, "eu-gdpr", in)
	if change, err := b.p.Identify(b.c, "jane", b.now); err != nil || len(change.Effects) != 0 || change.Case.Subject != "jane" {
		t.Errorf("as processor: %+v, %v", change.Effects, err)
	}
}

func TestSplitOfADuplicateOfSomebodyUnknown(t *testing.T) {
	in := intake(regime.RequestErasure)
	in.Subject, in.Unidentified, in.DuplicateOf, in.Authority = "", true, "first", "contract-7"
	mine, theirs := in.Split("second")
	if mine.DuplicateOf != "first" || mine.Authority != "" || !mine.Unidentified || mine.SplitFrom != "" {
		t.Errorf("got %+v", mine)
	}
	if theirs.DuplicateOf != "" || theirs.Authority != "contract-7" || theirs.Unidentified || theirs.SplitFrom != in.ID || theirs.ID != "second" {
		t.Errorf("got %+v", theirs)
	}
}
