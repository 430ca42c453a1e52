package consenttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func appendCases() []Case {
	return []Case{
		{"append-writes-all", "its records, the stream's new version and state, and one outbox row per record MUST be written together", checkAppendWritesAll},
		{"append-result", "what each did is in the result at its index", checkAppendResult},
		{"append-nothing-on-failure", "its records, version, state and outbox rows MUST be written together or not at all", checkAppendNothing},
		{"append-elements-independent", "or not at all, whatever happens to the other elements", checkAppendIndependent},
		{"append-in-order", "elements are applied in order, so that a later one sees the effect of an earlier one", checkAppendOrder},
		{"append-expected-version", "with another version than the expected one the element fails with privacy.ErrConflict", checkAppendExpected},
		{"append-one-winner", "of appends racing with the same Expected, one wins and the others get privacy.ErrConflict", checkAppendOneWinner},
		{"append-racing-all-kept", "MUST NOT let another write to the stream come between", checkAppendRacing},
		{"append-racing-batches", "each element is a unit of work, also in calls that race over the same streams", checkAppendRacingBatches},
		{"append-uses-the-fold", "the Store MUST compute what it writes with Advance", checkAppendFold},
		{"append-refuses-after-erasure", "an erased subject's stream takes no new consent, and always a withdrawal", checkAppendErased},
		{"append-tenant-stream", "a tenant's own stream is a stream like any other", checkAppendTenant},
		{"append-copies-input", "slices that go in MUST be copies", checkAppendCopies},
		{"append-large-payload", "a payload may be as long as consent.MaxPayload", checkAppendLarge},
		{"append-exact-times", "times MUST come back in UTC, exact to the microsecond", checkAppendTimes},
		{"append-exact-identifiers", "identifiers MUST be compared byte for byte", checkAppendIdentifiers},
		{"append-cancelled", "a cancelled context MUST make them fail without having written anything", checkAppendCancelled},
	}
}

