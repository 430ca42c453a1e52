package dsr

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// WakeReminder is the kind of the wake-up some days before a due day; see
// Options.RemindDays. Lease.Reminder reads it.
const WakeReminder = "dsr.reminder"

// Reminder is the payload of a wake-up of kind WakeReminder.
type Reminder struct {
	Case CaseID `json:"case"`
	Item int    `json:"item"`
	// Due is the due day when the wake-up was set.
	Due privacy.Date `json:"due"`
}

// remind sets the reminders that lie ahead. Those of a day that moved find that
// out when they wake.
func (s *Service) remind(p *Procedure, u *Update) error {
	now := s.clock.Now()
	for i := range u.Case.Items {
		if len(s.remindDays) == 0 || !u.Case.Items[i].PeriodRuns() {
			continue
		}
		d, err := p.Deadline(u.Case, i, now)
		if err != nil {
			return err
		}
		if d.Due.IsZero() {
			continue
		}
		payload, err := privacy.CanonicalJSON(Reminder{u.Case.ID, i, d.Due})
		if err != nil {
			return err
		}
		for _, days := range s.remindDays {
			at := d.Due.AddDays(-days).Start(p.zone)
			if !at.After(now) {
				continue
			}
			u.Wakes = append(u.Wakes, Wake{
				Tenant: u.Case.Tenant, Kind: WakeReminder, Key: fmt.Sprintf("%s/%d/%s/%d", u.Case.ID, i, d.Due, days),
				RunAt: at, Payload: string(payload),
			})
		}
	}
	return nil
}

// Reminder reads a wake-up of kind WakeReminder. The error matches
// privacy.ErrInvalid.
func (l Lease) Reminder() (Reminder, error) {
	var r Reminder
	if l.Kind != WakeReminder || json.Unmarshal([]byte(l.Payload), &r) != nil || r.Item < 0 {
		return Reminder{}, fmt.Errorf("not a reminder: %w", privacy.ErrInvalid)
	}
	return r, nil
}

// StillDue reports whether what a reminder says is still so: the item is open,
// not overdue, and due on the same day.
func (p *Procedure) StillDue(c Case, r Reminder, at time.Time) (bool, error) {
	if err := hasItem(c, r.Item); err != nil {
		return false, err
	}
	it := &c.Items[r.Item]
	if !it.PeriodRuns() {
		return false, nil
	}
	d, err := p.Deadline(c, r.Item, at)
	return err == nil && d.Due == r.Due, err
}
