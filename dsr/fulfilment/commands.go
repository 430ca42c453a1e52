package fulfilment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Preview returns what Begin would plan, and changes nothing.
func (r *Runner) Preview(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, item int, scope Scope) (Plan, error) {
	c, err := r.store.Case(ctx, tenant, id)
	if err != nil {
		return Plan{}, err
	}
	p, err := r.service.Procedure(c)
	if err != nil {
		return Plan{}, err
	}
	return r.planner.Plan(ctx, p.Regime(), c, item, scope, r.now(c))
}

// errNothing reports that there is nothing to write.
var errNothing = errors.New("nothing to do")

// Begin has an item carried out: it begins the item if that was not done,
// records its plan, and wakes a Runner, all in one unit of work. An item that has
// its tasks already is left as it is. A case that waits for something, such as
// proof of identity, before its item was begun is refused with a
// *dsr.TransitionError; one that comes to wait later is not touched as long as it
// waits. A processor without authority is refused with
// dsr.GuardProcessorNotAuthorised.
//
// An erasure waits until what the same case asked to be exported is answered. The
// Runner finds that out within Options.Recheck; call Recheck after the answer to
// have it go on at once.
func (r *Runner) Begin(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, item int, scope Scope) (dsr.Case, error) {
	return r.work(ctx, tenant, id, func(p *dsr.Procedure, c dsr.Case) ([]step, error) {
		if item < 0 || item >= len(c.Items) {
			return nil, fmt.Errorf("no such item: %w", privacy.ErrInvalid)
		}
		if len(c.Items[item].Tasks) > 0 {
			return nil, errNothing
		}
		plan, err := r.planner.Plan(ctx, p.Regime(), c, item, scope, r.now(c))
		if err != nil {
			return nil, err
		}
		var steps []step
		if c.Items[item].Work == dsr.StateReceived {
			steps = append(steps, func(c dsr.Case) (dsr.Change, error) {
				return p.Handle(c, dsr.Command{Event: dsr.EventBegin, Item: item, Actor: dsr.ActorSystem, At: r.now(c)})
			})
		}
		if len(plan.Tasks) > 0 {
			steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return p.Plan(c, item, plan.Tasks, r.now(c)) })
		}
		for _, protection := range plan.Protections {
			steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return p.Protect(c, item, protection, r.now(c)) })
		}
		if len(plan.Tasks) == 0 && standing(c.Items[item].Request) {
			steps = append(steps, r.answer(p, item))
		}
		return steps, nil
	})
}

// step is a part of a change; see dsr.Procedure.Together.
type step = func(c dsr.Case) (dsr.Change, error)

// work makes a change of several steps and sets the wake-up that follows. It
// returns the case as it was if there is nothing to do.
func (r *Runner) work(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, steps func(p *dsr.Procedure, c dsr.Case) ([]step, error)) (dsr.Case, error) {
	c, err := r.service.Work(ctx, tenant, id, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		parts, err := steps(p, c)
		if err != nil {
			return dsr.Change{}, err
		}
		return p.Together(c, append(parts, r.wakeStep(p))...)
	})
	if errors.Is(err, errNothing) {
		return r.store.Case(ctx, tenant, id)
	}
	return c, err
}

// Recheck has a case looked at now: what it waited for has come, or a hold was
// released. Without it the Runner finds out by itself, later.
func (r *Runner) Recheck(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) error {
	_, err := r.service.Work(ctx, tenant, id, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Together(c, func(c dsr.Case) (dsr.Change, error) {
			wake, err := wakeAt(c, r.now(c))
			return dsr.Change{Case: c, Wakes: []dsr.Wake{wake}}, err
		})
	})
	return err
}

// Resume tries a dead letter again. What kept it from working should be mended
// first. A task that is not dead is dsr.ErrTask.
func (r *Runner) Resume(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, item int, task dsr.TaskID) (dsr.Case, error) {
	return r.work(ctx, tenant, id, func(p *dsr.Procedure, _ dsr.Case) ([]step, error) {
		return []step{func(c dsr.Case) (dsr.Change, error) { return p.ResumeTask(c, item, task, r.now(c)) }}, nil
	})
}

// Done is what a person states who did a task by hand.
type Done struct {
	// By is who did it: a role or an opaque identifier.
	By string `json:"by"`
	// Reference is where the proof lies, such as the number of a ticket.
	Reference string `json:"reference"`
	// Categories are what it was done for: all that the task names and nothing
	// is withheld of.
	Categories []privacy.CategoryID `json:"categories"`
	// Fields are the columns, files or places that it was done in. Names only,
	// never what stood there.
	Fields []string `json:"fields"`
	// Spared are the records that were left alone, which must be all that are
	// protected.
	Spared []dsr.Record `json:"spared,omitempty"`
}

