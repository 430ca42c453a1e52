package dsr

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Plan gives an item in progress its tasks, or further ones when those it has
// are over. Task ids are unique within the item, and After names tasks that
// stand before. The error matches privacy.ErrInvalid.
func (p *Procedure) Plan(c Case, item int, tasks []Task, at time.Time) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		if it.Work != StateInProgress || it.TasksOpen() || len(tasks) == 0 {
			return fmt.Errorf("tasks are planned while the item is in progress and has none left to do: %w", privacy.ErrInvalid)
		}
		for i, task := range tasks {
			if err := it.checkNew(task); err != nil {
				return fmt.Errorf("tasks[%d]: %w", i, err)
			}
			it.Tasks = append(it.Tasks, task.clone())
		}
		return nil
	})
}

func (i *Item) checkNew(task Task) error {
	exists := func(id TaskID) bool {
		return slices.ContainsFunc(i.Tasks, func(t Task) bool { return t.ID == id })
	}
	switch {
	case task.ID == "" || (task.System == "") == (task.Recipient == "") || task.Action == "" || task.State != TaskPending || task.Attempts != 0:
		return fmt.Errorf("not a new task: %w", privacy.ErrInvalid)
	case exists(task.ID):
		return fmt.Errorf("the id occurs twice: %w", privacy.ErrInvalid)
	case !slices.ContainsFunc(task.After, func(id TaskID) bool { return !exists(id) }):
		return nil
	}
	return fmt.Errorf("comes after a task that does not stand before it: %w", privacy.ErrInvalid)
}

// Protect records that a category of a system must not be erased. Every attempt
// that begins later leaves it out; what an attempt has begun to erase can no
// longer be kept. A protection without a ground of the law is refused with
// ErrNoGround.
func (p *Procedure) Protect(c Case, item int, protection Protection, at time.Time) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		if protection.Ground == "" {
			return ErrNoGround
		}
		it.Protections = append(it.Protections, protection)
		return nil
	})
}

// Together does several things to a case in one version, such as an event and
// the planning that follows from it: each step sees what the one before made.
// An error of a step is that of the whole, and then there is no change.
func (p *Procedure) Together(c Case, steps ...func(c Case) (Change, error)) (Change, error) {
	all := Change{Case: c.clone()}
	all.Case.Version++
	for _, step := range steps {
		now := all.Case
		now.Version = c.Version
		change, err := step(now)
		if err != nil {
			return Change{}, err
		}
		all.Case = change.Case
		all.Case.Version = c.Version + 1
		all.Entries = append(all.Entries, change.Entries...)
		all.Effects = append(all.Effects, change.Effects...)
		all.Wakes = append(all.Wakes, change.Wakes...)
	}
	return all, nil
}

// The reasons for which the machine itself goes on with an item that was answered.
const (
	// ReasonGroundLapsed reopens an item whose remainder can be erased.
	ReasonGroundLapsed Reason = "ground_lapsed"
	// ReasonTaskResumed reopens an item of which a dead task is tried again.
	ReasonTaskResumed Reason = "task_resumed"
)

// Release ends protections: those whose last day is before the day of at, and
// those of the given source ("" for none). What nothing protects any more gets
// a new erasure task; an item that was partially fulfilled is in progress
// again, and its period does not run again: it was answered.
func (p *Procedure) Release(c Case, item int, source string, at time.Time) (Change, error) {
	return p.ReleaseIf(c, item, func(pr Protection) bool {
		return source != "" && pr.Source == source || p.lapsed(pr, at)
	}, at)
}

// lapsed reports whether the last day of a protection is over.
func (p *Procedure) lapsed(pr Protection, at time.Time) bool {
	return !pr.Until.IsZero() && pr.Until.Before(p.day(at))
}

// ReleaseIf is Release for the protections that the function picks.
func (p *Procedure) ReleaseIf(c Case, item int, over func(Protection) bool, at time.Time) (Change, error) {
	freed := false
	change, err := p.work(c, item, at, func(it *Item) error {
		freed = it.release(over)
		return nil
	})
	if err != nil || !freed {
		return change, err
	}
	return p.resume(change, item, ReasonGroundLapsed, at)
}

// resume puts an item that was answered in part in progress again.
func (p *Procedure) resume(change Change, item int, reason Reason, at time.Time) (Change, error) {
	if change.Case.Items[item].Work != StatePartiallyFulfilled {
		return change, nil
	}
	err := p.step(&change, item, Command{Event: EventReopen, Item: item, Actor: ActorSystem, At: at, Reason: reason})
	return change, err
}

// StartTask begins an attempt. The tasks it comes after must be done or
// withheld, its time must have come, and the item must be in progress with
// nothing in the way. If everything it would erase is protected, the task is
// withheld instead: look at its State before acting.
func (p *Procedure) StartTask(c Case, item int, id TaskID, at time.Time) (Change, error) {
	return p.AttemptTask(c, item, id, time.Time{}, at)
}

