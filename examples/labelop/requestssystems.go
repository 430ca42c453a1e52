package main

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/privacy"
)

// holder is a system that holds data of account holders.
type holder interface {
	archive.Source
	fulfilment.Eraser
	fulfilment.Verifier
}

// connectors are how each system does its duties. What is corrected or restricted
// people do by hand, and everything with customers' images, which are not ours to
// decide on.
func (d *requestDesk) connectors() fulfilment.Connectors {
	byHand := []dsr.Action{dsr.ActionCorrect, dsr.ActionRestrict}
	systems := map[privacy.SystemID]fulfilment.Connector{
		imageSystem: {Manual: append([]dsr.Action{dsr.ActionExport, dsr.ActionErase}, byHand...)},
	}
	for id, h := range d.holders() {
		systems[id] = fulfilment.Connector{Exporter: exporter{d.spool, h}, Eraser: h, Verifier: h, Manual: byHand}
	}
	// The evidence goes last: until then it says why the rest was there.
	evidence := systems["evidence"]
	evidence.After = []privacy.SystemID{"accounts", "logs", "invoices"}
	systems["evidence"] = evidence
	told := map[privacy.RecipientID]fulfilment.Notifier{}
	for _, id := range []privacy.RecipientID{"payments", "mail", "tax-authority"} {
		told[id] = notifier{d}
	}
	return fulfilment.Connectors{Systems: systems, Recipients: told}
}

func (d *requestDesk) holders() map[privacy.SystemID]holder {
	return map[privacy.SystemID]holder{
		"accounts": accountRows{d.service}, "evidence": evidence{d.ledger}, "logs": usageLogs{d.path("logs")}, "invoices": invoices{d.service},
	}
}

// evidence is what the ledger of consent holds.
type evidence struct{ ledger *consent.Ledger }

func (s evidence) Records(ctx context.Context, subject privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		kept, err := s.payloads(ctx, subject.Tenant, subject.ID)
		if err != nil {
			yield(archive.Record{}, err)
		}
		for _, payload := range kept {
			if !yield(archive.Record{Category: "account.workspace", Origin: archive.OriginObserved, Value: payload}, nil) {
				return
			}
		}
	}
}

// payloads returns what of the evidence says something about the person. That
// they were erased, and that nothing may be done with what the law keeps of them,
// does not.
func (s evidence) payloads(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]json.RawMessage, error) {
	const page = 500
	var kept []json.RawMessage
	for after := uint64(0); ; {
		records, err := s.ledger.Records(ctx, consent.StreamKey{Tenant: tenant, Subject: subject}, after, page)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			after = record.Sequence
			if !record.Redacted() && record.Kind != consent.KindErased && record.Kind != consent.KindRestricted {
				kept = append(kept, record.Payload)
			}
		}
		if len(records) < page {
			return kept, nil
		}
	}
}

func (evidence) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return noMedia
}

// Erase redacts the evidence: that there was some stays provable, what it said is
// gone.
func (s evidence) Erase(ctx context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	receipt, err := s.ledger.Redact(ctx, call.Tenant, call.Subject, string(call.Case))
	if err != nil {
		return fulfilment.Result{}, err
	}
	return fulfilment.Result{Evidence: "ledger " + receipt.Stamp.String()}, nil
}

// Verify looks at what is there.
func (s evidence) Verify(ctx context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	kept, err := s.payloads(ctx, call.Tenant, call.Subject)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	return call.Categories, nil
}
