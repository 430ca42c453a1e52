package consenttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// Compare carries out the same n operations on two fresh stores, one call at a
// time, and returns what the first difference was. The operations are random but
// for the seed: appends, also refused and repeated ones, redactions, effects,
// decisions, reads, claims, trims. memstore is the store to compare with.
func Compare(ctx context.Context, seed uint64, n int, a, b consent.Store) error {
	r := &run{Context: ctx, random: rand.New(rand.NewPCG(seed, 0)), stores: [2]*follower{{Store: a}, {Store: b}}}
	for i := range n {
		name, err := r.step(i)
		if err != nil {
			return fmt.Errorf("seed %d, operation %d (%s): %w", seed, i, name, err)
		}
	}
	return nil
}

// run is a sequence of operations under way.
type run struct {
	context.Context
	random *rand.Rand
	stores [2]*follower
	held   [2][]string
}

// follower is a store with what its cache feed has told.
type follower struct {
	consent.Store
	cursor consent.Cursor
	seen   map[consent.StreamKey]uint64
}

// outcome is what a call did, made comparable.
type outcome struct {
	value any
	err   error
}

func (r *run) step(i int) (string, error) {
	operations := []struct {
		name   string
		weight int
		do     func(i int) func(s *follower) outcome
	}{
		{"append", 12, r.append},
		{"redact", 1, r.redact},
		{"effects", 3, r.effects},
		{"decision", 3, r.decision},
		{"streams", 3, r.streams},
		{"records", 3, r.records},
		{"subjects", 2, r.subjects},
		{"decisions", 2, r.decisions},
		{"forget", 1, r.forget},
		{"claim", 3, r.claim},
		{"acknowledge", 2, r.acknowledge},
		{"feed", 2, r.feed},
		{"trim", 1, r.trim},
	}
	total := 0
	for _, operation := range operations {
		total += operation.weight
	}
	pick := r.random.IntN(total)
	for _, operation := range operations {
		if pick -= operation.weight; pick < 0 {
			return operation.name, r.both(operation.do(i))
		}
	}
	return "", nil
}

// both calls do on the two stores and compares what came of it.
func (r *run) both(do func(s *follower) outcome) error {
	first, second := do(r.stores[0]), do(r.stores[1])
	if got, want := classify(second.err), classify(first.err); got != want {
		return fmt.Errorf("the first store returned %q (%w), the second %q (%w)", want, first.err, got, second.err)
	}
	if !reflect.DeepEqual(first.value, second.value) {
		return fmt.Errorf("the first store returned\n\t%v\nthe second\n\t%v", first.value, second.value)
	}
	return nil
}

