package dsr

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// TaskID names a task within its item.
type TaskID string

// Action is what a task does in its system.
type Action string

// The actions.
const (
	ActionExport   Action = "export"
	ActionErase    Action = "erase"
	ActionCorrect  Action = "correct"
	ActionRestrict Action = "restrict"
	ActionVerify   Action = "verify"
	ActionNotify   Action = "notify"
)

// TaskState is where a task stands. The zero value is TaskPending.
type TaskState string

// The states of a task.
const (
	// TaskPending waits for its time and for the tasks it comes after.
	TaskPending TaskState = ""
	// TaskRunning: an attempt was begun.
	TaskRunning TaskState = "running"
	// TaskDone: its effect took place and the evidence is on record.
	TaskDone TaskState = "done"
	// TaskDead: given up; the reason is in Problem.
	TaskDead TaskState = "dead"
	// TaskWithheld: everything it would have touched is protected.
	TaskWithheld TaskState = "withheld"
)

// Over reports whether nothing more will happen to the task by itself.
func (s TaskState) Over() bool { return s == TaskDone || s == TaskDead || s == TaskWithheld }

// Task is what has to be done in one system, or what one recipient has to be
// told. Tasks fail alone: one that is dead takes nothing from another's progress
// or proof.
type Task struct {
	ID TaskID `json:"id"`
	// System is where it is done, empty for a task that concerns a recipient.
	System privacy.SystemID `json:"system"`
	// Recipient is who is told (GDPR Art. 19), empty for a task in a system.
	Recipient  privacy.RecipientID  `json:"recipient,omitempty"`
	Action     Action               `json:"action"`
	Categories []privacy.CategoryID `json:"categories"`
	// Withheld are categories that were protected when an attempt began.
	Withheld []privacy.CategoryID `json:"withheld,omitempty"`
	// Spared are single records of Categories that were protected when the last
	// attempt began.
	Spared []Record `json:"spared,omitempty"`
	// After are the tasks that must be done before.
	After []TaskID `json:"after,omitempty"`
	// Manual: a person does it and states the evidence.
	Manual bool      `json:"manual,omitempty"`
	State  TaskState `json:"state,omitempty"`
	// Attempts counts how often it was begun.
	Attempts int `json:"attempts,omitempty"`
	// Round counts how often the effect was asked for anew, because what it was
	// to bring about was found missing or because somebody resumed the task.
	// Attempts of one round ask for one and the same effect.
	Round int `json:"round,omitempty"`
	// LostAfter is when a running attempt counts as lost, so that another may
	// begin; zero if it never does.
	LostAfter time.Time `json:"lost_after,omitzero"`
	// NotBefore is the earliest time of the next attempt.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Ticket is how a system that works slowly calls what it has accepted, and
	// AcceptedAt when it did. No personal data.
	Ticket     string    `json:"ticket,omitempty"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	// Failures counts the attempts that failed one after the other, FailingSince
	// is when the first of them did.
	Failures     int       `json:"failures,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
	// Problem is the code of the last failure. No personal data.
	Problem string `json:"problem,omitempty"`
	// Evidence refers to the proof of what was done. No personal data.
	Evidence string `json:"evidence,omitempty"`
}

func (t Task) clone() Task {
	t.Categories = slices.Clone(t.Categories)
	t.Withheld = slices.Clone(t.Withheld)
	t.Spared = slices.Clone(t.Spared)
	t.After = slices.Clone(t.After)
	return t
}

// Lost reports whether a running attempt counts as lost at a time.
func (t *Task) Lost(at time.Time) bool {
	return t.State == TaskRunning && !t.LostAfter.IsZero() && !at.Before(t.LostAfter)
}

// rest ends an attempt; the next may begin at the given time.
func (t *Task) rest(notBefore time.Time) {
	t.LostAfter, t.NotBefore = time.Time{}, time.Time{}
	if !notBefore.IsZero() {
		t.NotBefore = instant(notBefore)
	}
}

