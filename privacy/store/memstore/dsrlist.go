package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Open implements dsr.CaseStore.
func (s *DSRStore) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return s.list(ctx, tenant, after, limit, func(c *storedCase) bool { return c.open })
}

// ByState implements dsr.ListStore.
func (s *DSRStore) ByState(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return s.list(ctx, tenant, after, limit, func(c *storedCase) bool { return c.summary.State == state })
}

// WithDeadTask implements dsr.DeadTaskStore.
func (s *DSRStore) WithDeadTask(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	return s.list(ctx, tenant, after, limit, func(c *storedCase) bool { return c.dead })
}

func (s *DSRStore) list(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int, wanted func(*storedCase) bool) ([]dsr.Summary, error) {
	if err := limited(limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var found []dsr.Summary
	for key, stored := range s.cases {
		if key.tenant == tenant && wanted(stored) && after.Less(stored.summary.Position()) {
			found = append(found, stored.summary)
		}
	}
	slices.SortFunc(found, func(a, b dsr.Summary) int {
		if a.Position().Less(b.Position()) {
			return -1
		}
		return 1
	})
	return page(found, limit), nil
}

// OfSubject implements dsr.ListStore.
func (s *DSRStore) OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
	if err := limited(limit); err != nil {
		return nil, err
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	var found []dsr.Summary
	for key, stored := range s.cases {
		if key.tenant == tenant && subject != "" && stored.subject == subject && key.id > after {
			found = append(found, stored.summary)
		}
	}
	slices.SortFunc(found, func(a, b dsr.Summary) int { return cmp.Compare(a.ID, b.ID) })
	return page(found, limit), nil
}
