package faulttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// callError is the failure of a store.
type callError struct{ after bool }

func (e *callError) Error() string {
	if e.after {
		return "the answer was lost"
	}
	return "the store is gone"
}

// faulty is a store that fails at a call: before it does anything, or after it
// has done all of it.
type faulty struct {
	consent.Store
	// calls counts the calls so far; the one with the number at fails, 0 for none.
	calls, at int
	after     bool
	// lasting makes every later call fail too, before it does anything.
	lasting bool
}

func call[T any](f *faulty, do func() (T, error)) (T, error) {
	f.calls++
	var none T
	first := f.calls == f.at
	if first && !f.after || f.lasting && f.at > 0 && f.calls > f.at {
		return none, &callError{}
	}
	result, err := do()
	if first {
		return none, &callError{after: true}
	}
	return result, err
}

func nothing(err error) (struct{}, error) { return struct{}{}, err }

func (f *faulty) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	return call(f, func() ([]consent.Appended, error) { return f.Store.Append(ctx, appends) })
}

func (f *faulty) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	return call(f, func() (consent.Appended, error) { return f.Store.Redact(ctx, erasure) })
}

func (f *faulty) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	return call(f, func() ([]consent.Stream, error) { return f.Store.Streams(ctx, keys) })
}

func (f *faulty) Records(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	return call(f, func() ([]consent.Record, error) { return f.Store.Records(ctx, key, after, limit) })
}

func (f *faulty) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	return call(f, func() ([]privacy.SubjectID, error) { return f.Store.Subjects(ctx, tenant, after, limit) })
}

func (f *faulty) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	_, err := call(f, func() (struct{}, error) { return nothing(f.Store.ApplyEffects(ctx, effects)) })
	return err
}

func (f *faulty) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	return call(f, func() (consent.ChangePage, error) { return f.Store.Changes(ctx, after, limit) })
}

func (f *faulty) Head(ctx context.Context) (consent.Cursor, error) {
	return call(f, func() (consent.Cursor, error) { return f.Store.Head(ctx) })
}

func (f *faulty) Claim(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
	return call(f, func() ([]consent.Delivery, error) { return f.Store.Claim(ctx, claim) })
}

func (f *faulty) Acknowledge(ctx context.Context, worker string, positions []string) error {
	_, err := call(f, func() (struct{}, error) { return nothing(f.Store.Acknowledge(ctx, worker, positions)) })
	return err
}

func (f *faulty) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	return call(f, func() (int, error) { return f.Store.Trim(ctx, before, undelivered) })
}

func (f *faulty) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	_, err := call(f, func() (struct{}, error) { return nothing(f.Store.RecordDecision(ctx, decision)) })
	return err
}

func (f *faulty) Decisions(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
	return call(f, func() ([]consent.DecisionRecord, error) { return f.Store.Decisions(ctx, filter) })
}

func (f *faulty) ForgetDecisions(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
	return call(f, func() (int, error) { return f.Store.ForgetDecisions(ctx, key, before) })
}

// TestEveryLostCall carries out the scenario as often as it has calls of the
// store. Each time another one is lost, and the step that it was part of is
// repeated.
func TestEveryLostCall(t *testing.T) {
	t.Parallel()
	modes := map[string]faulty{
		"before":           {},
		"after":            {after: true},
		"before and later": {lasting: true},
		"after and later":  {after: true, lasting: true},
	}
	for mode, f := range modes {
		t.Run("memory/"+mode, func(t *testing.T) {
			loseEach(t, f, true, func() (consent.Store, func()) { return memstore.NewConsent(nil), func() {} })
		})
		if f.lasting && !soak() {
			continue
		}
		t.Run("sqlite/"+mode, func(t *testing.T) {
			loseEach(t, f, false, func() (consent.Store, func()) {
				db, err := sqlitestore.Open(t.Context(), migrated(t), nil)
				require.NoError(t, err)
				return db.Consent(), func() { require.NoError(t, db.Close()) }
			})
		})
	}
}

