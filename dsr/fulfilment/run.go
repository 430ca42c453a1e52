package fulfilment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// RunDue does everything that is due now, also what becomes due through it, and
// returns how many wake-ups it handled. An error is that of claiming; what goes
// wrong with a wake-up is recorded with it. It is for tests, for a job engine,
// and for hosts that run on a schedule.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	p := &pump{runner: r, calls: ctx, done: make(chan struct{}, r.options.Workers)}
	return p.drain(ctx, nil)
}

// Run does what is due until its context is done. Then it claims nothing more,
// gives connectors Options.Grace to come to an end, records what came of them,
// and returns nil once all is done. A store that cannot be reached is tried again
// every Options.Poll.
//
// No goroutine outlives Run, save that of a connector which does not return
// although its context ended a second ago.
func (r *Runner) Run(ctx context.Context) error {
	calls, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	poll := time.NewTicker(r.options.Poll)
	defer poll.Stop()
	p := &pump{runner: r, calls: calls, stop: stop, done: make(chan struct{}, r.options.Workers)}
	for {
		if _, err := p.drain(ctx, poll.C); err != nil && ctx.Err() == nil {
			r.hooks.Count("dsr.problem", "claim", 1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
	}
}

// pump keeps the workers of one call of Run or RunDue busy.
type pump struct {
	runner *Runner
	// calls ends when connectors must come to an end; stop ends it.
	calls context.Context //nolint:containedctx // the scope of the calls of one Run, longer than that of claiming
	stop  func()
	// done has one value for each wake-up that was handled.
	done    chan struct{}
	running int
	handled int
}

// drain handles what is due, and returns when nothing is due and nobody works
// any more. While somebody works it looks again at every tick.
func (p *pump) drain(ctx context.Context, tick <-chan time.Time) (int, error) {
	p.handled = 0
	var failed error
	stopping := ctx.Done()
	var grace <-chan time.Time
	for {
		if ctx.Err() == nil && failed == nil && p.running <= p.runner.options.Workers/2 {
			n, err := p.claim(ctx)
			failed = err
			if n > 0 {
				continue
			}
		}
		if p.running == 0 {
			return p.handled, failed
		}
		select {
		case <-p.done:
			p.running--
			p.collect()
		case <-tick:
			failed = nil
		case <-stopping:
			stopping = nil
			if p.stop != nil {
				grace = time.After(p.runner.options.Grace)
			}
		case <-grace:
			p.stop()
		}
	}
}

// collect takes what else is done by now.
func (p *pump) collect() {
	for {
		select {
		case <-p.done:
			p.running--
		default:
			return
		}
	}
}

// claim claims wake-ups for the workers that are free and sets them to work.
func (p *pump) claim(ctx context.Context) (int, error) {
	r := p.runner
	now := r.clock.Now()
	leases, err := r.store.Claim(ctx, now, now.Add(r.options.Lease), r.options.Workers-p.running)
	if err != nil {
		return 0, err
	}
	for _, lease := range leases {
		p.running++
		p.handled++
		go func() {
			defer func() { p.done <- struct{}{} }()
			r.handle(ctx, p.calls, lease)
		}()
	}
	return len(leases), nil
}

// handle does what a wake-up is for, and gives it back if that fails. What it
// writes is not cut off when ctx ends, but when the lease does.
func (r *Runner) handle(ctx, calls context.Context, lease dsr.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.options.Lease)
	defer cancel()
	ctx, end := r.hooks.Start(ctx, "dsr.fulfil")
	err := r.dispatch(ctx, calls, lease)
	end(err)
	switch {
	case err == nil:
	case errors.Is(err, errUnreadable), errors.Is(err, errNoCase):
		err = r.store.Bury(ctx, lease, wakeProblem(err))
		r.hooks.Count("dsr.problem", "buried", 1)
	case errors.Is(err, privacy.ErrConflict):
		// Another came first, or between: what is left to do is in the store.
		r.hooks.Count("dsr.fenced", lease.Kind, 1)
		err = r.store.Retry(ctx, lease, r.clock.Now().Add(r.pause(0)), "conflict")
	default:
		r.hooks.Count("dsr.problem", wakeProblem(err), 1)
		err = r.store.Retry(ctx, lease, r.clock.Now().Add(r.pauseOf(lease)), wakeProblem(err))
	}
	if err != nil && !errors.Is(err, privacy.ErrConflict) && !errors.Is(err, privacy.ErrNotFound) {
		// The lease ends by itself, and then somebody claims it.
		r.hooks.Count("dsr.problem", "lapse", 1)
	}
}

func (r *Runner) pauseOf(lease dsr.Lease) time.Duration {
	if lease.Problem == "" {
		return r.pause(0)
	}
	return r.pause(lease.Attempts)
}

var (
	// errUnreadable reports a wake-up that says nothing to anybody.
	errUnreadable = errors.New("a wake-up that cannot be read")
	// errUnknownKind reports a wake-up that another release may know.
	errUnknownKind = errors.New("a wake-up of an unknown kind")
	// errNoCase reports a wake-up of a case that is not there, in its tenant.
	errNoCase = errors.New("no such case")
	errPanic  = errors.New("a handler panicked")
)

// read returns the case of a wake-up, which must have its item.
func (r *Runner) read(ctx context.Context, lease dsr.Lease, id dsr.CaseID, item int) (dsr.Case, error) {
	c, err := r.store.Case(ctx, lease.Tenant, id)
	switch {
	case errors.Is(err, privacy.ErrNotFound):
		return dsr.Case{}, errNoCase
	case err == nil && (item < 0 || item >= len(c.Items)):
		return dsr.Case{}, errUnreadable
	}
	return c, err
}

// dispatch hands a wake-up to who handles its kind.
func (r *Runner) dispatch(ctx, calls context.Context, lease dsr.Lease) (err error) {
	err = errPanic // unless it comes to an end
	defer func() {
		if recover() != nil {
			err = errPanic // what it says may quote personal data
		}
	}()
	if other := r.options.Others[lease.Kind]; other != nil {
		return other(ctx, lease)
	}
	payload, ok := readPayload(lease)
	switch {
	case !ok && ownKind(lease.Kind):
		return errUnreadable
	case lease.Kind == WakeFulfil:
		return r.fulfil(ctx, calls, lease, payload.Case)
	case lease.Kind == WakeAlert:
		return r.deadLetter(ctx, lease, payload)
	case lease.Kind == dsr.WakeReminder:
		return r.remind(ctx, lease)
	case lease.Kind == dsr.WakeDeadline:
		return r.expire(ctx, lease, payload)
	}
	return errUnknownKind
}

func ownKind(kind string) bool {
	return kind == WakeFulfil || kind == WakeAlert || kind == dsr.WakeReminder || kind == dsr.WakeDeadline
}

// expire tells people that a period ended, and records it.
func (r *Runner) expire(ctx context.Context, lease dsr.Lease, payload wakePayload) error {
	c, err := r.read(ctx, lease, payload.Case, payload.Item)
	if err != nil {
		return err
	}
	p, err := r.service.Procedure(c)
	if err != nil {
		return err
	}
	due, over, err := r.ended(p, c, payload)
	if err != nil {
		return err
	}
	if over {
		err := r.alert(ctx, Alert{
			Kind: AlertOverdue, Tenant: c.Tenant, Case: c.ID, Item: payload.Item, Followup: payload.Followup, Due: due,
		})
		if err != nil {
			return err
		}
	}
	_, err = r.service.Wake(ctx, lease)
	return err
}

// ended reports whether the period of a wake-up has ended without what it was
// for, and that was not recorded before.
func (r *Runner) ended(p *dsr.Procedure, c dsr.Case, payload wakePayload) (privacy.Date, bool, error) {
	now := r.now(c)
	if payload.Followup == "" {
		d, err := p.Deadline(c, payload.Item, now)
		if err != nil {
			return d.Due, false, err
		}
		it := &c.Items[payload.Item]
		return d.Due, it.PeriodRuns() && !d.Due.IsZero() && !now.Before(d.DueEnd), nil
	}
	followups, err := p.Followups(c, payload.Item)
	for _, f := range followups {
		if f.Kind == payload.Followup {
			return f.Due, !f.Overdue && !now.Before(f.DueEnd), nil
		}
	}
	return privacy.Date{}, false, err
}

// wakeProblem returns the code of what went wrong with a wake-up.
func wakeProblem(err error) string {
	switch {
	case errors.Is(err, errUnreadable):
		return "unreadable"
	case errors.Is(err, errUnknownKind):
		return "unknown_kind"
	case errors.Is(err, errPanic):
		return ProblemPanic
	case errors.Is(err, regime.ErrUnknownRegime):
		return "unknown_regime"
	case errors.Is(err, errNoCase):
		return "no_such_case"
	case errors.Is(err, dsr.ErrNoGround):
		return "no_ground"
	case errors.Is(err, ErrUndecided):
		return "undecided"
	case errors.Is(err, context.DeadlineExceeded):
		return ProblemTimeout
	}
	return ProblemFailed
}

// shortHash stands for a name in a key that has a limited length.
func shortHash(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}
