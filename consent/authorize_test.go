package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func (w *world) authorize(use *consent.PreparedUse, subject privacy.Subject, id string) consent.Decision {
	w.t.Helper()
	decision, err := use.Authorize(w.t.Context(), subject, id)
	must(w.t, err)
	return decision
}

func (w *world) logged(tenant privacy.TenantID) []consent.LoggedDecision {
	w.t.Helper()
	decisions, err := w.gate.Decisions(w.t.Context(), consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 1000})
	must(w.t, err)
	return decisions
}

// decided claims the audit events of decisions from the outbox.
func (w *world) decided() []privacy.Event {
	w.t.Helper()
	deliveries, err := w.store.Claim(w.t.Context(), consent.Claim{Worker: "w", Limit: 1000, Now: w.clock.Now(), Lease: time.Minute})
	must(w.t, err)
	var events []privacy.Event
	for _, delivery := range deliveries {
		if delivery.Event.Type == consent.EventTypePrefix+"decided" {
			events = append(events, delivery.Event)
		}
	}
	return events
}

func TestAuthorizeRecordsBeforeTheEffect(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model"))
	use := w.prepare(modelUse)
	decision := w.authorize(use, acme, "upload-1")
	wantSame(t, "code", decision.Code, consent.CodeAllowed)
	logged := w.logged("acme")
	wantSame(t, "decisions", len(logged), 1)
	want := consent.LoggedDecision{
		ID: "upload-1", EventID: logged[0].EventID, Tenant: "acme", At: w.clock.Now(), Code: consent.CodeAllowed, Role: privacy.RoleProcessor,
		Basis: privacy.BasisContract, Purpose: "assistance", Activity: "suggestions", Categories: []privacy.CategoryID{"content.images"},
		Operation: privacy.OperationDisclose, Recipient: "model", Countries: []privacy.Country{"US"}, Mechanisms: []privacy.TransferMechanism{privacy.TransferSCC},
		Obligations: decision.Obligations, Stamp: decision.Stamp, Evidence: decision.Evidence,
	}
	if !reflect.DeepEqual(logged[0], want) {
		t.Errorf("logged %+v\nwant   %+v", logged[0], want)
	}
	wantSame(t, "discloses", logged[0].Discloses(), true)
	wantSame(t, "counted", w.hooks.Total("consent.decision", "allowed"), 1)

	events := w.decided()
	wantSame(t, "events", len(events), 1)
	wantSame(t, "event's ID", events[0].ID, logged[0].EventID)
	wantSame(t, "event's time", events[0].Time, w.clock.Now())
	var body consent.LoggedDecision
	must(t, json.Unmarshal(events[0].Data, &body))
	wantSame(t, "the event names the decision", body.ID, "upload-1")
}

func TestAuthorizeRecordsRefusalsToo(t *testing.T) {
	w := newWorld(t, setup{})
	decision := w.authorize(w.prepare(marketingUse), ada, "")
	wantSame(t, "code", decision.Code, consent.CodeAgeUnknown)
	logged := w.logged("acme")
	wantSame(t, "decisions", len(logged), 1)
	wantSame(t, "logged", logged[0].Code, consent.CodeAgeUnknown)
	wantSame(t, "discloses", logged[0].Discloses(), false)
	wantSame(t, "jurisdiction", logged[0].Jurisdiction, "DE")
	refused := w.authorize(w.prepare(modelUse), acme, "")
	wantSame(t, "code", refused.Code, consent.CodeAttestationMissing)
	recipients, err := w.gate.Disclosures(t.Context(), acme)
	must(t, err)
	wantSame(t, "disclosures", len(recipients), 0)
}

