package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Approval is somebody's consent to a plan.
type Approval struct {
	// PlanHash is the hash of the plan that was seen.
	PlanHash Hash
	// By is who approves: a role or an opaque identifier, no name.
	By string
}

// Execute carries out an approved plan and returns its certificate. It never goes
// beyond the plan: what is no longer due, is held by now, or is gone is skipped
// with the reason. One record that fails, hangs until its timeout or makes the
// Disposer panic is logged as Failed and stops no other.
//
// Executing again continues after an interruption, by a crash or a cancelled ctx,
// and changes nothing once it is complete. The error matches privacy.ErrDenied if
// the approval is for another plan, and privacy.ErrConflict if the sweep was begun
// with another one.
func (s *Sweeper) Execute(ctx context.Context, plan *Plan, approval Approval) (*Certificate, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	if hash != approval.PlanHash {
		return nil, fmt.Errorf("the approval is for another plan: %w", privacy.ErrDenied)
	}
	if err := privacy.CheckID("who approves", approval.By); err != nil {
		return nil, err
	}
	sweep := Sweep{ID: plan.SweepID, PlanHash: hash, ApprovedBy: approval.By, StartedAt: s.now()}
	if err := s.sweeps.CreateSweep(ctx, sweep); err != nil {
		return nil, err
	}
	run := &execution{Sweeper: s, plan: plan, left: map[Token]bool{}, began: s.now()}
	if err := run.resume(ctx); err != nil {
		return nil, err
	}
	for i := range s.systems {
		if err := run.system(ctx, &s.systems[i]); err != nil {
			return nil, err
		}
	}
	if err := run.missing(ctx); err != nil {
		return nil, err
	}
	return s.Certify(ctx, plan, approval)
}

// execution is one call of Execute.
type execution struct {
	*Sweeper
	plan *Plan
	// left are the tokens of the plan that no log has yet.
	left  map[Token]bool
	done  int
	began time.Time
}

// resume leaves out what an earlier execution has logged.
func (e *execution) resume(ctx context.Context) error {
	for token := range e.plan.Items {
		e.left[token] = true
	}
	return e.eachItem(ctx, e.plan.SweepID, func(item Item) error {
		delete(e.left, item.Token)
		return nil
	})
}

func (s *Sweeper) eachItem(ctx context.Context, sweep string, visit func(Item) error) error {
	after := uint64(0)
	for {
		items, err := s.sweeps.Items(ctx, sweep, after, s.batch)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := visit(item); err != nil {
				return err
			}
			after = item.Sequence
		}
		if len(items) < s.batch {
			return nil
		}
	}
}

func (e *execution) system(ctx context.Context, system *System) error {
	query := Query{Schedule: e.schedule, At: e.now()}
	return e.each(ctx, system, query, func(records []Record) error {
		return e.page(ctx, system, records)
	})
}

// page claims what the plan has on a page and disposes of it, then logs all of it
// at once. What is logged is what is certain: an interruption before that means
// that the records are tried again.
func (e *execution) page(ctx context.Context, system *System, records []Record) error {
	var claims []Claim
	for i := range records {
		if token := e.token(&records[i]); e.left[token] {
			claims = append(claims, Claim{Token: token, Record: records[i]})
		}
	}
	if len(claims) == 0 {
		return nil
	}
	results, err := e.sweeps.Claim(ctx, e.plan.SweepID, claims, e.now())
	if err != nil {
		return err
	}
	if len(results) != len(claims) {
		return fmt.Errorf("the store answered %d of %d claims: %w", len(results), len(claims), privacy.ErrInvalid)
	}
	holds := holdCache{store: e.holds}
	var items []Item
	for i := range claims {
		set, err := holds.of(ctx, claims[i].Record.Tenant)
		if err != nil {
			return e.log(ctx, items, err)
		}
		item := e.one(ctx, system, &claims[i], results[i], set)
		if ctx.Err() != nil {
			return e.log(ctx, items, ctx.Err())
		}
		items = append(items, item)
		if err := e.wait(ctx); err != nil {
			return e.log(ctx, items, err)
		}
	}
	return e.log(ctx, items, nil)
}

