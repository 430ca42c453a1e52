package dsr_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// bench is a case under test and the procedure that runs it.
type bench struct {
	t *testing.T
	p *dsr.Procedure
	c dsr.Case
	// last is the change that led to c.
	last dsr.Change
	now  time.Time
}

func procedureOf(t testing.TB, id regime.ID) *dsr.Procedure {
	t.Helper()
	p, err := dsr.NewProcedure(mustRegime(t, id), time.UTC, privacy.WeekdaysOnly())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func intake(requests ...regime.Request) dsr.Intake {
	in := dsr.Intake{
		Tenant: "t", ID: "c", Subject: "s", Role: privacy.RoleController, Received: received,
		ContentHash: "00", Channel: "web_form", Actor: dsr.ActorSubject,
	}
	for _, request := range requests {
		in.Requests = append(in.Requests, dsr.Asked{Request: request})
	}
	return in
}

func open(t *testing.T, id regime.ID, in dsr.Intake) *bench {
	t.Helper()
	p := procedureOf(t, id)
	change, err := p.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, p: p, c: change.Case, last: change, now: received}
}

// do applies a command that is accepted.
func (b *bench) do(cmd dsr.Command) *bench {
	b.t.Helper()
	change, err := b.try(cmd)
	if err != nil {
		b.t.Fatalf("%s: %v", cmd.Event, err)
	}
	b.c, b.last = change.Case, change
	return b
}

func (b *bench) try(cmd dsr.Command) (dsr.Change, error) {
	if cmd.Actor == 0 {
		cmd.Actor = cmd.Event.Usual()
	}
	if cmd.At.IsZero() {
		cmd.At = b.now
	}
	return b.p.Handle(b.c, cmd)
}

func (b *bench) refuses(cmd dsr.Command, want error) {
	b.t.Helper()
	if _, err := b.try(cmd); !errors.Is(err, want) {
		b.t.Errorf("%s: got %v, want %v", cmd.Event, err, want)
	}
}

func (b *bench) reports(want ...dsr.State) *bench {
	b.t.Helper()
	for i, state := range want {
		if got := b.c.Reported(i); got != state {
			b.t.Errorf("item %d reports %s, want %s", i, got, state)
		}
	}
	return b
}

func (b *bench) after(days int) *bench {
	b.now = b.now.AddDate(0, 0, days)
	return b
}

func TestBlockersAreReportedInOrder(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventBegin})
	b.do(dsr.Command{Event: dsr.EventClarificationRequested, LargeQuantity: true}).reports(dsr.StateClarificationPending)
	b.do(dsr.Command{Event: dsr.EventFeeRequested, Evidence: true}).reports(dsr.StateFeePending)
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true}).reports(dsr.StateIdentityPending)
	// What lies behind another blocker can be resolved first.
	b.do(dsr.Command{Event: dsr.EventClarificationReceived}).reports(dsr.StateIdentityPending)
	b.do(dsr.Command{Event: dsr.EventIdentityConfirmed}).reports(dsr.StateFeePending)
	b.do(dsr.Command{Event: dsr.EventFeePaid}).reports(dsr.StateInProgress)
	b.refuses(dsr.Command{Event: dsr.EventFeePaid}, privacy.ErrInvalid)
}

// Swiss DPO Art. 19(3): thirty days from the end of the ten days to think, even
// if the fee was confirmed on the first of them.
func TestTimeToThinkAboutAFeeDelaysTheClock(t *testing.T) {
	for name, test := range map[string]struct {
		confirmedAfter int
		want           string
	}{
		"confirmed at once":                       {0, "2027-01-03"},
		"confirmed on the last day":               {10, "2027-01-03"},
		"accepted although it was too late":       {11, "2027-01-04"},
		"accepted although it was weeks too late": {40, "2027-02-02"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, "ch-fadp", intake(regime.RequestAccess))
			b.do(dsr.Command{Event: dsr.EventFeeRequested, Evidence: true})
			if d, err := b.p.Deadline(b.c, 0, b.now); err != nil || d.State != regime.StateNotStarted || d.FeeReflectionEnds.String() != "2026-12-04" {
				t.Fatalf("%s, time to think ends %s, %v", d.State, d.FeeReflectionEnds, err)
			}
			b.after(test.confirmedAfter).do(dsr.Command{Event: dsr.EventFeePaid})
			d, err := b.p.Deadline(b.c, 0, b.now)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Due.String(); got != test.want {
				t.Errorf("due %s, want %s", got, test.want)
			}
		})
	}
}

