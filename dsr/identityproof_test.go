package dsr_test

import (
	"context"
	"errors"
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// What proves an identity, by regime and right: never more than the law asks for.
func TestIdentityLevelsByRegimeAndRight(t *testing.T) {
	session := dsr.Proof{Method: dsr.MethodSession, Subject: "s"}
	again := dsr.Proof{Method: dsr.MethodSession, Subject: "s", Reauthenticated: true}
	host := func(points int, declared bool) dsr.Proof {
		return dsr.Proof{Method: dsr.MethodHost, Subject: "s", DataPoints: points, Declaration: declared, Sufficient: true}
	}
	doubted := host(9, true)
	doubted.Sufficient = false
	other := again
	other.Subject = "somebody-else"
	for name, test := range map[string]struct {
		regime   regime.ID
		requests []regime.Request
		level    regime.Level
		proof    dsr.Proof
		accepted bool
	}{
		"EU: a session":                        {"eu-gdpr", []regime.Request{"access"}, "reasonable", session, true},
		"EU: the host's judgement":             {"eu-gdpr", []regime.Request{"erasure"}, "reasonable", host(0, false), true},
		"EU: the host doubts":                  {"eu-gdpr", []regime.Request{"erasure"}, "reasonable", doubted, false},
		"EU: somebody else's session":          {"eu-gdpr", []regime.Request{"access"}, "reasonable", other, false},
		"EU: nothing":                          {"eu-gdpr", []regime.Request{"access"}, "reasonable", dsr.Proof{Subject: "s"}, false},
		"EU: a code goes by CheckCode":         {"eu-gdpr", []regime.Request{"access"}, "reasonable", dsr.Proof{Method: dsr.MethodCode, Subject: "s", Sufficient: true}, false},
		"Virginia: a session":                  {"us-va-vcdpa", []regime.Request{"access"}, "reasonable", session, true},
		"California: an old session":           {"us-ca-ccpa", []regime.Request{"know"}, "reasonable", session, false},
		"California: a session signed in anew": {"us-ca-ccpa", []regime.Request{"access"}, "reasonably_high", again, true},
		"California: categories, two points":   {"us-ca-ccpa", []regime.Request{"know"}, "reasonable", host(2, false), true},
		"California: categories, one point":    {"us-ca-ccpa", []regime.Request{"know"}, "reasonable", host(1, false), false},
		"California: pieces, two points":       {"us-ca-ccpa", []regime.Request{"access"}, "reasonably_high", host(2, true), false},
		"California: pieces, not declared":     {"us-ca-ccpa", []regime.Request{"access"}, "reasonably_high", host(3, false), false},
		"California: pieces, all":              {"us-ca-ccpa", []regime.Request{"access"}, "reasonably_high", host(3, true), true},
		"California: deletion":                 {"us-ca-ccpa", []regime.Request{"erasure"}, "reasonable", host(2, false), true},
		"California: the strictest of several": {"us-ca-ccpa", []regime.Request{"know", "access", "erasure"}, "reasonably_high", host(2, false), false},
		"California: beside an opt-out":        {"us-ca-ccpa", []regime.Request{"opt_out_sale_sharing", "know"}, "reasonable", host(2, false), true},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, test.regime, intake(test.requests...))
			b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
			needs := b.p.IdentityNeeds(b.c)
			if needs.Level != test.level || needs.Cite == "" {
				t.Errorf("needs %+v, want %s", needs, test.level)
			}
			change, err := b.p.ProveIdentity(b.c, test.proof, b.now)
			if test.accepted != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				if !errors.Is(err, dsr.ErrProof) || !errors.Is(err, privacy.ErrDenied) {
					t.Errorf("got %v", err)
				}
				return
			}
			if change.Case.Blockers != 0 || change.Case.Identity.Method != test.proof.Method || change.Case.Identity.VerifiedAt.IsZero() {
				t.Errorf("got %+v", change.Case.Identity)
			}
		})
	}
}

// 11 CCR § 7060(b), GDPR Art. 7(3), 21(3): where the law forbids or does not
// need it, identity is neither demanded nor can it be proved.
func TestIdentityIsNeverDemandedWhereTheLawForbids(t *testing.T) {
	marketing := intake(regime.RequestObjection)
	marketing.Requests[0].DirectMarketing = true
	for name, test := range map[string]struct {
		regime regime.ID
		in     dsr.Intake
		want   error
	}{
		"opt-out of sale":       {"us-ca-ccpa", intake(regime.RequestOptOutSaleSharing), dsr.GuardVerificationNotAllowed},
		"limit sensitive data":  {"us-ca-ccpa", intake(regime.RequestLimitSensitive), dsr.GuardVerificationNotAllowed},
		"withdrawal of consent": {"eu-gdpr", intake(regime.RequestWithdrawConsent), dsr.GuardVerificationNotNeeded},
		"marketing objection":   {"eu-gdpr", marketing, dsr.GuardVerificationNotNeeded},
		"opt-out in Virginia":   {"us-va-vcdpa", intake(regime.RequestOptOutSaleSharing), dsr.GuardVerificationNotNeeded},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, test.regime, test.in)
			b.refuses(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true}, test.want)
			if needs := b.p.IdentityNeeds(b.c); needs.Level != regime.LevelNone {
				t.Errorf("needs %+v", needs)
			}
			if _, err := b.p.ProveIdentity(b.c, dsr.Proof{Method: dsr.MethodSession, Subject: "s"}, b.now); !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// 11 CCR § 7062: a code to one address is one piece of data.
