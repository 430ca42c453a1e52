package memstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Closed implements dsr.ClosedStore.
func (s *DSRStore) Closed(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
	if err := limited(q.Limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var found []dsr.ClosedCase
	for key, stored := range s.cases {
		c := dsr.ClosedCase{ID: key.id, Regime: stored.regime, Ended: stored.ended, Redacted: stored.redacted}
		if key.tenant == tenant && stored.endedBefore(q.Before) && (!q.Unredacted || !c.Redacted) && c.Position().Compare(q.After) > 0 {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b dsr.ClosedCase) int { return a.Position().Compare(b.Position()) })
	return page(found, q.Limit), nil
}

func (c *storedCase) endedBefore(t time.Time) bool { return c.over && c.ended.Before(t) }

// Redact implements dsr.ClosedStore.
func (s *DSRStore) Redact(ctx context.Context, d dsr.Disposal) error {
	return s.dispose(ctx, d, func(key caseKey, stored *storedCase) error {
		if stored.redacted {
			return nil
		}
		c, err := dsr.DecodeCase(stored.body)
		if err != nil {
			return err
		}
		c = c.Redact()
		body, err := dsr.EncodeCase(c)
		if err != nil {
			return err
		}
		if err := s.hand(nil, d.Events); err != nil {
			return err
		}
		stored.replace(&dsr.Update{Case: c, Due: stored.summary.Due}, body, nil)
		s.forgetKeys(key)
		return nil
	})
}

// Erase implements dsr.ClosedStore.
func (s *DSRStore) Erase(ctx context.Context, d dsr.Disposal) error {
	return s.dispose(ctx, d, func(key caseKey, _ *storedCase) error {
		if err := s.hand(nil, d.Events); err != nil {
			return err
		}
		delete(s.cases, key)
		s.forgetKeys(key)
		return nil
	})
}

// dispose does what is asked of a case that ended in time.
func (s *DSRStore) dispose(ctx context.Context, d dsr.Disposal, do func(caseKey, *storedCase) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	key := caseKey{d.Tenant, d.ID}
	stored := s.cases[key]
	switch {
	case stored == nil:
		return nil
	case !stored.endedBefore(d.Before):
		return fmt.Errorf("memstore: the case has not ended by then: %w", privacy.ErrConflict)
	}
	return do(key, stored)
}

func (s *DSRStore) forgetKeys(of caseKey) {
	maps.DeleteFunc(s.keys, func(key updateKey, used usedKey) bool { return key.tenant == of.tenant && used.id == of.id })
}
