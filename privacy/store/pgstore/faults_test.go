package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

var errInjected = errors.New("injected")

// faultyStore fails one call, by its number: before it is carried out, or after
// it took effect.
type faultyStore struct {
	consent.Store
	calls int
	fails int
	after bool
	// failed is set when the call has failed.
	failed bool
}

func inject[T any](s *faultyStore, call func() (T, error)) (T, error) {
	s.calls++
	if s.calls != s.fails {
		return call()
	}
	s.failed = true
	var zero T
	if s.after {
		if _, err := call(); err != nil {
			return zero, err
		}
	}
	return zero, errInjected
}

func (s *faultyStore) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	return inject(s, func() ([]consent.Appended, error) { return s.Store.Append(ctx, appends) })
}

func (s *faultyStore) Redact(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
	return inject(s, func() (consent.Appended, error) { return s.Store.Redact(ctx, erasure) })
}

func (s *faultyStore) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	return inject(s, func() ([]consent.Stream, error) { return s.Store.Streams(ctx, keys) })
}

func (s *faultyStore) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	_, err := inject(s, func() (struct{}, error) { return none(s.Store.ApplyEffects(ctx, effects)) })
	return err
}

func (s *faultyStore) Changes(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
	return inject(s, func() (consent.ChangePage, error) { return s.Store.Changes(ctx, after, limit) })
}

func (s *faultyStore) Head(ctx context.Context) (consent.Cursor, error) {
	return inject(s, func() (consent.Cursor, error) { return s.Store.Head(ctx) })
}

func (s *faultyStore) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	_, err := inject(s, func() (struct{}, error) { return none(s.Store.RecordDecision(ctx, decision)) })
	return err
}

// TestAFaultAtEveryCall runs a history of a subject on a ledger and a gate with
// a cache, once for every call of the store and both ways in which it can fail.
func TestAFaultAtEveryCall(t *testing.T) {
	db := open(t, nil)
	for _, after := range []bool{false, true} {
		for fails, more := 1, true; more; fails++ {
			t.Run(fmt.Sprintf("call %d, after it took effect %t", fails, after), func(t *testing.T) {
				store := &faultyStore{Store: db.Consent(), fails: fails, after: after}
				live(t, store, privacy.SubjectID(fmt.Sprintf("s-%d-%t", fails, after)))
				more = store.failed
			})
		}
	}
}

// live repeats every step until it succeeds. A check that fails must refuse, and
// a check that succeeds must know all that was acknowledged.
func live(t *testing.T, store *faultyStore, id privacy.SubjectID) {
	t.Helper()
	n, err := newNode(store, &consent.CacheOptions{})
	require.NoError(t, err)
	ctx, subject := t.Context(), privacy.Subject{Tenant: tenant, ID: id}
	until := func(do func() error) {
		t.Helper()
		for {
			err := do()
			if err == nil {
				return
			}
			require.ErrorIs(t, err, errInjected)
		}
	}
	allowed := func(want bool) {
		t.Helper()
		for range 3 {
			until(func() error {
				decision, err := n.use.Check(ctx, subject)
				assert.Equal(t, want && err == nil, decision.Allowed())
				return err
			})
		}
	}
	at := moment
	record := func(fact consent.Fact) {
		t.Helper()
		at = at.AddDate(0, 0, 1)
		until(func() error {
			_, err := n.ledger.Record(ctx, consent.Entries{Tenant: tenant, Subject: subject.ID, OccurredAt: at, Facts: []consent.Fact{fact}})
			return err
		})
	}
	poll := func() { t.Helper(); until(func() error { return n.gate.Poll(ctx) }) }
	consented := consent.Grant{Purposes: []privacy.PurposeID{"newsletter"}, Evidence: consent.Evidence{
		Notice: consent.Notice{Document: "policy", Version: 1, Locale: "en", TextSHA256: fmt.Sprintf("%064d", 0)},
		Act:    "checkbox_ticked_by_subject", Channel: "web",
	}}

	poll()
	allowed(false)
	record(consented)
	allowed(true)
	poll()
	until(func() error {
		_, err := n.use.Authorize(ctx, subject, "decision-"+string(id))
		return err
	})
	record(consent.Withdrawal{})
	allowed(false)
	record(consented)
	allowed(true)
	until(func() error {
		return store.ApplyEffects(ctx, []privacy.Effect{{
			Tenant: tenant, Subject: subject.ID, Kind: privacy.EffectRestriction, Cause: "case-1", At: at, Key: "effect-1",
		}})
	})
	poll() // the ledger was passed by
	allowed(false)
	until(func() error {
		_, err := n.ledger.Redact(ctx, tenant, subject.ID, "case-2")
		return err
	})
	allowed(false)

	var kinds []consent.Kind
	for _, r := range foldedRecords(t, store.Store, consent.StreamKey{Tenant: tenant, Subject: subject.ID}) {
		kinds = append(kinds, r.Kind)
	}
	assert.Equal(t, []consent.Kind{
		consent.KindGranted, consent.KindWithdrawn, consent.KindGranted, consent.KindRestricted, consent.KindErased,
	}, kinds, "every event is there once")
	decisions, err := store.Decisions(ctx, consent.DecisionFilter{Tenant: tenant, Subject: id, Limit: 10})
	require.NoError(t, err)
	assert.Len(t, decisions, 1)
}
