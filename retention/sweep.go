package retention

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Sweeper disposes of what a schedule makes due: it plans, and executes plans that
// somebody has approved. One Sweeper is safe for concurrent use, with one
// execution of a sweep at a time.
type Sweeper struct {
	schedule *Schedule
	systems  []System
	holds    HoldStore
	sweeps   SweepStore
	clock    privacy.Clock
	key      []byte
	batch    int
	samples  int
	timeout  time.Duration
	pause    time.Duration
	progress func(Progress)
}

// SweepOptions tune a Sweeper.
type SweepOptions struct {
	// TokenKey is the secret key of tokens, at least 32 bytes. Required. It must
	// stay the same for as long as a restored backup has to be swept again.
	TokenKey []byte
	// Clock tells the time; nil is the system's.
	Clock privacy.Clock
	// Batch is the number of records per page, claim and entry of the log; 0 is 100.
	Batch int
	// Samples is how many keys per group a plan shows; 0 shows none.
	Samples int
	// ItemTimeout bounds the disposal of one record; 0 is one minute.
	ItemTimeout time.Duration
	// PerSecond limits how many records are disposed of each second; 0 is no limit.
	PerSecond int
	// Progress, if set, is called after each batch, from the goroutine of Execute.
	Progress func(Progress)
}

// Progress tells how far an execution is.
type Progress struct {
	// Done and Left count the items of the plan.
	Done, Left int
	// PerSecond is the rate since Execute began, 0 at first.
	PerSecond float64
	// ExpectedEnd is when nothing will be left at this rate, zero if unknown.
	ExpectedEnd time.Time
}

// NewSweeper returns a Sweeper. The error is privacy.Problems and matches
// privacy.ErrInvalid.
func NewSweeper(schedule *Schedule, systems []System, holds HoldStore, sweeps SweepStore, opts SweepOptions) (*Sweeper, error) {
	var problems privacy.Problems
	if schedule == nil || holds == nil || sweeps == nil {
		problems.Add("", "required", "a sweeper needs a schedule and both stores")
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
	if opts.Batch < 0 || opts.Samples < 0 || opts.ItemTimeout < 0 || opts.PerSecond < 0 {
		problems.Add("", "negative", "no option is negative")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s := &Sweeper{
		schedule: schedule, systems: append([]System(nil), systems...), holds: holds, sweeps: sweeps,
		clock: opts.Clock, key: append([]byte(nil), opts.TokenKey...), batch: opts.Batch,
		samples: opts.Samples, timeout: opts.ItemTimeout, progress: opts.Progress,
	}
	if s.clock == nil {
		s.clock = privacy.SystemClock{}
	}
	if s.batch == 0 {
		s.batch = 100
	}
	if s.timeout == 0 {
		s.timeout = time.Minute
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
