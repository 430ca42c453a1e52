package consenttest

import (
	"errors"
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func decisionCases() []Case {
	return []Case{
		{"decision-recorded", "RecordDecision writes a decision and its outbox row in one unit of work", checkDecisionRecorded},
		{"decision-guard", "if a version is not the one in the guard, it MUST fail with privacy.ErrConflict and write nothing", checkDecisionGuard},
		{"decision-guard-without-subject", "for a decision without a subject only the tenant's version counts", checkDecisionNoSubject},
		{"decision-guard-racing", "a decision that rests on an older version MUST NOT be written after a newer one was acknowledged", checkDecisionRacing},
		{"decision-once", "if the ID exists in the tenant, it MUST do nothing and succeed if the body is the same", checkDecisionOnce},
		{"decision-filter", "Decisions returns recorded decisions in byte order of their IDs", checkDecisionFilter},
		{"decision-forget", "ForgetDecisions deletes decisions of a subject made before the given time; the others MUST stay", checkDecisionForget},
		{"decision-copies", "slices that go in or come out MUST be copies", checkDecisionCopies},
	}
}

func (p *probe) decision(id string, guard consent.Guard) consent.DecisionRecord {
	return consent.DecisionRecord{
		ID: id, Tenant: tenant, Subject: subject, At: start, Guard: guard, Body: []byte(`{"code":"allowed","id":"` + id + `"}`),
		Event: privacy.Event{
			ID: id, Source: source, SpecVersion: privacy.SpecVersion, Type: "privacykit.consent.decided",
			Subject: string(subject), Time: start, Tenant: tenant, DataContentType: "application/json", Data: []byte(`{"code":"allowed"}`),
		},
	}
}

func (p *probe) decisions(filter consent.DecisionFilter) ([]string, error) {
	records, err := p.Decisions(p, filter)
	if err != nil {
		return nil, fmt.Errorf("decisions failed: %w", err)
	}
	ids := []string{}
	for _, record := range records {
		ids = append(ids, record.ID)
	}
	return ids, nil
}

func everything() consent.DecisionFilter {
	return consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 100}
}

func checkDecisionRecorded(p *probe) error {
	record := p.decision("d-1", consent.Guard{})
	record.Recipient = "model"
	record.At = start.Add(123456789)
	if err := p.RecordDecision(p, record); err != nil {
		return fmt.Errorf("record failed: %w", err)
	}
	stored, err := p.Decisions(p, everything())
	if err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	want := record
	want.At, want.Guard, want.Event = start.Add(123456000), consent.Guard{}, privacy.Event{}
	return errors.Join(
		same("decisions", stored, []consent.DecisionRecord{want}),
		same("events", events, []privacy.Event{record.Event}),
	)
}

func checkDecisionGuard(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"), grant("b")), p.work(tenantKey, "", attestation())); err != nil {
		return err
	}
	if _, err := p.events(); err != nil {
		return err
	}
	for _, guard := range []consent.Guard{{}, {SubjectVersion: 1, TenantVersion: 1}, {SubjectVersion: 3, TenantVersion: 1}, {SubjectVersion: 2}, {SubjectVersion: 2, TenantVersion: 2}} {
		if err := matches(fmt.Sprintf("guard %v", guard), p.RecordDecision(p, p.decision("d", guard)), privacy.ErrConflict); err != nil {
			return err
		}
	}
	ids, err := p.decisions(everything())
	if err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	if err := p.RecordDecision(p, p.decision("d", consent.Guard{SubjectVersion: 2, TenantVersion: 1})); err != nil {
		return err
	}
	return errors.Join(same("decisions", len(ids), 0), same("events", len(events), 0))
}

func checkDecisionNoSubject(p *probe) error {
	if err := p.must(p.work(tenantKey, "", attestation())); err != nil {
		return err
	}
	record := p.decision("d", consent.Guard{SubjectVersion: 9, TenantVersion: 1})
	record.Subject = ""
	if err := p.RecordDecision(p, record); err != nil {
		return err
	}
	record.ID, record.Guard.TenantVersion = "e", 2
	return matches("tenant's version", p.RecordDecision(p, record), privacy.ErrConflict)
}

