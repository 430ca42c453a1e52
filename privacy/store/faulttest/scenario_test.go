package faulttest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
)

// The people of the scenario. Nothing of a name may turn up in an error.
var (
	ada   = subject("person-ada")
	grace = subject("person-grace")
	mary  = subject("person-mary")
	joan  = subject("person-joan")
)

// actor carries out the scenario as a process that starts at moment.
type actor struct {
	*host
	// truth asks the store behind the one that may fail.
	truth *host
	clock *privacytest.Clock
	acked *evidence
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// maxStaleness is long, so that the scenario's gate answers from its cache
// unless it has a reason not to.
const maxStaleness = time.Hour

func newActor(t testing.TB, store, behind consent.Store) *actor {
	t.Helper()
	clock := privacytest.NewClock(moment)
	cache := &consent.CacheOptions{MaxStaleness: maxStaleness, MaxBytes: 1 << 16}
	return &actor{host: newHost(t, store, clock, cache), truth: newHost(t, behind, clock, nil), clock: clock, acked: newEvidence()}
}

// step is a thing that a host does. Doing it again after it failed must do it
// once.
type step struct {
	name string
	do   func(ctx context.Context, a *actor) error
}

func scenario() []step {
	return []step{
		{"poll", func(ctx context.Context, a *actor) error { return a.gate.Poll(ctx) }},
		record("attest", privacy.Subject{Tenant: tenant}, attestation()),
		record("instruct", privacy.Subject{Tenant: tenant}, instruction()),
		record("ada is of age and consents", ada, adult(), grant()),
		{"grace and mary join", recordTwo},
		authorize("use ada's settings", (*host).adapting, ada),
		authorize("label", (*host).labelling, privacy.Subject{Tenant: tenant}),
		record("ada withdraws", ada, consent.Withdrawal{}),
		authorize("use ada's settings after", (*host).adapting, ada),
		{"import", importRows},
		authorize("use mary's settings", (*host).adapting, mary),
		record("grace objects", grace, consent.Objection{}),
		authorize("secure against grace", (*host).securing, grace),
		record("ada consents again", ada, grant()),
		{"erase joan", redactJoan},
		{"effects on mary", applyEffects},
		{"poll again", func(ctx context.Context, a *actor) error { return a.gate.Poll(ctx) }},
		{"deliver", deliver},
		{"forget the decision on grace", forgetDecision},
		record("withdraw the instruction", privacy.Subject{Tenant: tenant}, consent.InstructionWithdrawn{ID: "standard"}),
		authorize("label after", (*host).labelling, privacy.Subject{Tenant: tenant}),
	}
}

func record(name string, s privacy.Subject, facts ...consent.Fact) step {
	return step{name, func(ctx context.Context, a *actor) error {
		receipt, err := a.ledger.Record(ctx, consent.Entries{Tenant: s.Tenant, Subject: s.ID, Facts: facts, Key: name})
		if err == nil {
			a.acked.acknowledge(streamKey(s), name, receipt)
		}
		return err
	}}
}

func recordTwo(ctx context.Context, a *actor) error {
	results, err := a.ledger.RecordAll(ctx, []consent.Entries{
		{Tenant: tenant, Subject: grace.ID, Facts: []consent.Fact{consent.RelationshipStarted{Reference: "secret-reference"}}, Key: "joins"},
		{Tenant: tenant, Subject: mary.ID, Facts: []consent.Fact{adult()}, Key: "joins"},
	})
	if err != nil {
		return err
	}
	for i, s := range []privacy.Subject{grace, mary} {
		if results[i].Err != nil {
			return results[i].Err
		}
		a.acked.acknowledge(streamKey(s), "joins", results[i].Receipt)
	}
	return nil
}

func authorize(id string, use func(*host) *consent.PreparedUse, s privacy.Subject) step {
	return step{id, func(ctx context.Context, a *actor) error {
		decision, err := use(a.host).Authorize(ctx, s, id)
		if err == nil {
			a.acked.acknowledgeDecision(id)
		}
		if err != nil && decision.Allowed() {
			return fmt.Errorf("an allowed decision beside an error: %w", err)
		}
		return err
	}}
}

// importRows imports five rows by two; one of them is bad.
func importRows(ctx context.Context, a *actor) error {
	const evidence = `"evidence":{"notice":{"document":"old","version":1,"locale":"en","text_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"act":"form_signed","channel":"paper"}`
	rows := strings.Join([]string{
		`{"tenant":"acme","subject":"person-mary","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["accessibility"],"explicit":true,` + evidence + `}}`,
		`{"tenant":"acme","subject":"person-joan","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["marketing"],` + evidence + `}}`,
		`{"tenant":"acme","subject":"person-joan","kind":"secret-kind","occurred_at":"2024-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"acme","subject":"person-joan","kind":"withdrawn","occurred_at":"2025-05-06T07:08:09+02:00","fact":{}}`,
		`{"tenant":"acme","subject":"person-ada","kind":"granted","occurred_at":"2024-05-06T07:08:09+02:00","fact":{"purposes":["marketing"],` + evidence + `}}`,
	}, "\n")
	report, err := a.ledger.Import(ctx, strings.NewReader(rows), consent.ImportOptions{Source: "old-system", Batch: 2})
	if err == nil && (report.Imported+report.Duplicates != 4 || report.Rejected != 1 || report.Lines != 5) {
		return fmt.Errorf("imported %+v", report)
	}
	return err
}

func redactJoan(ctx context.Context, a *actor) error {
	_, err := a.ledger.Redact(ctx, tenant, joan.ID, "case-1")
	if err == nil {
		a.acked.acknowledgeRedaction(streamKey(joan))
	}
	return err
}

// applyEffects is what the store of another package does. The gate learns of it
// from the feed, or when its answers are too old: that is where the clock goes.
func applyEffects(ctx context.Context, a *actor) error {
	defer a.clock.Advance(2 * maxStaleness)
	return a.store.ApplyEffects(ctx, []privacy.Effect{
		{Tenant: tenant, Subject: mary.ID, Kind: privacy.EffectWithdrawal, Cause: "case-2", At: moment, Key: "effect-1"},
		{Tenant: tenant, Subject: mary.ID, Kind: privacy.EffectRestriction, Cause: "case-2", At: moment, Key: "effect-2"},
	})
}

func forgetDecision(ctx context.Context, a *actor) error {
	delete(a.acked.decisions, "secure against grace")
	a.acked.forgotten = 1
	_, err := a.store.ForgetDecisions(ctx, streamKey(grace), moment.AddDate(1, 0, 0))
	return err
}

// deliver takes some of the outbox and delivers it; check below claims the rest.
func deliver(ctx context.Context, a *actor) error {
	now := a.clock.Advance(time.Hour)
	_, err := a.store.Claim(ctx, consent.Claim{Worker: "deliverer", Limit: 3, Now: now, Lease: time.Minute})
	return err
}

// assertHarmless looks for people in the text of an error.
func assertHarmless(t testing.TB, err error) {
	t.Helper()
	for _, word := range []string{"person", "ada", "grace", "mary", "joan", "secret", "checkbox", "1990"} {
		assert.NotContains(t, strings.ToLower(err.Error()), word)
	}
}

// digest is what a store holds in the end, without what differs by chance.
func digest(t testing.TB, store consent.Store) []string {
	t.Helper()
	subjects, err := store.Subjects(t.Context(), tenant, "", 100)
	require.NoError(t, err)
	var lines []string
	for _, id := range append(subjects, "") {
		records, err := allRecords(t.Context(), store, consent.StreamKey{Tenant: tenant, Subject: id})
		require.NoError(t, err)
		for _, r := range records {
			lines = append(lines, fmt.Sprintf("%s %d %s redacted=%t", id, r.Sequence, r.Kind, r.Redacted()))
		}
	}
	decisions, err := store.Decisions(t.Context(), consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 100})
	require.NoError(t, err)
	for _, d := range decisions {
		lines = append(lines, fmt.Sprintf("%s %s %t", d.ID, d.Subject, strings.Contains(string(d.Body), `"code":"allowed"`)))
	}
	return lines
}
