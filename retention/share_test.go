package retention_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
	"github.com/labelop/privacykit/retention"
)

// many are n records that are due, each of a subject of its own.
func many(n int) map[string]string {
	events := map[string]string{}
	for i := range n {
		events[fmt.Sprintf("k%04d", i)] = "2020-01-01"
	}
	return events
}

// inBubble runs a test of sweeps on the clock of a bubble, from June 2026.
func inBubble(t *testing.T, events map[string]string, test func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(on("2026-06-01")))
		s := newSweep(t, events, withSystemClock)
		plan, approval := s.plan(t)
		test(t, s, plan, approval)
	})
}

func withSystemClock(o *retention.SweepOptions) {
	o.Clock, o.ItemTimeout, o.Lease = privacy.SystemClock{}, 10*time.Second, time.Minute
}

// process is a store as one process sees it. Once it is dead nothing works.
type process struct {
	retention.Store
	dead    atomic.Bool
	recordN atomic.Int32
	refused atomic.Int32
}

var errDead = errors.New("the process is dead")

func (p *process) Record(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
	if p.dead.Load() {
		return errDead
	}
	p.recordN.Add(int32(len(items)))
	err := p.Store.Record(ctx, sweep, leases, items, pending)
	if errors.Is(err, privacy.ErrConflict) {
		p.refused.Add(1)
	}
	return err
}

func (p *process) Release(ctx context.Context, sweep string, leases []retention.Lease) error {
	if p.dead.Load() {
		return errDead
	}
	return p.Store.Release(ctx, sweep, leases)
}

func TestProcessesShareASweep(t *testing.T) {
	inBubble(t, many(300), func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval) {
		s.shelf.dispose = func(context.Context, string) (bool, error) {
			time.Sleep(time.Second)
			return false, nil
		}
		processes := make([]process, 3)
		certificates := make([]*retention.Certificate, len(processes))
		errs := make([]error, len(processes))
		began := time.Now()
		var wg sync.WaitGroup
		for i := range processes {
			processes[i].Store = s.store
			sweeper := s.another(t, &processes[i], withSystemClock)
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 20 * time.Second) // they come one after another
				certificates[i], errs[i] = sweeper.Execute(t.Context(), plan, approval)
			})
		}
		wg.Wait()
		noError(t, errors.Join(errs...))
		equal(t, 0, len(s.shelf.records))
		for key, times := range s.shelf.gone {
			equal(t, 1, times, key)
		}
		for i := range processes {
			isTrue(t, processes[i].recordN.Load() > 30, "process ", i, " got its share")
			equal(t, certificates[0], certificates[i])
		}
		isTrue(t, time.Since(began) < 200*time.Second, "300 seconds of work")
		equal(t, uint64(300), certificates[0].TreeSize)
		noError(t, certificates[0].Verify(s.log(t)))
	})
}

func TestDeadProcessIsTakenOver(t *testing.T) {
	inBubble(t, many(20), func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval) {
		victim := &process{Store: s.store}
		s.shelf.dispose = func(_ context.Context, key string) (bool, error) {
			if key == "k0008" {
				victim.dead.Store(true)
			}
			return false, nil
		}
		_, err := s.another(t, victim, withSystemClock).Execute(t.Context(), plan, approval)
		errorIs(t, err, errDead)
		equal(t, 8, len(s.log(t)))
		left := len(s.shelf.records)
		isTrue(t, left < 12, "something was disposed of and not logged")

		s.shelf.dispose = nil
		began := time.Now()
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		isTrue(t, time.Since(began) >= 50*time.Second, "the lease of the dead process ended first")
		equal(t, []retention.CertificateCount{{System: "files", Category: "image", Action: retention.Delete, Outcome: retention.Disposed, Count: 20}},
			certificate.Counts, "what went before the death is disposed of, not missing")
		for key, times := range s.shelf.gone {
			equal(t, 1, times, key)
		}
	})
}

