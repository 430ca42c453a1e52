package retention

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// errFenced means that another process has taken over a shard.
var errFenced = errors.New("retention: a shard was taken over")

func fenced(err error) error {
	if errors.Is(err, privacy.ErrConflict) {
		return errors.Join(errFenced, err)
	}
	return err
}

// work returns when the log has all of the plan, whoever wrote it.
func (e *execution) work(ctx context.Context) error {
	if err := e.catchUp(ctx); err != nil {
		return err
	}
	e.atStart = len(e.left)
	for len(e.left) > 0 {
		if err := e.round(ctx); err != nil {
			return err
		}
		if err := e.catchUp(ctx); err != nil {
			return err
		}
		e.report()
	}
	return ctx.Err()
}

// round works on the shards it gets, or waits where others have them all.
func (e *execution) round(ctx context.Context) error {
	if err := e.acquire(ctx); err != nil {
		return err
	}
	if len(e.mine) == 0 {
		return sleep(ctx, e.poll())
	}
	err := e.pass(ctx)
	if errors.Is(err, errFenced) && ctx.Err() == nil {
		// What is still ours is given back, so that the next round can get it.
		return errors.Join(e.release(ctx, e.mine.sorted()), sleep(ctx, e.poll()))
	}
	if err != nil {
		return err
	}
	return e.release(ctx, e.mine.sorted())
}

// poll is how long to wait before looking again at what others do.
func (e *execution) poll() time.Duration { return min(e.lease/32, time.Second) }

// catchUp leaves out what has been logged meanwhile.
func (e *execution) catchUp(ctx context.Context) error {
	return e.eachItem(ctx, e.plan.SweepID, e.logged, func(item Item) {
		delete(e.left, item.Token)
		e.logged = item.Sequence
	})
}

func (s *Sweeper) eachItem(ctx context.Context, sweep string, after uint64, visit func(Item)) error {
	for {
		items, err := s.store.Items(ctx, sweep, after, s.batch)
		if err != nil {
			return err
		}
		for _, item := range items {
			visit(item)
			after = item.Sequence
		}
		if len(items) < s.batch {
			return nil
		}
	}
}

// acquire leases what it can of the shards that have something left.
func (e *execution) acquire(ctx context.Context) error {
	wanted := map[Shard]bool{}
	for token := range e.left {
		wanted[e.plan.Shards[token]] = true
	}
	now := e.now()
	got, err := e.store.Lease(ctx, e.plan.SweepID, slices.Sorted(maps.Keys(wanted)), now, now.Add(e.lease))
	if err != nil {
		return err
	}
	e.mine, e.renewed, e.wanted = leases{}, now, false
	for _, lease := range got {
		e.mine[lease.Shard] = lease
	}
	return nil
}

// keep renews the leases in time.
func (e *execution) keep(ctx context.Context) error {
	now := e.now()
	if now.Sub(e.renewed) < e.lease/4 {
		return nil
	}
	wanted, err := e.store.Renew(ctx, e.plan.SweepID, e.mine.sorted(), now.Add(e.lease))
	if err != nil {
		return fenced(err)
	}
	e.renewed, e.wanted = now, wanted
	return nil
}

// share gives half of the shards to a process that has none.
func (e *execution) share(ctx context.Context) error {
	if !e.wanted || len(e.mine) < 2 {
		return nil
	}
	e.wanted = false
	held := e.mine.sorted()
	return e.release(ctx, held[:len(held)/2])
}

func (e *execution) release(ctx context.Context, list []Lease) error {
	if len(list) == 0 {
		return nil
	}
	for _, lease := range list {
		delete(e.mine, lease.Shard)
	}
	return e.store.Release(ctx, e.plan.SweepID, list)
}

// pass does all there is to do in the shards at hand. What others did in them
// before is known from the log only now that nobody else can write it.
func (e *execution) pass(ctx context.Context) error {
	if err := e.catchUp(ctx); err != nil {
		return err
	}
	if err := e.recover(ctx); err != nil {
		return err
	}
	for i := range e.systems {
		system := &e.systems[i]
		query := Query{Schedule: e.schedule, At: e.now()}
		err := e.each(ctx, system, query, func(records []Record) error { return e.page(ctx, system, records) })
		if err != nil {
			return err
		}
	}
	return e.missing(ctx)
}

// recover finds out what became of the records that were claimed and not logged,
// because a process died or was stopped in between: its source cannot tell of those
// that are gone. The others will be met again.
func (e *execution) recover(ctx context.Context) error {
	shards := make([]Shard, 0, len(e.mine))
	for _, lease := range e.mine.sorted() {
		shards = append(shards, lease.Shard)
	}
	claims, err := e.store.InFlight(ctx, e.plan.SweepID, shards)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(claims, e.batch) {
		if err := e.recoverSome(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (e *execution) recoverSome(ctx context.Context, claims []Claim) error {
	var done outcomes
	for i := range claims {
		claim := &claims[i]
		system := e.systemOf(claim)
		if system == nil || !e.left[claim.Token] {
			continue
		}
		item, certain := e.recoverOne(ctx, system, claim)
		if ctx.Err() != nil {
			return e.log(ctx, done, ctx.Err())
		}
		if certain {
			done.add(item, &claim.Record, e.plan.SweepID)
		}
		if err := e.keep(ctx); err != nil {
			return e.log(ctx, done, err)
		}
	}
	return e.log(ctx, done, nil)
}

func (e *execution) systemOf(claim *Claim) *System {
	i := slices.IndexFunc(e.systems, func(s System) bool { return s.ID == claim.Record.System })
	if i < 0 {
		return nil
	}
	return &e.systems[i]
}

// recoverOne reports what became of a record if that is certain. No system tells
// whether a record is hidden, so that hiding is done again.
func (e *execution) recoverOne(ctx context.Context, system *System, claim *Claim) (Item, bool) {
	planned := e.plan.Items[claim.Token]
	if planned.Hide {
		return e.one(ctx, system, claim, ClaimResult{Claimed: true}), true
	}
	if outcome, _ := e.verify(ctx, system, &claim.Record, planned.Action); outcome != Disposed {
		return Item{}, false
	}
	item := Item{Token: claim.Token, Shard: claim.Shard, PlanItem: planned, Outcome: Disposed, At: e.now()}
	e.tell(ctx, &item, &claim.Record)
	return item, true
}

// missing logs what the sources no longer give: it is gone, or no candidate any more.
func (e *execution) missing(ctx context.Context) error {
	var tokens []Token
	for token := range e.left {
		if _, mine := e.mine[e.plan.Shards[token]]; mine {
			tokens = append(tokens, token)
		}
	}
	slices.SortFunc(tokens, func(a, b Token) int { return bytes.Compare(a[:], b[:]) })
	for chunk := range slices.Chunk(tokens, e.batch) {
		if err := e.keep(ctx); err != nil {
			return err
		}
		var done outcomes
		for _, token := range chunk {
			done.items = append(done.items, Item{
				Token: token, Shard: e.plan.Shards[token], PlanItem: e.plan.Items[token], Outcome: Skipped, Reason: "not_found", At: e.now(),
			})
		}
		if err := e.log(ctx, done, nil); err != nil {
			return err
		}
	}
	return nil
}
