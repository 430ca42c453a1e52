package dsr_test

import (
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// generous are facts under which no guard refuses anything.
func generous(event dsr.Event) dsr.Facts {
	return dsr.Facts{
		Actor: event.Usual(), Role: privacy.RoleController, AuthorisedByController: true, AuthorityProven: true,
		ReasonableDoubt: true, LargeQuantity: true, ReasonablyRequired: true, WithinFirstPeriod: true,
		ReasonsGiven: true, Evidence: true, RestrictionRequested: true, WaitElapsed: true,
		Ground: "complexity", Reason: "data_found_later",
	}
}

func generousTo(event dsr.Event) dsr.Facts {
	facts := generous(event)
	switch event {
	case dsr.EventForwardToController, dsr.EventForwardAcknowledged, dsr.EventRespond:
		facts.Role = privacy.RoleProcessor
	}
	return facts
}

// Every pair of state and event, known or not, under every law: the machine
// accepts exactly what the table holds, and leads only where the table says.
func TestEveryStateAndEvent(t *testing.T) {
	accepted := 0
	for _, id := range []regime.ID{"eu-gdpr", "uk-gdpr", "us-ca-ccpa", "us-va-vcdpa", "ca-pipeda", "ch-fadp"} {
		law := mustLaw(t, id, regime.RequestAccess)
		for _, from := range append([]dsr.State{0}, dsr.States()...) {
			for _, event := range dsr.Events() {
				facts := generousTo(event)
				step, err := dsr.Next(law, from, event, &facts)
				targets := dsr.Targets(from, event)
				var unknown *dsr.TransitionError
				switch {
				case len(targets) == 0 && !errors.As(err, &unknown):
					t.Errorf("%s %s: not in the table, but %v", from, event, err)
				case len(targets) > 0 && errors.As(err, &unknown):
					t.Errorf("%s %s: in the table, but %v", from, event, err)
				case err == nil && !slices.Contains(targets, step.To):
					t.Errorf("%s %s: led to %s, want one of %v", from, event, step.To, targets)
				case err != nil && step.To != 0:
					t.Errorf("%s %s: an error and a step", from, event)
				}
				if err == nil {
					accepted++
				}
			}
		}
	}
	if accepted < 6*60 {
		t.Errorf("only %d transitions were accepted", accepted)
	}
}

func TestNextRefusesWhatIsOutOfRange(t *testing.T) {
	law := mustLaw(t, "eu-gdpr", regime.RequestAccess)
	for _, from := range []dsr.State{14, 15, 16, 17, 255} {
		for _, event := range []dsr.Event{0, 36, 37, 63, 64, 65, 255, dsr.EventFulfil} {
			facts := generous(event)
			_, err := dsr.Next(law, from, event, &facts)
			if !errors.Is(err, privacy.ErrInvalid) {
				t.Errorf("%d %d: %v", from, event, err)
			}
		}
	}
}

func TestNextWithoutLawOrFacts(t *testing.T) {
	facts := generous(dsr.EventBegin)
	_, noLaw := dsr.Next(nil, dsr.StateReceived, dsr.EventBegin, &facts)
	_, noFacts := dsr.Next(mustLaw(t, "eu-gdpr", regime.RequestAccess), dsr.StateReceived, dsr.EventBegin, nil)
	if !errors.Is(noLaw, privacy.ErrInvalid) || !errors.Is(noFacts, privacy.ErrInvalid) {
		t.Errorf("got %v and %v", noLaw, noFacts)
	}
}

// Facts of which nothing is known allow nothing.
func TestZeroFactsAllowNothing(t *testing.T) {
	law := mustLaw(t, "eu-gdpr", regime.RequestAccess)
	for _, from := range append([]dsr.State{0}, dsr.States()...) {
		for _, event := range dsr.Events() {
			if _, err := dsr.Next(law, from, event, new(dsr.Facts)); err == nil {
				t.Errorf("%s %s was accepted", from, event)
			}
		}
	}
}

func TestGuards(t *testing.T) {
	type change = func(f *dsr.Facts)
	for name, test := range map[string]struct {
		regime  regime.ID
		request regime.Request
		from    dsr.State
		event   dsr.Event
		change  change
		want    dsr.Guard
	}{
		"an unknown actor":                           {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Actor = 0 }, dsr.GuardActor},
		"the subject fulfils":                        {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Actor = dsr.ActorSubject }, dsr.GuardActor},
		"the subject extends":                        {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.Actor = dsr.ActorSubject }, dsr.GuardActor},
		"staff withdraws":                            {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventWithdraw, func(f *dsr.Facts) { f.Actor = dsr.ActorStaff }, dsr.GuardActor},
		"an unproven agent withdraws":                {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventWithdraw, func(f *dsr.Facts) { f.Actor, f.AuthorityProven = dsr.ActorAgent, false }, dsr.GuardActor},
		"a proven agent withdraws":                   {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventWithdraw, func(f *dsr.Facts) { f.Actor = dsr.ActorAgent }, 0},
		"staff appeals":                              {"us-va-vcdpa", "access", dsr.StateRefused, dsr.EventAppeal, func(f *dsr.Facts) { f.Actor = dsr.ActorStaff }, dsr.GuardActor},
		"a processor's staff at a controller":        {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Actor = dsr.ActorProcessor }, dsr.GuardActor},
		"no role":                                    {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Role = 0 }, dsr.GuardProcessorNotAuthorised},
		"an unauthorised processor fulfils":          {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, unauthorised, dsr.GuardProcessorNotAuthorised},
		"an unauthorised processor refuses":          {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventRefuse, unauthorised, dsr.GuardProcessorNotAuthorised},
		"an unauthorised processor answers partly":   {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfilPartially, unauthorised, dsr.GuardProcessorNotAuthorised},
		"an unauthorised processor extends":          {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, unauthorised, dsr.GuardProcessorNotAuthorised},
		"an authorised processor fulfils":            {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Role, f.Actor = privacy.RoleProcessor, dsr.ActorProcessor }, 0},
		"a controller forwards":                      {"eu-gdpr", "access", dsr.StateReceived, dsr.EventForwardToController, nil, dsr.GuardNotProcessor},
		"no doubt":                                   {"eu-gdpr", "access", dsr.StateReceived, dsr.EventIdentityRequested, func(f *dsr.Facts) { f.ReasonableDoubt = false }, dsr.GuardNoReasonableDoubt},
		"California needs no doubt":                  {"us-ca-ccpa", "access", dsr.StateReceived, dsr.EventIdentityRequested, func(f *dsr.Facts) { f.ReasonableDoubt = false }, 0},
		"California forbids to verify an opt-out":    {"us-ca-ccpa", "opt_out_sale_sharing", dsr.StateReceived, dsr.EventIdentityRequested, nil, dsr.GuardVerificationNotAllowed},
		"California forbids to verify a limit":       {"us-ca-ccpa", "limit_sensitive", dsr.StateReceived, dsr.EventIdentityRequested, nil, dsr.GuardVerificationNotAllowed},
		"a withdrawal needs no verification":         {"eu-gdpr", "withdraw_consent", dsr.StateReceived, dsr.EventIdentityRequested, nil, dsr.GuardVerificationNotNeeded},
		"a marketing objection needs none":           {"eu-gdpr", "objection", dsr.StateReceived, dsr.EventIdentityRequested, func(f *dsr.Facts) { f.DirectMarketing = true }, dsr.GuardVerificationNotNeeded},
		"another objection may":                      {"eu-gdpr", "objection", dsr.StateReceived, dsr.EventIdentityRequested, nil, 0},
		"extended twice":                             {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.Extended = true }, dsr.GuardAlreadyExtended},
		"extended too late":                          {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.WithinFirstPeriod = false }, dsr.GuardTooLate},
		"extended without reasons":                   {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.ReasonsGiven = false }, dsr.GuardReasonsRequired},
		"extended for want of staff":                 {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.Ground = "resources" }, dsr.GuardGroundNotAllowed},
		"Canada extends for no other ground":         {"ca-pipeda", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.Ground = "complexity" }, dsr.GuardGroundNotAllowed},
		"extended where the law has none":            {"kr-pipa", "access", dsr.StateInProgress, dsr.EventExtend, nil, dsr.GuardExtensionNotProvided},
		"California asks for no ground":              {"us-ca-ccpa", "access", dsr.StateInProgress, dsr.EventExtend, func(f *dsr.Facts) { f.Ground = "" }, 0},
		"refused without reason":                     {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventRefuse, func(f *dsr.Facts) { f.Reason = "" }, dsr.GuardReasonsRequired},
		"refused without evidence":                   {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventRefuse, func(f *dsr.Facts) { f.Evidence = false }, dsr.GuardBurdenOfProof},
		"a fee without evidence":                     {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFeeRequested, func(f *dsr.Facts) { f.Evidence = false }, dsr.GuardBurdenOfProof},
		"erased in full under a hold":                {"eu-gdpr", "erasure", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.Hold = true }, dsr.GuardHoldActive},
		"erased in part under a hold":                {"eu-gdpr", "erasure", dsr.StateInProgress, dsr.EventFulfilPartially, func(f *dsr.Facts) { f.Hold = true }, 0},
		"closed too early":                           {"uk-gdpr", "access", dsr.StateClarificationPending, dsr.EventNoReply, func(f *dsr.Facts) { f.WaitElapsed = false }, dsr.GuardTooEarly},
		"no appeal in California":                    {"us-ca-ccpa", "access", dsr.StateRefused, dsr.EventAppeal, nil, dsr.GuardNoAppealRight},
		"no appeal in Utah":                          {"us-ut-ucpa", "access", dsr.StateRefused, dsr.EventAppeal, nil, dsr.GuardNoAppealRight},
		"no appeal in the Union":                     {"eu-gdpr", "access", dsr.StateRefused, dsr.EventAppeal, nil, dsr.GuardNoAppealRight},
		"no complaint to the controller there":       {"eu-gdpr", "access", dsr.StateRefused, dsr.EventComplaint, nil, dsr.GuardNoComplaintRight},
		"reopened without new facts":                 {"eu-gdpr", "access", dsr.StateClosed, dsr.EventReopen, func(f *dsr.Facts) { f.Reason = "" }, dsr.GuardReasonsRequired},
		"the subject reopens instead of asking anew": {"eu-gdpr", "access", dsr.StateClosed, dsr.EventReopen, func(f *dsr.Facts) { f.Actor = dsr.ActorSubject }, dsr.GuardActor},
	} {
		t.Run(name, func(t *testing.T) {
			facts := generous(test.event)
			if test.change != nil {
				test.change(&facts)
			}
			_, err := dsr.Next(mustLaw(t, test.regime, test.request), test.from, test.event, &facts)
			switch {
			case test.want == 0 && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != 0 && !errors.Is(err, test.want):
				t.Errorf("got %v, want %v", err, test.want)
			case test.want != 0 && !errors.Is(err, privacy.ErrInvalid):
				t.Error("does not match ErrInvalid")
			}
		})
	}
}

