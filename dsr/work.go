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
	case task.ID == "" || task.System == "" || task.Action == "" || task.State != TaskPending || task.Attempts != 0:
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

// ReasonGroundLapsed reopens an item whose remainder can be erased.
const ReasonGroundLapsed Reason = "ground_lapsed"

// Release ends protections: those whose last day is before the day of at, and
// those of the given source ("" for none). What nothing protects any more gets
// a new erasure task; an item that was partially fulfilled is in progress
// again, with its original due day.
func (p *Procedure) Release(c Case, item int, source string, at time.Time) (Change, error) {
	today := p.day(at)
	lapsed := func(pr Protection) bool {
		return source != "" && pr.Source == source || !pr.Until.IsZero() && pr.Until.Before(today)
	}
	freed := false
	change, err := p.work(c, item, at, func(it *Item) error {
		freed = it.release(lapsed)
		return nil
	})
	if err != nil || !freed || change.Case.Items[item].Work != StatePartiallyFulfilled {
		return change, err
	}
	err = p.step(&change, item, Command{Event: EventReopen, Item: item, Actor: ActorSystem, At: at, Reason: ReasonGroundLapsed})
	return change, err
}

// StartTask begins an attempt. The tasks it comes after must be over, its time
// must have come, and the item must be in progress with nothing in the way. If
// everything it would erase is protected, the task is withheld instead: look at
// its State before acting.
func (p *Procedure) StartTask(c Case, item int, id TaskID, at time.Time) (Change, error) {
	if err := hasItem(c, item); err != nil {
		return Change{}, err
	}
	if c.Reported(item) != StateInProgress || c.Role == privacy.RoleProcessor && c.Authority == "" {
		return Change{}, ErrTask
	}
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskPending)
		if err != nil {
			return err
		}
		if !it.ready(task) || at.Before(task.NotBefore) {
			return ErrTask
		}
		it.begin(task)
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
		return nil
	})
}

// FailTask records that an attempt failed, with the code of the problem. The
// task is tried again at retryAt, or given up if that is zero.
func (p *Procedure) FailTask(c Case, item int, id TaskID, problem string, retryAt, at time.Time) (Change, error) {
	return p.work(c, item, at, func(it *Item) error {
		task, err := it.task(id, TaskRunning)
		if err != nil {
			return err
		}
		task.State, task.Problem, task.NotBefore = TaskPending, problem, retryAt
		if retryAt.IsZero() {
			task.State = TaskDead
		}
		return nil
	})
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
		if i >= len(c.Items[item].Tasks) || c.Items[item].Tasks[i].State != task.State {
			next.Entries = append(next.Entries, Entry{Item: item, Actor: ActorSystem, At: at, Task: task.ID, TaskState: task.State})
		}
	}
	return next, nil
}

func hasItem(c Case, item int) error {
	if item < 0 || item >= len(c.Items) {
		return fmt.Errorf("no such item: %w", privacy.ErrInvalid)
	}
	return nil
}
