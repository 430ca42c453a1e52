package consent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// LoggedDecision is a decision in the decision log: what was asked and
// answered, and for a disclosure to whom and by which transfer mechanism. It
// holds codes and identifiers only.
type LoggedDecision struct {
	ID string `json:"id"`
	// EventID is the ID of the audit event, which carries the same body.
	EventID      string                      `json:"event_id"`
	Tenant       privacy.TenantID            `json:"-"`
	Subject      privacy.SubjectID           `json:"-"`
	At           time.Time                   `json:"-"`
	Jurisdiction privacy.Jurisdiction        `json:"jurisdiction,omitempty"`
	Code         Code                        `json:"code"`
	Role         privacy.Role                `json:"role,omitempty"`
	Basis        privacy.LegalBasis          `json:"basis,omitempty"`
	Condition    privacy.SpecialCondition    `json:"condition,omitempty"`
	Purpose      privacy.PurposeID           `json:"purpose"`
	Activity     privacy.ActivityID          `json:"activity"`
	Categories   []privacy.CategoryID        `json:"categories"`
	Operation    privacy.Operation           `json:"operation"`
	Recipient    privacy.RecipientID         `json:"recipient,omitempty"`
	Countries    []privacy.Country           `json:"countries,omitempty"`
	Mechanisms   []privacy.TransferMechanism `json:"mechanisms,omitempty"`
	Exception    RestrictionException        `json:"exception,omitempty"`
	Obligations  privacy.MeasureSet          `json:"obligations,omitzero"`
	Until        time.Time                   `json:"until,omitzero"`
	Stamp        Stamp                       `json:"stamp"`
	Evidence     EvidenceReference           `json:"evidence"`
}

// Discloses reports whether the decision allowed a disclosure.
func (d LoggedDecision) Discloses() bool { return d.Code == CodeAllowed && d.Recipient != "" }

// authorizeAttempts is how often Authorize decides anew when the state changes
// between the decision and its record.
const authorizeAttempts = 8

// Authorize decides and records the decision, with the disclosure where it is
// one, before the effect may take place. The record is written only if nothing
// has changed since the state it rests on, else it decides anew: a withdrawal
// acknowledged before Authorize returned is never overlooked, cache or not.
//
// id makes the call idempotent within the tenant; it may be empty, and then
// every call records a decision of its own. With an id that was used before,
// nothing is recorded: a recorded refusal stands, and what was allowed is decided
// again, because it may not hold any more. An id used for another use or subject
// is privacy.ErrConflict.
//
// The decision refuses whenever the error is not nil. Subjects whose
// identifiers are not legal are not recorded.
func (p *PreparedUse) Authorize(ctx context.Context, subject privacy.Subject, id string) (decision Decision, err error) {
	ctx, end := p.gate.hooks.Start(ctx, "consent.authorize")
	defer func() { end(err) }()
	if id == "" {
		id = p.gate.ledger.ids.NewID()
	}
	if err := privacy.CheckID("id", id); err != nil {
		return p.refusal(CodeUndecided, p.gate.clock.Now()), err
	}
	decision, err = p.Check(ctx, subject)
	for range authorizeAttempts {
		if err != nil || !p.recordable(decision) {
			return decision, err
		}
		err = p.record(ctx, subject, id, decision)
		if err == nil {
			p.gate.hooks.Count("consent.decision", decision.Code.String(), 1)
			return decision, nil
		}
		if !errors.Is(err, privacy.ErrConflict) {
			return p.refusal(CodeStateUnavailable, decision.At), fmt.Errorf("consent: authorize: %w", err)
		}
		if logged, found, findErr := p.logged(ctx, subject, id); findErr != nil || found {
			return p.repeated(ctx, subject, logged, findErr)
		}
		decision, err = p.checkStored(ctx, subject, Guard{})
	}
	return p.refusal(CodeStateUnavailable, decision.At), fmt.Errorf("consent: authorize: the state kept changing: %w", privacy.ErrConflict)
}

// recordable reports whether the decision rests on a state that was read.
func (p *PreparedUse) recordable(decision Decision) bool {
	switch decision.Code {
	case CodeUndecided, CodeSubjectInvalid, CodeSubjectRequired, CodeStateUnavailable, CodeStateUnreadable, CodeStateOutdated:
		return false
	}
	return true
}

