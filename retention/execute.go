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
// beyond the plan: what is no longer due, is held or asked for by now, or is gone
// is skipped with the reason. One record that fails, hangs until its timeout or
// makes the Disposer panic is logged as Failed and stops no other.
//
// Any number of processes may execute the same plan at once. They share it by
// shards, each takes over what another leaves behind that died, and all return the
// same certificate once nothing is left. Executing again continues after an
// interruption, by a crash or a cancelled ctx, and changes nothing once it is
// complete.
//
// The error matches privacy.ErrDenied if the approval is for another plan, and
// privacy.ErrConflict if the sweep was begun with another plan or another approval.
func (s *Sweeper) Execute(ctx context.Context, plan *Plan, approval Approval) (*Certificate, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	if hash != approval.PlanHash {
		return nil, fmt.Errorf("retention: the approval is for another plan: %w", privacy.ErrDenied)
	}
	if err := privacy.CheckID("who approves", approval.By); err != nil {
		return nil, fmt.Errorf("retention: %w", err)
	}
	if err := s.begin(ctx, plan, approval); err != nil {
		return nil, err
	}
	run := newExecution(s, plan)
	err = run.work(ctx)
	// Others need not wait for leases to end; if this fails, they do.
	released := run.release(context.WithoutCancel(ctx), run.mine.sorted())
	if err != nil {
		return nil, err
	}
	if released != nil {
		return nil, released
	}
	return s.Certify(ctx, plan, approval)
}

// begin stores a sweep. For one that has begun it asks whether that was with the same
// plan and the same approval.
func (s *Sweeper) begin(ctx context.Context, plan *Plan, approval Approval) error {
	return s.store.CreateSweep(ctx, Sweep{ID: plan.SweepID, PlanHash: approval.PlanHash, ApprovedBy: approval.By, StartedAt: s.now()})
}

// execution is one call of Execute.
type execution struct {
	*Sweeper
	plan *Plan
	// left are the tokens of the plan that the log does not have, as far as it was
	// read: up to the item with the sequence logged.
	left   map[Token]bool
	logged uint64
	// mine are the shards this process works on, renewed last at the given time.
	// If wanted is set, another process asks for some.
	mine    leases
	renewed time.Time
	wanted  bool

	began   time.Time
	atStart int
}

func newExecution(s *Sweeper, plan *Plan) *execution {
	e := &execution{Sweeper: s, plan: plan, left: map[Token]bool{}, mine: leases{}, began: s.now()}
	for token := range plan.Items {
		e.left[token] = true
	}
	return e
}

// page claims what the plan has on a page and disposes of it, then logs all of it
// at once. What is logged is what is certain: an interruption before that means
// that the records are tried again.
func (e *execution) page(ctx context.Context, system *System, records []Record) error {
	if err := e.keep(ctx); err != nil {
		return err
	}
	var claims []Claim
	var shards []Shard
	for i := range records {
		token := e.token(&records[i])
		shard := e.plan.Shards[token]
		if _, mine := e.mine[shard]; mine && e.left[token] {
			claims = append(claims, Claim{Token: token, Shard: shard, Record: records[i]})
			shards = append(shards, shard)
		}
	}
	if len(claims) == 0 {
		return nil
	}
	results, err := e.store.Claim(ctx, e.plan.SweepID, e.mine.of(shards), claims, e.now())
	if err != nil {
		return fenced(err)
	}
	if len(results) != len(claims) {
		return fmt.Errorf("retention: the store answered %d of %d claims: %w", len(results), len(claims), privacy.ErrInvalid)
	}
	var done outcomes
	for i := range claims {
		item := e.one(ctx, system, &claims[i], results[i])
		if ctx.Err() != nil {
			return e.log(ctx, done, ctx.Err())
		}
		done.add(item, &claims[i].Record, e.plan.SweepID)
		if err := errors.Join(e.wait(ctx), e.keep(ctx)); err != nil {
			return e.log(ctx, done, err)
		}
	}
	if err := e.log(ctx, done, nil); err != nil {
		return err
	}
	return e.share(ctx)
}