func TestAuthorizeRecordsNothingWithoutAState(t *testing.T) {
	w := newWorld(t, setup{})
	use := w.prepare(serviceUse)
	wantSame(t, "no subject", w.authorize(use, acme, "").Code, consent.CodeSubjectRequired)
	_, err := use.Authorize(t.Context(), privacy.Subject{Tenant: "acme", ID: "a\x00"}, "")
	wantErr(t, err, privacy.ErrInvalid)
	decision, err := use.Authorize(t.Context(), ada, "a\x00")
	wantErr(t, err, privacy.ErrInvalid)
	wantSame(t, "an illegal id", decision.Allowed(), false)
	w.store.streams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { return nil, errStore }
	decision, err = use.Authorize(t.Context(), ada, "")
	wantErr(t, err, errStore)
	wantSame(t, "no state", decision.Code, consent.CodeStateUnavailable)
	wantSame(t, "decisions", len(w.logged("acme")), 0)
}

func TestWithoutAnIDEveryCallIsADecision(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{})
	use := w.prepare(serviceUse)
	for range 3 {
		w.authorize(use, ada, "")
	}
	wantSame(t, "decisions", len(w.logged("acme")), 3)
}

func TestAnIDIsDecidedOnce(t *testing.T) {
	for _, cache := range []*consent.CacheOptions{nil, {}} {
		w := newWorld(t, setup{cache: cache})
		w.record(ada, consent.RelationshipStarted{})
		use := w.prepare(serviceUse)
		for range 3 {
			wantSame(t, "code", w.authorize(use, ada, "id").Code, consent.CodeAllowed)
		}
		wantSame(t, "decisions", len(w.logged("acme")), 1)
		wantSame(t, "events", len(w.decided()), 1)
	}
}

// TestARepeatedIDIsNoLicence: neither the recorded permission nor the cache may
// stand against a withdrawal that was acknowledged elsewhere.
func TestARepeatedIDIsNoLicence(t *testing.T) {
	for _, cache := range []*consent.CacheOptions{nil, {}} {
		w := newWorld(t, setup{cache: cache})
		w.record(ada, consent.RelationshipStarted{})
		use := w.prepare(serviceUse)
		wantSame(t, "code", w.authorize(use, ada, "id").Code, consent.CodeAllowed)
		w.beside(nil).record(ada, consent.RelationshipEnded{})
		again := w.authorize(use, ada, "id")
		wantSame(t, "code after the end", again.Code, consent.CodeNoRelationship)
		wantSame(t, "decisions", len(w.logged("acme")), 1)
	}
}

func TestARepeatedIDKeepsARefusal(t *testing.T) {
	w := newWorld(t, setup{})
	use := w.prepare(serviceUse)
	wantSame(t, "code", w.authorize(use, ada, "id").Code, consent.CodeNoRelationship)
	w.given(ada, consent.RelationshipStarted{})
	again := w.authorize(use, ada, "id")
	wantSame(t, "the same id", again.Code, consent.CodeNoRelationship)
	wantSame(t, "its stamp", again.Stamp.SubjectVersion, 0)
	wantSame(t, "another id", w.authorize(use, ada, "id-2").Code, consent.CodeAllowed)
}