func unauthorised(f *dsr.Facts) {
	f.Role, f.Actor, f.AuthorisedByController = privacy.RoleProcessor, dsr.ActorProcessor, false
}

func TestConsequences(t *testing.T) {
	for name, test := range map[string]struct {
		regime  regime.ID
		request regime.Request
		from    dsr.State
		event   dsr.Event
		change  func(f *dsr.Facts)
		check   func(s dsr.Step) bool
	}{
		"identity restarts the British clock": {"uk-gdpr", "access", dsr.StateReceived, dsr.EventIdentityRequested, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateIdentityPending && s.Clock == dsr.ClockNotStarted
		}},
		"identity never stops the Californian clock": {"us-ca-ccpa", "access", dsr.StateReceived, dsr.EventIdentityRequested, nil, func(s dsr.Step) bool {
			return s.Clock == dsr.ClockRunning
		}},
		"a small clarification does not suspend": {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventClarificationRequested, func(f *dsr.Facts) { f.LargeQuantity = false }, func(s dsr.Step) bool {
			return s.To == dsr.StateClarificationPending && s.Clock == dsr.ClockRunning
		}},
		"an erasure is not clarified in the United Kingdom": {"uk-gdpr", "erasure", dsr.StateInProgress, dsr.EventClarificationRequested, nil, func(s dsr.Step) bool {
			return s.Clock == dsr.ClockRunning
		}},
		"an unproven agent waits": {"eu-gdpr", "access", dsr.StateReceived, dsr.EventAgentSubmitted, func(f *dsr.Facts) { f.AuthorityProven = false }, func(s dsr.Step) bool {
			return s.To == dsr.StateAgentAuthorityPending && s.Clock == dsr.ClockSuspended
		}},
		"a proven agent does not": {"eu-gdpr", "access", dsr.StateReceived, dsr.EventAgentSubmitted, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateInProgress && s.Clock == dsr.ClockRunning
		}},
		"a failed agent is refused": {"eu-gdpr", "access", dsr.StateAgentAuthorityPending, dsr.EventAuthorityFailed, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateRefused && s.Reason == dsr.ReasonAgentNotAuthorised && s.MustNotify
		}},
		"California denies who is not verified": {"us-ca-ccpa", "access", dsr.StateIdentityPending, dsr.EventIdentityFailed, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateRefused && s.Reason == dsr.ReasonNotVerified
		}},
		"and does so on the last day": {"us-ca-ccpa", "access", dsr.StateIdentityPending, dsr.EventDeadlineReached, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateRefused && s.Reason == dsr.ReasonNotVerified && s.MustNotify
		}},
		"but not who is verified": {"us-ca-ccpa", "access", dsr.StateInProgress, dsr.EventDeadlineReached, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateInProgress && s.Overdue && s.Alert
		}},
		"silence is a refusal in Canada": {"ca-pipeda", "access", dsr.StateInProgress, dsr.EventDeadlineReached, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateRefused && s.Reason == dsr.ReasonDeemedRefusal && s.Overdue && s.Alert
		}},
		"silence on a fee withdraws in Switzerland": {"ch-fadp", "access", dsr.StateFeePending, dsr.EventNoReply, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateWithdrawn && s.Reason == dsr.ReasonDeemedWithdrawn
		}},
		"silence on identity closes": {"eu-gdpr", "access", dsr.StateIdentityPending, dsr.EventNoReply, func(f *dsr.Facts) { f.WaitElapsed = false }, func(s dsr.Step) bool {
			return s.To == dsr.StateClosed && s.Reason == dsr.ReasonNoReply
		}},
		"an objection restricts at once": {"eu-gdpr", "objection", dsr.StateReceived, dsr.EventObjectionReceived, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateInProgress && s.SideEffect == dsr.SideEffectRestrict
		}},
		"also while identity is awaited": {"eu-gdpr", "objection", dsr.StateIdentityPending, dsr.EventObjectionReceived, func(f *dsr.Facts) { f.DirectMarketing = true }, func(s dsr.Step) bool {
			return s.To == dsr.StateIdentityPending && s.SideEffect == dsr.SideEffectStop
		}},
		"contested accuracy restricts on request only": {"eu-gdpr", "rectification", dsr.StateInProgress, dsr.EventAccuracyContested, func(f *dsr.Facts) { f.RestrictionRequested = false }, func(s dsr.Step) bool {
			return s.SideEffect == dsr.SideEffectNone
		}},
		"why recipients are not told is recorded": {"eu-gdpr", "erasure", dsr.StateInProgress, dsr.EventFulfil, func(f *dsr.Facts) { f.NotificationImpossible, f.MadePublic = true, true }, func(s dsr.Step) bool {
			return slices.Equal(s.Duties.All(), []dsr.Duty{dsr.DutyRecordReason, dsr.DutyInformOtherControllers})
		}},
		"access tells no recipient": {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventFulfil, nil, func(s dsr.Step) bool {
			return s.Duties == 0
		}},
		"a partial answer says why": {"eu-gdpr", "erasure", dsr.StateInProgress, dsr.EventFulfilPartially, nil, func(s dsr.Step) bool {
			return slices.Equal(s.MustInclude, []regime.Content{"reasons_for_withheld_part", "complaint_to_supervisory_authority", "judicial_remedy"}) && s.MustNotify
		}},
		"an extension is told with its reasons": {"eu-gdpr", "access", dsr.StateInProgress, dsr.EventExtend, nil, func(s dsr.Step) bool {
			return slices.Equal(s.MustInclude, []regime.Content{"reasons", "new_due_date"}) && s.MustNotify && s.Extended
		}},
		"a denied appeal names the Attorney General": {"us-co-cpa", "access", dsr.StateAppealOpen, dsr.EventAppealDenied, nil, func(s dsr.Step) bool {
			return s.To == dsr.StateClosed && slices.Contains(s.MustInclude, "attorney_general_complaint_method")
		}},
		"Colorado decides an appeal in 45 days": {"us-co-cpa", "access", dsr.StatePartiallyFulfilled, dsr.EventAppeal, nil, func(s dsr.Step) bool {
			return s.Timer != nil && *s.Timer == privacy.MustPeriod("P45D")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := generous(test.event)
			if test.change != nil {
				test.change(&facts)
			}
			step, err := dsr.Next(mustLaw(t, test.regime, test.request), test.from, test.event, &facts)
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(step) {
				t.Errorf("got %+v", step)
			}
		})
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	law := mustLaw(t, "eu-gdpr", regime.RequestErasure)
	for _, from := range dsr.States() {
		for _, event := range dsr.Events() {
			facts := generousTo(event)
			if _, err := dsr.Next(law, from, event, &facts); err != nil {
				continue
			}
			if n := testing.AllocsPerRun(10, func() { _, _ = dsr.Next(law, from, event, &facts) }); n != 0 {
				t.Errorf("%s %s: %v allocations", from, event, n)
			}
		}
	}
}

