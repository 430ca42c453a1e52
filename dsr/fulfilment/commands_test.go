package fulfilment_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

func TestBeginningTwiceBeginsOnce(t *testing.T) {
	w := newWorld(t)
	c := w.open(asks("jane", regime.RequestErasure))
	again, err := w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(t, err)
	equal(t, "version", again.Version, c.Version)
	if _, err := w.Begin(t.Context(), "t", c.ID, 1, fulfilment.Scope{}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestPreviewChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.retention.keep("crm", fulfilment.Decision{Category: "account.name", Verdict: fulfilment.RefuseErasure, Ground: "17(1)", Source: "contract"})
	c, err := w.service.Open(t.Context(), "eu-gdpr", asks("jane", regime.RequestErasure), "")
	must(t, err)
	plan, err := w.Preview(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(t, err)
	equal(t, "tasks", len(plan.Tasks), 6)
	equal(t, "protections", plan.Protections[0].String(), "crm: account.name under 17(1) (contract)")
	equal(t, "version", w.get(c).Version, c.Version)
	equal(t, "due", w.run(), 0)
	equal(t, "left", len(w.leftOf("jane")), 18)
}

// openregister#2703, PR#3436: a case that waits for identity is begun by no other
// entry.
func TestNothingIsDoneWhileTheCaseWaits(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure))
	_, err := w.service.Handle(t.Context(), "t", c.ID, dsr.Command{
		Event: dsr.EventIdentityRequested, Actor: dsr.ActorStaff, ReasonableDoubt: true,
	}, "")
	must(t, err)
	w.pass(24*time.Hour, 5*time.Minute)
	equal(t, "left", len(w.leftOf("jane")), 18)
	_, err = w.service.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventIdentityConfirmed, Actor: dsr.ActorStaff}, "")
	must(t, err)
	w.pass(16*time.Minute, 5*time.Minute)
	equal(t, "left", len(w.leftOf("jane")), 0)
	w.ended(c)
}

// No system is called for somebody whom nobody has found yet.
func TestNothingIsDoneForSomebodyUnknown(t *testing.T) {
	hooks := &privacytest.HookRecorder{}
	w := newWorld(t, func(w *world) { w.options.Hooks = hooks })
	w.give("jane")
	in := asks("", regime.RequestErasure)
	in.Unidentified = true
	c := w.open(in)
	w.pass(time.Hour, time.Minute)
	for id, system := range w.systems {
		equal(t, "calls of "+string(id), len(system.seen), 0)
	}
	equal(t, "problems, as waiting is none", hooks.Total("dsr.problem", fulfilment.ProblemFailed), 0)
	_, err := w.service.Work(t.Context(), "t", c.ID, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Identify(c, "jane", start.Add(time.Hour))
	})
	must(t, err)
	w.pass(16*time.Minute, time.Minute)
	equal(t, "left", len(w.leftOf("jane")), 0)
	w.ended(c)
}

// A browser that opts out is nobody of whom a recipient could be told.
func TestOptOutOfSomebodyUnknown(t *testing.T) {
	w := newWorld(t)
	in := asks("", regime.RequestOptOutSaleSharing)
	in.Unidentified = true
	c, err := w.service.Open(t.Context(), "us-ca-ccpa", in, "")
	must(t, err)
	_, err = w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(t, err)
	w.run()
	equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
	equal(t, "told", len(w.recipients["payments"].seen), 0)
}

func TestProcessorWithoutAuthorityDoesNothing(t *testing.T) {
	w := newWorld(t)
	w.systems["objects"].hold(record{"t", "jane", "content.images", "1"})
	in := asks("jane", regime.RequestErasure)
	in.Role = privacy.RoleProcessor
	c, err := w.service.Open(t.Context(), "eu-gdpr", in, "")
	must(t, err)
	if _, err := w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{}); !errors.Is(err, dsr.GuardProcessorNotAuthorised) {
		t.Errorf("Begin: %v", err)
	}
	in.Authority = "contract-7"
	c, err = w.service.Open(t.Context(), "eu-gdpr", in, "")
	must(t, err)
	c, err = w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{})
	must(t, err)
	equal(t, "tasks", len(c.Items[0].Tasks), 1)
	w.run()
	equal(t, "left", len(w.systems["objects"].left("t", "jane")), 0)
	equal(t, "told", len(w.recipients["hosting"].effects), 1)
}