func TestPausesReachTheClock(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	due := func() string {
		d, err := b.p.Deadline(b.c, 0, b.now)
		if err != nil {
			t.Fatal(err)
		}
		return d.Due.String()
	}
	if got := due(); got != "2026-12-24" {
		t.Errorf("due %s", got)
	}
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	if got := due(); got != "" {
		t.Errorf("due %s while suspended", got)
	}
	b.after(5).do(dsr.Command{Event: dsr.EventIdentityConfirmed})
	if got := due(); got != "2026-12-29" {
		t.Errorf("due %s after five days", got)
	}
	b.do(dsr.Command{Event: dsr.EventExtend, Ground: "complexity", Explanation: "message-1"})
	if got := due(); got != "2027-03-01" {
		t.Errorf("due %s after the extension", got)
	}
}

// A wall clock that is set back loses nothing and shortens no pause below none.
func TestClockGoesBackwards(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess)).after(5)
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	b.after(-2).do(dsr.Command{Event: dsr.EventIdentityConfirmed})
	d, err := b.p.Deadline(b.c, 0, b.now)
	if err != nil || d.Due.String() != "2026-12-24" {
		t.Errorf("due %s, %v", d.Due, err)
	}
}

func TestExtensionIsJudgedByTheClock(t *testing.T) {
	extend := dsr.Command{Event: dsr.EventExtend, Ground: "complexity", Explanation: "message-1"}
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	long := extend
	long.Extension = regime.Term{Period: privacy.Period{Months: 3}}
	b.refuses(long, privacy.ErrInvalid)
	b.after(31).refuses(extend, dsr.GuardTooLate)
	b.after(-1).do(extend)
	b.refuses(extend, dsr.GuardAlreadyExtended)
	b.after(60).refuses(extend, dsr.GuardAlreadyExtended)
}

// Identity is asked for where it may be, and does not hold up the rest.
func TestMixedCaseAsksIdentityWhereItMay(t *testing.T) {
	b := open(t, "us-ca-ccpa", intake(regime.RequestAccess, regime.RequestOptOutSaleSharing))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested}).reports(dsr.StateIdentityPending, dsr.StateReceived)
	b.do(dsr.Command{Event: dsr.EventBegin, Item: 1}).reports(dsr.StateIdentityPending, dsr.StateInProgress)
	b.do(dsr.Command{Event: dsr.EventFulfil, Item: 1}).reports(dsr.StateIdentityPending, dsr.StateFulfilled)
	b.do(dsr.Command{Event: dsr.EventIdentityFailed}).reports(dsr.StateRefused, dsr.StateFulfilled)
	if b.c.State() != dsr.StatePartiallyFulfilled || b.c.Open() {
		t.Errorf("the case is %s", b.c.State())
	}
	only := open(t, "us-ca-ccpa", intake(regime.RequestOptOutSaleSharing))
	only.refuses(dsr.Command{Event: dsr.EventIdentityRequested}, dsr.GuardVerificationNotAllowed)
}

func TestAgentWaitsForAuthority(t *testing.T) {
	in := intake(regime.RequestAccess)
	in.Actor = dsr.ActorAgent
	b := open(t, "uk-gdpr", in).reports(dsr.StateAgentAuthorityPending)
	b.refuses(dsr.Command{Event: dsr.EventWithdraw, Actor: dsr.ActorAgent}, dsr.GuardActor)
	b.do(dsr.Command{Event: dsr.EventAuthorityConfirmed}).reports(dsr.StateInProgress)
	b.do(dsr.Command{Event: dsr.EventWithdraw, Actor: dsr.ActorAgent}).reports(dsr.StateWithdrawn)
	in.AgentProven = true
	open(t, "uk-gdpr", in).reports(dsr.StateReceived)
}

func TestEffectsAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		regime regime.ID
		asked  dsr.Asked
		kind   privacy.EffectKind
	}{
		"a marketing objection stops":          {"eu-gdpr", dsr.Asked{Request: regime.RequestObjection, DirectMarketing: true}, privacy.EffectObjection},
		"a pending objection restricts":        {"eu-gdpr", dsr.Asked{Request: regime.RequestObjection}, privacy.EffectRestriction},
		"contested accuracy restricts":         {"eu-gdpr", dsr.Asked{Request: regime.RequestRectification, RestrictionRequested: true}, privacy.EffectRestriction},
		"consent is withdrawn":                 {"eu-gdpr", dsr.Asked{Request: regime.RequestWithdrawConsent}, privacy.EffectWithdrawal},
		"an opt-out takes effect":              {"us-ca-ccpa", dsr.Asked{Request: regime.RequestOptOutSaleSharing}, privacy.EffectOptOut},
		"a limit takes effect":                 {"us-ca-ccpa", dsr.Asked{Request: regime.RequestLimitSensitive}, privacy.EffectOptOut},
		"access has none":                      {"eu-gdpr", dsr.Asked{Request: regime.RequestAccess}, ""},
		"a rectification has none by itself":   {"eu-gdpr", dsr.Asked{Request: regime.RequestRectification}, ""},
		"an erasure takes effect when it does": {"eu-gdpr", dsr.Asked{Request: regime.RequestErasure}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := intake()
			in.Requests = []dsr.Asked{test.asked}
			b := open(t, test.regime, in)
			if test.kind == "" {
				if len(b.last.Effects) != 0 {
					t.Errorf("got %v", b.last.Effects)
				}
				return
			}
			if len(b.last.Effects) != 1 || b.last.Effects[0].Kind != test.kind {
				t.Fatalf("got %v", b.last.Effects)
			}
			effect := b.last.Effects[0]
			if err := effect.Validate(); err != nil {
				t.Error(err)
			}
			if effect.DirectMarketing != test.asked.DirectMarketing {
				t.Error("direct marketing is lost")
			}
			// A processor's effects are its controller's to order.
			in.Role = privacy.RoleProcessor
			if b := open(t, test.regime, in); len(b.last.Effects) != 0 {
				t.Errorf("a processor: %v", b.last.Effects)
			}
			// Nobody knows the state of somebody unknown.
			in.Authority, in.Subject = "contract-7", ""
			if b := open(t, test.regime, in); len(b.last.Effects) != 0 {
				t.Errorf("an unknown person: %v", b.last.Effects)
			}
		})
	}
}

func TestEffectsOfAnAnswer(t *testing.T) {
	for request, kind := range map[regime.Request]privacy.EffectKind{
		regime.RequestErasure:     privacy.EffectErasure,
		regime.RequestRestriction: privacy.EffectRestriction,
		regime.RequestObjection:   privacy.EffectObjection,
	} {
		b := open(t, "eu-gdpr", intake(request))
		if request != regime.RequestObjection {
			b.do(dsr.Command{Event: dsr.EventBegin})
		}
		b.do(dsr.Command{Event: dsr.EventFulfil})
		if len(b.last.Effects) != 1 || b.last.Effects[0].Kind != kind {
			t.Errorf("%s: %v", request, b.last.Effects)
		}
	}
}