// outcomes are items to be logged, with the notices that are pending.
type outcomes struct {
	items   []Item
	pending []Notice
}

func (o *outcomes) add(item Item, r *Record, sweepID string) {
	o.items = append(o.items, item)
	if item.Notice == NoticePending {
		o.pending = append(o.pending, item.notice(r, sweepID))
	}
}

func (i *Item) notice(r *Record, sweepID string) Notice {
	return Notice{SweepID: sweepID, Token: i.Token, Record: *r, PlanItem: i.PlanItem, At: i.At}
}

// log writes what was done also when an error or a cancelled context ends the
// execution, and returns that cause.
func (e *execution) log(ctx context.Context, done outcomes, cause error) error {
	if len(done.items) > 0 {
		shards := make([]Shard, len(done.items))
		for i := range done.items {
			shards[i] = done.items[i].Shard
		}
		err := e.store.Record(context.WithoutCancel(ctx), e.plan.SweepID, e.mine.of(shards), done.items, done.pending)
		if err != nil {
			return errors.Join(cause, fenced(err))
		}
	}
	for _, item := range done.items {
		delete(e.left, item.Token)
	}
	e.report()
	return cause
}

func (e *execution) report() {
	if e.progress != nil {
		e.progress(e.state())
	}
}

func (e *execution) state() Progress {
	p := Progress{Done: len(e.plan.Items) - len(e.left), Left: len(e.left)}
	now := e.now()
	if elapsed, done := now.Sub(e.began).Seconds(), e.atStart-p.Left; elapsed > 0 && done > 0 {
		p.PerSecond = float64(done) / elapsed
		p.ExpectedEnd = now.Add(time.Duration(float64(p.Left) / p.PerSecond * float64(time.Second)))
	}
	return p
}

func (e *execution) wait(ctx context.Context) error {
	if e.pause == 0 {
		return ctx.Err()
	}
	return sleep(ctx, e.pause)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// one decides anew on a claimed record and disposes of it. Holds and requests were
// decided by the claim; they do not keep a record from being hidden.
func (e *execution) one(ctx context.Context, system *System, claim *Claim, result ClaimResult) Item {
	planned := e.plan.Items[claim.Token]
	item := Item{Token: claim.Token, Shard: claim.Shard, PlanItem: planned, Outcome: Skipped}
	verdict := e.schedule.Evaluate(&claim.Record, nil, e.now())
	now, wanted := itemFor(system, &claim.Record, verdict)
	switch {
	case !result.Claimed && !planned.Hide:
		item.Reason = result.Reason()
	case !wanted && verdict.Reason() != "":
		item.Reason = verdict.Reason()
	case !wanted || now != planned:
		item.Reason = "verdict_changed"
	default:
		item.Outcome, item.Reason = e.carryOut(ctx, system, &claim.Record, planned)
	}
	item.At = e.now()
	e.tell(ctx, &item, &claim.Record)
	return item
}

// tell notifies of what was done to a record.
func (e *execution) tell(ctx context.Context, item *Item, r *Record) {
	if e.notifier != nil && (item.Outcome == Disposed || item.Outcome == HiddenNow) {
		item.Notice = e.notify(ctx, item.notice(r, e.plan.SweepID))
	}
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
	return e.verify(ctx, system, r, planned.Action)
}

// verify asks the system whether a record was disposed of.
func (e *execution) verify(ctx context.Context, system *System, r *Record, action Action) (ItemOutcome, string) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	gone := false
	err := guard(func() (err error) {
		gone, err = system.Disposer.Disposed(ctx, r, action)
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
	case errors.Is(err, ErrKeyCopies):
		return "key_copies"
	case errors.Is(err, privacy.ErrConflict):
		return "changed"
	default:
		return "error"
	}
}
