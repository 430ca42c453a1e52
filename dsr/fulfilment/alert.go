package fulfilment

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// The kinds of alerts.
const (
	// AlertDeadLetter: a task was given up.
	AlertDeadLetter = "dead_letter"
	// AlertReminder: the due day of an open item is near; see
	// dsr.Options.RemindDays.
	AlertReminder = "reminder"
	// AlertOverdue: the period of an item, or of what runs beside it, ended without
	// an answer.
	AlertOverdue = "overdue"
)

// Alert is something that people must see.
type Alert struct {
	Kind   string
	Tenant privacy.TenantID
	Case   dsr.CaseID
	Item   int
	// Problem, Task, System and Recipient are those of a dead letter.
	Problem   string
	Task      dsr.TaskID
	System    privacy.SystemID
	Recipient privacy.RecipientID
	// Due is the due day, of a reminder and of what is overdue; Followup says what
	// is overdue beside the period of the item, "" for that.
	Due      privacy.Date
	Followup dsr.FollowupKind
}

// alertOf sets the wake-up that tells people of a dead letter, in the unit of work
// that makes it one.
func (r *Runner) alertOf(change *dsr.Change, o outcome) error {
	round := taskOf(change.Case, o.item, o.task.ID).Round
	key := fmt.Sprintf("%d/%d/%s", o.item, round, shortHash(string(o.task.ID)))
	wake, err := newWake(change.Case, WakeAlert, key, r.now(change.Case), wakePayload{
		Case: change.Case.ID, Item: o.item, Task: o.task.ID, Round: round,
	})
	change.Wakes = append(change.Wakes, wake)
	return err
}

// deadLetter tells people of a dead letter, unless it was resumed since.
func (r *Runner) deadLetter(ctx context.Context, lease dsr.Lease, payload wakePayload) error {
	c, err := r.read(ctx, lease, payload.Case, payload.Item)
	if err != nil {
		return err
	}
	if t := taskOf(c, payload.Item, payload.Task); t != nil && t.State == dsr.TaskDead && t.Round == payload.Round {
		err := r.alert(ctx, Alert{
			Kind: AlertDeadLetter, Tenant: c.Tenant, Case: c.ID, Item: payload.Item,
			Problem: t.Problem, Task: t.ID, System: t.System, Recipient: t.Recipient,
		})
		if err != nil {
			return err
		}
	}
	return r.complete(ctx, lease, c.ID)
}

// remind tells people of a due day that is near, unless it moved.
func (r *Runner) remind(ctx context.Context, lease dsr.Lease) error {
	reminder, err := lease.Reminder()
	if err != nil {
		return errUnreadable
	}
	c, err := r.read(ctx, lease, reminder.Case, reminder.Item)
	if err != nil {
		return err
	}
	p, err := r.service.Procedure(c)
	if err != nil {
		return err
	}
	due, err := p.StillDue(c, reminder, r.now(c))
	if err != nil {
		return err
	}
	if due {
		err := r.alert(ctx, Alert{Kind: AlertReminder, Tenant: c.Tenant, Case: c.ID, Item: reminder.Item, Due: reminder.Due})
		if err != nil {
			return err
		}
	}
	return r.complete(ctx, lease, c.ID)
}

func (r *Runner) alert(ctx context.Context, alert Alert) error {
	r.hooks.Count("dsr.alert", alert.Kind, 1)
	if r.options.Alert == nil {
		return nil
	}
	return r.options.Alert(ctx, alert)
}

// complete ends a wake-up that changes nothing about its case.
func (r *Runner) complete(ctx context.Context, lease dsr.Lease, id dsr.CaseID) error {
	_, err := r.service.Complete(ctx, lease, id, func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Together(c)
	})
	return err
}