// loseEach plays the scenario without a fault and then with one at each call.
func loseEach(t *testing.T, f faulty, always bool, open func() (consent.Store, func())) {
	t.Helper()
	store, done := open()
	whole := &faulty{Store: store}
	play(t, whole, always)
	want := digest(t, store)
	done()
	require.Greater(t, whole.calls, 20)
	for at := 1; at <= whole.calls && !t.Failed(); at++ {
		store, done := open()
		lost := f
		lost.Store, lost.at = store, at
		assert.Positive(t, play(t, &lost, always), "call %d failed, and nobody said so", at)
		assert.Equal(t, want, digest(t, store), "call %d", at)
		done()
	}
	t.Logf("%d calls", whole.calls)
}

// play carries out the scenario, and compares the gate with the evidence after
// each step that failed, or always. A failed step is repeated when the store is
// back. It returns how many steps and checks failed.
func play(t *testing.T, f *faulty, always bool) int {
	t.Helper()
	a := newActor(t, f, f.Store)
	failures := 0
	for _, s := range scenario() {
		a.clock.Advance(time.Second)
		err := s.do(t.Context(), a)
		if err != nil || always {
			failures += assertGate(t, a, f, s.name)
		}
		if failures > 0 || err != nil {
			f.at = 0
		}
		if err != nil {
			failures++
			assertLost(t, err)
			require.NoError(t, s.do(t.Context(), a), "%s, again", s.name)
			assertGate(t, a, f, s.name)
		}
	}
	findings, err := a.acked.check(t.Context(), f.Store)
	require.NoError(t, err)
	assert.Empty(t, findings.lost)
	assert.Empty(t, findings.wrong)
	return failures
}

// assertLost checks that the error of a lost call is of its type and says
// nothing of anybody.
func assertLost(t *testing.T, err error) {
	t.Helper()
	var lost *callError
	require.ErrorAs(t, err, &lost)
	assertHarmless(t, err)
}

// assertGate checks the actor's gate against the evidence, and counts the
// checks that failed.
func assertGate(t *testing.T, a *actor, f *faulty, step string) int {
	t.Helper()
	contradictions, faults, err := compareGate(t, a.host, a.truth)
	require.NoError(t, err)
	assert.Empty(t, contradictions, "after %q, call %d", step, f.at)
	for _, fault := range faults {
		assertLost(t, fault)
	}
	return len(faults)
}

// compareGate returns what a host's gate allows and the evidence forbids, as a
// gate tells that reads the store itself; and the errors of the first.
func compareGate(t *testing.T, asked, truth *host) (contradictions []string, faults []error, err error) {
	t.Helper()
	people := []privacy.Subject{ada, grace, mary, joan}
	for use, subjects := range map[*func(*host) *consent.PreparedUse][]privacy.Subject{
		new((*host).adapting): people, new((*host).securing): people, new((*host).labelling): {{Tenant: tenant}},
	} {
		want, err := (*use)(truth).CheckAll(t.Context(), subjects)
		if err != nil {
			return nil, nil, err
		}
		decisions, fault := (*use)(asked).CheckAll(t.Context(), subjects)
		if fault != nil {
			faults = append(faults, fault)
		}
		for i, decision := range decisions {
			if decision.Allowed() && !want[i].Allowed() {
				contradictions = append(contradictions, fmt.Sprintf("%s for %q: allowed, not %v", want[i].Activity, subjects[i].ID, want[i].Code))
			}
		}
	}
	return contradictions, faults, nil
}

// The comparison above must find a gate that is told too little.
func TestLostCallsFindAGateThatTrustsItsCache(t *testing.T) {
	store := memstore.NewConsent(nil)
	clock := privacytest.NewClock(moment)
	writer := newHost(t, store, clock, nil)
	other := newHost(t, store, clock, &consent.CacheOptions{MaxStaleness: maxStaleness, MaxBytes: 1 << 16})
	require.NoError(t, other.gate.Poll(t.Context()))
	_, err := writer.ledger.Record(t.Context(), consent.Entries{Tenant: tenant, Subject: ada.ID, Facts: []consent.Fact{adult(), grant()}})
	require.NoError(t, err)
	decision, err := other.adapting().Check(t.Context(), ada)
	require.NoError(t, err)
	require.True(t, decision.Allowed())
	_, err = writer.ledger.Withdraw(t.Context(), ada, consent.Withdrawal{})
	require.NoError(t, err)
	contradictions, _, err := compareGate(t, other, writer)
	require.NoError(t, err)
	assert.Equal(t, []string{`adaptation for "person-ada": allowed, not consent_withdrawn`}, contradictions)
}