// Record is one record of a category in the system of a task. Key is opaque: no
// personal data.
type Record struct {
	Category privacy.CategoryID `json:"category"`
	Key      string             `json:"key"`
}

// Protection keeps a category of a system, or one record of it, from being erased.
type Protection struct {
	System   privacy.SystemID   `json:"system"`
	Category privacy.CategoryID `json:"category"`
	// Record is the key of the one record that is protected, empty for all.
	Record string `json:"record,omitempty"`
	// Ground is the exception of the law, such as "17(3)(e)". Without one nothing
	// is protected: a policy, or a hold that states no ground, does not stop an
	// erasure request.
	Ground string `json:"ground"`
	// Source names the hold or the rule.
	Source string `json:"source"`
	// Until is the last day of the protection, zero if it is open.
	Until privacy.Date `json:"until,omitzero"`
	// Derived: it was computed from holds and rules and is asked for again, in
	// contrast to one that somebody recorded and releases.
	Derived bool `json:"derived,omitempty"`
	// Refused: no ground for erasure reaches it (GDPR Art. 17(1)), so that it is
	// used as before. Otherwise it is kept for its Ground alone and the processing
	// is restricted meanwhile.
	Refused bool `json:"refused,omitempty"`
}

// String returns the protection in words, such as "crm: invoice under 17(3)(b)
// (de-ao-147) until 2034-12-31".
func (p Protection) String() string {
	what := string(p.Category)
	if p.Record != "" {
		what += "[" + p.Record + "]"
	}
	text := fmt.Sprintf("%s: %s under %s (%s)", p.System, what, p.Ground, p.Source)
	if !p.Until.IsZero() {
		text += " until " + p.Until.String()
	}
	return text
}

// ProtectionChange is what became of a protection.
type ProtectionChange string

// What becomes of protections.
const (
	ProtectionBegan ProtectionChange = "protected"
	ProtectionEnded ProtectionChange = "released"
)

// ErrNoGround reports a protection that states no ground of the law. It matches
// privacy.ErrInvalid.
var ErrNoGround = fmt.Errorf("a protection against erasure needs a ground of the law: %w", privacy.ErrInvalid)

// ErrTask reports a task that is not there, or not in a state for what was
// asked. It matches privacy.ErrInvalid.
var ErrTask = fmt.Errorf("no such task in that state: %w", privacy.ErrInvalid)

// TasksOpen reports whether a task of the item is not over.
func (i *Item) TasksOpen() bool {
	return slices.ContainsFunc(i.Tasks, func(t Task) bool { return !t.State.Over() })
}

// Held reports whether a part of the item cannot be done: it is protected and
// was not erased before, or its task is dead.
func (i *Item) Held() bool {
	return slices.ContainsFunc(i.Tasks, func(t Task) bool { return t.State == TaskDead }) ||
		slices.ContainsFunc(i.Protections, func(p Protection) bool { return !i.erased(p) })
}

// Remainder returns the protections that withhold something, in the order in
// which they were recorded: what was withheld, on which ground and until when.
func (i *Item) Remainder() []Protection {
	return slices.DeleteFunc(slices.Clone(i.Protections), i.erased)
}

// keepsRestricted reports whether an erasure leaves behind what must not be used
// any more: kept for a ground of the law alone, or not erased because the system
// failed. What was refused is neither.
func (i *Item) keepsRestricted() bool {
	return slices.ContainsFunc(i.Remainder(), func(p Protection) bool { return !p.Refused }) ||
		slices.ContainsFunc(i.Tasks, func(t Task) bool { return t.Action == ActionErase && t.State == TaskDead })
}

// erased reports whether what a protection covers was erased all the same,
// because the protection came too late.
func (i *Item) erased(p Protection) bool {
	return slices.ContainsFunc(i.Tasks, func(t Task) bool {
		return t.Action == ActionErase && t.State == TaskDone && t.System == p.System &&
			slices.Contains(t.Categories, p.Category) && !t.spares(p)
	})
}

