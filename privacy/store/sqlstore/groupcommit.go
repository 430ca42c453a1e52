package sqlstore

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// group lets concurrent callers share the transactions of a database that has
// one writer at a time, where the wait for the disk is most of the cost. The
// caller that finds nobody at work leads: it runs its own unit and those that
// have queued up, commits once, and hands the lead to the next in the queue.
// There is no goroutine besides the callers'.
type group struct {
	db *DB

	mu      sync.Mutex
	queue   []*waiter
	leading bool
}

// maxGroup bounds the units of one transaction, and so how long the first waits.
const maxGroup = 256

// waiter is a caller with its unit.
type waiter struct {
	op   string
	unit unit
	err  error
	// turn receives true when the unit is finished, and false when its caller
	// is to lead.
	turn chan bool
}

var errAborted = errors.New("the transaction was aborted")

// do returns when the unit is durable, refused or failed, or when ctx ended
// before anything of it was done.
func (g *group) do(ctx context.Context, op string, u unit) error {
	w := &waiter{op: op, unit: u, turn: make(chan bool, 1)}
	if !g.join(w) {
		finished, err := g.wait(ctx, w)
		if err != nil || finished {
			return err
		}
	}
	g.lead(ctx, w)
	return w.err
}

// join queues the waiter and reports whether it leads.
func (g *group) join(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.queue = append(g.queue, w)
	lead := !g.leading
	g.leading = true
	return lead
}

// wait returns whether the unit is finished; if not, its caller leads.
func (g *group) wait(ctx context.Context, w *waiter) (bool, error) {
	select {
	case finished := <-w.turn:
		return finished, w.err
	case <-ctx.Done():
	}
	if !g.leave(w) {
		// A leader has taken the unit: it is being decided.
		<-w.turn
		return true, w.err
	}
	return false, ctx.Err()
}

// leave takes the waiter out of the queue and reports whether it was still
// there. If it had just been made the leader, the next one is.
func (g *group) leave(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.queue, w)
	if i < 0 {
		return false
	}
	g.queue = slices.Delete(g.queue, i, i+1)
	select {
	case <-w.turn:
		g.appoint()
	default:
	}
	return true
}

// take returns the units of the next transaction.
func (g *group) take() []*waiter {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), maxGroup)
	taken := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	return taken
}

// appoint hands the lead to the first in the queue. g.mu is held.
func (g *group) appoint() {
	if len(g.queue) == 0 {
		g.leading = false
		return
	}
	g.queue[0].turn <- false
}

// lead runs one transaction with the units that are queued when it has begun.
// w is the first of them.
func (g *group) lead(ctx context.Context, w *waiter) {
	var taken []*waiter
	finished := false
	defer func() {
		if !finished { // a unit panicked: nobody may be left waiting
			for _, other := range taken {
				other.err = &Error{Op: other.op, cause: errAborted}
			}
			g.leave(w)
		}
		g.finish(w, taken)
	}()
	// Those who were told of the last transaction may have more to write: on a
	// busy machine, to let them come first makes the transactions larger.
	runtime.Gosched()
	tx, err := g.begin(ctx, w.op)
	if err != nil {
		taken = g.giveUp(ctx, w, err)
		finished = true
		return
	}
	taken = g.take()
	g.run(context.WithoutCancel(ctx), tx, taken)
	finished = true
}

// begin starts a transaction and takes SQLite's write lock. It ends with ctx:
// nothing is decided before.
func (g *group) begin(ctx context.Context, op string) (Transaction, error) {
	tx, err := g.db.executor.Begin(ctx)
	if err != nil {
		return nil, failure(op, interrupted(ctx, err))
	}
	if err := tx.Batch(ctx, g.db.core.lock()); err != nil {
		return nil, rollback(ctx, tx, failure(op, interrupted(ctx, err)))
	}
	return tx, nil
}

// giveUp decides whom a transaction that could not begin concerns: the leader
// alone if its context ended, else all, who have waited as long.
func (g *group) giveUp(ctx context.Context, w *waiter, err error) []*waiter {
	taken := []*waiter{w}
	if ctx.Err() != nil {
		g.leave(w)
	} else {
		taken = g.take()
	}
	for _, other := range taken {
		other.err = err
	}
	return taken
}

// run runs the units in one transaction. If the database fails in one of them,
// it undoes all and runs each by itself, so that only the one that cannot be
// done fails.
func (g *group) run(ctx context.Context, tx Transaction, taken []*waiter) {
	if len(taken) == 1 {
		taken[0].err = finishAlone(ctx, tx, taken[0])
		return
	}
	if runTogether(ctx, tx, taken) {
		return
	}
	var gone error
	for _, w := range taken {
		if gone != nil {
			w.err = gone
			continue
		}
		w.err = g.runAlone(ctx, w)
		if classOf(w.err) == classGone {
			gone = w.err
		}
	}
}

// runTogether reports whether every unit has its outcome. A commit that failed
// for an unknown reason is one: repeated, it might be done twice.
func runTogether(ctx context.Context, tx Transaction, taken []*waiter) bool {
	over := false
	defer func() {
		if !over {
			_ = rollback(ctx, tx, nil)
		}
	}()
	for _, w := range taken {
		w.err = perform(ctx, w.op, tx, w.unit)
		if failed(w.err) {
			return false
		}
	}
	over = true
	err := failure("commit", tx.Commit(ctx, nil))
	if errors.Is(err, ErrFull) || errors.Is(err, ErrBusy) {
		return false
	}
	if err != nil {
		for _, w := range taken {
			w.err = err
		}
	}
	return true
}

func (g *group) runAlone(ctx context.Context, w *waiter) error {
	tx, err := g.begin(ctx, w.op)
	if err != nil {
		return err
	}
	return finishAlone(ctx, tx, w)
}

func finishAlone(ctx context.Context, tx Transaction, w *waiter) error {
	over := false
	defer func() {
		if !over {
			_ = rollback(ctx, tx, nil)
		}
	}()
	statements, err := decide(ctx, w.op, tx, w.unit)
	if err != nil {
		return err
	}
	over = true
	return failure(w.op, tx.Commit(ctx, statements))
}

// finish tells the others what became of their units and hands on the lead.
func (g *group) finish(w *waiter, taken []*waiter) {
	for _, other := range taken {
		if other != w {
			other.turn <- true
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.appoint()
}
