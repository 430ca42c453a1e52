package dsr

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// WakeDeadline is the kind of the wake-up at the end of a period: that of an
// item, or of one of its Followups. The database is the truth: a wake-up of a
// period that was extended or answered since then finds nothing to do.
const WakeDeadline = "dsr.deadline"

// deadlineWake is the payload of a WakeDeadline.
type deadlineWake struct {
	Case CaseID `json:"case"`
	Item int    `json:"item"`
	// Followup is what runs beside the period of the item, "" for the period.
	Followup FollowupKind `json:"followup,omitempty"`
}

// schedule sets the due day of the case and the wake-ups at the deadlines of
// its open items. An item whose clock has no end yet gets one when it has.
func (p *Procedure) schedule(u *Update, now time.Time) error {
	for i := range u.Case.Items {
		if err := p.scheduleFollowups(u, i); err != nil {
			return err
		}
		if !u.Case.Items[i].Work.Open() || u.Case.Items[i].Resumed {
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
		if !u.Case.Items[i].PeriodRuns() {
			continue
		}
		wake, err := newDeadlineWake(u.Case, deadlineWake{Case: u.Case.ID, Item: i}, d.Due, d.DueEnd)
		if err != nil {
			return err
		}
		u.Wakes = append(u.Wakes, wake)
	}
	return nil
}

// scheduleFollowups sets the wake-ups of what runs beside the period of an item.
func (p *Procedure) scheduleFollowups(u *Update, item int) error {
	followups, err := p.Followups(u.Case, item)
	if err != nil {
		return err
	}
	for _, f := range followups {
		if f.Overdue {
			continue
		}
		wake, err := newDeadlineWake(u.Case, deadlineWake{u.Case.ID, item, f.Kind}, f.Due, f.DueEnd)
		if err != nil {
			return err
		}
		u.Wakes = append(u.Wakes, wake)
	}
	return nil
}

func newDeadlineWake(c Case, payload deadlineWake, due privacy.Date, at time.Time) (Wake, error) {
	text, err := privacy.CanonicalJSON(payload)
	key := fmt.Sprintf("%s/%d/%s", payload.Case, payload.Item, due)
	if payload.Followup != "" {
		key += "/" + string(payload.Followup)
	}
	return Wake{Tenant: c.Tenant, Kind: WakeDeadline, Key: key, RunAt: at, Payload: string(text)}, err
}

// Wake acts on a claimed wake-up of kind WakeDeadline: if the period of the item
// has ended without an answer, it records EventDeadlineReached and what the law
// makes of it, and that of a follow-up by its own event; if not, it does nothing. The lease is completed in the same unit
// of work, so that a process that slept past it is fenced off with an error
// matching privacy.ErrConflict. Any other kind is privacy.ErrInvalid.
func (s *Service) Wake(ctx context.Context, lease Lease) (Case, error) {
	var payload deadlineWake
	if lease.Kind != WakeDeadline {
		return Case{}, fmt.Errorf("a wake-up of another kind: %w", privacy.ErrInvalid)
	}
	if err := json.Unmarshal([]byte(lease.Payload), &payload); err != nil {
		return Case{}, fmt.Errorf("a wake-up that cannot be read: %w", privacy.ErrInvalid)
	}
	return s.change(ctx, "dsr.wake", lease.Tenant, payload.Case, written{completes: &lease}, func(p *Procedure, c Case) (Change, error) {
		if err := hasItem(c, payload.Item); err != nil {
			return Change{}, err
		}
		return p.expire(c, payload, s.clock.Now())
	})
}

// expire returns what the end of a period makes of a case, which is nothing but
// a version if it has not ended.
func (p *Procedure) expire(c Case, wake deadlineWake, now time.Time) (Change, error) {
	event, err := p.ended(c, wake, now)
	if err != nil {
		return Change{}, err
	}
	if event == 0 {
		return p.Together(c)
	}
	return p.Handle(c, Command{Event: event, Item: wake.Item, Actor: ActorSystem, At: now})
}

// ended returns the event that records the end of a period, zero if it has not
// ended or no longer runs.
func (p *Procedure) ended(c Case, wake deadlineWake, now time.Time) (Event, error) {
	if wake.Followup != "" {
		return p.followupEnded(c, wake, now)
	}
	d, err := p.Deadline(c, wake.Item, now)
	it := &c.Items[wake.Item]
	if err != nil || !it.PeriodRuns() || d.Due.IsZero() || now.Before(d.DueEnd) {
		return 0, err
	}
	return EventDeadlineReached, nil
}
