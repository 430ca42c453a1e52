package dsr

import (
	"context"
	"slices"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// DeadlinesUnder computes the dates of every item of a case under the version
// of the law that it is bound to, and under other regimes that apply beside it,
// each in the version in force on the day of receipt. The first of each Combined
// is that of the bound law; a regime that has no clock for a right is left out
// for it. The earliest date wins, and the host answers by it: wake-ups follow the
// bound law, so bind the case to the strictest. What a wait for the requester
// does to a clock is looked up anew for each regime. The error matches
// regime.ErrUnknownRegime or regime.ErrNotInForce for a regime that is not there
// or was not in force.
func (s *Service) DeadlinesUnder(ctx context.Context, tenant privacy.TenantID, id CaseID, others ...regime.ID) ([]regime.Combined, error) {
	c, err := s.cases.Case(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	p, err := s.procedure(c)
	if err != nil {
		return nil, err
	}
	var beside []*regime.Regime
	for _, other := range others {
		r, err := s.book.InForce(other, p.day(c.Received))
		if err != nil {
			return nil, err
		}
		beside = append(beside, r)
	}
	combined := make([]regime.Combined, len(c.Items))
	for i := range c.Items {
		bound, err := p.Deadline(c, i, s.clock.Now())
		if err != nil {
			return nil, err
		}
		all := []regime.Deadline{bound}
		for _, r := range beside {
			if _, regulated := r.Clock(c.Items[i].Request); !regulated {
				continue
			}
			d, err := r.Deadline(p.underAnother(&c, &c.Items[i]))
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
		combined[i] = regime.Earliest(all...)
	}
	return combined, nil
}

// underAnother returns the facts of an item without what the bound law made of
// them.
func (p *Procedure) underAnother(c *Case, it *Item) regime.Query {
	pauses := slices.Clone(it.Pauses)
	for i := range pauses {
		pauses[i].Effect = ""
	}
	return regime.Query{
		Request: it.Request, Received: c.Received, Zone: p.zone, Calendar: p.calendar, Pauses: pauses, Extension: it.Extension,
	}
}