func checkDecisionRacing(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	var settled []string
	for round := range uint64(10) {
		withdrawn := make(chan struct{})
		works := []consent.Append{p.work(streamKey, "", withdrawal("a"))}
		faults := together(4, func(i int) (err error) {
			if i == 0 {
				defer close(withdrawn)
				if err := p.must(works...); err != nil {
					return err
				}
				settled, err = p.decisions(everything())
				return err
			}
			if i == 1 {
				<-withdrawn
			}
			err = p.RecordDecision(p, p.decision(fmt.Sprintf("d-%d-%d", round, i), consent.Guard{SubjectVersion: round + 1}))
			if i == 1 {
				return matches("after the withdrawal", err, privacy.ErrConflict)
			}
			if err != nil && !errors.Is(err, privacy.ErrConflict) {
				return err
			}
			return nil
		})
		if err := errors.Join(faults...); err != nil {
			return err
		}
		// What was not there when the withdrawal was acknowledged came after it.
		ids, err := p.decisions(everything())
		if err != nil {
			return err
		}
		if err := same("decisions on the older version", ids, settled); err != nil {
			return err
		}
	}
	return nil
}

func checkDecisionOnce(p *probe) error {
	if err := p.RecordDecision(p, p.decision("d", consent.Guard{})); err != nil {
		return err
	}
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	if _, err := p.events(); err != nil {
		return err
	}
	if err := p.RecordDecision(p, p.decision("d", consent.Guard{})); err != nil {
		return fmt.Errorf("the same decision again: %w", err)
	}
	changed := p.decision("d", consent.Guard{SubjectVersion: 1})
	changed.Body = []byte(`{"code":"erased"}`)
	if err := matches("another body", p.RecordDecision(p, changed), privacy.ErrConflict); err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	ids, err := p.decisions(everything())
	if err != nil {
		return err
	}
	return errors.Join(same("decisions", ids, []string{"d"}), same("new events", len(events), 0))
}

func checkDecisionFilter(p *probe) error {
	for i, id := range []string{"c", "a", "B", "d", "e"} {
		record := p.decision(id, consent.Guard{})
		if i%2 == 1 {
			record.Subject = "s-2"
		}
		if i >= 3 {
			record.Recipient = "model"
		}
		if id == "e" {
			record.Subject = ""
		}
		if err := p.RecordDecision(p, record); err != nil {
			return err
		}
	}
	for name, test := range map[string]struct {
		filter consent.DecisionFilter
		want   []string
	}{
		"all":         {everything(), []string{"B", "a", "c", "d", "e"}},
		"subject":     {consent.DecisionFilter{Tenant: tenant, Subject: subject, Limit: 9}, []string{"B", "c"}},
		"no subject":  {consent.DecisionFilter{Tenant: tenant, Limit: 9}, []string{"e"}},
		"disclosures": {consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Disclosures: true, Limit: 9}, []string{"d", "e"}},
		"both":        {consent.DecisionFilter{Tenant: tenant, Subject: "s-2", Disclosures: true, Limit: 9}, []string{"d"}},
		"first page":  {consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 2}, []string{"B", "a"}},
		"next page":   {consent.DecisionFilter{Tenant: tenant, AllSubjects: true, After: "a", Limit: 2}, []string{"c", "d"}},
		"one":         {consent.DecisionFilter{Tenant: tenant, AllSubjects: true, ID: "c", Limit: 1}, []string{"c"}},
		"none":        {consent.DecisionFilter{Tenant: tenant, AllSubjects: true, ID: "x", Limit: 1}, []string{}},
	} {
		got, err := p.decisions(test.filter)
		if err != nil {
			return err
		}
		if err := same(name, got, test.want); err != nil {
			return err
		}
	}
	return nil
}

func checkDecisionForget(p *probe) error {
	for i, id := range []string{"a", "b", "c", "d"} {
		record := p.decision(id, consent.Guard{})
		record.At = start.AddDate(0, 0, i)
		if id == "b" {
			record.Subject = "s-2"
		}
		if err := p.RecordDecision(p, record); err != nil {
			return err
		}
	}
	forgotten, err := p.ForgetDecisions(p, streamKey, start.AddDate(0, 0, 3))
	if err != nil {
		return err
	}
	ids, err := p.decisions(everything())
	if err != nil {
		return err
	}
	return errors.Join(same("forgotten", forgotten, 2), same("left", ids, []string{"b", "d"}))
}

func checkDecisionCopies(p *probe) error {
	record := p.decision("d", consent.Guard{})
	if err := p.RecordDecision(p, record); err != nil {
		return err
	}
	clear(record.Body)
	clear(record.Event.Data)
	for range 2 {
		stored, err := p.Decisions(p, everything())
		if err != nil {
			return err
		}
		if err := same("body", string(stored[0].Body), `{"code":"allowed","id":"d"}`); err != nil {
			return err
		}
		clear(stored[0].Body)
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	return same("event", string(events[0].Data), `{"code":"allowed"}`)
}