func TestAnIDStandsForOneUseOfOneSubject(t *testing.T) {
	w := newWorld(t, setup{declare: func(d *privacy.Declaration) {
		d.Recipients[2].Locations = append(d.Recipients[2].Locations, privacy.RecipientLocation{Country: "DE"})
	}})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model", "hosting"))
	change := func(change func(*consent.Use)) consent.Use {
		use := modelUse
		change(&use)
		return use
	}
	known := privacy.Subject{Tenant: "acme", ID: "s", Jurisdiction: "DE"}
	wantSame(t, "code", w.authorize(w.prepare(modelUse), known, "id").Code, consent.CodeAllowed)
	for name, c := range map[string]struct {
		use     consent.Use
		subject privacy.Subject
	}{
		"another purpose":      {annotationUse, known},
		"another operation":    {change(func(u *consent.Use) { u.Operation, u.Recipient = privacy.OperationUse, "" }), known},
		"other categories":     {change(func(u *consent.Use) { u.Categories = []privacy.CategoryID{"content.images", "content.labels"} }), known},
		"another recipient":    {change(func(u *consent.Use) { u.Recipient = "hosting" }), known},
		"one of the countries": {change(func(u *consent.Use) { u.Country = "US" }), known},
		"an exception":         {change(func(u *consent.Use) { u.Exception = consent.ExceptionLegalClaims }), known},
		"another subject":      {modelUse, privacy.Subject{Tenant: "acme", ID: "other", Jurisdiction: "DE"}},
		"no subject":           {modelUse, acme},
		"another jurisdiction": {modelUse, privacy.Subject{Tenant: "acme", ID: "s", Jurisdiction: "FR"}},
	} {
		decision, err := w.prepare(c.use).Authorize(t.Context(), c.subject, "id")
		if !errors.Is(err, privacy.ErrConflict) || decision.Allowed() {
			t.Errorf("%s: %s, %v", name, decision.Code, err)
		}
	}
	wantSame(t, "decisions", len(w.logged("acme")), 1)

	// Another tenant's ids are its own, and so are the events.
	w.given(privacy.Subject{Tenant: "umbra"}, attestationOf("x", "content"), instructionOf("i", "model"))
	wantSame(t, "another tenant", w.authorize(w.prepare(modelUse), privacy.Subject{Tenant: "umbra", ID: "s", Jurisdiction: "DE"}, "id").Code, consent.CodeAllowed)
	events := w.decided()
	wantSame(t, "events", len(events), 2)
	if events[0].ID == events[1].ID {
		t.Error("decisions of two tenants have events of one ID: consumers drop the second")
	}
}

// TestAWithdrawalBetweenDecisionAndRecordIsSeen is the promise of Authorize,
// with a cache and without.
func TestAWithdrawalBetweenDecisionAndRecordIsSeen(t *testing.T) {
	for _, cache := range []*consent.CacheOptions{nil, {}} {
		for _, id := range []string{"", "id"} {
			for _, fact := range []consent.Fact{consent.RelationshipEnded{}, restrictionOf(), consent.Erasure{Cause: "c"}} {
				w := newWorld(t, setup{cache: cache})
				w.record(ada, consent.RelationshipStarted{})
				use := w.prepare(serviceUse)
				w.check(use, ada)
				var once sync.Once
				w.store.recordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
					once.Do(func() { w.beside(nil).record(ada, fact) })
					return w.store.Store.RecordDecision(ctx, decision)
				}
				decision := w.authorize(use, ada, id)
				wantSame(t, "allowed after "+string(fact.Kind()), decision.Allowed(), false)
				logged := w.logged("acme")
				wantSame(t, "decisions", len(logged), 1)
				wantSame(t, "logged", logged[0].Code, decision.Code)
			}
		}
	}
}

func TestATenantsChangeBetweenDecisionAndRecordIsSeen(t *testing.T) {
	w := newCachedWorld(t)
	w.record(acme, attestationOf("x", "content"), instructionOf("i", "model"))
	use := w.prepare(modelUse)
	w.check(use, acme)
	var once sync.Once
	w.store.recordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		once.Do(func() { w.beside(nil).record(acme, consent.AttestationWithdrawn{}) })
		return w.store.Store.RecordDecision(ctx, decision)
	}
	wantSame(t, "code", w.authorize(use, acme, "").Code, consent.CodeAttestationWithdrawn)
}

func TestAuthorizeGivesUpWhenTheStateKeepsChanging(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{})
	attempts := 0
	w.store.recordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		attempts++
		w.record(ada, consent.RelationshipStarted{})
		return w.store.Store.RecordDecision(ctx, decision)
	}
	decision, err := w.prepare(serviceUse).Authorize(t.Context(), ada, "")
	wantErr(t, err, privacy.ErrConflict)
	wantSame(t, "code", decision.Code, consent.CodeStateUnavailable)
	wantSame(t, "attempts", attempts, 8)
	wantSame(t, "decisions", len(w.logged("acme")), 0)
}