func TestLiftingARestrictionInformsFirst(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestObjection))
	b.do(dsr.Command{Event: dsr.EventRefuse, Reason: "compelling_grounds", Evidence: true})
	informed := b.now.Add(time.Hour)
	for name, at := range map[string]time.Time{"never informed": {}, "informed at once": informed.Add(time.Hour), "informed after": informed.Add(2 * time.Hour)} {
		if _, err := b.p.LiftRestriction(b.c, 0, at, informed.Add(time.Hour)); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	change, err := b.p.LiftRestriction(b.c, 0, informed, informed.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if len(change.Effects) != 2 || change.Effects[0].Kind != privacy.EffectObjectionRejected || change.Effects[1].Kind != privacy.EffectRestrictionLifted {
		t.Errorf("got %v", change.Effects)
	}
	if _, err := b.p.LiftRestriction(change.Case, 0, informed, informed.Add(time.Hour)); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("lifted twice: %v", err)
	}
}

// The restriction of one item stands while that of another is lifted.
func TestLiftingTheLastRestrictionOfACaseLiftsIt(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestObjection, regime.RequestRestriction))
	b.do(dsr.Command{Event: dsr.EventBegin, Item: 1})
	b.do(dsr.Command{Event: dsr.EventFulfil, Item: 1})
	b.do(dsr.Command{Event: dsr.EventRefuse, Reason: "compelling_grounds", Evidence: true})
	informed, c := b.now.Add(time.Hour), b.c
	for item, want := range [][]privacy.EffectKind{{privacy.EffectObjectionRejected}, {privacy.EffectRestrictionLifted}} {
		change, err := b.p.LiftRestriction(c, item, informed, informed.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		var got []privacy.EffectKind
		for _, effect := range change.Effects {
			got = append(got, effect.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("item %d: got %v, want %v", item, got, want)
		}
		c = change.Case
	}
}

func TestProcessorForwards(t *testing.T) {
	in := intake(regime.RequestAccess)
	in.Role, in.Subject = privacy.RoleProcessor, ""
	b := open(t, "eu-gdpr", in)
	b.refuses(dsr.Command{Event: dsr.EventRespond}, dsr.GuardProcessorNotAuthorised)
	b.refuses(dsr.Command{Event: dsr.EventBegin}, dsr.GuardProcessorNotAuthorised)
	b.refuses(dsr.Command{Event: dsr.EventForwardToController}, privacy.ErrInvalid)
	b.do(dsr.Command{Event: dsr.EventForwardToController, ForwardTo: "acme"}).reports(dsr.StateForwarded)
	if b.c.ForwardedTo != "acme" || b.c.ForwardedAt != b.now || len(b.last.Entries[0].Step.Evidence()) != 4 {
		t.Errorf("no proof: %+v", b.c)
	}
	b.do(dsr.Command{Event: dsr.EventRespond, Authority: "letter-3"}).reports(dsr.StateInProgress)
	b.do(dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorProcessor}).reports(dsr.StateFulfilled)

	b = open(t, "eu-gdpr", in)
	b.do(dsr.Command{Event: dsr.EventForwardToController, ForwardTo: "acme"})
	b.do(dsr.Command{Event: dsr.EventForwardAcknowledged}).reports(dsr.StateClosed)
}

func TestSilenceIsMeasured(t *testing.T) {
	b := open(t, "uk-gdpr", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventClarificationRequested, ReasonablyRequired: true})
	b.after(30).refuses(dsr.Command{Event: dsr.EventNoReply}, dsr.GuardTooEarly)
	b.after(1).do(dsr.Command{Event: dsr.EventNoReply}).reports(dsr.StateClosed)
	if b.c.Items[0].Reason != dsr.ReasonNoReply || b.c.Blockers != 0 {
		t.Errorf("got %+v", b.c)
	}
}

func TestAppealReopens(t *testing.T) {
	b := open(t, "us-va-vcdpa", intake(regime.RequestAccess))
	b.do(dsr.Command{Event: dsr.EventRefuse, Reason: "not_identified", Evidence: true})
	b.do(dsr.Command{Event: dsr.EventAppeal}).reports(dsr.StateAppealOpen)
	if b.c.State() != dsr.StateAppealOpen || b.c.Items[0].AppealedAt.IsZero() {
		t.Errorf("got %+v", b.c)
	}
	b.do(dsr.Command{Event: dsr.EventAppealUpheld}).reports(dsr.StateInProgress)
}