func TestStoppedProcessLetsOthersGoOnAtOnce(t *testing.T) {
	inBubble(t, many(20), func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval) {
		ctx, stop := context.WithCancel(t.Context())
		s.shelf.dispose = func(_ context.Context, key string) (bool, error) {
			if key == "k0008" {
				stop()
			}
			return false, nil
		}
		_, err := s.another(t, s.store, withSystemClock).Execute(ctx, plan, approval)
		errorIs(t, err, context.Canceled)
		began := time.Now()
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, time.Duration(0), time.Since(began))
		equal(t, 20, certificate.Counts[0].Count)
	})
}

// A process sleeps past its lease in the middle of a disposal.
func TestProcessThatLostItsLeaseIsFenced(t *testing.T) {
	inBubble(t, many(20), func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval) {
		sleeper := &process{Store: s.store}
		asleep := make(chan struct{})
		var slept atomic.Bool
		s.shelf.dispose = func(_ context.Context, key string) (bool, error) {
			if key == "k0009" && slept.CompareAndSwap(false, true) {
				close(asleep)
				time.Sleep(time.Hour)
			}
			return false, nil
		}
		var wg sync.WaitGroup
		var late *retention.Certificate
		var lateErr error
		other := s.another(t, sleeper, withSystemClock)
		wg.Go(func() { late, lateErr = other.Execute(t.Context(), plan, approval) })
		<-asleep
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		wg.Wait()
		noError(t, lateErr)
		equal(t, int32(1), sleeper.refused.Load())
		equal(t, certificate, late)
		equal(t, uint64(20), certificate.TreeSize)
		noError(t, certificate.Verify(s.log(t)))
	})
}

// What was claimed before a hold came is told of, and not disposed of once its
// process has died.
func TestHoldOverClaimsOfADeadProcess(t *testing.T) {
	inBubble(t, many(6), func(t *testing.T, s *sweepTest, plan *retention.Plan, approval retention.Approval) {
		victim := &process{Store: s.store}
		s.shelf.dispose = func(context.Context, string) (bool, error) {
			victim.dead.Store(true)
			return true, nil
		}
		_, err := s.another(t, victim, withSystemClock).Execute(t.Context(), plan, approval)
		errorIs(t, err, errDead)
		h := hold("H", "2026-01-01")
		covered, err := s.store.PlaceHold(t.Context(), h)
		noError(t, err)
		equal(t, 2, len(covered))

		s.shelf.dispose = nil
		certificate, err := s.Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, 6, len(s.shelf.records))
		equal(t, []retention.CertificateCount{{System: "files", Category: "image", Action: retention.Delete, Outcome: retention.Skipped, Reason: "hold:H", Count: 6}}, certificate.Counts)
	})
}

func TestOpenRequestKeepsItsRecords(t *testing.T) {
	s := newSweep(t, dueAndNot(), nil)
	open := func(id string, right privacy.Right, subject privacy.SubjectID) {
		_, err := s.store.OpenRequest(t.Context(), retention.Request{ID: id, Tenant: "t1", Subjects: []privacy.SubjectID{subject}, Right: right})
		noError(t, err)
	}
	open("early", privacy.RightAccess, "subject-a")
	plan, approval := s.plan(t)
	equal(t, map[string]int{"request:access": 1}, plan.Blocked)
	open("late", privacy.RightErasure, "subject-b")
	_, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, "", s.outcome(t, "a"))
	equal(t, "skipped: request:erasure", s.outcome(t, "b"))
	equal(t, "disposed", s.outcome(t, "c"))
	isTrue(t, len(s.shelf.records) == 4)
}

// pager is a Notifier that is down, or panics, as told.
type pager struct {
	mu   sync.Mutex
	down error
	got  map[string]int
}

func (p *pager) Notify(_ context.Context, notice retention.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if notice.Record.Key == "b" && p.down != nil {
		panic("Jane Doe")
	}
	if p.got == nil {
		p.got = map[string]int{}
	}
	p.got[notice.Record.Key]++
	return p.down
}