func TestCodeIsNotIssuedWhereItWouldNotBeEnough(t *testing.T) {
	b := open(t, "us-ca-ccpa", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested})
	if _, _, err := b.p.IssueCode(b.c, b.now); !errors.Is(err, dsr.ErrProof) {
		t.Errorf("got %v", err)
	}
}

// A proof by another way ends the code that is still out.
func TestProofEndsTheCodeThatIsOut(t *testing.T) {
	b, code := waiting(t)
	change, err := b.p.ProveIdentity(b.c, dsr.Proof{Method: dsr.MethodSession, Subject: "s"}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.c = change.Case
	if b.c.Identity.Hash != "" || b.c.Identity.Issued != 1 {
		t.Errorf("got %+v", b.c.Identity)
	}
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	if err := b.enter(code); !errors.Is(err, dsr.ErrCode) {
		t.Errorf("got %v", err)
	}
}

// 11 CCR § 7024: specific pieces that cannot be verified are evaluated as
// categories, at the latest when the period ends.
func TestFailedVerificationInCaliforniaIsEvaluatedAsCategories(t *testing.T) {
	for _, event := range []dsr.Event{dsr.EventIdentityFailed, dsr.EventDeadlineReached} {
		b := open(t, "us-ca-ccpa", intake(regime.RequestAccess))
		b.do(dsr.Command{Event: dsr.EventIdentityRequested})
		b.do(dsr.Command{Event: event})
		step := b.last.Entries[0].Step
		if step.To != dsr.StateRefused || step.Instead != regime.RequestKnow {
			t.Errorf("%s: got %+v", event, step)
		}
	}
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	b.do(dsr.Command{Event: dsr.EventIdentityFailed})
	if b.last.Entries[0].Step.Instead != "" {
		t.Error("the Union knows no such thing")
	}
}

// verifier answers for a host.
type verifier struct {
	proof dsr.Proof
	err   error
	asked dsr.IdentityQuestion
}

func (v *verifier) VerifyIdentity(_ context.Context, q dsr.IdentityQuestion) (dsr.Proof, error) {
	v.asked = q
	return v.proof, v.err
}

func TestHostVerifiesByItsOwnWay(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "us-ca-ccpa", regime.RequestAccess, "")
	v := &verifier{proof: dsr.Proof{Method: dsr.MethodHost, Subject: "jane", DataPoints: 3, Declaration: true, Sufficient: true}}
	if _, err := d.VerifyIdentity(t.Context(), "t", c.ID, v, ""); !errors.Is(err, privacy.ErrInvalid) || v.asked.Case != "" {
		t.Errorf("asked without need: %v", err)
	}
	c = d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityRequested})
	version := c.Version
	down := &verifier{err: errUnreachable}
	if _, err := d.VerifyIdentity(t.Context(), "t", c.ID, down, ""); !errors.Is(err, errUnreachable) {
		t.Errorf("got %v", err)
	}
	doubtful := &verifier{proof: dsr.Proof{Method: dsr.MethodHost, Subject: "jane"}}
	if _, err := d.VerifyIdentity(t.Context(), "t", c.ID, doubtful, ""); !errors.Is(err, dsr.ErrProof) {
		t.Errorf("got %v", err)
	}
	if c, _ = d.store.Case(t.Context(), "t", c.ID); c.Version != version || c.State() != dsr.StateIdentityPending {
		t.Error("something was written")
	}
	c, err := d.VerifyIdentity(t.Context(), "t", c.ID, v, "verify-1")
	if err != nil || c.State() != dsr.StateInProgress || c.Identity.Method != dsr.MethodHost {
		t.Fatalf("got %+v, %v", c, err)
	}
	if v.asked.Subject != "jane" || v.asked.Needs.DataPoints != 3 || !v.asked.Needs.Declaration {
		t.Errorf("asked %+v", v.asked)
	}
	again, err := d.ProveIdentity(t.Context(), "t", c.ID, v.proof, "verify-1")
	if err != nil || again.Version != c.Version {
		t.Errorf("twice: %+v, %v", again, err)
	}
	for name, of := range map[string]struct {
		tenant privacy.TenantID
		id     dsr.CaseID
	}{"another tenant": {"u", c.ID}, "no such case": {"t", "none"}} {
		if _, err := d.VerifyIdentity(t.Context(), of.tenant, of.id, v, ""); !errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A right that was decided needs no proof any more: the level is that of those
// that wait.
func TestIdentityNeedsAreThoseOfWhatIsOpen(t *testing.T) {
	b := open(t, "us-ca-ccpa", intake(regime.RequestAccess, regime.RequestKnow))
	b.do(dsr.Command{Event: dsr.EventRefuse, Item: 0, Reason: "x", Evidence: true})
	b.do(dsr.Command{Event: dsr.EventIdentityRequested})
	if needs := b.p.IdentityNeeds(b.c); needs.Level != regime.LevelReasonable || needs.DataPoints != 2 {
		t.Errorf("got %+v", needs)
	}
}
