package dsr

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// WakeDeadline is the kind of the wake-up at the end of a period. The database
// is the truth: a wake-up of a period that was extended or answered since then
// finds nothing to do.
const WakeDeadline = "dsr.deadline"

// deadlineWake is the payload of a WakeDeadline.
type deadlineWake struct {
	Case CaseID `json:"case"`
	Item int    `json:"item"`
}

// schedule sets the due day of the case and the wake-ups at the deadlines of
// its open items. An item whose clock has no end yet gets one when it has.
func (p *Procedure) schedule(u *Update, now time.Time) error {
	for i := range u.Case.Items {
		if !u.Case.Items[i].Work.Open() {
			continue
		}
		d, err := p.Deadline(u.Case, i, now)
		if err != nil {
			return err
		}
		if d.Due.IsZero() {
			continue
		}
		if u.Due.IsZero() || d.Due.Before(u.Due) {
			u.Due = d.Due
		}
		if u.Case.Items[i].Overdue {
			continue
		}
		payload, err := privacy.CanonicalJSON(deadlineWake{u.Case.ID, i})
		if err != nil {
			return err
		}
		u.Wakes = append(u.Wakes, Wake{
			Tenant: u.Case.Tenant, Kind: WakeDeadline, Key: fmt.Sprintf("%s/%d/%s", u.Case.ID, i, d.Due),
			RunAt: d.DueEnd, Payload: string(payload),
		})
	}
	return nil
}

// Wake acts on a claimed wake-up of kind WakeDeadline: if the period of the item
// has ended without an answer, it records EventDeadlineReached and what the law
// makes of it; if not, it does nothing. The lease is completed in the same unit
// of work, so that a process that slept past it is fenced off with an error
// matching privacy.ErrConflict. Any other kind is privacy.ErrInvalid.
func (s *Service) Wake(ctx context.Context, lease Lease) (woken Case, err error) {
	ctx, end := s.hooks.Start(ctx, "dsr.wake")
	defer func() { end(err) }()
	var payload deadlineWake
	if lease.Kind != WakeDeadline {
		return Case{}, fmt.Errorf("a wake-up of another kind: %w", privacy.ErrInvalid)
	}
	if err := json.Unmarshal([]byte(lease.Payload), &payload); err != nil {
		return Case{}, fmt.Errorf("a wake-up that cannot be read: %w", privacy.ErrInvalid)
	}
	c, err := s.cases.Case(ctx, lease.Tenant, payload.Case)
	if err != nil {
		return Case{}, err
	}
	if err := hasItem(c, payload.Item); err != nil {
		return Case{}, err
	}
	change, err := s.expire(c, payload.Item)
	if err != nil {
		return Case{}, err
	}
	return change.Case, s.write(ctx, c.Version, change, written{completes: &lease})
}

// expire returns what the end of a period makes of a case, which is nothing but
// a version if it has not ended.
func (s *Service) expire(c Case, item int) (Change, error) {
	p, err := s.procedure(c)
	if err != nil {
		return Change{}, err
	}
	now := s.clock.Now()
	d, err := p.Deadline(c, item, now)
	if err != nil {
		return Change{}, err
	}
	it := &c.Items[item]
	if !it.Work.Open() || it.Overdue || d.Due.IsZero() || now.Before(d.DueEnd) {
		next := c.clone()
		next.Version++
		return Change{Case: next}, nil
	}
	return p.Handle(c, Command{Event: EventDeadlineReached, Item: item, Actor: ActorSystem, At: now})
}