func checkAppendWritesAll(p *probe) error {
	work := p.work(streamKey, "k", grant("a"), grant("b"))
	if err := p.must(work); err != nil {
		return err
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	if len(records) != 2 {
		return fmt.Errorf("%d records are stored, want 2", len(records))
	}
	for i, record := range records {
		want := work.Records[i]
		want.Sequence = uint64(i + 1)
		if err := same("record", record, want); err != nil {
			return err
		}
	}
	if err := p.folded(streamKey); err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	if len(events) != 2 {
		return fmt.Errorf("%d events are in the outbox, want 2", len(events))
	}
	for i, event := range events {
		if err := same("event", event, consent.AuditEvent(records[i], source)); err != nil {
			return err
		}
	}
	return nil
}

func checkAppendResult(p *probe) error {
	first, err := p.appendOne(p.work(streamKey, "", grant("a")))
	if err != nil {
		return err
	}
	second, err := p.appendOne(p.work(streamKey, "", grant("b"), withdrawal("a")))
	if err != nil {
		return err
	}
	stream, err := p.stream(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(
		same("first", []uint64{first.First, first.Last, first.Stream.Version}, []uint64{1, 1, 1}),
		same("second", []uint64{second.First, second.Last, second.Stream.Version}, []uint64{2, 3, 3}),
		same("stream", second.Stream, stream),
		same("duplicate", first.Duplicate || second.Duplicate, false),
	)
}

func checkAppendNothing(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	before, err := p.settled(streamKey)
	if err != nil {
		return err
	}
	// The second record is not about a subject, so that the fold fails midway.
	bad := p.work(streamKey, "", withdrawal("a"), attestation())
	result, err := p.appendOne(bad)
	if err != nil {
		return err
	}
	if err := matches("bad record", result.Err, privacy.ErrInvalid); err != nil {
		return err
	}
	return p.unchanged(before)
}

func checkAppendIndependent(p *probe) error {
	bob := consent.StreamKey{Tenant: tenant, Subject: "bob"}
	results, err := p.Append(p, []consent.Append{
		p.work(streamKey, "", grant("a")),
		expecting(p.work(bob, "", grant("a")), 9),
		p.work(bob, "", attestation()),
		p.work(bob, "", grant("b")),
	})
	if err != nil {
		return err
	}
	return errors.Join(
		same("first", results[0].Err, error(nil)),
		matches("second", results[1].Err, privacy.ErrConflict),
		matches("third", results[2].Err, privacy.ErrInvalid),
		same("fourth", results[3].Err, error(nil)),
		p.folded(streamKey), p.folded(bob),
		same("version", results[3].Stream.Version, uint64(1)),
	)
}

func checkAppendOrder(p *probe) error {
	results, err := p.Append(p, []consent.Append{
		expecting(p.work(streamKey, "", grant("a")), 0),
		expecting(p.work(streamKey, "", withdrawal("a")), 1),
		expecting(p.work(streamKey, "", grant("b")), 1),
		expecting(p.work(streamKey, "", grant("c")), 2),
	})
	if err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(
		same("errors", []bool{results[0].Err == nil, results[1].Err == nil, results[2].Err == nil, results[3].Err == nil}, []bool{true, true, false, true}),
		same("version", state.Version, uint64(3)),
		same("consent", state.Purpose("a").Consent, consent.ConsentWithdrawn),
		p.folded(streamKey),
	)
}

func checkAppendExpected(p *probe) error {
	missing, err := p.appendOne(expecting(p.work(streamKey, "", grant("a")), 1))
	if err != nil {
		return err
	}
	if err := p.must(p.work(streamKey, "", grant("a")), p.work(streamKey, "", grant("b"))); err != nil {
		return err
	}
	old, err := p.appendOne(expecting(p.work(streamKey, "", grant("c")), 1))
	if err != nil {
		return err
	}
	next, err := p.appendOne(expecting(p.work(streamKey, "", grant("c")), 2))
	if err != nil {
		return err
	}
	return errors.Join(
		matches("a stream that is not there", missing.Err, privacy.ErrConflict),
		matches("an old version", old.Err, privacy.ErrConflict),
		same("the version", next.Err, error(nil)),
	)
}

func checkAppendOneWinner(p *probe) error {
	for round := range uint64(3) {
		results := make([]consent.Appended, 16)
		works := make([]consent.Append, 16)
		for i := range works {
			works[i] = expecting(p.work(streamKey, "", grant(privacy.PurposeID(fmt.Sprintf("p-%d-%d", round, i)))), round)
		}
		faults := together(16, func(i int) (err error) {
			results[i], err = p.appendOne(works[i])
			return err
		})
		if err := errors.Join(faults...); err != nil {
			return err
		}
		won := 0
		for _, result := range results {
			if result.Err == nil {
				won++
				continue
			}
			if err := matches("loser", result.Err, privacy.ErrConflict); err != nil {
				return err
			}
		}
		if won != 1 {
			return fmt.Errorf("%d of 16 racing appends won", won)
		}
	}
	return p.folded(streamKey)
}

func checkAppendRacing(p *probe) error {
	works := make([]consent.Append, 16)
	for i := range works {
		works[i] = p.work(streamKey, "", grant(privacy.PurposeID(fmt.Sprintf("p-%d", i))))
	}
	if err := errors.Join(together(16, func(i int) error { return p.must(works[i]) })...); err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(same("purposes", len(state.Purposes), 16), p.folded(streamKey))
}

func checkAppendRacingBatches(p *probe) error {
	keys := make([]consent.StreamKey, 4)
	for i := range keys {
		keys[i] = consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
	}
	batches := make([][]consent.Append, 8)
	for i := range batches {
		for j := range 8 {
			// Every batch visits the streams in an order of its own.
			batches[i] = append(batches[i], p.work(keys[(j*(2*i+1)+i)%len(keys)], "", grant(privacy.PurposeID(fmt.Sprintf("p-%d-%d", i, j)))))
		}
	}
	if err := errors.Join(together(len(batches), func(i int) error { return p.must(batches[i]...) })...); err != nil {
		return err
	}
	total := uint64(0)
	for _, key := range keys {
		if err := p.folded(key); err != nil {
			return err
		}
		stream, err := p.stream(key)
		if err != nil {
			return err
		}
		total += stream.Version
	}
	return same("events", total, uint64(64))
}

func checkAppendFold(p *probe) error {
	random := rand.New(rand.NewPCG(11, 12))
	purposes := []privacy.PurposeID{"a", "b", "c"}
	facts := func() consent.Fact {
		purpose := purposes[random.IntN(len(purposes))]
		return []consent.Fact{
			grant(purpose), withdrawal(purpose), withdrawal(), consent.Refusal{Purposes: []privacy.PurposeID{purpose}},
			consent.Objection{DirectMarketing: true}, consent.Objection{Purposes: []privacy.PurposeID{purpose}},
			consent.Restriction{}, consent.RestrictionLifted{}, consent.RelationshipStarted{}, consent.RelationshipEnded{},
			consent.OptOut{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)}, consent.OptIn{Kinds: privacy.NewOptOutSet(privacy.OptOutSale)},
			consent.AgeEvidence{BornOnOrBefore: privacy.MustDate("2000-02-29"), Method: "document"},
			consent.Expiry{Purposes: []privacy.PurposeID{purpose}},
		}[random.IntN(14)]
	}
	for range 40 {
		if err := p.must(p.work(streamKey, "", facts())); err != nil {
			return err
		}
	}
	return p.folded(streamKey)
}

func checkAppendErased(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a")), p.work(streamKey, "", consent.Erasure{Cause: "case-1"})); err != nil {
		return err
	}
	refused, err := p.appendOne(p.work(streamKey, "", grant("a")))
	if err != nil {
		return err
	}
	accepted, err := p.appendOne(p.work(streamKey, "", withdrawal("a")))
	if err != nil {
		return err
	}
	return errors.Join(
		matches("grant", refused.Err, consent.ErrErased),
		same("withdrawal", accepted.Err, error(nil)),
		p.folded(streamKey),
	)
}

