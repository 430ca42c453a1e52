package sqlstore

import (
	"context"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Open returns a page of the open cases. See dsr.CaseStore.
func (s *DSRStore) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	due, id := position(after)
	return s.list(ctx, "open cases", limit, s.core.dsr.open, string(tenant), due, id)
}

// ByState returns a page of the cases in a state. See dsr.ListStore.
func (s *DSRStore) ByState(ctx context.Context, tenant privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
	due, id := position(after)
	return s.list(ctx, "cases by state", limit, s.core.dsr.byState, string(tenant), state.String(), due, id)
}

// WithDeadTask returns a page of the cases with a dead task. See
// dsr.DeadTaskStore.
func (s *DSRStore) WithDeadTask(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	due, id := position(after)
	return s.list(ctx, "cases with a dead task", limit, s.core.dsr.withDead, string(tenant), due, id)
}

// OfSubject returns a page of the cases of a subject. See dsr.ListStore.
func (s *DSRStore) OfSubject(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
	return s.list(ctx, "cases of a subject", limit, s.core.dsr.ofSubject, string(tenant), string(subject), string(after))
}

// position returns the place from which to go on: before all for the zero one.
func position(after dsr.Position) (due, id any) {
	if after == (dsr.Position{}) {
		return "", ""
	}
	return dueText(after.Due), string(after.ID)
}

// list runs a query for summaries, whose last argument is the limit.
func (s *DSRStore) list(ctx context.Context, op string, limit int, sql string, args ...any) ([]dsr.Summary, error) {
	if limit < 1 {
		return nil, errLimit("cases")
	}
	var found []dsr.Summary
	err := s.work.read(ctx, op, Statement{SQL: sql, Args: append(args, int64(limit)), Each: func(row Row) error {
		summary, err := scanSummary(row)
		found = append(found, summary)
		return err
	}})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func scanSummary(row Row) (dsr.Summary, error) {
	var summary dsr.Summary
	var state, due string
	var received int64
	if err := row.Scan((*string)(&summary.ID), &state, &due, &received); err != nil {
		return summary, err
	}
	summary.Received = instant(received)
	if due != noDue {
		if err := summary.Due.UnmarshalText([]byte(due)); err != nil {
			return summary, err
		}
	}
	return summary, summary.State.UnmarshalText([]byte(state))
}