// AttemptTask is StartTask for a process that may die: the attempt counts as
// lost after the given time, zero for never. One that is lost is begun anew.
// Task.Attempts grows with every attempt and so tells a process that slept past
// its time from the one that came after it.
func (p *Procedure) AttemptTask(c Case, item int, id TaskID, lostAfter, at time.Time) (Change, error) {
	if err := hasItem(c, item); err != nil {
		return Change{}, err
	}
	if c.Reported(item) != StateInProgress || c.Role == privacy.RoleProcessor && c.Authority == "" || !c.Identified() {
		return Change{}, ErrTask
	}
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskPending, TaskRunning)
		if err != nil {
			return err
		}
		if task.State == TaskRunning && !task.Lost(at) || !it.ready(task) || at.Before(task.NotBefore) {
			return ErrTask
		}
		it.begin(task, lostAfter)
		return nil
	})
}

// FinishTask records that a running task took effect, with its evidence.
func (p *Procedure) FinishTask(c Case, item int, id TaskID, evidence string, at time.Time) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskRunning)
		if err != nil {
			return err
		}
		if evidence == "" {
			return fmt.Errorf("a task is done only with evidence: %w", privacy.ErrInvalid)
		}
		task.State, task.Evidence, task.Problem = TaskDone, evidence, ""
		task.rest(time.Time{})
		task.Ticket, task.AcceptedAt = "", time.Time{}
		task.Failures, task.FailingSince = 0, time.Time{}
		return nil
	})
}

// PostponeTask records that a running task was accepted under a ticket by a
// system that works slowly, which is asked again at the given time. That is no
// failure.
func (p *Procedure) PostponeTask(c Case, item int, id TaskID, ticket string, again, at time.Time) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskRunning)
		if err != nil {
			return err
		}
		if again.IsZero() {
			return fmt.Errorf("a task is postponed until a time: %w", privacy.ErrInvalid)
		}
		if task.AcceptedAt.IsZero() {
			task.AcceptedAt = instant(at)
		}
		task.State, task.Problem, task.Ticket = TaskPending, "", ticket
		task.rest(again)
		task.Failures, task.FailingSince = 0, time.Time{}
		return nil
	})
}

// FailTask records that an attempt failed, with the code of the problem. The
// task is tried again at retryAt, or given up if that is zero.
func (p *Procedure) FailTask(c Case, item int, id TaskID, problem string, retryAt, at time.Time) (Change, error) {
	return p.failTask(c, item, id, problem, retryAt, at, 0)
}

// RepeatTask is FailTask for an attempt that seemed to succeed, but whose effect
// was not there when it was looked for: the effect is asked for anew, as another
// Round.
func (p *Procedure) RepeatTask(c Case, item int, id TaskID, problem string, retryAt, at time.Time) (Change, error) {
	return p.failTask(c, item, id, problem, retryAt, at, 1)
}

func (p *Procedure) failTask(c Case, item int, id TaskID, problem string, retryAt, at time.Time, rounds int) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskRunning)
		if err != nil {
			return err
		}
		if task.Failures++; task.Failures == 1 {
			task.FailingSince = instant(at)
		}
		if task.Round += rounds; rounds > 0 {
			task.Ticket, task.AcceptedAt = "", time.Time{}
		}
		task.State, task.Problem = TaskPending, problem
		task.rest(retryAt)
		if retryAt.IsZero() {
			task.State = TaskDead
		}
		return nil
	})
}

// ResumeTask tries a dead task again, as another Round. An item that was
// answered in part is in progress again.
func (p *Procedure) ResumeTask(c Case, item int, id TaskID, at time.Time) (Change, error) {
	change, err := p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskDead)
		if err != nil {
			return err
		}
		task.State = TaskPending
		task.Round++
		task.rest(time.Time{})
		task.Ticket, task.AcceptedAt = "", time.Time{}
		task.Failures, task.FailingSince = 0, time.Time{}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return p.resume(change, item, ReasonTaskResumed, at)
}

// work makes the next version of a case by changing one item, and logs what
// became of its tasks.
func (p *Procedure) work(c Case, item int, at time.Time, change func(it *Item) error) (Change, error) {
	if err := hasItem(c, item); err != nil {
		return Change{}, err
	}
	if c.Regime != p.regime.Version() {
		return Change{}, errOtherVersion
	}
	next := Change{Case: c.clone()}
	it := &next.Case.Items[item]
	if err := change(it); err != nil {
		return Change{}, err
	}
	next.Case.Version++
	for i, task := range it.Tasks {
		if i >= len(c.Items[item].Tasks) || c.Items[item].Tasks[i].State != task.State || c.Items[item].Tasks[i].Attempts != task.Attempts {
			next.Entries = append(next.Entries, Entry{
				Item: item, Actor: ActorSystem, At: at, Task: task.ID, TaskState: task.State, TaskNow: task.clone(),
			})
		}
	}
	logProtections(&next, item, at, c.Items[item].Protections, it.Protections, ProtectionEnded)
	logProtections(&next, item, at, it.Protections, c.Items[item].Protections, ProtectionBegan)
	return next, nil
}

// logProtections logs those that are in one list and not in the other.
func logProtections(change *Change, item int, at time.Time, in, notIn []Protection, became ProtectionChange) {
	for _, protection := range in {
		if !slices.Contains(notIn, protection) {
			change.Entries = append(change.Entries, Entry{
				Item: item, Actor: ActorSystem, At: at, Protection: protection, ProtectionChange: became,
			})
		}
	}
}

func hasItem(c Case, item int) error {
	if item < 0 || item >= len(c.Items) {
		return fmt.Errorf("no such item: %w", privacy.ErrInvalid)
	}
	return nil
}