// log writes what was done also when an error or a cancelled context ends the
// execution, and returns that cause.
func (e *execution) log(ctx context.Context, items []Item, cause error) error {
	if len(items) > 0 {
		if err := e.sweeps.Record(context.WithoutCancel(ctx), e.plan.SweepID, items); err != nil {
			return errors.Join(cause, err)
		}
	}
	for _, item := range items {
		delete(e.left, item.Token)
	}
	e.done += len(items)
	if e.progress != nil {
		e.progress(e.state())
	}
	return cause
}

func (e *execution) state() Progress {
	p := Progress{Done: len(e.plan.Items) - len(e.left), Left: len(e.left)}
	now := e.now()
	if elapsed := now.Sub(e.began).Seconds(); elapsed > 0 && e.done > 0 {
		p.PerSecond = float64(e.done) / elapsed
		p.ExpectedEnd = now.Add(time.Duration(float64(p.Left) / p.PerSecond * float64(time.Second)))
	}
	return p
}

func (e *execution) wait(ctx context.Context) error {
	if e.pause == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(e.pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// one decides anew on a claimed record and disposes of it.
func (e *execution) one(ctx context.Context, system *System, claim *Claim, result ClaimResult, holds *Holds) Item {
	planned := e.plan.Items[claim.Token]
	item := Item{Token: claim.Token, PlanItem: planned, Outcome: Skipped}
	verdict := e.schedule.Evaluate(&claim.Record, holds, e.now())
	now, wanted := itemFor(system, &claim.Record, verdict)
	switch {
	case !result.Claimed && result.HoldID != "" && !planned.Hide:
		item.Reason = "hold:" + result.HoldID
	case !result.Claimed && !planned.Hide:
		item.Reason = "claimed_elsewhere"
	case !wanted && verdict.Reason() != "":
		item.Reason = verdict.Reason()
	case !wanted || now != planned:
		item.Reason = "verdict_changed"
	default:
		item.Outcome, item.Reason = e.carryOut(ctx, system, &claim.Record, planned)
	}
	item.At = e.now()
	return item
}

func (e *execution) carryOut(ctx context.Context, system *System, r *Record, planned PlanItem) (ItemOutcome, string) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	if planned.Hide {
		if err := guard(func() error { return system.Disposer.Hide(ctx, r) }); err != nil {
			return Failed, failure(ctx, err)
		}
		return HiddenNow, ""
	}
	if err := guard(func() error { return system.Disposer.Dispose(ctx, r, planned.Action) }); err != nil {
		return Failed, failure(ctx, err)
	}
	gone := false
	err := guard(func() (err error) {
		gone, err = system.Disposer.Disposed(ctx, r, planned.Action)
		return err
	})
	switch {
	case err != nil:
		return Failed, failure(ctx, err)
	case !gone:
		return Failed, "not_verified"
	default:
		return Disposed, ""
	}
}

var errPanic = errors.New("panic")

// guard turns a panic of the host's code into an error, without what was thrown:
// it may hold personal data.
func guard(call func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return call()
}

func failure(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, errPanic):
		return "panic"
	case ctx.Err() != nil:
		return "timeout"
	default:
		return "error"
	}
}

// missing logs what the sources no longer give: it is gone, or no candidate any more.
func (e *execution) missing(ctx context.Context) error {
	var items []Item
	for token := range e.left {
		items = append(items, Item{Token: token, PlanItem: e.plan.Items[token], Outcome: Skipped, Reason: "not_found", At: e.now()})
	}
	for len(items) > 0 {
		n := min(len(items), e.batch)
		if err := e.log(ctx, items[:n], nil); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