func TestDeadlineAndComplaintStayOnRecord(t *testing.T) {
	b := open(t, "uk-gdpr", intake(regime.RequestAccess))
	b.after(60).do(dsr.Command{Event: dsr.EventDeadlineReached}).reports(dsr.StateReceived)
	b.do(dsr.Command{Event: dsr.EventComplaint})
	if !b.c.Items[0].Overdue || !b.c.Items[0].ComplaintOpen {
		t.Errorf("got %+v", b.c.Items[0])
	}
	b.do(dsr.Command{Event: dsr.EventBegin})
	b.do(dsr.Command{Event: dsr.EventFulfil})
	if !b.c.Items[0].Overdue {
		t.Error("a late answer is no longer late")
	}
}

func TestOpenRefuses(t *testing.T) {
	p := procedureOf(t, "eu-gdpr")
	for name, test := range map[string]struct {
		change func(in *dsr.Intake)
		want   error
	}{
		"no tenant":         {func(in *dsr.Intake) { in.Tenant = "" }, privacy.ErrInvalid},
		"no id":             {func(in *dsr.Intake) { in.ID = "" }, privacy.ErrInvalid},
		"a nameless person": {func(in *dsr.Intake) { in.Subject = "" }, privacy.ErrInvalid},
		"no role":           {func(in *dsr.Intake) { in.Role = 0 }, privacy.ErrInvalid},
		"no time":           {func(in *dsr.Intake) { in.Received = time.Time{} }, privacy.ErrInvalid},
		"before the law":    {func(in *dsr.Intake) { in.Received = time.Date(2018, 5, 24, 0, 0, 0, 0, time.UTC) }, regime.ErrNotInForce},
		"nothing asked":     {func(in *dsr.Intake) { in.Requests = nil }, privacy.ErrInvalid},
		"not regulated":     {func(in *dsr.Intake) { in.Requests[0].Request = regime.RequestLimitSensitive }, regime.ErrNotRegulated},
		"nobody asks":       {func(in *dsr.Intake) { in.Actor = 0 }, dsr.GuardActor},
	} {
		t.Run(name, func(t *testing.T) {
			in := intake(regime.RequestAccess)
			test.change(&in)
			if _, err := p.Open(in); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	for name, broken := range map[string]func() (*dsr.Procedure, error){
		"no regime": func() (*dsr.Procedure, error) { return dsr.NewProcedure(nil, time.UTC, nil) },
		"no zone":   func() (*dsr.Procedure, error) { return dsr.NewProcedure(mustRegime(t, "eu-gdpr"), nil, nil) },
	} {
		if _, err := broken(); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHandleRefuses(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess))
	b.refuses(dsr.Command{Event: dsr.EventBegin, Item: 1}, privacy.ErrInvalid)
	b.refuses(dsr.Command{Event: dsr.EventBegin, Item: -1}, privacy.ErrInvalid)
	b.refuses(dsr.Command{Event: dsr.EventBegin, At: received.Add(-time.Second)}, privacy.ErrInvalid)
	b.refuses(dsr.Command{Event: dsr.EventSubmit}, privacy.ErrInvalid)
	b.refuses(dsr.Command{Event: 99}, privacy.ErrInvalid)
	b.refuses(dsr.Command{Event: dsr.EventAuthorityConfirmed}, privacy.ErrInvalid)
	other := procedureOf(t, "uk-gdpr")
	if _, err := other.Handle(b.c, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff, At: b.now}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another law: %v", err)
	}
	if _, err := other.Plan(b.c, 0, nil, b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another law: %v", err)
	}
}

func TestTasks(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestErasure))
	tasks := []dsr.Task{
		{ID: "erase", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name", "mail"}},
		{ID: "verify", System: "crm", Action: dsr.ActionVerify, After: []dsr.TaskID{"erase"}},
		{ID: "mail", System: "newsletter", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"mail"}},
	}
	plan := func(tasks ...dsr.Task) error {
		_, err := b.p.Plan(b.c, 0, tasks, b.now)
		return err
	}
	invalid := func(name string, err error) {
		t.Helper()
		if !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	invalid("planned before the work began", plan(tasks...))
	b.do(dsr.Command{Event: dsr.EventBegin})
	invalid("no task", plan())
	invalid("no system", plan(dsr.Task{ID: "x", Action: dsr.ActionErase}))
	invalid("twice", plan(tasks[0], tasks[0]))
	invalid("after none", plan(tasks[1], tasks[0]))
	invalid("after itself", plan(dsr.Task{ID: "x", System: "s", Action: dsr.ActionErase, After: []dsr.TaskID{"x"}}))
	take := func(change dsr.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.c, b.last = change.Case, change
	}
	fails := func(name string, want error) func(change dsr.Change, err error) {
		return func(_ dsr.Change, err error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: got %v, want %v", name, err, want)
			}
		}
	}
	take(b.p.Plan(b.c, 0, tasks, b.now))
	b.refuses(dsr.Command{Event: dsr.EventFulfil}, dsr.GuardTasksOpen)
	b.refuses(dsr.Command{Event: dsr.EventFulfilPartially}, dsr.GuardTasksOpen)
	invalid("planned twice", plan(dsr.Task{ID: "x", System: "s", Action: dsr.ActionErase}))
	fails("verified before erased", dsr.ErrTask)(b.p.StartTask(b.c, 0, "verify", b.now))
	fails("no such task", dsr.ErrTask)(b.p.StartTask(b.c, 0, "other", b.now))
	fails("no such item", privacy.ErrInvalid)(b.p.StartTask(b.c, 7, "erase", b.now))
	fails("no such item", privacy.ErrInvalid)(b.p.FinishTask(b.c, -1, "erase", "proof", b.now))
	fails("finished before it began", dsr.ErrTask)(b.p.FinishTask(b.c, 0, "erase", "proof", b.now))
	fails("failed before it began", dsr.ErrTask)(b.p.FailTask(b.c, 0, "erase", "timeout", time.Time{}, b.now))
	take(b.p.StartTask(b.c, 0, "erase", b.now))
	fails("begun twice", dsr.ErrTask)(b.p.StartTask(b.c, 0, "erase", b.now))
	fails("done without evidence", privacy.ErrInvalid)(b.p.FinishTask(b.c, 0, "erase", "", b.now))
	take(b.p.FailTask(b.c, 0, "erase", "timeout", b.now.Add(time.Hour), b.now))
	fails("too soon", dsr.ErrTask)(b.p.StartTask(b.c, 0, "erase", b.now.Add(59*time.Minute)))
	take(b.p.StartTask(b.c, 0, "erase", b.now.Add(time.Hour)))
	take(b.p.FinishTask(b.c, 0, "erase", "proof", b.now))
	take(b.p.StartTask(b.c, 0, "verify", b.now))
	take(b.p.FinishTask(b.c, 0, "verify", "empty", b.now))
	take(b.p.StartTask(b.c, 0, "mail", b.now))
	take(b.p.FailTask(b.c, 0, "mail", "gone", time.Time{}, b.now))
	it := b.c.Items[0]
	if it.Tasks[0].State != dsr.TaskDone || it.Tasks[0].Attempts != 2 || it.Tasks[2].Problem != "gone" {
		t.Errorf("one task's failure touched another: %+v", it.Tasks)
	}
	b.refuses(dsr.Command{Event: dsr.EventFulfil}, dsr.GuardHoldActive)
	b.do(dsr.Command{Event: dsr.EventFulfilPartially})
	if b.last.Effects[0].Kind != privacy.EffectRestriction {
		t.Errorf("what is kept is not restricted: %v", b.last.Effects)
	}
}