func TestAuthorizeWithAStoreThatFails(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{})
	use := w.prepare(serviceUse)
	w.store.recordDecision = func(context.Context, consent.DecisionRecord) error { return errStore }
	decision, err := use.Authorize(t.Context(), ada, "")
	wantErr(t, err, errStore)
	wantSame(t, "code", decision.Code, consent.CodeStateUnavailable)

	// The store records and loses its answer: the same id goes on.
	w.store.recordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		return errors.Join(w.store.Store.RecordDecision(ctx, decision), errStore)
	}
	decision, err = use.Authorize(t.Context(), ada, "id")
	wantErr(t, err, errStore)
	wantSame(t, "allowed", decision.Allowed(), false)
	w.store.recordDecision = nil
	wantSame(t, "code", w.authorize(use, ada, "id").Code, consent.CodeAllowed)
	wantSame(t, "decisions", len(w.logged("acme")), 1)

	// The log cannot be read, or not understood.
	w.store.decisions = func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error) { return nil, errStore }
	decision, err = use.Authorize(t.Context(), ada, "id")
	wantErr(t, err, errStore)
	wantSame(t, "allowed", decision.Allowed(), false)
	w.store.decisions = func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error) {
		return []consent.DecisionRecord{{ID: "id", Tenant: "acme", Subject: ada.ID, Body: []byte(`{"code":"from a newer version"}`)}}, nil
	}
	decision, err = use.Authorize(t.Context(), ada, "id")
	wantErr(t, err, privacy.ErrInvalid)
	wantSame(t, "allowed", decision.Allowed(), false)
}

func TestAuthorizeRacesWithItself(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, consent.RelationshipStarted{})
	use := w.prepare(serviceUse)
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if decision, err := use.Authorize(t.Context(), ada, "id"); err != nil || !decision.Allowed() {
				t.Errorf("%s, %v", decision.Code, err)
			}
		})
	}
	wait.Wait()
	wantSame(t, "decisions", len(w.logged("acme")), 1)
	wantSame(t, "events", len(w.decided()), 1)
}

func TestPagesOfDecisions(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model", "hosting"))
	w.given(ada, consent.RelationshipStarted{})
	model, service := w.prepare(modelUse), w.prepare(serviceUse)
	for i := range 25 {
		w.authorize(service, ada, fmt.Sprintf("d-%03d", i))
		if i%5 == 0 {
			w.authorize(model, ada, fmt.Sprintf("m-%03d", i))
		}
	}
	filter := consent.DecisionFilter{Tenant: "acme", Subject: ada.ID, Limit: 7}
	var ids []string
	for {
		page, err := w.gate.Decisions(t.Context(), filter)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, decision := range page {
			ids = append(ids, decision.ID)
		}
		filter.After = page[len(page)-1].ID
	}
	wantSame(t, "decisions", len(ids), 30)
	if !slices.IsSorted(ids) {
		t.Errorf("not in order: %v", ids)
	}
	for _, filter := range []consent.DecisionFilter{
		{Limit: 1}, {Tenant: "acme"}, {Tenant: "acme", Limit: -1}, {Tenant: "a\x00", Limit: 1},
		{Tenant: "acme", Subject: "a\x00", Limit: 1}, {Tenant: "acme", ID: "a\x00", Limit: 1}, {Tenant: "acme", After: "\xff", Limit: 1},
	} {
		_, err := w.gate.Decisions(t.Context(), filter)
		wantErr(t, err, privacy.ErrInvalid)
	}
	other, err := w.gate.Decisions(t.Context(), consent.DecisionFilter{Tenant: "umbra", AllSubjects: true, Limit: 10})
	must(t, err)
	wantSame(t, "decisions of another tenant", len(other), 0)
	w.store.decisions = func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error) { return nil, errStore }
	_, err = w.gate.Decisions(t.Context(), filter)
	wantErr(t, err, errStore)
	_, err = w.gate.Disclosures(t.Context(), ada)
	wantErr(t, err, errStore)
	_, err = w.gate.Disclosures(t.Context(), privacy.Subject{Tenant: "acme", ID: "a\x00"})
	wantErr(t, err, privacy.ErrInvalid)
}

