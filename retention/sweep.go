package retention

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Sweeper disposes of what a schedule makes due: it plans, and executes plans that
// somebody has approved. It is safe for concurrent use, by any number of processes
// on one store.
type Sweeper struct {
	schedule *Schedule
	systems  []System
	store    Store
	clock    privacy.Clock
	key      []byte
	batch    int
	samples  int
	timeout  time.Duration
	lease    time.Duration
	pause    time.Duration
	notifier Notifier
	progress func(Progress)
}

// SweepOptions tune a Sweeper.
type SweepOptions struct {
	// TokenKey is the secret key of tokens, at least 32 bytes. Required. It must
	// stay the same for as long as a restored backup has to be swept again.
	TokenKey []byte
	// Clock tells the time; nil is the system's.
	Clock privacy.Clock
	// Notifier is told of each record that was disposed of or hidden; nil if there
	// is nobody to tell.
	Notifier Notifier
	// Batch is the number of records per page, claim and entry of the log; 0 is 100.
	Batch int
	// Samples is how many keys per group a plan shows; 0 shows none.
	Samples int
	// ItemTimeout bounds the disposal of one record, and the notice of it; 0 is one
	// minute.
	ItemTimeout time.Duration
	// Lease is for how long other processes leave what this one has begun, at least
	// three times ItemTimeout, to which 0 sets it. It is renewed meanwhile. What a
	// process that died leaves behind is taken over after so long.
	Lease time.Duration
	// PerSecond limits how many records this process disposes of each second; 0 is
	// no limit.
	PerSecond int
	// Progress, if set, is called after each batch, and now and then while others
	// work, from the goroutine of Execute. The last call has nothing left.
	Progress func(Progress)
}

// leaseItems is how many times the time of an item a lease lasts at least: one that
// is renewed when a quarter of it is over has time left for a disposal and its
// notice.
const leaseItems = 3

// Progress tells how far an execution is.
type Progress struct {
	// Done and Left count the items of the plan.
	Done, Left int
	// PerSecond is the rate of all processes since Execute began, 0 at first.
	PerSecond float64
	// ExpectedEnd is when nothing will be left at this rate, zero if unknown.
	ExpectedEnd time.Time
}

// NewSweeper returns a Sweeper. The error is privacy.Problems and matches
// privacy.ErrInvalid.
func NewSweeper(schedule *Schedule, systems []System, store Store, opts SweepOptions) (*Sweeper, error) {
	var problems privacy.Problems
	if schedule == nil || store == nil {
		problems.Add("", "required", "a sweeper needs a schedule and a store")
	}
	seen := map[privacy.SystemID]bool{}
	for i, system := range systems {
		path := fmt.Sprintf("systems[%d]", i)
		if err := privacy.CheckID("id", string(system.ID)); err != nil {
			problems.Add(path+".id", "identifier", "%v", err)
		}
		if seen[system.ID] {
			problems.Add(path+".id", "duplicate", "two systems share the identifier")
		}
		seen[system.ID] = true
		if system.Source == nil || system.Disposer == nil {
			problems.Add(path, "required", "a system needs a source and a disposer")
		}
		if system.BackupCycleDays < 0 {
			problems.Add(path+".backup_cycle_days", "negative", "a cycle takes no negative time")
		}
	}
	if len(opts.TokenKey) < minKeyLength {
		problems.Add("token_key", "too_short", "the key of tokens has at least %d bytes", minKeyLength)
	}
	if opts.Batch < 0 || opts.Samples < 0 || opts.ItemTimeout < 0 || opts.Lease < 0 || opts.PerSecond < 0 {
		problems.Add("", "negative", "no option is negative")
	}
	if opts.ItemTimeout == 0 {
		opts.ItemTimeout = time.Minute
	}
	if opts.Lease == 0 {
		opts.Lease = leaseItems * opts.ItemTimeout
	}
	if opts.Lease < leaseItems*opts.ItemTimeout {
		problems.Add("lease", "too_short", "a lease outlasts %d items that take their time", leaseItems)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s := &Sweeper{
		schedule: schedule, systems: append([]System(nil), systems...), store: store,
		clock: opts.Clock, key: append([]byte(nil), opts.TokenKey...), batch: opts.Batch,
		samples: opts.Samples, timeout: opts.ItemTimeout, lease: opts.Lease, notifier: opts.Notifier, progress: opts.Progress,
	}
	if s.clock == nil {
		s.clock = privacy.SystemClock{}
	}
	if s.batch == 0 {
		s.batch = 100
	}
	if opts.PerSecond > 0 {
		s.pause = time.Second / time.Duration(opts.PerSecond)
	}
	return s, nil
}

// now returns the time as logs and certificates state it.
func (s *Sweeper) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

func (s *Sweeper) token(r *Record) Token {
	return Token(mac(s.key, joined(string(r.System), string(r.Tenant), r.Key)))
}

// Token returns the token of a record, by which its owner finds it in a log.
func (s *Sweeper) Token(system privacy.SystemID, tenant privacy.TenantID, key string) Token {
	return s.token(&Record{System: system, Tenant: tenant, Key: key})
}
