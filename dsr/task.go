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

// Task is what has to be done in one system. Tasks fail alone: one that is dead
// takes nothing from another's progress or proof.
type Task struct {
	ID         TaskID               `json:"id"`
	System     privacy.SystemID     `json:"system"`
	Action     Action               `json:"action"`
	Categories []privacy.CategoryID `json:"categories"`
	// Withheld are categories that were protected when an attempt began.
	Withheld []privacy.CategoryID `json:"withheld,omitempty"`
	// After are the tasks that must be done before.
	After []TaskID `json:"after,omitempty"`
	// Manual: a person does it and states the evidence.
	Manual bool      `json:"manual,omitempty"`
	State  TaskState `json:"state,omitempty"`
	// Attempts counts how often it was begun.
	Attempts int `json:"attempts,omitempty"`
	// NotBefore is the earliest time of the next attempt.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Problem is the code of the last failure. No personal data.
	Problem string `json:"problem,omitempty"`
	// Evidence refers to the proof of what was done. No personal data.
	Evidence string `json:"evidence,omitempty"`
}

func (t Task) clone() Task {
	t.Categories = slices.Clone(t.Categories)
	t.Withheld = slices.Clone(t.Withheld)
	t.After = slices.Clone(t.After)
	return t
}

// Protection keeps a category of a system from being erased.
type Protection struct {
	System   privacy.SystemID   `json:"system"`
	Category privacy.CategoryID `json:"category"`
	// Ground is the exception of the law, such as "17(3)(e)". Without one nothing
	// is protected: a policy, or a hold that states no ground, does not stop an
	// erasure request.
	Ground string `json:"ground"`
	// Source names the hold or the rule.
	Source string `json:"source"`
	// Until is the last day of the protection, zero if it is open.
	Until privacy.Date `json:"until,omitzero"`
}

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
		slices.ContainsFunc(i.Protections, func(p Protection) bool { return !i.erased(p.System, p.Category) })
}

// Remainder returns the protections that withhold something, in the order in
// which they were recorded: what was withheld, on which ground and until when.
func (i *Item) Remainder() []Protection {
	return slices.DeleteFunc(slices.Clone(i.Protections), func(p Protection) bool { return i.erased(p.System, p.Category) })
}

func (i *Item) erased(system privacy.SystemID, category privacy.CategoryID) bool {
	return slices.ContainsFunc(i.Tasks, func(t Task) bool {
		return t.Action == ActionErase && t.State == TaskDone && t.System == system && slices.Contains(t.Categories, category)
	})
}

func (i *Item) protected(system privacy.SystemID, category privacy.CategoryID) bool {
	return slices.ContainsFunc(i.Protections, func(p Protection) bool { return p.System == system && p.Category == category })
}

// begin starts an attempt at a task. What is protected is withheld from it; if
// that is everything, there is no attempt.
func (i *Item) begin(t *Task) {
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
			t.State = TaskWithheld
			return
		}
	}
	t.State = TaskRunning
	t.Attempts++
}

// release ends the protections that lapsed and plans the erasure of what
// nothing protects any more. It reports whether there is any.
func (i *Item) release(lapsed func(Protection) bool) bool {
	i.Protections = slices.DeleteFunc(i.Protections, lapsed)
	var freed []Task
	for t := range i.Tasks {
		task := &i.Tasks[t]
		var kept, now []privacy.CategoryID
		for _, category := range task.Withheld {
			if i.protected(task.System, category) {
				kept = append(kept, category)
				continue
			}
			now = append(now, category)
		}
		if task.Withheld = kept; len(now) > 0 {
			freed = append(freed, Task{
				ID:     TaskID(fmt.Sprintf("remainder-%d", len(i.Tasks)+len(freed)+1)),
				System: task.System, Action: ActionErase, Categories: now,
			})
		}
	}
	i.Tasks = append(i.Tasks, freed...)
	return len(freed) > 0
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
