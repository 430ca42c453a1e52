package fulfilment

import (
	"context"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// refresh asks about everything that an item has still to erase, and returns the
// steps by which its protections become what is answered now. What was recorded
// by somebody stays until its last day, or until they release it.
func (r *Runner) refresh(ctx context.Context, p *dsr.Procedure, c dsr.Case, item int) ([]step, error) {
	it := &c.Items[item]
	if it.Request != regime.RequestErasure {
		return nil, nil
	}
	now := r.now(c)
	var current []dsr.Protection
	asked := outstanding(it)
	for _, system := range sortedKeys(asked) {
		kept, err := r.planner.protections(ctx, c, system, asked[system], now)
		if err != nil {
			return nil, err
		}
		current = append(current, kept...)
	}
	var steps []step
	for _, protection := range current {
		if !slices.Contains(it.Protections, protection) {
			steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return p.Protect(c, item, protection, now) })
		}
	}
	today := privacy.DateOf(now, p.Zone())
	over := func(pr dsr.Protection) bool {
		if pr.Derived {
			return slices.Contains(asked[pr.System], pr.Category) && !slices.Contains(current, pr)
		}
		return !pr.Until.IsZero() && pr.Until.Before(today)
	}
	if slices.ContainsFunc(it.Protections, over) {
		steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return p.ReleaseIf(c, item, over, now) })
	}
	return steps, nil
}

// outstanding returns what an item has still to erase or left out, by system.
func outstanding(it *dsr.Item) map[privacy.SystemID][]privacy.CategoryID {
	left := map[privacy.SystemID][]privacy.CategoryID{}
	add := func(system privacy.SystemID, category privacy.CategoryID) {
		if !slices.Contains(left[system], category) {
			left[system] = append(left[system], category)
		}
	}
	for _, task := range it.Tasks {
		if task.Action != dsr.ActionErase {
			continue
		}
		if task.State != dsr.TaskDone {
			for _, category := range task.Categories {
				add(task.System, category)
			}
		}
		for _, category := range task.Withheld {
			add(task.System, category)
		}
		for _, record := range task.Spared {
			add(task.System, record.Category)
		}
	}
	return left
}

// outsideError is an error of what the host handed in, after the connectors did
// their work.
type outsideError struct{ cause error }

func (e *outsideError) Error() string { return "the recipients cannot be told: " + e.cause.Error() }
func (e *outsideError) Unwrap() error { return e.cause }

// settle returns the step by which items whose tasks are over go on: the
// recipients are told, then the request is answered.
func (r *Runner) settle(ctx context.Context, p *dsr.Procedure) step {
	return func(c dsr.Case) (dsr.Change, error) {
		var steps []step
		for item := range c.Items {
			it := &c.Items[item]
			if it.Work != dsr.StateInProgress || len(it.Tasks) == 0 || it.TasksOpen() {
				continue
			}
			notices, err := r.notices(ctx, p, c, item)
			if err != nil {
				return dsr.Change{}, &outsideError{err}
			}
			if len(notices) > 0 {
				steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return p.Plan(c, item, notices, r.now(c)) })
				continue
			}
			steps = append(steps, r.answer(p, item))
		}
		return p.Together(c, steps...)
	}
}

// notices returns the tasks of telling the recipients what was done and they were
// not told yet (GDPR Art. 19).
func (r *Runner) notices(ctx context.Context, p *dsr.Procedure, c dsr.Case, item int) ([]dsr.Task, error) {
	it := &c.Items[item]
	if !p.Regime().OnFulfilment(it.Request, regime.Fulfilment{}).NotifyRecipients {
		return nil, nil
	}
	var told, after []dsr.TaskID
	number := 0
	for _, task := range it.Tasks {
		if task.Action == dsr.ActionNotify {
			told = append(told, task.After...)
			number = len(it.Tasks)
		}
	}
	var categories []privacy.CategoryID
	for _, task := range it.Tasks {
		if task.Action == dsr.ActionNotify || task.State != dsr.TaskDone || slices.Contains(told, task.ID) {
			continue
		}
		after = append(after, task.ID)
		for _, category := range task.Categories {
			if !slices.Contains(categories, category) {
				categories = append(categories, category)
			}
		}
	}
	if len(after) == 0 {
		return nil, nil
	}
	return r.planner.notices(ctx, c, categories, after, number)
}

// answer returns the step that records how an item was fulfilled. An item with a
// dead letter waits for people, and so does one whose answer is the delivery of
// data.
func (r *Runner) answer(p *dsr.Procedure, item int) step {
	return func(c dsr.Case) (dsr.Change, error) {
		it := &c.Items[item]
		dead := slices.ContainsFunc(it.Tasks, func(t dsr.Task) bool { return t.State == dsr.TaskDead })
		if r.options.AnswerByHand || dead || actionFor(it.Request) == dsr.ActionExport || c.Reported(item) != dsr.StateInProgress {
			return p.Together(c)
		}
		event := dsr.EventFulfil
		if it.Held() {
			event = dsr.EventFulfilPartially
		}
		return p.Handle(c, dsr.Command{Event: event, Item: item, Actor: dsr.ActorSystem, At: r.now(c)})
	}
}