// A guard is an error without an allocation too.
func TestGuardDoesNotAllocate(t *testing.T) {
	law := mustLaw(t, "eu-gdpr", regime.RequestErasure)
	facts := generous(dsr.EventFulfil)
	facts.Hold = true
	if n := testing.AllocsPerRun(10, func() { _, _ = dsr.Next(law, dsr.StateInProgress, dsr.EventFulfil, &facts) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLawNeedsARegulatedRequest(t *testing.T) {
	_, err := dsr.NewLaw(mustRegime(t, "us-va-vcdpa"), regime.RequestObjection)
	if !errors.Is(err, regime.ErrNotRegulated) {
		t.Errorf("got %v", err)
	}
	law := mustLaw(t, "eu-gdpr", regime.RequestAccess)
	if law.Regime().ID != "eu-gdpr" || law.Request() != regime.RequestAccess {
		t.Error("another law")
	}
}

func TestMermaidGolden(t *testing.T) {
	const file, begin, end = "MACHINE.md", "```mermaid\n", "```\n"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), begin)
	drawn, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("no diagram in " + file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+begin+dsr.Mermaid()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if drawn != dsr.Mermaid() {
		t.Error(file + " is stale; run the test with -update")
	}
}

// Every constant of a code type in the source is in its list, has a name of its
// own and reads back.
func TestCodesAreComplete(t *testing.T) {
	constants := countConstants(t)
	check(t, constants["State"], dsr.States(), dsr.ParseState)
	check(t, constants["Event"], dsr.Events(), dsr.ParseEvent)
	check(t, constants["Actor"], dsr.Actors(), dsr.ParseActor)
	if n := len(dsr.Guards()); n != constants["Guard"] {
		t.Errorf("%d guards are listed, %d declared", n, constants["Guard"])
	}
}

type code interface {
	comparable
	String() string
	MarshalText() ([]byte, error)
}

func check[C code](t *testing.T, declared int, listed []C, parse func(string) (C, error)) {
	t.Helper()
	if len(listed) != declared {
		t.Errorf("%T: %d are listed, %d declared", *new(C), len(listed), declared)
	}
	for _, c := range listed {
		text, err := c.MarshalText()
		if err != nil {
			t.Error(err)
		}
		again, err := parse(string(text))
		if err != nil || again != c || c.String() != string(text) {
			t.Errorf("%T %s reads back as %s: %v", c, c, again, err)
		}
	}
	var zero C
	if zero.String() != "unknown" {
		t.Errorf("%T: the zero value is %q", zero, zero)
	}
	if _, err := zero.MarshalText(); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("%T: the zero value is written", zero)
	}
	for _, text := range []string{"", "unknown", "Received"} {
		if _, err := parse(text); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%T: %q is read", zero, text)
		}
	}
}

