package fulfilment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// The kinds of wake-ups of this package. A Runner also handles dsr.WakeDeadline
// and dsr.WakeReminder.
const (
	// WakeFulfil has a case looked at.
	WakeFulfil = "dsr.fulfil"
	// WakeAlert tells people of a dead letter.
	WakeAlert = "dsr.alert"
)

// wakePayload is that of the wake-ups of this package.
type wakePayload struct {
	Case dsr.CaseID `json:"case"`
	// Item, Task and Round are those of a WakeAlert.
	Item  int        `json:"item,omitempty"`
	Task  dsr.TaskID `json:"task,omitempty"`
	Round int        `json:"round,omitempty"`
	// Followup is that of a dsr.WakeDeadline.
	Followup dsr.FollowupKind `json:"followup,omitempty"`
}

func readPayload(lease dsr.Lease) (wakePayload, bool) {
	var payload wakePayload
	err := json.Unmarshal([]byte(lease.Payload), &payload)
	return payload, err == nil && payload.Case != ""
}

// wakeAt returns a wake-up of a case. Its key occurs once, so that no lease of an
// earlier one fits it.
func wakeAt(c dsr.Case, at time.Time) (dsr.Wake, error) {
	return newWake(c, WakeFulfil, fmt.Sprint(c.Version), at, wakePayload{Case: c.ID})
}

func newWake(c dsr.Case, kind, key string, at time.Time, payload wakePayload) (dsr.Wake, error) {
	sum := sha256.Sum256([]byte(c.ID))
	text, err := privacy.CanonicalJSON(payload)
	return dsr.Wake{
		Tenant: c.Tenant, Kind: kind, Key: hex.EncodeToString(sum[:16]) + "/" + key, RunAt: at, Payload: string(text),
	}, err
}

// wakeStep returns the step that sets the wake-up which a case then needs.
func (r *Runner) wakeStep(p *dsr.Procedure) step {
	return func(c dsr.Case) (dsr.Change, error) {
		change := dsr.Change{Case: c}
		at, ok := r.next(p, c)
		if !ok {
			return change, nil
		}
		wake, err := wakeAt(c, at)
		change.Wakes = []dsr.Wake{wake}
		return change, err
	}
}

// next returns when a case is to be looked at again by itself, if ever.
func (r *Runner) next(p *dsr.Procedure, c dsr.Case) (time.Time, bool) {
	now := r.now(c)
	var earliest time.Time
	at := func(t time.Time) {
		if earliest.IsZero() || t.Before(earliest) {
			earliest = t
		}
	}
	for item := range c.Items {
		it := &c.Items[item]
		for t := range it.Tasks {
			if due, ok := r.due(c, item, &it.Tasks[t], now); ok {
				at(due)
			}
		}
		if it.Request != regime.RequestErasure || it.Work != dsr.StateInProgress && it.Work != dsr.StatePartiallyFulfilled {
			continue
		}
		for _, protection := range it.Remainder() {
			end := now.Add(r.options.RecheckHolds)
			if !protection.Until.IsZero() {
				end = protection.Until.AddDays(1).Start(p.Zone())
			}
			if !end.After(now) {
				end = now.Add(r.options.Recheck) // whoever keeps it counts its days elsewhere
			}
			at(end)
		}
	}
	return earliest, !earliest.IsZero()
}

// due returns when a task can go on by itself, if it can.
func (r *Runner) due(c dsr.Case, item int, task *dsr.Task, now time.Time) (time.Time, bool) {
	it := &c.Items[item]
	switch {
	case it.Work != dsr.StateInProgress || task.Manual || !ready(it, task):
		return now, false
	case task.State == dsr.TaskRunning && task.LostAfter.IsZero():
		return now, false
	case task.State == dsr.TaskRunning && task.LostAfter.After(now):
		return task.LostAfter, true
	case task.State.Over():
		return now, false
	case r.waits(c, item):
		return now.Add(r.options.Recheck), true
	case task.NotBefore.After(now):
		return task.NotBefore, true
	}
	return now, true
}

// waits reports whether the tasks of an item must not begin yet: the case waits
// for something, it is not known whose data it is about, or the person also asked
// for a copy of the data and has not been given it.
func (r *Runner) waits(c dsr.Case, item int) bool {
	if c.Reported(item) != dsr.StateInProgress || c.Role == privacy.RoleProcessor && c.Authority == "" || !c.Identified() {
		return true
	}
	return c.Items[item].Request == regime.RequestErasure && slices.ContainsFunc(c.Items, func(it dsr.Item) bool {
		return actionFor(it.Request) == dsr.ActionExport && it.Work.Open()
	})
}

// ready reports whether the tasks that a task comes after are done.
func ready(it *dsr.Item, task *dsr.Task) bool {
	return !slices.ContainsFunc(it.Tasks, func(before dsr.Task) bool {
		return slices.Contains(task.After, before.ID) && before.State != dsr.TaskDone && before.State != dsr.TaskWithheld
	})
}