// A blocker stops the work on a task, and a processor does none unasked.
func TestTasksWaitForTheCase(t *testing.T) {
	in := intake(regime.RequestErasure)
	b := open(t, "eu-gdpr", in).do(dsr.Command{Event: dsr.EventBegin})
	change, err := b.p.Plan(b.c, 0, []dsr.Task{{ID: "erase", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"name"}}}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.c = change.Case
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	if _, err := b.p.StartTask(b.c, 0, "erase", b.now); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("got %v", err)
	}
}

func TestProtection(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestErasure)).do(dsr.Command{Event: dsr.EventBegin})
	take := func(change dsr.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.c, b.last = change.Case, change
	}
	invoice := dsr.Protection{System: "crm", Category: "invoice", Ground: "17(3)(e)", Source: "hold-1"}
	policy := invoice
	policy.Ground = ""
	if _, err := b.p.Protect(b.c, 0, policy, b.now); !errors.Is(err, dsr.ErrNoGround) {
		t.Errorf("a policy protects: %v", err)
	}
	take(b.p.Plan(b.c, 0, []dsr.Task{{ID: "erase", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"invoice"}}}, b.now))
	take(b.p.Protect(b.c, 0, invoice, b.now))
	second := invoice
	second.Source, second.Until = "hold-2", privacy.MustDate("2027-01-31")
	take(b.p.Protect(b.c, 0, second, b.now))
	take(b.p.StartTask(b.c, 0, "erase", b.now))
	if state := b.c.Items[0].Tasks[0].State; state != dsr.TaskWithheld {
		t.Fatalf("the task is %s", state)
	}
	b.do(dsr.Command{Event: dsr.EventFulfilPartially})
	take(b.p.Release(b.c, 0, "hold-1", b.now))
	b.reports(dsr.StatePartiallyFulfilled)
	take(b.p.Release(b.c, 0, "", time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC)))
	b.reports(dsr.StatePartiallyFulfilled)
	b.now = time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	take(b.p.Release(b.c, 0, "", b.now))
	b.reports(dsr.StateInProgress)
	// It was answered in time: nothing is overdue because the rest goes on.
	if b.c.Items[0].PeriodRuns() || len(b.last.Wakes) != 0 {
		t.Errorf("the period runs again: %v", b.last.Wakes)
	}
	task := b.c.Items[0].Tasks[1]
	take(b.p.StartTask(b.c, 0, task.ID, b.now))
	take(b.p.FinishTask(b.c, 0, task.ID, "proof", b.now))
	b.do(dsr.Command{Event: dsr.EventFulfil}).reports(dsr.StateFulfilled)
	if b.last.Effects[0].Kind != privacy.EffectErasure {
		t.Errorf("got %v", b.last.Effects)
	}
	if _, err := b.p.Release(b.c, 9, "", b.now); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("no such item: %v", err)
	}
}

