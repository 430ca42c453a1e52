package consenttest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func newMemory() consent.Store {
	clock := privacytest.NewClock(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	return memstore.NewConsent(&memstore.ConsentOptions{Clock: clock})
}

func TestCompareOfEqualStores(t *testing.T) {
	for seed := range uint64(50) {
		require.NoError(t, consenttest.Compare(t.Context(), seed, 200, newMemory(), newMemory()))
	}
}

// shortTrim, laxGuard and lastStream each break one thing.
type shortTrim struct{ consent.Store }

func (s shortTrim) Trim(ctx context.Context, before time.Time, undelivered bool) (int, error) {
	return s.Store.Trim(ctx, before.Add(-time.Minute), undelivered)
}

type laxGuard struct{ consent.Store }

func (s laxGuard) RecordDecision(ctx context.Context, decision consent.DecisionRecord) error {
	streams, err := s.Streams(ctx, []consent.StreamKey{{Tenant: decision.Tenant}})
	if err != nil {
		return err
	}
	decision.Guard.TenantVersion = streams[0].Version
	return s.Store.RecordDecision(ctx, decision)
}

type lastStream struct{ consent.Store }

func (s lastStream) Subjects(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	subjects, err := s.Store.Subjects(ctx, tenant, after, limit+1)
	return subjects[max(0, len(subjects)-limit):], err
}

func TestCompareBites(t *testing.T) {
	for name, other := range map[string]func() consent.Store{
		"trim":  func() consent.Store { return shortTrim{newMemory()} },
		"guard": func() consent.Store { return laxGuard{newMemory()} },
		"page":  func() consent.Store { return lastStream{newMemory()} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				if consenttest.Compare(t.Context(), seed, 200, newMemory(), other()) != nil {
					return
				}
			}
			t.Error("no difference was found")
		})
	}
}