// spares reports whether the task left alone what a protection covers.
func (t *Task) spares(p Protection) bool {
	return slices.ContainsFunc(t.Spared, func(r Record) bool {
		return r.Category == p.Category && (p.Record == "" || r.Key == p.Record)
	})
}

// protected reports whether a category of a system is protected as a whole.
func (i *Item) protected(system privacy.SystemID, category privacy.CategoryID) bool {
	return slices.ContainsFunc(i.Protections, func(p Protection) bool {
		return p.Record == "" && p.System == system && p.Category == category
	})
}

// protectedRecords returns the records that an erasure in a system must spare.
func (i *Item) protectedRecords(t *Task) []Record {
	var records []Record
	for _, p := range i.Protections {
		record := Record{p.Category, p.Record}
		if p.Record != "" && p.System == t.System && slices.Contains(t.Categories, p.Category) && !slices.Contains(records, record) {
			records = append(records, record)
		}
	}
	return records
}

// begin starts an attempt at a task. What is protected is withheld from it; if
// that is everything, there is no attempt.
func (i *Item) begin(t *Task, lostAfter time.Time) {
	if t.Action == ActionErase {
		kept := t.Categories[:0:0]
		for _, category := range t.Categories {
			if i.protected(t.System, category) {
				t.Withheld = append(t.Withheld, category)
				continue
			}
			kept = append(kept, category)
		}
		if t.Categories = kept; len(kept) == 0 {
			t.State, t.LostAfter = TaskWithheld, time.Time{}
			return
		}
		t.Spared = i.protectedRecords(t)
	}
	t.State = TaskRunning
	t.rest(t.NotBefore)
	if !lostAfter.IsZero() {
		t.LostAfter = instant(lostAfter)
	}
	t.Attempts++
}

// instant returns a time as stores keep it, so that a case does not change by
// being stored.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// release ends the protections that lapsed and plans the erasure of what
// nothing protects any more. It reports whether there is any.
func (i *Item) release(lapsed func(Protection) bool) bool {
	i.Protections = slices.DeleteFunc(i.Protections, lapsed)
	var freed []Task
	for t := range i.Tasks {
		now := i.free(&i.Tasks[t])
		if len(now) > 0 {
			freed = append(freed, Task{
				ID:     TaskID(fmt.Sprintf("remainder-%d", len(i.Tasks)+len(freed)+1)),
				System: i.Tasks[t].System, Action: ActionErase, Categories: now, Manual: i.Tasks[t].Manual,
			})
		}
	}
	i.Tasks = append(i.Tasks, freed...)
	return len(freed) > 0
}

// free takes from a task what it left out and nothing protects any more, and
// returns the categories concerned.
func (i *Item) free(t *Task) []privacy.CategoryID {
	var now []privacy.CategoryID
	t.Withheld = slices.DeleteFunc(t.Withheld, func(category privacy.CategoryID) bool {
		if i.protected(t.System, category) {
			return false
		}
		now = append(now, category)
		return true
	})
	t.Withheld = orNone(t.Withheld)
	if t.State != TaskDone {
		return now // the next attempt sees for itself which records it spares
	}
	still := i.protectedRecords(t)
	t.Spared = slices.DeleteFunc(t.Spared, func(r Record) bool {
		if slices.Contains(still, r) {
			return false
		}
		if !slices.Contains(now, r.Category) {
			now = append(now, r.Category)
		}
		return true
	})
	t.Spared = orNone(t.Spared)
	return now
}

// orNone returns nil for an empty list, which is what a store returns for it.
func orNone[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// task returns the task of that id in one of the states.
func (i *Item) task(id TaskID, states ...TaskState) (*Task, error) {
	for t := range i.Tasks {
		if i.Tasks[t].ID == id && slices.Contains(states, i.Tasks[t].State) {
			return &i.Tasks[t], nil
		}
	}
	return nil, ErrTask
}

// ready reports whether the tasks that t comes after are done.
func (i *Item) ready(t *Task) bool {
	for _, id := range t.After {
		if _, err := i.task(id, TaskDone, TaskWithheld); err != nil {
			return false
		}
	}
	return true
}