func checkAppendTenant(p *probe) error {
	if err := p.must(p.work(tenantKey, "", attestation()), p.work(tenantKey, "", consent.AttestationWithdrawn{ID: "x"})); err != nil {
		return err
	}
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	stream, err := p.stream(tenantKey)
	if err != nil {
		return err
	}
	state, err := stream.TenantState()
	if err != nil {
		return err
	}
	return errors.Join(
		same("attestations", len(state.Attestations), 1), same("version", state.Version, uint64(2)),
		p.folded(tenantKey), p.folded(streamKey),
	)
}

func checkAppendCopies(p *probe) error {
	work := p.work(streamKey, "", grant("a"))
	result, err := p.appendOne(work)
	if err != nil {
		return err
	}
	clear(work.Records[0].Payload)
	clear(work.Records[0].Salt)
	clear(result.Stream.State)
	return p.folded(streamKey)
}

func checkAppendLarge(p *probe) error {
	reference := make([]byte, consent.MaxPayload-1024)
	for i := range reference {
		reference[i] = "0123456789abcdef"[rand.IntN(16)]
	}
	fact := grant("a")
	fact.Evidence.Reference = string(reference)
	if err := p.must(p.work(streamKey, "", fact)); err != nil {
		return err
	}
	return p.folded(streamKey)
}

