package fulfilment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// attempt is a task that was begun.
type attempt struct {
	item int
	task dsr.Task
}

// outcome is what came of an attempt: a result, or a problem.
type outcome struct {
	attempt
	result    Result
	problem   string
	permanent bool
	after     time.Duration
	// undone: the effect was missing when it was looked for.
	undone bool
}

// callOf returns the call for an attempt.
func callOf(c dsr.Case, a attempt) (Call, error) {
	key, err := privacy.CanonicalJSON([]any{c.Tenant, c.ID, a.item, a.task.ID, a.task.Round})
	if err != nil {
		return Call{}, err
	}
	sum := sha256.Sum256(key)
	return Call{
		Tenant: c.Tenant, Subject: c.Subject, Case: c.ID, Item: a.item, Task: a.task.ID, Action: a.task.Action,
		System: a.task.System, Recipient: a.task.Recipient, Categories: a.task.Categories, Spare: a.task.Spared,
		Key: hex.EncodeToString(sum[:]), Token: uint64(a.task.Attempts), Ticket: a.task.Ticket,
	}, nil
}

// patience is how long a connector has to return once its time is over.
const patience = time.Second

// call calls the connector of an attempt. It returns when the time is over, also
// if the connector does not: that one is left behind, and what it brings is
// dropped.
func (r *Runner) call(ctx context.Context, c dsr.Case, a attempt) outcome {
	failed := outcome{attempt: a}
	call, err := callOf(c, a)
	if err != nil {
		failed.problem = ProblemFailed
		return failed
	}
	limited, cancel := context.WithTimeout(ctx, r.options.CallTimeout)
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		o := outcome{attempt: a, problem: ProblemPanic} // unless it comes to an end
		defer func() {
			_ = recover() // what it says may quote personal data
			done <- o
		}()
		o = r.planner.connectors.do(limited, call, a)
	}()
	select {
	case o := <-done:
		return o.under(ctx, limited)
	case <-limited.Done():
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case o := <-done:
		return o.under(ctx, limited)
	case <-late.C:
		r.hooks.Count("dsr.hung", string(a.task.System), 1)
		failed.problem = ProblemFailed
		return failed.under(ctx, limited)
	}
}

// under says why a call failed that gives no reason of its own, when its time
// was over or the Runner was stopped.
func (o outcome) under(calls, limited context.Context) outcome {
	silent := o.problem == ProblemFailed || o.problem == ProblemTimeout
	switch {
	case silent && calls.Err() != nil:
		o.problem = ProblemStopped
	case silent && limited.Err() != nil:
		o.problem = ProblemTimeout
	}
	return o
}

// do does what an attempt is for.
func (c Connectors) do(ctx context.Context, call Call, a attempt) outcome {
	o := outcome{attempt: a}
	act := c.method(a.task)
	if act == nil {
		o.problem = ProblemNoConnector
		return o
	}
	result, err := act(ctx, call)
	switch {
	case err != nil:
		o.fail(err)
	case result.AskAgain > 0:
		o.result = result
	case result.Evidence == "":
		o.problem = ProblemNoEvidence
	default:
		o.result = result
		if a.task.Action == dsr.ActionErase {
			c.verify(ctx, call, &o)
		}
	}
	return o
}

// verify asks a system that erased what it still holds.
func (c Connectors) verify(ctx context.Context, call Call, o *outcome) {
	verifier := c.Systems[call.System].Verifier
	if verifier == nil {
		o.problem = ProblemNoConnector
		return
	}
	held, err := verifier.Verify(ctx, call)
	switch {
	case err != nil:
		o.fail(err)
	case len(held) > 0:
		o.problem, o.undone = ProblemStillHeld, true
	}
}

// fail takes over what an error of a connector says. Nothing of its text is kept.
func (o *outcome) fail(err error) {
	o.problem = ProblemFailed
	var failure *CallError
	switch {
	case errors.As(err, &failure):
		o.problem, o.permanent, o.after = problemCode(failure.Code), failure.Permanent, failure.RetryAfter
	case errors.Is(err, context.DeadlineExceeded):
		o.problem = ProblemTimeout
	}
}

// method returns what does a task, nil if nothing does.
func (c Connectors) method(task dsr.Task) func(context.Context, Call) (Result, error) {
	if task.Action == dsr.ActionNotify {
		if notifier := c.Recipients[task.Recipient]; notifier != nil {
			return notifier.Notify
		}
		return nil
	}
	connector := c.Systems[task.System]
	if !connector.does(task.Action) {
		return nil
	}
	switch task.Action {
	case dsr.ActionExport:
		return connector.Exporter.Export
	case dsr.ActionErase:
		return connector.Eraser.Erase
	case dsr.ActionCorrect:
		return connector.Corrector.Correct
	case dsr.ActionRestrict:
		return connector.Restrictor.Restrict
	}
	return nil
}