func TestDisclosuresNameEveryRecipient(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(acme, attestationOf("x", "content"), instructionOf("i", "model", "hosting"))
	hosting := modelUse
	hosting.Recipient = "hosting"
	model, toHosting, billing := w.prepare(modelUse), w.prepare(hosting), w.prepare(billingUse)
	for i := range 600 { // more than a page
		w.authorize(model, ada, fmt.Sprintf("a-%03d", i))
	}
	w.authorize(toHosting, ada, "b")
	w.authorize(billing, privacy.Subject{Tenant: "acme", ID: "other"}, "c")
	w.authorize(w.prepare(annotationUse), ada, "d")
	recipients, err := w.gate.Disclosures(t.Context(), ada)
	must(t, err)
	if !slices.Equal(recipients, []privacy.RecipientID{"hosting", "model"}) {
		t.Errorf("got %v", recipients)
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	allowed := w.wantCode(use, ada, consent.CodeAllowed)
	explanation, err := w.gate.Explain(t.Context(), ada, allowed)
	must(t, err)
	wantSame(t, "activity", explanation.Activity.Title, "Newsletter")
	wantSame(t, "purpose", explanation.Purpose.Title, "Send news about the service")
	wantSame(t, "decision", explanation.Decision, allowed)
	wantSame(t, "events", len(explanation.Events), 1)
	if grant, ok := explanation.Events[0].Entry.Fact.(consent.Grant); !ok || grant.Evidence.Notice.Version != 3 {
		t.Errorf("got %+v", explanation.Events[0].Entry.Fact)
	}

	redact(w)
	explanation, err = w.gate.Explain(t.Context(), ada, allowed)
	must(t, err)
	wantSame(t, "redacted", explanation.Events[0].Record.Redacted(), true)
	wantSame(t, "fact", explanation.Events[0].Entry.Fact, nil)
	wantSame(t, "kind", explanation.Events[0].Record.Kind, consent.KindGranted)

	missing := allowed
	missing.Evidence.Tenant = 77
	_, err = w.gate.Explain(t.Context(), ada, missing)
	wantErr(t, err, privacy.ErrNotFound)
	_, err = w.gate.Explain(t.Context(), privacy.Subject{Tenant: "umbra", ID: ada.ID}, allowed)
	wantErr(t, err, privacy.ErrNotFound)

	for _, illegal := range []privacy.Subject{{ID: ada.ID}, {Tenant: "acme", ID: "a\x00"}} {
		_, err = w.gate.Explain(t.Context(), illegal, allowed)
		wantErr(t, err, privacy.ErrInvalid)
	}

	nothing, err := w.gate.Explain(t.Context(), ada, consent.Decision{})
	must(t, err)
	wantSame(t, "events of nothing", len(nothing.Events), 0)
}

func TestExplainFindsWhatWasTamperedWith(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	allowed := w.wantCode(w.prepare(marketingUse), ada, consent.CodeAllowed)
	for name, spoil := range map[string]func(*consent.Record){
		"payload":    func(r *consent.Record) { r.Payload = []byte(strings.Replace(string(r.Payload), "web", "ios", 1)) },
		"salt":       func(r *consent.Record) { r.Salt = nil },
		"commitment": func(r *consent.Record) { r.Commitment[0] ^= 1 },
	} {
		w.store.records = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
			records, err := w.store.Store.Records(ctx, key, after, limit)
			spoil(&records[0])
			return records, err
		}
		if _, err := w.gate.Explain(t.Context(), ada, allowed); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.store.records = func(ctx context.Context, key consent.StreamKey, _ uint64, _ int) ([]consent.Record, error) {
		return w.store.Store.Records(ctx, key, 0, 1) // another event
	}
	_, err := w.gate.Explain(t.Context(), ada, allowed)
	wantErr(t, err, privacy.ErrNotFound)
	w.store.records = func(context.Context, consent.StreamKey, uint64, int) ([]consent.Record, error) { return nil, errStore }
	_, err = w.gate.Explain(t.Context(), ada, allowed)
	wantErr(t, err, errStore)
}