func (p *PreparedUse) record(ctx context.Context, subject privacy.Subject, id string, decision Decision) error {
	logged := p.log(subject, decision)
	// No two bodies are the same: a decision that repeats an earlier one word for
	// word must not pass for it without its guard being checked.
	logged.ID, logged.EventID = id, p.gate.ledger.ids.NewID()
	body, err := json.Marshal(logged)
	if err != nil {
		return fmt.Errorf("consent: decision cannot be encoded: %w", privacy.ErrInvalid)
	}
	record := DecisionRecord{
		ID: id, Tenant: subject.Tenant, Subject: subject.ID, At: micros(decision.At), Guard: decision.Stamp.Guard, Body: body,
		Event: privacy.Event{
			ID: logged.EventID, Source: p.gate.ledger.source, SpecVersion: privacy.SpecVersion, Type: EventTypePrefix + "decided",
			Subject: string(subject.ID), Time: micros(decision.At), Tenant: subject.Tenant,
			DataContentType: "application/json", Data: body,
		},
	}
	if logged.Discloses() {
		record.Recipient = logged.Recipient
	}
	return p.gate.store.RecordDecision(ctx, record)
}

func (p *PreparedUse) log(subject privacy.Subject, decision Decision) LoggedDecision {
	return LoggedDecision{
		Jurisdiction: subject.Jurisdiction, Code: decision.Code, Role: decision.Role, Basis: decision.Basis,
		Condition: decision.Condition, Purpose: decision.Purpose, Activity: decision.Activity,
		Categories: p.use.Categories, Operation: p.use.Operation, Recipient: p.use.Recipient,
		Countries: p.countries, Mechanisms: p.mechanismsAt(decision.At), Exception: p.use.Exception,
		Obligations: decision.Obligations, Until: decision.Until, Stamp: decision.Stamp, Evidence: decision.Evidence,
	}
}

// logged looks for a decision recorded under id.
func (p *PreparedUse) logged(ctx context.Context, subject privacy.Subject, id string) (LoggedDecision, bool, error) {
	decisions, err := p.gate.store.Decisions(ctx, DecisionFilter{Tenant: subject.Tenant, AllSubjects: true, ID: id, Limit: 1})
	if err != nil || len(decisions) == 0 {
		return LoggedDecision{}, false, err
	}
	logged, err := decodeDecision(decisions[0])
	return logged, err == nil, err
}

// repeated answers a call whose id was used before. The recorded permission is
// no licence for ever: the use is decided again.
func (p *PreparedUse) repeated(ctx context.Context, subject privacy.Subject, logged LoggedDecision, err error) (Decision, error) {
	refusal := p.refusal(CodeStateUnavailable, p.gate.clock.Now())
	if err != nil {
		return refusal, fmt.Errorf("consent: authorize: %w", err)
	}
	if !p.decides(logged, subject) {
		return refusal, fmt.Errorf("consent: the id was used for another decision: %w", privacy.ErrConflict)
	}
	if logged.Code != CodeAllowed {
		refusal.Code, refusal.Stamp, refusal.Evidence = logged.Code, logged.Stamp, logged.Evidence
		return refusal, nil
	}
	return p.checkStored(ctx, subject, logged.Stamp.Guard)
}

// decides reports whether a recorded decision is one on this use for the subject.
func (p *PreparedUse) decides(logged LoggedDecision, subject privacy.Subject) bool {
	return logged.Subject == subject.ID && logged.Jurisdiction == subject.Jurisdiction &&
		logged.Purpose == p.purpose.ID && logged.Activity == p.activity && logged.Operation == p.use.Operation &&
		logged.Recipient == p.use.Recipient && logged.Exception == p.use.Exception &&
		slices.Equal(logged.Categories, p.use.Categories) && slices.Equal(logged.Countries, p.countries)
}

// Decisions returns recorded decisions in the order of their IDs. It returns an
// error that matches privacy.ErrInvalid for a filter without a tenant or limit or
// with an identifier that is not legal.
func (g *Gate) Decisions(ctx context.Context, filter DecisionFilter) ([]LoggedDecision, error) {
	if err := filter.check(); err != nil {
		return nil, err
	}
	if filter.Limit < 1 {
		return nil, fmt.Errorf("consent: limit is at least 1: %w", privacy.ErrInvalid)
	}
	records, err := g.store.Decisions(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("consent: decisions: %w", err)
	}
	decisions := make([]LoggedDecision, len(records))
	for i, record := range records {
		if decisions[i], err = decodeDecision(record); err != nil {
			return nil, err
		}
	}
	return decisions, nil
}

func (f DecisionFilter) check() error {
	if err := privacy.CheckID("tenant", string(f.Tenant)); err != nil {
		return err
	}
	for _, optional := range []struct{ what, id string }{{"subject", string(f.Subject)}, {"id", f.ID}, {"after", f.After}} {
		if optional.id == "" {
			continue
		}
		if err := privacy.CheckID(optional.what, optional.id); err != nil {
			return err
		}
	}
	return nil
}

func decodeDecision(record DecisionRecord) (LoggedDecision, error) {
	var decision LoggedDecision
	if err := decodeStrict(record.Body, &decision); err != nil {
		return LoggedDecision{}, err
	}
	decision.ID, decision.Tenant, decision.Subject, decision.At = record.ID, record.Tenant, record.Subject, record.At
	return decision, nil
}