// countConstants counts the exported constants of each type by their prefix.
func countConstants(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, file := range []string{"state.go", "event.go", "guard.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			group, ok := node.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				return true
			}
			for _, spec := range group.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					for _, prefix := range []string{"State", "Event", "Actor", "Guard"} {
						if strings.HasPrefix(name.Name, prefix) {
							counts[prefix]++
						}
					}
				}
			}
			return true
		})
	}
	return counts
}

func TestTableIsACopy(t *testing.T) {
	rules := dsr.Table()
	rules[1].From[0] = dsr.StateClosed
	rules[1].Actors[0] = 0
	if dsr.Table()[1].From[0] == dsr.StateClosed || dsr.Table()[1].Actors[0] == 0 {
		t.Error("the table was changed")
	}
}

// Every guard that the table names can refuse, and every one that refuses is
// named there: the diagram's reader sees all of them.
func TestTableNamesItsGuards(t *testing.T) {
	named := map[dsr.Guard]bool{}
	for _, rule := range dsr.Table() {
		if len(rule.Actors) == 0 {
			t.Errorf("%s: no actor", rule.Event)
		}
		for _, guard := range rule.Guards {
			named[guard] = true
		}
	}
	for _, guard := range dsr.Guards() {
		if !named[guard] {
			t.Errorf("no rule names %s", guard)
		}
	}
}
