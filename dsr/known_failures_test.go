package dsr_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// Failures that users of other systems reported, each with a test that shows it
// cannot happen here. Those about packages are in package archive, those about
// messages in package message, and those about fulfilment are listed there.

// margince#3380: an open request did not protect its own evidence from the purge.
// Here the data of its subject is left alone by sweeps, which
// TestSweepsLeaveOpenCasesAlone in privacy/store/memstore shows, and the case
// itself is not among those that have ended.
func TestKnownFailureOpenRequestDoesNotProtectItsEvidence(t *testing.T) {
	d, sweeps := newDesk(t), memstore.NewRetention()
	d.store.WithRetention(sweeps)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	protected := func() (open []privacy.SubjectID, ended int) {
		requests, err := sweeps.Requests(t.Context(), "t")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range requests {
			open = append(open, r.Subjects...)
		}
		closed, err := d.store.Closed(t.Context(), "t", dsr.ClosedQuery{Before: received.AddDate(10, 0, 0), Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return open, len(closed)
	}
	if open, ended := protected(); !slices.Equal(open, []privacy.SubjectID{c.Subject}) || ended != 0 {
		t.Errorf("while it is open: %v are protected, %d cases ended", open, ended)
	}
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventBegin})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventFulfil})
	if open, ended := protected(); len(open) != 0 || ended != 1 {
		t.Errorf("when it is answered: %v are protected, %d cases ended", open, ended)
	}
}

// fides#4215, PR#6896, PR#7729: the identity expired before the approval, and
// processing then failed for no visible reason.
func TestKnownFailureIdentityExpiresBeforeApproval(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	code, err := d.IssueCode(t.Context(), "t", c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = d.CheckCode(t.Context(), "t", c.ID, code); err != nil {
		t.Fatal(err)
	}
	d.clock.Advance(60 * 24 * time.Hour)
	if c = d.wakeAll(t, c.ID); c.Identity.VerifiedAt.IsZero() || c.Identity.Method != dsr.MethodCode {
		t.Fatalf("got %+v", c.Identity)
	}
	if c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventFulfil}); c.State() != dsr.StateFulfilled {
		t.Errorf("got %s", c.State())
	}
}

// fides#4215 again: a code that expires is an error with a name, and another one
// can be issued.
func TestKnownFailureExpiredCodeIsReissued(t *testing.T) {
	b, code := waiting(t)
	b.now = b.now.Add(dsr.CodeLife)
	if err := b.enter(code); !errors.Is(err, dsr.ErrCode) {
		t.Fatalf("got %v", err)
	}
	if err := b.enter(b.issue()); err != nil {
		t.Errorf("re-issued: %v", err)
	}
}

// fides#2284, PR#7971: duplicates were created, and could then not verify their
// identity.
func TestKnownFailureDuplicatesCannotVerify(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	in := intake(regime.RequestAccess)
	in.ID, in.DuplicateOf = "c-2", b.c.ID
	second := open(t, "eu-gdpr", in)
	for _, x := range []*bench{b, second} {
		x.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	}
	first, other := b.issue(), second.issue()
	if err := second.enter(first); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("a code of the first proves the second: %v", err)
	}
	if err := second.enter(other); err != nil {
		t.Error(err)
	}
	if err := b.enter(first); err != nil {
		t.Error(err)
	}
}

// DRP#37, froide#469: an extension needs a reason, a notice in time, and the
// right unit; two months from receipt are no sixty days from the notice.
func TestKnownFailureExtensionWithoutReasonNoticeOrUnit(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.now = time.Date(2026, 12, 20, 9, 0, 0, 0, time.UTC)
	extend := dsr.Command{Event: dsr.EventExtend, Ground: "complexity"}
	b.refuses(extend, dsr.GuardReasonsRequired)
	extend.Explanation = "message-1"
	days := extend
	days.Extension = regime.Term{WorkingDays: 40}
	b.refuses(days, privacy.ErrInvalid)
	longer := extend
	longer.Extension = regime.Term{Period: privacy.MustPeriod("P3M")}
	b.refuses(longer, privacy.ErrInvalid)
	elsewhere := extend
	elsewhere.Ground = "resources"
	b.refuses(elsewhere, dsr.GuardGroundNotAllowed)
	late := extend
	late.At = time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)
	b.refuses(late, dsr.GuardTooLate)
	b.do(extend)
	b.refuses(extend, dsr.GuardAlreadyExtended)
	if d, err := b.p.Deadline(b.c, 0, b.now); err != nil || d.Due.String() != "2027-02-24" {
		t.Errorf("due %s, %v: three months from receipt", d.Due, err)
	}
}

// fides PR#4837, PR#8211: requests hung, and nobody was told. Every open item
// with a number in its law has a wake-up at its end, whatever it waits for.
func TestKnownFailureRequestsHang(t *testing.T) {
	for name, test := range map[string]struct {
		regime regime.ID
		before []dsr.Command
	}{
		"received":               {"eu-gdpr", nil},
		"in progress":            {"eu-gdpr", []dsr.Command{{Event: dsr.EventBegin}}},
		"waits for identity":     {"us-ca-ccpa", []dsr.Command{{Event: dsr.EventIdentityRequested}}},
		"waits for a meaning":    {"uk-gdpr", []dsr.Command{{Event: dsr.EventClarificationRequested}}},
		"was extended":           {"eu-gdpr", []dsr.Command{{Event: dsr.EventExtend, Ground: "number", Explanation: "m"}}},
		"was refused and opened": {"eu-gdpr", []dsr.Command{{Event: dsr.EventRefuse, Reason: "x", Evidence: true}, {Event: dsr.EventReopen, Reason: "y"}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			c := d.open(t, test.regime, regime.RequestAccess, "")
			for _, cmd := range test.before {
				c = d.handle(t, c.ID, cmd)
			}
			d.clock.Advance(400 * 24 * time.Hour)
			if c = d.wakeAll(t, c.ID); !c.Items[0].Overdue || d.happened(t, dsr.EventDeadlineReached) != 1 {
				t.Errorf("nobody was told: %+v", c.Items[0])
			}
		})
	}
}

// A clock that stands still does not wake; it runs again, with an alert, when
// the answer comes.
func TestKnownFailurePausedClockIsForgotten(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	d.clock.Advance(90 * 24 * time.Hour)
	if c = d.wakeAll(t, c.ID); c.Items[0].Overdue {
		t.Fatal("overdue while it waits for the requester")
	}
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityConfirmed})
	d.clock.Advance(31 * 24 * time.Hour)
	if c = d.wakeAll(t, c.ID); !c.Items[0].Overdue {
		t.Error("nobody was told")
	}
}