func TestCaseSurvivesJSON(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestAccess, regime.RequestErasure))
	b.do(dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	b.do(dsr.Command{Event: dsr.EventExtend, Ground: "number", Explanation: "message-1"})
	data, err := json.Marshal(b.c)
	if err != nil {
		t.Fatal(err)
	}
	var again dsr.Case
	if err := privacy.DecodeJSON(data, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, b.c) {
		t.Errorf("got %+v\nwant %+v", again, b.c)
	}
}

func TestCaseStateSummary(t *testing.T) {
	item := func(states ...dsr.State) dsr.Case {
		var c dsr.Case
		for _, s := range states {
			c.Items = append(c.Items, dsr.Item{Request: regime.RequestAccess, Work: s})
		}
		return c
	}
	for _, test := range []struct {
		items []dsr.State
		want  dsr.State
	}{
		{[]dsr.State{dsr.StateFulfilled, dsr.StateReceived}, dsr.StateReceived},
		{[]dsr.State{dsr.StateFulfilled, dsr.StateRefused}, dsr.StatePartiallyFulfilled},
		{[]dsr.State{dsr.StateFulfilled, dsr.StateWithdrawn}, dsr.StatePartiallyFulfilled},
		{[]dsr.State{dsr.StateFulfilled, dsr.StateFulfilled}, dsr.StateFulfilled},
		{[]dsr.State{dsr.StateRefused, dsr.StateWithdrawn}, dsr.StateRefused},
		{[]dsr.State{dsr.StateClosed, dsr.StateWithdrawn}, dsr.StateClosed},
		{[]dsr.State{dsr.StateWithdrawn}, dsr.StateWithdrawn},
		{[]dsr.State{dsr.StateForwarded, dsr.StateFulfilled}, dsr.StateForwarded},
		{nil, 0},
	} {
		if got := item(test.items...).State(); got != test.want {
			t.Errorf("%v: got %s, want %s", test.items, got, test.want)
		}
	}
}

