package consent

import (
	"context"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Explanation is a decision with everything it rests on: for the person who
// asks why, for a regulator, and for the developer at the terminal.
type Explanation struct {
	Decision Decision
	// Activity and Purpose are as declared.
	Activity privacy.Activity
	Purpose  privacy.Purpose
	// Events are the events behind the decision, in the order of
	// EvidenceReference; redacted ones come without their payload.
	Events []ExplainedEvent
}

// ExplainedEvent is an event of the ledger that decided something.
type ExplainedEvent struct {
	Record Record
	// Entry is what the record says; its Fact is nil if the record is redacted.
	Entry Entry
}

// Explain resolves the evidence of a decision made for the subject. It returns
// privacy.ErrNotFound if an event is not in the store, and an error that
// matches privacy.ErrInvalid if one does not match its commitment or if the
// subject's identifiers are not legal.
func (g *Gate) Explain(ctx context.Context, subject privacy.Subject, decision Decision) (Explanation, error) {
	if err := checkKey(StreamKey{Tenant: subject.Tenant, Subject: subject.ID}); err != nil {
		return Explanation{}, err
	}
	explanation := Explanation{Decision: decision}
	explanation.Activity, _ = g.register.Activity(decision.Activity)
	explanation.Purpose, _ = g.register.Purpose(decision.Purpose)
	subjectKey := StreamKey{Tenant: subject.Tenant, Subject: subject.ID}
	tenantKey := StreamKey{Tenant: subject.Tenant}
	for _, reference := range []struct {
		key      StreamKey
		sequence uint64
	}{
		{subjectKey, decision.Evidence.Subject}, {tenantKey, decision.Evidence.Attestation},
		{tenantKey, decision.Evidence.Instruction}, {tenantKey, decision.Evidence.Tenant},
	} {
		if reference.sequence == 0 {
			continue
		}
		event, err := g.explainEvent(ctx, reference.key, reference.sequence)
		if err != nil {
			return Explanation{}, err
		}
		explanation.Events = append(explanation.Events, event)
	}
	return explanation, nil
}

func (g *Gate) explainEvent(ctx context.Context, key StreamKey, sequence uint64) (ExplainedEvent, error) {
	records, err := g.store.Records(ctx, key, sequence-1, 1)
	if err != nil {
		return ExplainedEvent{}, fmt.Errorf("consent: explain: %w", err)
	}
	if len(records) == 0 || records[0].Sequence != sequence {
		return ExplainedEvent{}, fmt.Errorf("consent: event %d of the stream: %w", sequence, privacy.ErrNotFound)
	}
	event := ExplainedEvent{Record: records[0]}
	if event.Record.Redacted() {
		return event, nil
	}
	if err := event.Record.Verify(); err != nil {
		return ExplainedEvent{}, err
	}
	event.Entry, err = DecodeEntry(event.Record.Payload)
	return event, err
}

// Disclosures returns the recipients that a subject's data was disclosed to, as
// far as the gate authorised it, in byte order (Art. 15(1)(c), 19). Its errors
// are those of Decisions.
func (g *Gate) Disclosures(ctx context.Context, subject privacy.Subject) ([]privacy.RecipientID, error) {
	const page = 500
	var recipients []privacy.RecipientID
	filter := DecisionFilter{Tenant: subject.Tenant, Subject: subject.ID, Disclosures: true, Limit: page}
	for {
		decisions, err := g.Decisions(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, decision := range decisions {
			if !slices.Contains(recipients, decision.Recipient) {
				recipients = append(recipients, decision.Recipient)
			}
		}
		if len(decisions) < page {
			slices.Sort(recipients)
			return recipients, nil
		}
		filter.After = decisions[len(decisions)-1].ID
	}
}
