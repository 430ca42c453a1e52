package consenttest

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// faulty is a store with faults: a method whose field is nil is sound.
type faulty struct {
	consent.Store
	lock              sync.Mutex
	trouble           error // of the sound store, that a fault met by itself
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

// met remembers that the sound store failed a fault that looks before it acts:
// what happens then says nothing about the case.
func (f *faulty) met(err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.trouble = errors.Join(f.trouble, err)
}

// sound returns a stream as the sound store has it.
func (f *faulty) sound(ctx context.Context, key consent.StreamKey) consent.Stream {
	streams, err := f.Store.Streams(ctx, []consent.StreamKey{key})
	if err != nil || len(streams) != 1 {
		f.met(errors.Join(errors.New("streams of the sound store"), err))
		return consent.Stream{Key: key}
	}
	return streams[0]
}

// soundState returns the state of a subject as the sound store has it.
func (f *faulty) soundState(ctx context.Context, key consent.StreamKey) consent.State {
	state, err := f.sound(ctx, key).SubjectState()
	f.met(err)
	return state
}

func (f *faulty) soundRecords(ctx context.Context, key consent.StreamKey) []consent.Record {
	records, err := f.Store.Records(ctx, key, 0, math.MaxInt32)
	f.met(err)
	return records
}

// guard returns the versions that a sound store compares with a decision's guard.
func (f *faulty) guard(ctx context.Context, decision consent.DecisionRecord) consent.Guard {
	guard := consent.Guard{TenantVersion: f.sound(ctx, consent.StreamKey{Tenant: decision.Tenant}).Version}
	if decision.Subject != "" {
		guard.SubjectVersion = f.sound(ctx, consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject}).Version
	}
	return guard
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