// What a person asked a copy of is not erased before the copy was given to them.
func TestErasureWaitsForTheCopy(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c := w.open(asks("jane", regime.RequestErasure, regime.RequestAccess))
	w.run()
	c = w.get(c)
	equal(t, "left", len(w.leftOf("jane")), 18)
	equal(t, "export", task(t, c, 1, "export-crm").State, dsr.TaskDone)
	equal(t, "the export is answered by the host", c.Items[1].Work, dsr.StateInProgress)
	w.pass(time.Hour, 15*time.Minute)
	equal(t, "left", len(w.leftOf("jane")), 18)
	_, err := w.service.Handle(t.Context(), "t", c.ID, dsr.Command{Event: dsr.EventFulfil, Item: 1, Actor: dsr.ActorStaff}, "")
	must(t, err)
	must(t, w.Recheck(t.Context(), "t", c.ID))
	w.run()
	equal(t, "left", len(w.leftOf("jane")), 0)
	w.ended(c)
}

// fides#4164: what a person erased by hand, and where, is on record.
func TestManualErasureSaysWhatWasErased(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.connectors.Systems["crm"] = fulfilment.Connector{
			Exporter: w.systems["crm"], Corrector: w.systems["crm"], Restrictor: w.systems["crm"], Manual: []dsr.Action{dsr.ActionErase},
		}
	})
	w.retention.keep("crm", fulfilment.Decision{Category: "account.name", Record: "2", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-1"})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StateInProgress)
	all := task(t, c, 0, "erase-crm").Categories
	done := fulfilment.Done{
		By: "dpo", Reference: "ticket-12", Categories: all, Fields: []string{"contacts.name", "contacts.mail"},
		Spared: []dsr.Record{{Category: "account.name", Key: "2"}},
	}
	for name, change := range map[string]func(d *fulfilment.Done){
		"nobody":              func(d *fulfilment.Done) { d.By = "" },
		"no reference":        func(d *fulfilment.Done) { d.Reference = "" },
		"no fields":           func(d *fulfilment.Done) { d.Fields = nil },
		"a category less":     func(d *fulfilment.Done) { d.Categories = all[1:] },
		"a category more":     func(d *fulfilment.Done) { d.Categories = append(slices.Clone(all), "billing") },
		"a record not spared": func(d *fulfilment.Done) { d.Spared = nil },
	} {
		bad := done
		change(&bad)
		if _, err := w.CompleteManual(t.Context(), "t", c.ID, 0, "erase-crm", bad); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.CompleteManual(t.Context(), "t", c.ID, 0, "erase-mail", done); !errors.Is(err, dsr.ErrTask) {
		t.Errorf("a task that is not manual: %v", err)
	}
	_, err := w.CompleteManual(t.Context(), "t", c.ID, 0, "erase-crm", done)
	must(t, err)
	w.run()
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StatePartiallyFulfilled)
	lines, err := w.store.Log(t.Context(), "t", c.ID, 0, 100)
	must(t, err)
	if !slices.ContainsFunc(lines, func(l dsr.LogLine) bool {
		return strings.Contains(l.Payload, "contacts.mail") && strings.Contains(l.Payload, "account.name")
	}) {
		t.Error("the log does not say which fields were erased")
	}
}

func TestManualTaskThatIsProtectedByNow(t *testing.T) {
	w := newWorld(t, func(w *world) {
		connector := w.connectors.Systems["mail"]
		connector.Eraser, connector.Verifier, connector.Manual = nil, nil, []dsr.Action{dsr.ActionErase}
		w.connectors.Systems["mail"] = connector
	})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.retention.keep("mail", fulfilment.Decision{Category: "account.email", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-1"})
	c, err := w.CompleteManual(t.Context(), "t", c.ID, 0, "erase-mail", fulfilment.Done{})
	must(t, err)
	equal(t, "task", task(t, c, 0, "erase-mail").State, dsr.TaskWithheld)
	equal(t, "evidence", task(t, c, 0, "erase-mail").Evidence, "")
}

// ClearGDPR#440: the processors are told of a withdrawal.
func TestWithdrawalReachesTheRecipients(t *testing.T) {
	w := newWorld(t)
	c := w.open(asks("jane", regime.RequestWithdrawConsent))
	w.run()
	equal(t, "told", len(w.recipients["payments"].effects), 1)
	equal(t, "state", w.get(c).State(), dsr.StateFulfilled)
}

func TestAnswerByHand(t *testing.T) {
	w := newWorld(t, func(w *world) { w.options.AnswerByHand = true })
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	c = w.get(c)
	equal(t, "state", c.State(), dsr.StateInProgress)
	equal(t, "open tasks", c.Items[0].TasksOpen(), false)
	equal(t, "due", w.run(), 0)
}

// People are told of dead letters, of days that come near and of those that went
// by, also if telling them fails at first.
func TestAlerts(t *testing.T) {
	failing := 2
	var alerts []string
	w := newWorld(t, func(w *world) {
		w.options.Alert = func(_ context.Context, alert fulfilment.Alert) error {
			if failing--; failing >= 0 {
				return errors.New("the pager is down")
			}
			alerts = append(alerts, strings.Join([]string{alert.Kind, alert.Problem, string(alert.System), alert.Due.String()}, " "))
			return nil
		}
	})
	w.systems["crm"].before = fails(&fulfilment.CallError{Code: "account_closed", Permanent: true})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.pass(time.Hour, time.Minute)
	equal(t, "of a dead letter", alerts, []string{"dead_letter account_closed crm "})
	w.pass(22*24*time.Hour, 12*time.Hour)
	equal(t, "none too early", len(alerts), 1)
	w.pass(10*24*time.Hour, 12*time.Hour)
	equal(t, "alerts", alerts[1:], []string{"reminder   2026-12-24", "overdue   2026-12-24"})
	equal(t, "overdue", w.get(c).Items[0].Overdue, true)
}

// A request that was answered is nothing to be reminded of.
func TestNoAlertOfWhatIsDone(t *testing.T) {
	w := newWorld(t)
	w.open(asks("jane", regime.RequestErasure))
	w.run()
	w.pass(40*24*time.Hour, 24*time.Hour)
	equal(t, "alerts", len(w.alerts), 0)
}

func TestScope(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	c, err := w.service.Open(t.Context(), "eu-gdpr", asks("jane", regime.RequestErasure), "")
	must(t, err)
	if _, err := w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{Categories: []privacy.CategoryID{"no.such"}}); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("an unknown category: %v", err)
	}
	_, err = w.Begin(t.Context(), "t", c.ID, 0, fulfilment.Scope{Categories: []privacy.CategoryID{"usage"}})
	must(t, err)
	w.run()
	equal(t, "left", len(w.leftOf("jane")), 14)
	w.ended(c)
}

// An acknowledgement that is owed and was not given is an alert too.
func TestAlertOfWhatRunsBeside(t *testing.T) {
	w := newWorld(t)
	c, err := w.service.Open(t.Context(), "us-ca-ccpa", asks("jane", regime.RequestErasure), "")
	must(t, err)
	w.pass(20*24*time.Hour, 24*time.Hour)
	if len(w.alerts) != 1 || w.alerts[0].Followup == "" || w.alerts[0].Case != c.ID || w.alerts[0].Due.String() != "2026-12-08" {
		t.Errorf("got %+v", w.alerts)
	}
}

// Where it is not known any more whose data a case is about, no system is called
// for nobody in particular.
func TestRedactedCase(t *testing.T) {
	w := newWorld(t)
	w.give("jane")
	w.retention.keep("ledger", fulfilment.Decision{Category: "billing", Verdict: fulfilment.RestrictUntil, Ground: "17(3)(e)", Source: "hold-1"})
	c := w.open(asks("jane", regime.RequestErasure))
	w.run()
	calls := len(w.systems["ledger"].seen)
	data, err := dsr.EncodeCase(w.get(c).Redact())
	must(t, err)
	redacted, err := dsr.DecodeCase(data)
	must(t, err)
	must(t, w.store.Update(t.Context(), dsr.Update{Expect: redacted.Version - 1, Case: redacted}))
	w.retention.keep("ledger")
	w.pass(49*time.Hour, time.Hour)
	equal(t, "calls", len(w.systems["ledger"].seen), calls)
	equal(t, "state", w.get(c).State(), dsr.StatePartiallyFulfilled)
	equal(t, "left", len(w.leftOf("jane")), 2)
	equal(t, "due", w.run(), 0)
}