func TestBlockers(t *testing.T) {
	set := dsr.BlockerSet(0).With(dsr.BlockerFee).With(dsr.BlockerIdentity)
	if first, ok := set.First(); !ok || first != dsr.BlockerIdentity {
		t.Errorf("got %s", first)
	}
	if first, _ := set.Without(dsr.BlockerIdentity).First(); first != dsr.BlockerFee {
		t.Errorf("got %s", first)
	}
	for _, b := range dsr.Blockers() {
		if again, ok := dsr.BlockerOf(b.State()); !ok || again != b {
			t.Errorf("%s reads back as %s", b, again)
		}
	}
	if dsr.Blocker(9).String() != "unknown" || dsr.Blocker(9).State() != 0 {
		t.Error("an unknown blocker has a name")
	}
	if _, ok := dsr.BlockerOf(dsr.StateInProgress); ok {
		t.Error("in progress is no blocker")
	}
}

func TestErrorsNameNoPerson(t *testing.T) {
	in := intake(regime.RequestAccess)
	in.Subject, in.ID = "jane@example.org", "case-of-jane"
	b := open(t, "eu-gdpr", in)
	for _, event := range dsr.Events() {
		_, err := b.try(dsr.Command{Event: event})
		if err != nil && strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: %v", event, err)
		}
	}
	in.Subject = "\x00jane"
	if _, err := b.p.Open(in); err == nil || strings.Contains(err.Error(), "jane") {
		t.Errorf("got %v", err)
	}
}

func TestBreachRegister(t *testing.T) {
	r := mustRegime(t, "eu-gdpr")
	entry := dsr.Breach{
		Tenant: "t", ID: "b", Version: 1, Regime: r.Version(), Role: privacy.RoleController, AwareAt: received,
		Nature: "a backup was readable", Effects: "spam", Remedies: "closed", Risk: regime.RiskHigh, RiskReason: "mail addresses",
	}
	lacks := func(name string, b dsr.Breach, at time.Time, want ...string) {
		t.Helper()
		var got []string
		if problems, ok := errors.AsType[privacy.Problems](b.Missing(r, time.UTC, at)); ok {
			for _, p := range problems {
				got = append(got, p.Path+" "+p.Code)
			}
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	lacks("nobody told", entry, received, "authority_told_at owed", "subjects_told_at owed")
	lacks("too late", entry, received.Add(72*time.Hour+1), "authority_told_at overdue", "subjects_told_at owed")
	told := entry
	told.AuthorityToldAt, told.SubjectsNotTold = received.Add(72*time.Hour), "encrypted"
	lacks("told in time", told, received.Add(100*time.Hour))
	told.AuthorityToldAt = received.Add(73 * time.Hour)
	lacks("told late", told, received.Add(100*time.Hour), "delay_reason required")
	lacks("an empty entry", dsr.Breach{Role: privacy.RoleController, AwareAt: received}, received,
		"nature required", "effects required", "remedies required", "risk required", "authority_told_at owed")
	processor := entry
	processor.Role = privacy.RoleProcessor
	lacks("a processor", processor, received, "controller_told_at owed")
	if err := (dsr.Breach{}).Missing(r, time.UTC, received); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
