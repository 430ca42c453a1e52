package consenttest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// The faults of races wait until the race has happened, so that a case catches
// them on every run and not by chance.

// signal is given once and waited for, at most until the case ends.
type signal struct {
	once  sync.Once
	given chan struct{}
}

func newSignal() *signal { return &signal{given: make(chan struct{})} }

func (s *signal) give() { s.once.Do(func() { close(s.given) }) }

func (s *signal) wait(ctx context.Context) {
	select {
	case <-s.given:
	case <-ctx.Done():
	}
}

// meeting keeps the first to arrive until there is a second.
type meeting struct {
	arrived atomic.Int64
	both    *signal
}

func newMeeting() *meeting { return &meeting{both: newSignal()} }

// arrive returns the caller's number, from 1 on.
func (m *meeting) arrive(ctx context.Context) int64 {
	number := m.arrived.Add(1)
	if number == 2 {
		m.both.give()
	}
	m.both.wait(ctx)
	return number
}

func checkExpectedThenAct(f *faulty) {
	looked := newMeeting()
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			if work.Expected != nil && f.sound(ctx, work.Key).Version != *work.Expected {
				return consent.Appended{Err: privacy.ErrConflict}, nil
			}
			looked.arrive(ctx)
			work.Expected = nil
			return f.soundAppend(ctx, work)
		})
	}
}

func checkKeyThenAct(f *faulty) {
	var made atomic.Int64
	var seen sync.Map
	looked := newMeeting()
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			key := work.Records[0].Key
			if result, used := seen.Load(key); used {
				repeated := result.(consent.Appended)
				repeated.Duplicate = true
				return repeated, nil
			}
			looked.arrive(ctx)
			work.Records = slices.Clone(work.Records)
			work.Records[0].Key += unique(&made)
			result, err := f.soundAppend(ctx, work)
			seen.Store(key, result)
			return result, err
		})
	}
}

// loseRacing acknowledges the second of two calls that race, but carries out
// only what lose leaves of it.
func loseRacing(lose func(*[]consent.Append)) func(*faulty) {
	return func(f *faulty) {
		race := newMeeting()
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			left := slices.Clone(appends)
			if race.arrive(ctx) == 2 {
				lose(&left)
			}
			var results []consent.Appended
			var err error
			if len(left) > 0 {
				results, err = f.Store.Append(ctx, left)
			}
			for len(results) < len(appends) {
				results = append(results, consent.Appended{})
			}
			return results, err
		}
	}
}

// spoilRacingEffects answers the second of two calls that race with err.
func spoilRacingEffects(err error) func(*faulty) {
	return func(f *faulty) {
		race := newMeeting()
		f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
			if race.arrive(ctx) == 2 {
				return err
			}
			return f.Store.ApplyEffects(ctx, effects)
		}
	}
}

func redactThenAppend(f *faulty) {
	o := overlaid(f)
	erased, appended := newSignal(), newSignal()
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		erased.wait(ctx)
		defer appended.give()
		return f.Store.Append(ctx, appends)
	}
	f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
		o.redact(f.soundRecords(ctx, erasure.Key)...)
		erased.give()
		appended.wait(ctx)
		return f.soundAppend(ctx, erasure)
	}
}

// checkGuardThenAct writes a decision that rests on the version before an append
// after that append was acknowledged and the decisions were listed.
func checkGuardThenAct(f *faulty) {
	looked, listed := newSignal(), newSignal()
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		if f.sound(ctx, appends[0].Key).Version > 0 {
			looked.wait(ctx)
		}
		return f.Store.Append(ctx, appends)
	}
	f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
		if f.guard(ctx, decision) != decision.Guard {
			return privacy.ErrConflict
		}
		looked.give()
		listed.wait(ctx)
		decision.Guard = f.guard(ctx, decision)
		return f.Store.RecordDecision(ctx, decision)
	}
	f.onDecisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
		defer listed.give()
		return f.Store.Decisions(ctx, filter)
	}
}

// skipLateCommits numbers changes before they are visible and reads the feed by
// number, as with an ordinary sequence of a database. The changes of one stream
// become visible when the reader is past them.
func skipLateCommits(f *faulty) {
	var lock sync.Mutex
	var last, passed int64
	var late consent.StreamKey
	visible := map[int64]consent.Change{}
	allot := func(key consent.StreamKey) (number int64, waits bool) {
		lock.Lock()
		defer lock.Unlock()
		last++
		if last == 1 {
			late = key
		}
		return last, key == late
	}
	isPassed := func(number int64) bool {
		lock.Lock()
		defer lock.Unlock()
		return passed >= number
	}
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			number, waits := allot(work.Key)
			result, err := f.soundAppend(ctx, work)
			for waits && !isPassed(number) && ctx.Err() == nil {
				time.Sleep(time.Millisecond)
			}
			lock.Lock()
			defer lock.Unlock()
			visible[number] = consent.Change{Key: work.Key, Version: result.Last}
			return result, err
		})
	}
	f.onHead = func(context.Context) (consent.Cursor, error) { return "0", nil }
	f.onChanges = func(_ context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		lock.Lock()
		defer lock.Unlock()
		number, err := strconv.ParseInt(string(after), 10, 64)
		page := consent.ChangePage{}
		for ; number < last && len(page.Changes) < limit; number++ {
			if change, ok := visible[number+1]; ok {
				page.Changes = append(page.Changes, change)
			}
		}
		passed = max(passed, number)
		page.Next, page.Complete = consent.Cursor(strconv.FormatInt(number, 10)), number == last
		return page, err
	}
}
