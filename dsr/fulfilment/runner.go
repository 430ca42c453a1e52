package fulfilment

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Options configure a Runner. The zero value of every duration and number stands
// for the default that its comment names.
type Options struct {
	// Suppression, if not nil, gets the Identifiers of a person before the first
	// system erases anything.
	Suppression *SuppressionList
	// Identifiers returns by what a person is known besides the subject's id, as
	// long as it is known. May be nil.
	Identifiers func(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID) ([]Identifier, error)
	// Alert is called for what people must see. One that fails is called again,
	// also after a restart, and one may come twice. May be nil.
	Alert func(ctx context.Context, alert Alert) error
	// Others handle wake-ups of other kinds, by their kind; they complete the
	// lease themselves.
	Others map[string]func(ctx context.Context, lease dsr.Lease) error
	// AnswerByHand leaves it to people to record that an erasure, a rectification,
	// a restriction, a withdrawal or an opt-out is fulfilled when all is done.
	// Exports are always answered by the host, when the data were delivered.
	AnswerByHand bool

	// Lease is how long a wake-up is claimed: two minutes. A process that dies
	// delays its tasks by as much.
	Lease time.Duration
	// CallTimeout is how long a connector may take: 30 seconds. It must be shorter
	// than Lease by at least a quarter of it.
	CallTimeout time.Duration
	// Workers is how many cases are worked on at once: 8.
	Workers int
	// Poll is how often Run looks for wake-ups that are due: 5 seconds.
	Poll time.Duration
	// Grace is how long connectors may go on after Run was told to stop: 10 seconds.
	Grace time.Duration
	// FirstRetry and LongestRetry bound the pause after a failure, which doubles
	// from the one to the other: 30 seconds, 1 hour.
	FirstRetry, LongestRetry time.Duration
	// GiveUpAfter is how long a system may fail before its task is a dead letter:
	// 7 days.
	GiveUpAfter time.Duration
	// PollLimit is how long a system may take for what it accepted: 30 days.
	PollLimit time.Duration
	// Recheck is how often a case that waits for something is looked at again
	// when nobody says so: 15 minutes. RecheckHolds is how often holds without an
	// end are asked about: 24 hours.
	Recheck, RecheckHolds time.Duration

	// Clock is that of the system if nil; Hooks see operations and counts if not
	// nil.
	Clock privacy.Clock
	Hooks privacy.Hooks
	// Random returns numbers in [0, 1) that spread retries; nil takes math/rand.
	Random func() float64
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.Lease, 2 * time.Minute}, {&o.CallTimeout, 30 * time.Second}, {&o.Poll, 5 * time.Second},
		{&o.Grace, 10 * time.Second}, {&o.FirstRetry, 30 * time.Second}, {&o.LongestRetry, time.Hour},
		{&o.GiveUpAfter, 7 * 24 * time.Hour}, {&o.PollLimit, 30 * 24 * time.Hour},
		{&o.Recheck, 15 * time.Minute}, {&o.RecheckHolds, 24 * time.Hour},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Workers == 0 {
		o.Workers = 8
	}
	if o.Clock == nil {
		o.Clock = privacy.SystemClock{}
	}
	if o.Hooks == nil {
		o.Hooks = privacy.NoHooks{}
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
}

func (o *Options) check() error {
	for _, d := range []time.Duration{
		o.Lease, o.CallTimeout, o.Poll, o.Grace, o.FirstRetry, o.LongestRetry, o.GiveUpAfter, o.PollLimit, o.Recheck, o.RecheckHolds,
	} {
		if d < 0 {
			return fmt.Errorf("a duration is negative: %w", privacy.ErrInvalid)
		}
	}
	switch {
	case o.Workers < 0:
		return fmt.Errorf("the number of workers is negative: %w", privacy.ErrInvalid)
	case o.CallTimeout > o.Lease-o.Lease/4:
		return fmt.Errorf("a call may take almost as long as a lease: %w", privacy.ErrInvalid)
	case o.LongestRetry < o.FirstRetry:
		return fmt.Errorf("the longest pause is shorter than the first: %w", privacy.ErrInvalid)
	}
	return nil
}

// Store is what a Runner needs of a store of package dsr.
type Store interface {
	dsr.CaseStore
	dsr.DeadTaskStore
	dsr.WakeStore
}

// Runner carries the items of cases to their end. It is safe for concurrent use,
// and any number of them, in any number of processes, can run on one store.
//
// It keeps its Hooks informed of the operations "dsr.fulfil", and counts under
// "dsr.task" what becomes of tasks, under "dsr.problem" the codes of problems,
// and under "dsr.fenced" and "dsr.hung" attempts that were overtaken and
// connectors that did not return when their time was over.
type Runner struct {
	service *dsr.Service
	store   Store
	planner *Planner
	options Options
	clock   privacy.Clock
	hooks   privacy.Hooks
}

// NewRunner returns a runner of the cases of a service. The store must be the
// service's own. The error matches privacy.ErrInvalid.
func NewRunner(service *dsr.Service, store Store, planner *Planner, options Options) (*Runner, error) {
	if service == nil || store == nil || planner == nil {
		return nil, fmt.Errorf("a runner needs a service, its store and a planner: %w", privacy.ErrInvalid)
	}
	options.setDefaults()
	if err := options.check(); err != nil {
		return nil, err
	}
	return &Runner{service: service, store: store, planner: planner, options: options, clock: options.Clock, hooks: options.Hooks}, nil
}

// now returns the time for what happens to a case, which is never before it was
// received, also if the clock was set back.
func (r *Runner) now(c dsr.Case) time.Time {
	now := r.clock.Now()
	if now.Before(c.Received) {
		return c.Received
	}
	return now
}