// classify names the contract's errors; others are nobody's promise.
func classify(err error) string {
	for _, target := range []error{consent.ErrErased, privacy.ErrConflict, privacy.ErrInvalid, privacy.ErrNotFound, privacy.ErrExists} {
		if errors.Is(err, target) {
			return target.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return ""
}

func (r *run) chance(percent int) bool { return r.random.IntN(100) < percent }

// key picks a stream of a few, so that operations meet.
func (r *run) key() consent.StreamKey {
	key := consent.StreamKey{Tenant: []privacy.TenantID{tenant, other}[r.random.IntN(2)]}
	if !r.chance(15) {
		key.Subject = privacy.SubjectID(fmt.Sprintf("s-%d", r.random.IntN(4)))
	}
	return key
}

func (r *run) purposes() []privacy.PurposeID {
	all := []privacy.PurposeID{"a", "b", "c"}
	return all[:1+r.random.IntN(len(all))]
}

// fact picks a fact; now and then one that does not belong in the stream.
func (r *run) fact(key consent.StreamKey) consent.Fact {
	purposes := r.purposes()
	if (key.Subject == "") != r.chance(5) {
		facts := []consent.Fact{
			attestation(),
			consent.AttestationWithdrawn{ID: "x"},
			consent.NoticeRequired{Purpose: purposes[0], MinimumVersion: uint32(1 + r.random.IntN(3)), From: start},
		}
		return facts[r.random.IntN(len(facts))]
	}
	facts := []consent.Fact{
		grant(purposes...), grant(purposes...), withdrawal(purposes...), consent.Withdrawal{},
		consent.Refusal{Purposes: purposes, Evidence: evidence()}, consent.Renewal{Purposes: purposes, Evidence: evidence()},
		consent.RelationshipStarted{Reference: "r"}, consent.RelationshipEnded{Reference: "r"},
		consent.Objection{Purposes: purposes}, consent.Restriction{Purposes: purposes}, consent.RestrictionLifted{Purposes: purposes},
	}
	return facts[r.random.IntN(len(facts))]
}

// work makes an append. Keys are few enough to be used again, with the same
// facts or others.
func (r *run) work(i, element int) consent.Append {
	key := r.key()
	work := consent.Append{Key: key, Source: source, TimeAssumed: r.chance(10)}
	idempotency := fmt.Sprintf("key-%d-%d", i, element)
	if r.chance(25) {
		idempotency = fmt.Sprintf("key-%d", r.random.IntN(6))
	}
	for n := range 1 + r.random.IntN(3) {
		recordKey := idempotency
		if n > 0 {
			recordKey = fmt.Sprintf("%s#%d", idempotency, n)
			if r.chance(10) {
				recordKey = ""
			}
		}
		at := start.Add(time.Duration(r.random.IntN(200)) * time.Second)
		record, err := consent.NewRecord(fmt.Sprintf("event-%d-%d-%d", i, element, n), recordKey, start.Add(time.Duration(i)*time.Minute), consent.Entry{
			Tenant: key.Tenant, Subject: key.Subject, OccurredAt: at, Fact: r.fact(key),
		})
		if err != nil {
			panic("consenttest: a fact of the suite cannot be encoded: " + err.Error())
		}
		work.Records = append(work.Records, record)
	}
	if r.chance(20) {
		work = expecting(work, uint64(r.random.IntN(12)))
	}
	return work
}

func (r *run) append(i int) func(s *follower) outcome {
	works := make([]consent.Append, 1+r.random.IntN(5))
	for element := range works {
		works[element] = r.work(i, element)
	}
	return func(s *follower) outcome {
		results, err := s.Append(r, works)
		return outcome{describeAll(results), err}
	}
}

func describeAll(results []consent.Appended) []string {
	described := make([]string, len(results))
	for i, result := range results {
		described[i] = describe(result)
	}
	return described
}

func describe(result consent.Appended) string {
	if result.Err != nil {
		return "refused: " + classify(result.Err)
	}
	return fmt.Sprintf("%v %d %x, %d to %d, duplicate %t", result.Stream.Key, result.Stream.Version, result.Stream.State, result.First, result.Last, result.Duplicate)
}

func (r *run) redact(i int) func(s *follower) outcome {
	key := consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d", r.random.IntN(4)))}
	record, err := consent.NewRecord(fmt.Sprintf("event-%d", i), fmt.Sprintf("redact-%d", r.random.IntN(3)), start.Add(time.Duration(i)*time.Minute), consent.Entry{
		Tenant: key.Tenant, Subject: key.Subject, OccurredAt: start.Add(time.Hour), Fact: consent.Erasure{Cause: "case"},
	})
	if err != nil {
		panic("consenttest: a fact of the suite cannot be encoded: " + err.Error())
	}
	work := consent.Append{Key: key, Records: []consent.Record{record}, Source: source}
	return func(s *follower) outcome {
		result, err := s.Redact(r, work)
		return outcome{describe(result), err}
	}
}

// effectKey begins the keys of effects: the events they become have identifiers
// and salts that a store makes by itself.
const effectKey = "effect-"

func (r *run) effects(i int) func(s *follower) outcome {
	kinds := []privacy.EffectKind{privacy.EffectWithdrawal, privacy.EffectRestriction, privacy.EffectRestrictionLifted, privacy.EffectObjection}
	effects := make([]privacy.Effect, 1+r.random.IntN(3))
	for n := range effects {
		effects[n] = effect(kinds[r.random.IntN(len(kinds))], fmt.Sprintf("%s%d-%d", effectKey, i, n))
		effects[n].Subject = privacy.SubjectID(fmt.Sprintf("s-%d", r.random.IntN(4)))
		effects[n].Purposes = r.purposes()
		if r.chance(20) {
			effects[n].Key = effectKey + "again"
		}
	}
	if r.chance(10) { // by itself: of several that are wrong, any may be told
		effects = effects[:1]
		effects[0].Kind = ""
	}
	return func(s *follower) outcome { return outcome{err: s.ApplyEffects(r, effects)} }
}

func (r *run) decision(int) func(s *follower) outcome {
	id := fmt.Sprintf("decision-%d", r.random.IntN(12))
	key := r.key()
	record := consent.DecisionRecord{
		ID: id, Tenant: key.Tenant, Subject: key.Subject, At: start.Add(time.Duration(r.random.IntN(100)) * time.Second),
		Body: fmt.Appendf(nil, `{"n":%d}`, r.random.IntN(2)), Event: privacy.Event{
			ID: id, Source: source, SpecVersion: privacy.SpecVersion, Type: "test.decided", Subject: string(key.Subject), Time: start, Tenant: key.Tenant,
		},
	}
	if r.chance(30) {
		record.Recipient = "hosting"
	}
	wrong := r.chance(20)
	return func(s *follower) outcome {
		streams, err := s.Streams(r, []consent.StreamKey{key, {Tenant: key.Tenant}})
		if err != nil {
			return outcome{err: err}
		}
		decision := record
		decision.Guard = consent.Guard{SubjectVersion: streams[0].Version, TenantVersion: streams[1].Version}
		if wrong {
			decision.Guard.TenantVersion++
		}
		return outcome{decision.Guard, s.RecordDecision(r, decision)}
	}
}

func (r *run) streams(int) func(s *follower) outcome {
	keys := make([]consent.StreamKey, 1+r.random.IntN(6))
	for i := range keys {
		keys[i] = r.key()
	}
	return func(s *follower) outcome {
		streams, err := s.Streams(r, keys)
		return outcome{fmt.Sprintf("%x", streams), err}
	}
}

func (r *run) records(int) func(s *follower) outcome {
	key, after, limit := r.key(), uint64(r.random.IntN(5)), 1+r.random.IntN(8)
	return func(s *follower) outcome {
		records, err := s.Records(r, key, after, limit)
		for i := range records {
			if records[i].ID, err = ownID(records[i].ID), errors.Join(err, records[i].Verify()); records[i].ID == "" {
				records[i].Salt, records[i].Commitment, records[i].RecordedAt = nil, [32]byte{}, time.Time{}
			}
		}
		return outcome{fmt.Sprintf("%+v", records), err}
	}
}

// ownID returns nothing for an identifier that a store has made.
func ownID(id string) string {
	if strings.HasPrefix(id, "event-") || strings.HasPrefix(id, "decision-") {
		return id
	}
	return ""
}

func (r *run) subjects(int) func(s *follower) outcome {
	key, limit := r.key(), 1+r.random.IntN(3)
	return func(s *follower) outcome {
		subjects, err := s.Subjects(r, key.Tenant, key.Subject, limit)
		return outcome{fmt.Sprint(subjects), err}
	}
}

func (r *run) decisions(int) func(s *follower) outcome {
	key := r.key()
	filter := consent.DecisionFilter{
		Tenant: key.Tenant, Subject: key.Subject, AllSubjects: r.chance(50), Disclosures: r.chance(30), Limit: 1 + r.random.IntN(10),
	}
	if r.chance(30) {
		filter.After = fmt.Sprintf("decision-%d", r.random.IntN(12))
	}
	if r.chance(20) {
		filter.ID = fmt.Sprintf("decision-%d", r.random.IntN(12))
	}
	return func(s *follower) outcome {
		decisions, err := s.Decisions(r, filter)
		for i := range decisions {
			decisions[i].Guard, decisions[i].Event = consent.Guard{}, privacy.Event{}
		}
		return outcome{fmt.Sprintf("%+v", decisions), err}
	}
}

func (r *run) forget(int) func(s *follower) outcome {
	key, before := r.key(), start.Add(time.Duration(r.random.IntN(100))*time.Second)
	return func(s *follower) outcome {
		n, err := s.ForgetDecisions(r, key, before)
		return outcome{n, err}
	}
}

// index tells the two stores apart.
func (r *run) index(s *follower) int {
	if s == r.stores[0] {
		return 0
	}
	return 1
}

func (r *run) claim(i int) func(s *follower) outcome {
	claim := consent.Claim{Worker: "w", Limit: 1 + r.random.IntN(8), Now: start.Add(time.Duration(i) * time.Minute), Lease: time.Duration(1+r.random.IntN(20)) * time.Minute}
	return func(s *follower) outcome {
		deliveries, err := s.Claim(r, claim)
		var held, described []string
		for _, d := range deliveries {
			held = append(held, d.Position)
			described = append(described, fmt.Sprintf("%s %s %s %s %d, attempt %d", ownID(d.Event.ID), d.Event.Type, d.Event.Tenant, d.Event.Subject, d.Event.Sequence, d.Attempt))
		}
		r.held[r.index(s)] = held
		return outcome{described, err}
	}
}

func (r *run) acknowledge(int) func(s *follower) outcome {
	worker, half := "w", r.chance(30)
	if r.chance(10) {
		worker = "x"
	}
	return func(s *follower) outcome {
		held := r.held[r.index(s)]
		if half {
			held = held[:len(held)/2]
		}
		return outcome{len(held), s.Acknowledge(r, worker, held)}
	}
}

func (r *run) feed(int) func(s *follower) outcome {
	limit := 1 + r.random.IntN(10)
	return func(s *follower) outcome {
		err := s.follow(r, limit)
		return outcome{fmt.Sprint(s.seen), err}
	}
}

// follow reads the feed to its end. Stores may order the changes of one call
// differently and repeat them: what counts is what is known in the end.
func (s *follower) follow(ctx context.Context, limit int) error {
	for {
		page, err := s.Changes(ctx, s.cursor, limit)
		if err != nil {
			return err
		}
		if page.Reset {
			return errors.New("the feed was reset for a cursor at its end")
		}
		if s.seen == nil {
			s.seen = map[consent.StreamKey]uint64{}
		}
		for _, change := range page.Changes {
			s.seen[change.Key] = max(s.seen[change.Key], change.Version)
		}
		if s.cursor = page.Next; page.Complete {
			return nil
		}
		if len(page.Changes) == 0 { // a transaction of somebody else is open
			time.Sleep(time.Millisecond)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// trim comes at the end of the feed: nothing is withheld then.
func (r *run) trim(i int) func(s *follower) outcome {
	before, undelivered := start.Add(time.Duration(r.random.IntN(i+1))*time.Minute), r.chance(30)
	return func(s *follower) outcome {
		if err := s.follow(r, pageOfAll); err != nil {
			return outcome{err: err}
		}
		n, err := s.Trim(r, before, undelivered)
		return outcome{n, err}
	}
}

const pageOfAll = 1000
