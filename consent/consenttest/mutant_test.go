package consenttest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// A mutant is a store that breaks one clause of the contract.
type mutant struct {
	name string
	// caught are the cases that must fail.
	caught []string
	// spoil puts the fault into a sound store.
	spoil func(*faulty)
}

// faulty is a store with faults: a method whose field is nil is sound.
type faulty struct {
	consent.Store
	onAppend          func(context.Context, []consent.Append) ([]consent.Appended, error)
	onRedact          func(context.Context, consent.Append) (consent.Appended, error)
	onStreams         func(context.Context, []consent.StreamKey) ([]consent.Stream, error)
	onRecords         func(context.Context, consent.StreamKey, uint64, int) ([]consent.Record, error)
	onSubjects        func(context.Context, privacy.TenantID, privacy.SubjectID, int) ([]privacy.SubjectID, error)
	onApplyEffects    func(context.Context, []privacy.Effect) error
	onChanges         func(context.Context, consent.Cursor, int) (consent.ChangePage, error)
	onHead            func(context.Context) (consent.Cursor, error)
	onClaim           func(context.Context, consent.Claim) ([]consent.Delivery, error)
	onAcknowledge     func(context.Context, string, []string) error
	onTrim            func(context.Context, time.Time, bool) (int, error)
	onRecordDecision  func(context.Context, consent.DecisionRecord) error
	onDecisions       func(context.Context, consent.DecisionFilter) ([]consent.DecisionRecord, error)
	onForgetDecisions func(context.Context, consent.StreamKey, time.Time) (int, error)
}

func newFaulty(spoil func(*faulty)) *faulty {
	f := &faulty{Store: memstore.NewConsent(nil)}
	if spoil != nil {
		spoil(f)
	}
	return f
}

func (f *faulty) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	if f.onAppend != nil {
		return f.onAppend(ctx, appends)
	}
	return f.Store.Append(ctx, appends)
}

func (f *faulty) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	if f.onRedact != nil {
		return f.onRedact(ctx, erasure)
	}
	return f.Store.Redact(ctx, erasure)
}

func (f *faulty) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	if f.onStreams != nil {
		return f.onStreams(ctx, keys)
	}
	return f.Store.Streams(ctx, keys)
}

func (f *faulty) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	if f.onRecords != nil {
		return f.onRecords(ctx, key, after, limit)
	}
	return f.Store.Records(ctx, key, after, limit)
}

func (f *faulty) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	if f.onSubjects != nil {
		return f.onSubjects(ctx, tenant, after, limit)
	}
	return f.Store.Subjects(ctx, tenant, after, limit)
}

func (f *faulty) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	if f.onApplyEffects != nil {
		return f.onApplyEffects(ctx, effects)
	}
	return f.Store.ApplyEffects(ctx, effects)
}

func (f *faulty) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	if f.onChanges != nil {
		return f.onChanges(ctx, after, limit)
	}
	return f.Store.Changes(ctx, after, limit)
}

func (f *faulty) Head(ctx context.Context) (consent.Cursor, error) {
	if f.onHead != nil {
		return f.onHead(ctx)
	}
	return f.Store.Head(ctx)
}

func (f *faulty) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	if f.onClaim != nil {
		return f.onClaim(ctx, claim)
	}
	return f.Store.Claim(ctx, claim)
}

func (f *faulty) Acknowledge(ctx context.Context, worker string, positions []string) error {
	if f.onAcknowledge != nil {
		return f.onAcknowledge(ctx, worker, positions)
	}
	return f.Store.Acknowledge(ctx, worker, positions)
}

func (f *faulty) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	if f.onTrim != nil {
		return f.onTrim(ctx, before, undelivered)
	}
	return f.Store.Trim(ctx, before, undelivered)
}

func (f *faulty) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	if f.onRecordDecision != nil {
		return f.onRecordDecision(ctx, decision)
	}
	return f.Store.RecordDecision(ctx, decision)
}

func (f *faulty) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	if f.onDecisions != nil {
		return f.onDecisions(ctx, filter)
	}
	return f.Store.Decisions(ctx, filter)
}

func (f *faulty) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	if f.onForgetDecisions != nil {
		return f.onForgetDecisions(ctx, key, before)
	}
	return f.Store.ForgetDecisions(ctx, key, before)
}

// The sound store's own view, for faults that look before they act.

func (f *faulty) sound(key consent.StreamKey) consent.Stream {
	streams, err := f.Store.Streams(context.Background(), []consent.StreamKey{key})
	if err != nil {
		panic(err)
	}
	return streams[0]
}

func (f *faulty) soundRecords(key consent.StreamKey) []consent.Record {
	records, err := f.Store.Records(context.Background(), key, 0, 1<<20)
	if err != nil {
		panic(err)
	}
	return records
}

// each carries out elements one by one, so that a fault can treat each alone.
func (f *faulty) each(ctx context.Context, appends []consent.Append, do func(consent.Append) (consent.Appended, error)) ([]consent.Appended, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	results := make([]consent.Appended, len(appends))
	for i, work := range appends {
		var err error
		if results[i], err = do(work); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func (f *faulty) soundAppend(ctx context.Context, work consent.Append) (consent.Appended, error) {
	results, err := f.Store.Append(ctx, []consent.Append{work})
	if err != nil {
		return consent.Appended{}, err
	}
	return results[0], nil
}

// pause widens the gap between looking and acting until a race must fall into it.
func pause() { time.Sleep(3 * time.Millisecond) }

func mutants() []mutant {
	return slices.Concat(appendMutants(), contextMutants(), keyMutants(), redactMutants(), readMutants(),
		effectMutants(), feedMutants(), outboxMutants(), decisionMutants())
}

func TestASoundStoreBehindTheHooksPasses(t *testing.T) {
	consenttest.Run(t, func(testing.TB) consent.Store { return newFaulty(nil) })
}

func TestMutantsAreCaught(t *testing.T) {
	cases := map[string]consenttest.Case{}
	for _, c := range consenttest.Cases() {
		cases[c.Name] = c
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range m.caught {
				c, known := cases[name]
				if !known {
					t.Fatalf("there is no case %q", name)
				}
				if err := c.Check(newFaulty(m.spoil)); err == nil {
					t.Errorf("case %s passes", name)
				}
			}
		})
	}
}

func TestEveryCaseCatchesAMutant(t *testing.T) {
	caught := map[string]bool{}
	for _, m := range mutants() {
		if len(m.caught) == 0 {
			t.Errorf("mutant %q names no case", m.name)
		}
		for _, name := range m.caught {
			caught[name] = true
		}
	}
	names := map[string]bool{}
	for _, c := range consenttest.Cases() {
		if names[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		names[c.Name] = true
		if c.Clause == "" {
			t.Errorf("case %s quotes no clause", c.Name)
		}
		if !caught[c.Name] {
			t.Errorf("no mutant shows that case %s can fail", c.Name)
		}
	}
}

func TestAStoreThatPanicsFailsItsCase(t *testing.T) {
	broken := newFaulty(func(f *faulty) {
		f.onStreams = func(context.Context, []consent.StreamKey) ([]consent.Stream, error) { panic("boom") }
	})
	if err := consenttest.Cases()[0].Check(broken); err == nil {
		t.Error("a panic passed for success")
	}
}
