package fulfilment

import (
	"context"
	"errors"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// fulfil does what is due in a case: it begins the tasks that are ready, calls
// the connectors, and records what comes as it comes. The last record completes
// the lease and sets the next wake-up. Calls are made under calls, which ends
// when the Runner is stopped; what came of them is recorded under ctx all the
// same.
func (r *Runner) fulfil(ctx, calls context.Context, lease dsr.Lease, id dsr.CaseID) error {
	begun, c, err := r.begin(ctx, lease, id)
	switch {
	case err != nil:
		return err
	case c.Redacted:
		return r.complete(ctx, lease, id)
	case len(begun) == 0:
		return r.rest(ctx, lease, c)
	}
	results := make(chan outcome, len(begun))
	for _, a := range begun {
		go func() { results <- r.call(calls, c, a) }()
	}
	for left := len(begun); left > 0; {
		outcomes := gather(results, left)
		left -= len(outcomes)
		if left > 0 {
			// The store may be down for a moment; the attempt is then made anew.
			if err := r.record(ctx, lease.Tenant, id, outcomes); err != nil && !errors.Is(err, errNothing) {
				r.hooks.Count("dsr.problem", "unrecorded", 1)
			}
			continue
		}
		return r.finish(ctx, lease, id, outcomes)
	}
	return nil
}

// gatherFor is for how long what has come waits for the rest, so that systems
// that answer together are recorded together. What a process loses that dies
// meanwhile is asked for again, under the same keys.
const gatherFor = 50 * time.Millisecond

// gather returns what has come soon after the first, of n that are to come.
func gather(results <-chan outcome, n int) []outcome {
	outcomes := []outcome{<-results}
	enough := time.NewTimer(gatherFor)
	defer enough.Stop()
	for len(outcomes) < n {
		select {
		case o := <-results:
			outcomes = append(outcomes, o)
		case <-enough.C:
			return outcomes
		}
	}
	return outcomes
}

// begin asks about holds and begins an attempt at every task that is ready, in
// one unit of work.
func (r *Runner) begin(ctx context.Context, lease dsr.Lease, id dsr.CaseID) (begun []attempt, c dsr.Case, err error) {
	if c, err = r.read(ctx, lease, id, 0); err != nil {
		return nil, c, err
	}
	if c.Redacted { // nobody knows any more whose data they are
		r.hooks.Count("dsr.problem", "redacted", 1)
		return nil, c, nil
	}
	if err := r.suppress(ctx, c); err != nil {
		return nil, c, err
	}
	changed, err := r.service.Work(ctx, lease.Tenant, id, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		begun = nil
		steps, err := r.refreshAll(ctx, p, c)
		if err != nil {
			return dsr.Change{}, err
		}
		steps = append(steps, func(c dsr.Case) (dsr.Change, error) {
			change, attempts, err := r.beginTasks(p, c, lease.Until)
			begun = attempts
			return change, err
		})
		change, err := p.Together(c, steps...)
		if err == nil && len(change.Entries) == 0 {
			return dsr.Change{}, errNothing
		}
		return change, err
	})
	switch {
	case errors.Is(err, errNothing):
		c, err = r.read(ctx, lease, id, 0)
		return nil, c, err
	case err != nil:
		return nil, c, err
	}
	return begun, changed, nil
}

// refreshAll is refresh for the items that are worked on, and for those of which
// a rest was kept.
func (r *Runner) refreshAll(ctx context.Context, p *dsr.Procedure, c dsr.Case) ([]step, error) {
	var steps []step
	for item := range c.Items {
		it := &c.Items[item]
		switch {
		case it.Work == dsr.StatePartiallyFulfilled, it.Work == dsr.StateInProgress && !r.waits(c, item):
			more, err := r.refresh(ctx, p, c, item)
			if err != nil {
				return nil, err
			}
			steps = append(steps, more...)
		}
	}
	return steps, nil
}

// beginTasks begins an attempt at every task that is ready. The attempts count as
// lost when the lease ends.
func (r *Runner) beginTasks(p *dsr.Procedure, c dsr.Case, until time.Time) (dsr.Change, []attempt, error) {
	now := r.now(c)
	var steps []step
	var attempts []attempt
	for item := range c.Items {
		it := &c.Items[item]
		if it.Work != dsr.StateInProgress || r.waits(c, item) {
			continue
		}
		for t := range it.Tasks {
			task := &it.Tasks[t]
			due := task.State == dsr.TaskPending && !task.NotBefore.After(now) || task.Lost(now)
			if task.Manual || !due || !ready(it, task) {
				continue
			}
			steps = append(steps, func(c dsr.Case) (dsr.Change, error) {
				change, err := p.AttemptTask(c, item, task.ID, until, now)
				if err != nil {
					return change, err
				}
				if t := taskOf(change.Case, item, task.ID); t.State == dsr.TaskRunning {
					attempts = append(attempts, attempt{item, *t})
				}
				return change, nil
			})
		}
	}
	change, err := p.Together(c, steps...)
	return change, attempts, err
}