func checkAppendTimes(p *probe) error {
	zone := time.FixedZone("", -3*3600-1800)
	at := time.Date(1969, 12, 31, 23, 59, 59, 123456789, zone)
	entry := consent.Entry{Tenant: tenant, Subject: subject, OccurredAt: at, Fact: grant("a")}
	record, err := consent.NewRecord(p.id(), p.id(), at.Add(time.Hour), entry)
	if err != nil {
		return err
	}
	if err := p.must(consent.Append{Key: streamKey, Records: []consent.Record{record}, Source: source}); err != nil {
		return err
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	want := at.UTC().Truncate(time.Microsecond)
	return errors.Join(
		same("occurred at", records[0].OccurredAt, want),
		same("recorded at", records[0].RecordedAt, want.Add(time.Hour)),
		same("event time", events[0].Time, want),
	)
}

// nastyIDs are pairwise different identifiers that sloppy stores confuse.
func nastyIDs() []string {
	random := rand.New(rand.NewPCG(21, 22))
	long := make([]byte, privacy.MaxIDLength)
	for i := range long {
		long[i] = byte(' ' + random.IntN(95))
	}
	longer := bytes.Clone(long)
	longer[len(longer)-1] ^= 1
	return []string{
		"id", "ID", "Id", "id ", " id", "i", "id%", "i_", "i%", "*", "'; DROP TABLE x; --", `"quoted"`, "`", `back\slash`, "$1", "?1", ":a", "{}",
		"\u00e9", "e\u0301", "\u00c9", "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627", "\u202eevil", "\U0001f469\u200d\U0001f9b0", "\u00df", "ss", "\u0131", "0", "00", "1e0", "null", "NULL", "true",
		string(long), string(longer),
	}
}

func checkAppendIdentifiers(p *probe) error {
	ids := nastyIDs()
	for _, id := range ids {
		for _, key := range []consent.StreamKey{
			{Tenant: privacy.TenantID(id), Subject: subject}, {Tenant: tenant, Subject: privacy.SubjectID(id)},
		} {
			if err := p.must(expecting(p.work(key, "key", grant(privacy.PurposeID(id))), 0)); err != nil {
				return fmt.Errorf("identifier %q: %w", id, err)
			}
		}
	}
	for _, id := range ids {
		state, err := p.state(consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(id)})
		if err != nil {
			return err
		}
		if state.Version != 1 || state.Purpose(privacy.PurposeID(id)).Consent != consent.ConsentGranted {
			return fmt.Errorf("identifier %q was confused with another", id)
		}
	}
	// Keys within a stream are identifiers too.
	for i, id := range ids {
		if len(id) == privacy.MaxIDLength {
			continue
		}
		result, err := p.appendOne(p.work(streamKey, "k"+id, grant(privacy.PurposeID(fmt.Sprintf("k-%d", i)))))
		if err := errors.Join(err, result.Err); err != nil || result.Duplicate {
			return fmt.Errorf("key %q was confused with another: %w", id, err)
		}
	}
	return nil
}

func checkAppendCancelled(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	held, err := p.Claim(p, claim("w", 1, start))
	if err != nil {
		return err
	}
	before, err := p.settled(streamKey)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(p)
	cancel()
	for what, err := range p.callAll(ctx, positions(held)) {
		if err == nil {
			return fmt.Errorf("%s with a cancelled context did not fail", what)
		}
	}
	decisions, err := p.decisions(everything())
	if err != nil {
		return err
	}
	return errors.Join(same("decisions", len(decisions), 0), p.unchanged(before))
}

// callAll calls every method once and returns the errors by name. Worker w holds
// the positions given.
func (p *probe) callAll(ctx context.Context, held []string) map[string]error {
	errs := map[string]error{}
	_, errs["Append"] = p.Append(ctx, []consent.Append{p.work(streamKey, "", grant("b"))})
	_, errs["Redact"] = p.Redact(ctx, p.work(streamKey, "", consent.Erasure{Cause: "c"}))
	_, errs["Streams"] = p.Streams(ctx, []consent.StreamKey{streamKey})
	_, errs["Records"] = p.Records(ctx, streamKey, 0, 10)
	_, errs["Subjects"] = p.Subjects(ctx, tenant, "", 10)
	errs["ApplyEffects"] = p.ApplyEffects(ctx, []privacy.Effect{effect(privacy.EffectWithdrawal, "cancelled")})
	_, errs["Changes"] = p.Changes(ctx, "", 10)
	_, errs["Head"] = p.Head(ctx)
	_, errs["Claim"] = p.Claim(ctx, claim("cancelled", 10, start))
	errs["Acknowledge"] = p.Acknowledge(ctx, "w", held)
	_, errs["Trim"] = p.Trim(ctx, start.AddDate(1, 0, 0), true)
	errs["RecordDecision"] = p.RecordDecision(ctx, p.decision("d", consent.Guard{SubjectVersion: 1}))
	_, errs["Decisions"] = p.Decisions(ctx, everything())
	_, errs["ForgetDecisions"] = p.ForgetDecisions(ctx, streamKey, start.AddDate(1, 0, 0))
	return errs
}