func TestRecipientsAreToldUntilTheyKnow(t *testing.T) {
	recipients := &pager{down: errors.New("down")}
	s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) { o.Notifier = recipients })
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, retention.CertificateNotices{Pending: 6, Outstanding: 6}, certificate.Notices)
	noError(t, certificate.Verify(s.log(t)))

	told, pending, err := s.Tell(t.Context(), plan.SweepID)
	noError(t, err)
	equal(t, [2]int{0, 6}, [2]int{told, pending})
	recipients.down = nil
	told, pending, err = s.Tell(t.Context(), plan.SweepID)
	noError(t, err)
	equal(t, [2]int{6, 0}, [2]int{told, pending})
	equal(t, map[string]int{"a": 3, "b": 1, "c": 3, "d": 3, "e": 3, "f": 3}, recipients.got)
	certificate, err = s.Certify(t.Context(), plan, approval)
	noError(t, err)
	equal(t, retention.CertificateNotices{Pending: 6}, certificate.Notices)
	noError(t, certificate.Verify(s.log(t)))
	certificate.Notices.Pending--
	errorIs(t, certificate.Verify(s.log(t)), privacy.ErrInvalid)
}

func TestRecipientsAreToldAtOnce(t *testing.T) {
	recipients := &pager{}
	s := newSweep(t, dueAndNot(), func(o *retention.SweepOptions) { o.Notifier = recipients })
	s.shelf.dispose = func(_ context.Context, key string) (bool, error) { return key == "c", nil }
	plan, approval := s.plan(t)
	certificate, err := s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, retention.CertificateNotices{Told: 5}, certificate.Notices)
	equal(t, map[string]int{"a": 1, "b": 1, "d": 1, "e": 1, "f": 1}, recipients.got, "nobody is told of what failed")
	_, err = s.Execute(t.Context(), plan, approval)
	noError(t, err)
	equal(t, 1, recipients.got["a"])
}

func TestLeaseOutlastsItems(t *testing.T) {
	s := newSweep(t, nil, nil)
	_, err := retention.NewSweeper(compile(t), nil, s.store, retention.SweepOptions{TokenKey: make([]byte, 32), Lease: time.Minute})
	equal(t, []string{"too_short"}, problemCodes(t, err))
}

// visible is a shelf that shows no hidden record, and calls back when it hides one.
type visible struct {
	*shelf
	hiding func()
}

func (v visible) Candidates(ctx context.Context, query retention.Query) (retention.Page, error) {
	page, err := v.shelf.Candidates(ctx, query)
	page.Records = slices.DeleteFunc(page.Records, func(r retention.Record) bool { return v.hidden[r.Key] })
	return page, err
}

func (v visible) Hide(ctx context.Context, r *retention.Record) error {
	v.hiding()
	return v.shelf.Hide(ctx, r)
}

func TestHidingByADeadProcessIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(on("2026-06-01")))
		schedule := compile(t, minimum("law", "P9Y"), maximum("max", "P1Y"))
		store := memstore.NewRetention()
		victim := &process{Store: store}
		host := visible{newShelf(t, many(3)), func() { victim.dead.Store(true) }}
		sweeper := func(store retention.Store) *retention.Sweeper {
			opts := retention.SweepOptions{TokenKey: make([]byte, 32)}
			withSystemClock(&opts)
			s, err := retention.NewSweeper(schedule, []retention.System{{ID: "files", Source: host, Disposer: host}}, store, opts)
			noError(t, err)
			return s
		}
		plan, err := sweeper(store).Plan(t.Context(), "sweep-1")
		noError(t, err)
		hash, err := plan.Hash()
		noError(t, err)
		approval := retention.Approval{PlanHash: hash, By: "dpo"}
		_, err = sweeper(victim).Execute(t.Context(), plan, approval)
		errorIs(t, err, errDead)
		equal(t, 3, len(host.hidden))
		certificate, err := sweeper(store).Execute(t.Context(), plan, approval)
		noError(t, err)
		equal(t, []retention.CertificateCount{{System: "files", Category: "image", Outcome: retention.HiddenNow, Count: 3}}, certificate.Counts)
	})
}