// suppress puts a person on the suppression list before the first system erases
// anything, so that no import comes in between.
func (r *Runner) suppress(ctx context.Context, c dsr.Case) error {
	for item := range c.Items {
		if !r.waits(c, item) {
			if err := r.suppressBefore(ctx, c, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// suppressBefore is suppress for one item, if it is an erasure that nobody has
// begun.
func (r *Runner) suppressBefore(ctx context.Context, c dsr.Case, item int) error {
	it := &c.Items[item]
	if r.options.Suppression == nil || c.Subject == "" ||
		it.Request != regime.RequestErasure || it.Work != dsr.StateInProgress || !untouched(it) {
		return nil
	}
	identifiers := []Identifier{{Kind: "subject", Value: string(c.Subject)}}
	if r.options.Identifiers != nil {
		more, err := r.options.Identifiers(ctx, c.Tenant, c.Subject)
		if err != nil {
			return err
		}
		identifiers = append(identifiers, more...)
	}
	return r.options.Suppression.Add(ctx, c.Tenant, c.ID, r.now(c), identifiers...)
}

// untouched reports whether an item has tasks and no system was told to erase
// anything yet.
func untouched(it *dsr.Item) bool {
	for _, task := range it.Tasks {
		if task.Attempts > 0 {
			return false
		}
	}
	return len(it.Tasks) > 0
}

// record writes what came of attempts, except for those that were overtaken.
func (r *Runner) record(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, outcomes []outcome) error {
	_, err := r.service.Work(ctx, tenant, id, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		steps := r.results(p, c, outcomes)
		if len(steps) == 0 {
			return dsr.Change{}, errNothing
		}
		return p.Together(c, steps...)
	})
	return err
}

// finish writes what came last, completes the lease and sets the next wake-up. If
// the lease is not the latest any more, nothing is written. If it is not known
// yet whom to tell, what was done is on record all the same.
func (r *Runner) finish(ctx context.Context, lease dsr.Lease, id dsr.CaseID, outcomes []outcome) error {
	_, err := r.service.Complete(ctx, lease, id, func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Together(c, append(r.results(p, c, outcomes), r.settle(ctx, p), r.wakeStep(p))...)
	})
	var outside *outsideError
	if len(outcomes) == 0 || !errors.As(err, &outside) {
		return err
	}
	r.hooks.Count("dsr.problem", "recipients", 1)
	_, err = r.service.Complete(ctx, lease, id, func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.Together(c, append(r.results(p, c, outcomes), func(c dsr.Case) (dsr.Change, error) {
			wake, err := wakeAt(c, r.now(c).Add(r.pause(0)))
			return dsr.Change{Case: c, Wakes: []dsr.Wake{wake}}, err
		})...)
	})
	return err
}

// rest gives a lease back where there will be something to do, without a new
// version of the case if nothing changed, and completes it where there will not.
func (r *Runner) rest(ctx context.Context, lease dsr.Lease, c dsr.Case) error {
	p, err := r.service.Procedure(c)
	if err != nil {
		return err
	}
	settled, err := r.settle(ctx, p)(c)
	if err != nil {
		return err
	}
	if at, ok := r.next(p, c); ok && len(settled.Entries) == 0 {
		return r.store.Retry(ctx, lease, at, "")
	}
	return r.finish(ctx, lease, c.ID, nil)
}

// results returns the steps that write what came of attempts.
func (r *Runner) results(p *dsr.Procedure, c dsr.Case, outcomes []outcome) []step {
	var steps []step
	for _, o := range outcomes {
		task := taskOf(c, o.item, o.task.ID)
		if task == nil || task.State != dsr.TaskRunning || task.Attempts != o.task.Attempts {
			r.hooks.Count("dsr.fenced", string(o.task.Action), 1)
			continue
		}
		steps = append(steps, func(c dsr.Case) (dsr.Change, error) { return r.result(p, c, o) })
	}
	return steps
}

// result writes what came of one attempt.
func (r *Runner) result(p *dsr.Procedure, c dsr.Case, o outcome) (dsr.Change, error) {
	now, id := r.now(c), o.task.ID
	accepted := o.task.AcceptedAt
	if accepted.IsZero() {
		accepted = now
	}
	switch {
	case o.problem == "" && o.result.AskAgain == 0:
		r.hooks.Count("dsr.task", string(dsr.TaskDone), 1)
		return p.FinishTask(c, o.item, id, o.result.Evidence, now)
	case o.problem == "" && now.Sub(accepted) < r.options.PollLimit:
		r.hooks.Count("dsr.task", "accepted", 1)
		return p.PostponeTask(c, o.item, id, o.result.Ticket, now.Add(o.result.AskAgain), now)
	case o.problem == "":
		o.problem, o.permanent = ProblemNeverFinished, true
	}
	r.hooks.Count("dsr.problem", o.problem, 1)
	retry := r.retryAt(o, now)
	fail := p.FailTask
	if o.undone {
		fail = p.RepeatTask
	}
	change, err := fail(c, o.item, id, o.problem, retry, now)
	if err == nil && retry.IsZero() {
		r.hooks.Count("dsr.task", string(dsr.TaskDead), 1)
		err = r.alertOf(&change, o)
	}
	return change, err
}

// retryAt returns when a failed attempt is made again, zero for never.
func (r *Runner) retryAt(o outcome, now time.Time) time.Time {
	since := o.task.FailingSince
	if o.permanent || !since.IsZero() && now.Sub(since) >= r.options.GiveUpAfter {
		return time.Time{}
	}
	return now.Add(max(r.pause(o.task.Failures), o.after))
}

// pause returns how long to wait after a number of earlier failures: a time that
// doubles from the shortest to the longest, less a random part of up to a half,
// so that what failed together does not come back together.
func (r *Runner) pause(earlier int) time.Duration {
	pause := r.options.FirstRetry
	for range earlier {
		if pause >= r.options.LongestRetry/2 {
			pause = r.options.LongestRetry
			break
		}
		pause *= 2
	}
	return pause - time.Duration(r.options.Random()*float64(pause/2))
}