// CompleteManual records that a person did a task by hand. Before that, holds are
// asked about once more: if everything is protected by now, the task is withheld
// and its evidence not recorded. A statement that leaves out a category or a
// protected record, or names no field, is an error matching privacy.ErrInvalid;
// a task that is not there or not manual is dsr.ErrTask.
func (r *Runner) CompleteManual(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, item int, task dsr.TaskID, done Done) (dsr.Case, error) {
	return r.work(ctx, tenant, id, func(p *dsr.Procedure, c dsr.Case) ([]step, error) {
		if t := taskOf(c, item, task); t == nil || !t.Manual {
			return nil, dsr.ErrTask
		}
		if err := r.suppressBefore(ctx, c, item); err != nil {
			return nil, err
		}
		steps, err := r.refresh(ctx, p, c, item)
		if err != nil {
			return nil, err
		}
		return append(steps,
			func(c dsr.Case) (dsr.Change, error) { return p.StartTask(c, item, task, r.now(c)) },
			func(c dsr.Case) (dsr.Change, error) {
				t := taskOf(c, item, task)
				if t.State == dsr.TaskWithheld {
					return dsr.Change{Case: c}, nil
				}
				evidence, err := done.evidence(t)
				if err != nil {
					return dsr.Change{}, err
				}
				return p.FinishTask(c, item, task, evidence, r.now(c))
			},
			r.settle(ctx, p),
		), nil
	})
}

// evidence returns the statement as it is recorded.
func (d Done) evidence(task *dsr.Task) (string, error) {
	switch {
	case d.By == "" || d.Reference == "" || len(d.Fields) == 0:
		return "", fmt.Errorf("a task done by hand needs who did it, a reference and the fields: %w", privacy.ErrInvalid)
	case !sameMembers(d.Categories, task.Categories):
		return "", fmt.Errorf("the categories are not those of the task: %w", privacy.ErrInvalid)
	case !sameMembers(d.Spared, task.Spared):
		return "", fmt.Errorf("the records left alone are not those that are protected: %w", privacy.ErrInvalid)
	}
	evidence, err := privacy.CanonicalJSON(d)
	return string(evidence), err
}

func sameMembers[T comparable](a, b []T) bool {
	within := func(a, b []T) bool {
		return !slices.ContainsFunc(a, func(v T) bool { return !slices.Contains(b, v) })
	}
	return within(a, b) && within(b, a)
}

func taskOf(c dsr.Case, item int, id dsr.TaskID) *dsr.Task {
	if item < 0 || item >= len(c.Items) {
		return nil
	}
	for i := range c.Items[item].Tasks {
		if c.Items[item].Tasks[i].ID == id {
			return &c.Items[item].Tasks[i]
		}
	}
	return nil
}

// DeadLetter is a task that was given up.
type DeadLetter struct {
	// Problem is why.
	Problem   string
	System    privacy.SystemID
	Recipient privacy.RecipientID
	Action    dsr.Action
	// Case, Item and Task are what Resume takes.
	Case dsr.CaseID
	Item int
	Task dsr.TaskID
	// Attempts is how often it was tried.
	Attempts int
	// Due is the earliest due day of the case.
	Due privacy.Date
}

// DeadLetters returns the dead letters of the open items of a tenant, those of
// the most urgent case first. It reads the cases that have any.
func (r *Runner) DeadLetters(ctx context.Context, tenant privacy.TenantID) ([]DeadLetter, error) {
	const page = 100
	var letters []DeadLetter
	for after := (dsr.Position{}); ; {
		summaries, err := r.store.WithDeadTask(ctx, tenant, after, page)
		if err != nil {
			return nil, err
		}
		for _, summary := range summaries {
			c, err := r.store.Case(ctx, tenant, summary.ID)
			if err != nil && !errors.Is(err, privacy.ErrNotFound) {
				return nil, err
			}
			letters = append(letters, deadLetters(c, summary.Due)...)
			after = summary.Position()
		}
		if len(summaries) < page {
			return letters, nil
		}
	}
}

func deadLetters(c dsr.Case, due privacy.Date) []DeadLetter {
	var letters []DeadLetter
	for i := range c.Items {
		for _, t := range c.Items[i].Tasks {
			if c.Items[i].Work.Open() && t.State == dsr.TaskDead {
				letters = append(letters, DeadLetter{
					Problem: t.Problem, System: t.System, Recipient: t.Recipient, Action: t.Action,
					Case: c.ID, Item: i, Task: t.ID, Attempts: t.Attempts, Due: due,
				})
			}
		}
	}
	return letters
}
