package consent_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// newCachedWorld is a world with a cache whose answers may be two seconds old.
func newCachedWorld(t testing.TB) *world {
	t.Helper()
	return newWorld(t, setup{cache: &consent.CacheOptions{}})
}

func TestACachedAnswerAsksNoStore(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.wantCode(use, ada, consent.CodeAllowed) // reads the tenant
	reads := w.readsDuring(func() {
		for range 10 {
			w.wantCode(use, ada, consent.CodeAllowed)
		}
		w.wantCode(w.prepare(serviceUse), ada, consent.CodeNoRelationship)
	})
	wantSame(t, "reads", reads, 0)
}

func TestACachedAnswerAllocatesNothing(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	w.record(acme, attestationOf("x", "content"), instructionOf("i", "model"), consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 2, From: start})
	for _, c := range []struct {
		use     consent.Use
		subject privacy.Subject
	}{{marketingUse, ada}, {serviceUse, ada}, {securityUse, privacy.Subject{Tenant: ada.Tenant, ID: ada.ID, Jurisdiction: "us-ca"}}, {modelUse, acme}, {modelUse, ada}} {
		use := w.prepare(c.use)
		w.check(use, c.subject)
		ctx := t.Context()
		if allocations := testing.AllocsPerRun(100, func() {
			if _, err := use.Check(ctx, c.subject); err != nil {
				t.Fatal(err)
			}
		}); allocations != 0 {
			t.Errorf("a cached decision for %s allocates %v times", c.use.Purpose, allocations)
		}
	}
}

func TestAnAbsentSubjectIsCachedToo(t *testing.T) {
	w := newCachedWorld(t)
	use := w.prepare(marketingUse)
	w.wantCode(use, ada, consent.CodeAgeUnknown)
	wantSame(t, "reads", w.readsDuring(func() { w.wantCode(use, ada, consent.CodeAgeUnknown) }), 0)
	w.record(ada, adult, grantOf("marketing"))
	w.wantCode(use, ada, consent.CodeAllowed)
}

func TestNothingIsCachedBeforeTheFeedIsRead(t *testing.T) {
	w := newWorld(t, setup{})
	gate, err := consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
	must(t, err)
	w.gate = gate
	use := w.prepare(serviceUse)
	w.check(use, ada)
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada) }), 1)
	must(t, gate.Poll(t.Context()))
	w.check(use, ada)
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada) }), 0)
}

func TestTheFirstReadOfTheFeedForgetsWhatCameBefore(t *testing.T) {
	w := newWorld(t, setup{})
	w.given(ada, adult, grantOf("marketing"))
	var err error
	w.gate, err = consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
	must(t, err)
	use := w.prepare(marketingUse)
	w.wantCode(use, ada, consent.CodeAllowed)
	w.beside(nil).record(ada, withdrawalOf())
	must(t, w.gate.Poll(t.Context()))
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
}

// TestAWriteIsVisibleAtOnceInItsProcess goes through every call that writes.
func TestAWriteIsVisibleAtOnceInItsProcess(t *testing.T) {
	w := newCachedWorld(t)
	ctx := t.Context()
	marketing, annotation := w.prepare(marketingUse), w.prepare(annotationUse)
	steps := []struct {
		write    func() error
		subject  privacy.Subject
		use      *consent.PreparedUse
		wantCode consent.Code
	}{
		{func() error { _, err := w.ledger.RecordAge(ctx, ada, adult); return err }, ada, marketing, consent.CodeConsentMissing},
		{func() error { _, err := w.ledger.Grant(ctx, ada, grantOf("marketing")); return err }, ada, marketing, consent.CodeAllowed},
		{func() error { _, err := w.ledger.Withdraw(ctx, ada, withdrawalOf()); return err }, ada, marketing, consent.CodeConsentWithdrawn},
		{func() error { _, err := w.ledger.Renew(ctx, ada, renewalOf(4, "marketing")); return err }, ada, marketing, consent.CodeAllowed},
		{func() error {
			_, err := w.ledger.RequireNotice(ctx, "acme", consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start})
			return err
		}, ada, marketing, consent.CodeNoticeOutdated},
		{func() error { _, err := w.ledger.Redact(ctx, "acme", ada.ID, "case-1"); return err }, ada, marketing, consent.CodeErased},
		{func() error { _, err := w.ledger.Attest(ctx, "acme", attestationOf("x", "content")); return err }, acme, annotation, consent.CodeInstructionMissing},
		{func() error { _, err := w.ledger.Instruct(ctx, "acme", instructionOf("i")); return err }, acme, annotation, consent.CodeAllowed},
		{func() error {
			_, err := w.ledger.WithdrawAttestation(ctx, "acme", consent.AttestationWithdrawn{})
			return err
		}, acme, annotation, consent.CodeAttestationWithdrawn},
	}
	for i, step := range steps {
		w.clock.Advance(time.Millisecond)
		must(t, step.write())
		if decision := w.check(step.use, step.subject); decision.Code != step.wantCode {
			t.Fatalf("step %d: got %s, want %s", i, decision.Code, step.wantCode)
		}
	}
}

func TestAWriteBesideIsVisibleAfterPoll(t *testing.T) {
	a := newCachedWorld(t)
	b := a.beside(&consent.CacheOptions{})
	a.record(ada, adult, grantOf("marketing"))
	useA, useB := a.prepare(marketingUse), b.prepare(marketingUse)
	a.wantCode(useA, ada, consent.CodeAllowed)
	b.wantCode(useB, ada, consent.CodeAllowed)

	b.record(ada, withdrawalOf("marketing"))
	a.wantCode(useA, ada, consent.CodeAllowed) // within the bound
	must(t, a.gate.Poll(t.Context()))
	a.wantCode(useA, ada, consent.CodeConsentWithdrawn)

	a.clock.Advance(time.Second)
	a.record(ada, grantOf("marketing"))
	b.wantCode(useB, ada, consent.CodeConsentWithdrawn)
	must(t, b.gate.Poll(t.Context()))
	b.wantCode(useB, ada, consent.CodeAllowed)

	a.record(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start})
	b.wantCode(useB, ada, consent.CodeAllowed)
	must(t, b.gate.Poll(t.Context()))
	b.wantCode(useB, ada, consent.CodeNoticeOutdated)
}

func TestCachedAnswersEndWithTheBound(t *testing.T) {
	w := newWorld(t, setup{cache: &consent.CacheOptions{MaxStaleness: 3 * time.Second}})
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.check(use, ada)
	w.beside(nil).record(ada, withdrawalOf())
	w.clock.Advance(3 * time.Second)
	w.wantCode(use, ada, consent.CodeAllowed)
	w.clock.Advance(time.Microsecond)
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
	wantSame(t, "reads beyond the bound", w.readsDuring(func() { w.check(use, ada); w.check(use, ada) }), 2)
	must(t, w.gate.Poll(t.Context()))
	wantSame(t, "reads after the feed was read", w.readsDuring(func() { w.check(use, ada); w.check(use, ada) }), 0)
}

func TestAWallClockSetBackEndsCachedAnswers(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.check(use, ada)
	w.beside(nil).record(ada, withdrawalOf())
	w.clock.Advance(-time.Hour)
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
}

// jumpingClock runs what a test says before it tells the time.
type jumpingClock struct {
	*privacytest.Clock
	before func()
}

func (c *jumpingClock) Now() time.Time {
	if c.before != nil {
		c.before()
	}
	return c.Clock.Now()
}

// TestAPausedProcessNoticesThatItWas pauses a check after it has read the cache.
func TestAPausedProcessNoticesThatItWas(t *testing.T) {
	w := newWorld(t, setup{})
	clock := &jumpingClock{Clock: w.clock}
	ledger, err := consent.NewLedger(w.store, w.register, &consent.LedgerOptions{Clock: clock})
	must(t, err)
	w.gate, err = consent.NewGate(ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
	must(t, err)
	must(t, w.gate.Poll(t.Context()))
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.wantCode(use, ada, consent.CodeAllowed)
	wantSame(t, "reads", w.readsDuring(func() { w.wantCode(use, ada, consent.CodeAllowed) }), 0)
	var once sync.Once
	clock.before = func() {
		once.Do(func() {
			w.record(ada, withdrawalOf())
			w.clock.Advance(time.Minute)
		})
	}
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
}

func TestAFeedThatFailsEndsCachedAnswers(t *testing.T) {
	for name, feed := range map[string]struct {
		changes func(context.Context, consent.Cursor, int) (consent.ChangePage, error)
		want    error
	}{
		"the store is down": {func(context.Context, consent.Cursor, int) (consent.ChangePage, error) {
			return consent.ChangePage{}, errStore
		}, errStore},
		"an old transaction holds changes back": {func(_ context.Context, after consent.Cursor, _ int) (consent.ChangePage, error) {
			return consent.ChangePage{Next: after}, nil
		}, consent.ErrFeedStalled},
		"a feed that goes in circles": {func(_ context.Context, after consent.Cursor, _ int) (consent.ChangePage, error) {
			return consent.ChangePage{Next: after, Changes: []consent.Change{{Key: consent.StreamKey{Tenant: "t"}, Version: 1}}}, nil
		}, consent.ErrFeedStalled},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCachedWorld(t)
			w.record(ada, adult, grantOf("marketing"))
			use := w.prepare(marketingUse)
			w.check(use, ada)
			w.beside(nil).record(ada, withdrawalOf())
			w.store.changes = feed.changes
			for range 3 {
				w.clock.Advance(time.Second)
				wantErr(t, w.gate.Poll(t.Context()), feed.want)
			}
			w.wantCode(use, ada, consent.CodeConsentWithdrawn)
		})
	}
}

// TestTheBoundRunsFromWhenTheFeedWasAsked: an answer that took its time is old
// when it comes.
func TestTheBoundRunsFromWhenTheFeedWasAsked(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.check(use, ada)
	w.store.changes = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		page, err := w.store.Store.Changes(ctx, after, limit)
		w.clock.Advance(3 * time.Second)
		return page, err
	}
	must(t, w.gate.Poll(t.Context()))
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada) }), 1)
	w.store.head = func(ctx context.Context) (consent.Cursor, error) {
		w.clock.Advance(3 * time.Second)
		return w.store.Store.Head(ctx)
	}
	other := w.beside(&consent.CacheOptions{})
	use = other.prepare(marketingUse)
	wantSame(t, "reads", w.readsDuring(func() { other.check(use, ada); other.check(use, ada) }), 2)
}

func TestAHeadThatFailsLeavesTheCacheOff(t *testing.T) {
	w := newWorld(t, setup{})
	w.store.head = func(context.Context) (consent.Cursor, error) { return "", errStore }
	gate, err := consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
	must(t, err)
	wantErr(t, gate.Poll(t.Context()), errStore)
	w.gate = gate
	use := w.prepare(serviceUse)
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada); w.check(use, ada) }), 2)
}

func TestATrimmedFeedEmptiesTheCache(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.check(use, ada)
	w.beside(nil).record(ada, withdrawalOf())
	_, err := w.store.Trim(t.Context(), start.AddDate(1, 0, 0), true)
	must(t, err)
	must(t, w.gate.Poll(t.Context()))
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
}

// TestPollWaitsForNobodyLongerThanItMay: somebody else may be reading from a store
// that does not answer.
func TestPollWaitsForNobodyLongerThanItMay(t *testing.T) {
	w := newCachedWorld(t)
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.store.changes = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		once.Do(func() {
			close(held)
			<-release
		})
		return w.store.Store.Changes(ctx, after, limit)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := w.gate.Poll(context.Background()); err != nil {
			t.Error(err)
		}
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended := make(chan error, 1)
	wait.Go(func() { ended <- w.gate.Poll(ctx) })
	select {
	case err := <-ended:
		wantErr(t, err, context.Canceled)
	case <-time.After(30 * time.Second):
		t.Error("Poll waits for another one beyond its context")
	}
	close(release)
	wait.Wait()
}

func TestPollReadsEveryPage(t *testing.T) {
	w := newCachedWorld(t)
	use := w.prepare(serviceUse)
	subject := func(i int) privacy.Subject {
		return privacy.Subject{Tenant: "acme", ID: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
	}
	const subjects = 2500 // pages have a thousand changes
	var entries []consent.Entries
	for i := range subjects {
		entries = append(entries, consent.Entries{Tenant: "acme", Subject: subject(i).ID, Facts: []consent.Fact{consent.RelationshipStarted{}}})
	}
	for i := range 50 {
		w.wantCode(use, subject(i*50), consent.CodeNoRelationship)
	}
	_, err := w.beside(nil).ledger.RecordAll(t.Context(), entries)
	must(t, err)
	must(t, w.gate.Poll(t.Context()))
	for i := range 50 {
		w.wantCode(use, subject(i*50), consent.CodeAllowed)
	}
}

// overtaken checks once with a read of the store that is held back until
// meanwhile is over, and then again: the answers that the late read brought
// must not be kept.
func (w *world) overtaken(use *consent.PreparedUse, subject privacy.Subject, meanwhile func()) {
	w.t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	w.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		streams, err := w.store.Store.Streams(ctx, keys)
		once.Do(func() {
			close(held)
			<-release
		})
		return streams, err
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := use.Check(w.t.Context(), subject); err != nil {
			w.t.Error(err)
		}
	})
	<-held
	meanwhile()
	close(release)
	wait.Wait()
	w.store.streams = nil
}

func TestALateReadDoesNotReviveAnOldState(t *testing.T) {
	withdraw := func(w *world) { w.record(ada, withdrawalOf()) }
	withdrawBeside := func(w *world) { w.beside(nil).record(ada, withdrawalOf()) }
	require := consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start}
	poll := func(w *world) { must(w.t, w.gate.Poll(w.t.Context())) }
	for name, c := range map[string]struct {
		meanwhile func(*world)
		want      consent.Code
	}{
		"a write of this process":                   {withdraw, consent.CodeConsentWithdrawn},
		"a write beside that the feed told of":      {func(w *world) { withdrawBeside(w); poll(w) }, consent.CodeConsentWithdrawn},
		"a write beside and a reset of the feed":    {func(w *world) { withdrawBeside(w); trim(w); poll(w) }, consent.CodeConsentWithdrawn},
		"a redaction":                               {func(w *world) { redact(w) }, consent.CodeErased},
		"a write whose outcome is unknown":          {withdrawInDoubt, consent.CodeConsentWithdrawn},
		"a transaction that was committed and done": {func(w *world) { w.inTransaction(withdrawalOf(), true) }, consent.CodeConsentWithdrawn},
		"a tenant's write":                          {func(w *world) { w.record(acme, require) }, consent.CodeNoticeOutdated},
		"a tenant's write that the feed told of":    {func(w *world) { w.beside(nil).record(acme, require); poll(w) }, consent.CodeNoticeOutdated},
		"a tenant's write and a reset of the feed":  {func(w *world) { w.beside(nil).record(acme, require); trim(w); poll(w) }, consent.CodeNoticeOutdated},
		"a tenant's transaction committed and done": {func(w *world) { w.inTransaction(require, true) }, consent.CodeNoticeOutdated},
		"nothing": {func(*world) {}, consent.CodeAllowed},
		"a transaction that was rolled back and done": {func(w *world) { w.inTransaction(withdrawalOf(), false) }, consent.CodeAllowed},
	} {
		for _, warm := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, warm %v", name, warm), func(t *testing.T) {
				w := newWorld(t, setup{})
				w.record(ada, adult, grantOf("marketing"))
				w.clock.Advance(time.Second)
				// The gate comes after the facts: it holds nothing of them yet.
				gate, err := consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
				must(t, err)
				w.gate = gate
				must(t, gate.Poll(t.Context()))
				use := w.prepare(marketingUse)
				if warm { // then the cache holds the state, but the held read goes to the store
					w.wantCode(use, ada, consent.CodeAllowed)
					w.clock.Advance(time.Minute)
				}
				w.overtaken(use, ada, func() { c.meanwhile(w) })
				if warm {
					w.clock.Advance(-time.Minute)
				}
				w.wantCode(use, ada, c.want)
				w.wantCode(use, ada, c.want)
				must(t, gate.Poll(t.Context()))
				w.wantCode(use, ada, c.want)
			})
		}
	}
}

// acknowledgedLate does write, whose acknowledgement is held back until meanwhile
// is over.
func (w *world) acknowledgedLate(write, meanwhile func()) {
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		results, err := w.store.Store.Append(ctx, appends)
		w.store.append = nil
		meanwhile()
		return results, err
	}
	write()
}

// What the feed has told already it does not tell again: an acknowledgement that
// comes after it must not bring back what it made old.
func TestALateAcknowledgementDoesNotReviveAnOldState(t *testing.T) {
	require := consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start}
	for name, c := range map[string]struct {
		ofTenant  bool
		meanwhile func(w, beside *world)
		want      consent.Code
	}{
		"a write beside that the feed told of": {false, func(w, beside *world) {
			beside.record(ada, withdrawalOf())
			must(t, w.gate.Poll(t.Context()))
		}, consent.CodeConsentWithdrawn},
		"a write beside and a reset of the feed": {false, func(w, beside *world) {
			beside.record(ada, withdrawalOf())
			trim(w)
			must(t, w.gate.Poll(t.Context()))
		}, consent.CodeConsentWithdrawn},
		"a write of this process":          {false, func(w, _ *world) { w.record(ada, withdrawalOf()) }, consent.CodeConsentWithdrawn},
		"a write whose outcome is unknown": {false, func(w, _ *world) { withdrawInDoubt(w) }, consent.CodeConsentWithdrawn},
		"a transaction committed and done": {false, func(w, _ *world) { w.inTransaction(withdrawalOf(), true) }, consent.CodeConsentWithdrawn},
		"nothing":                          {false, func(_, _ *world) {}, consent.CodeAllowed},
		"a tenant's write beside that the feed told of": {true, func(w, beside *world) {
			beside.record(acme, require)
			must(t, w.gate.Poll(t.Context()))
		}, consent.CodeNoticeOutdated},
		"a tenant's write beside and a reset of the feed": {true, func(w, beside *world) {
			beside.record(acme, require)
			trim(w)
			must(t, w.gate.Poll(t.Context()))
		}, consent.CodeNoticeOutdated},
		"a tenant's write of this process":          {true, func(w, _ *world) { w.record(acme, require) }, consent.CodeNoticeOutdated},
		"a tenant's transaction committed and done": {true, func(w, _ *world) { w.inTransaction(require, true) }, consent.CodeNoticeOutdated},
		"nothing of the tenant's":                   {true, func(_, _ *world) {}, consent.CodeAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newCachedWorld(t)
			beside := w.beside(nil)
			use := w.prepare(marketingUse)
			w.record(ada, adult, grantOf("marketing"))
			w.clock.Advance(time.Second)
			w.wantCode(use, ada, consent.CodeAllowed)
			w.acknowledgedLate(func() {
				if c.ofTenant {
					w.record(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 2, From: start})
				} else {
					w.record(ada, grantOf("marketing"))
				}
			}, func() { c.meanwhile(w, beside) })
			for range 2 {
				w.wantCode(use, ada, c.want)
				must(t, w.gate.Poll(t.Context()))
				w.wantCode(use, ada, c.want)
			}
		})
	}
}

// TestAGateMadeWhileAWriteIsOnItsWay has read what the write makes old.
func TestAGateMadeWhileAWriteIsOnItsWay(t *testing.T) {
	w := newWorld(t, setup{})
	w.record(ada, adult, grantOf("marketing"))
	w.clock.Advance(time.Second)
	var use *consent.PreparedUse
	w.inBetween(func() {
		var err error
		w.gate, err = consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
		must(t, err)
		must(t, w.gate.Poll(t.Context()))
		use = w.prepare(marketingUse)
		w.wantCode(use, ada, consent.CodeAllowed)
	})
	w.record(ada, withdrawalOf())
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
}

func trim(w *world) {
	_, err := w.store.Trim(w.t.Context(), start.AddDate(1, 0, 0), true)
	must(w.t, err)
}

func redact(w *world) {
	_, err := w.ledger.Redact(w.t.Context(), ada.Tenant, ada.ID, "case-1")
	must(w.t, err)
}

// withdrawInDoubt withdraws in a store that loses its answer.
func withdrawInDoubt(w *world) {
	w.store.append = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		_, err := w.store.Store.Append(ctx, appends)
		return nil, errors.Join(err, errStore)
	}
	_, err := w.ledger.Withdraw(w.t.Context(), ada, withdrawalOf())
	wantErr(w.t, err, errStore)
	w.store.append = nil
}

func TestAWriteInDoubtIsNotAnsweredFromTheCache(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	w.check(use, ada)
	withdrawInDoubt(w)
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)

	w.clock.Advance(time.Second)
	w.record(ada, grantOf("marketing"))
	w.wantCode(use, ada, consent.CodeAllowed)
	w.store.redact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
		_, err := w.store.Store.Redact(ctx, erasure)
		return consent.Appended{}, errors.Join(err, errStore)
	}
	_, err := w.ledger.Redact(t.Context(), ada.Tenant, ada.ID, "case-1")
	wantErr(t, err, errStore)
	w.wantCode(use, ada, consent.CodeErased)
}

// heldStore is a store within a transaction of the host: what is appended to it
// reaches the store when the host commits.
type heldStore struct {
	consent.LedgerStore
	appends []consent.Append
}

func (s *heldStore) Append(_ context.Context, appends []consent.Append) ([]consent.Appended, error) {
	results := make([]consent.Appended, len(appends))
	for i, work := range appends {
		results[i].Stream.Key = work.Key
	}
	s.appends = append(s.appends, appends...)
	return results, nil
}

func (s *heldStore) commit(t testing.TB) {
	t.Helper()
	results, err := s.LedgerStore.Append(t.Context(), s.appends)
	must(t, err)
	for _, result := range results {
		must(t, result.Err)
	}
}

// inTransaction records a fact in a transaction of the host from begin to end.
func (w *world) inTransaction(fact consent.Fact, commit bool) {
	w.t.Helper()
	held := &heldStore{LedgerStore: w.store}
	tx := w.ledger.Join(held)
	entries := consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, Facts: []consent.Fact{fact}}
	if aboutTenant(fact) {
		entries.Subject = ""
	}
	_, err := tx.Record(w.t.Context(), entries)
	must(w.t, err)
	if commit {
		held.commit(w.t)
	}
	tx.Done()
	tx.Done() // does nothing
}

func TestATouchedStreamIsReadFromTheStoreUntilDone(t *testing.T) {
	for _, commits := range []bool{true, false} {
		for _, fact := range []consent.Fact{withdrawalOf(), consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start}} {
			t.Run(fmt.Sprintf("%s, commits %v", fact.Kind(), commits), func(t *testing.T) {
				w := newCachedWorld(t)
				w.record(ada, adult, grantOf("marketing"))
				w.clock.Advance(time.Second)
				use := w.prepare(marketingUse)
				w.wantCode(use, ada, consent.CodeAllowed)
				other := privacy.Subject{Tenant: "umbra", ID: ada.ID}
				w.wantCode(use, other, consent.CodeAgeUnknown)

				held := &heldStore{LedgerStore: w.store}
				tx := w.ledger.Join(held)
				entries := consent.Entries{Tenant: ada.Tenant, Subject: ada.ID, Facts: []consent.Fact{fact}}
				if aboutTenant(fact) {
					entries.Subject = ""
				}
				_, err := tx.Record(t.Context(), entries)
				must(t, err)
				wantSame(t, "reads before the commit", w.readsDuring(func() { w.wantCode(use, ada, consent.CodeAllowed) }), 1)
				wantSame(t, "reads for another tenant", w.readsDuring(func() { w.wantCode(use, other, consent.CodeAgeUnknown) }), 0)
				want := consent.CodeAllowed
				if commits {
					held.commit(t)
					want = map[bool]consent.Code{false: consent.CodeConsentWithdrawn, true: consent.CodeNoticeOutdated}[aboutTenant(fact)]
				}
				wantSame(t, "reads before Done", w.readsDuring(func() { w.wantCode(use, ada, want) }), 1)
				tx.Done()
				w.wantCode(use, ada, want)
				wantSame(t, "reads after Done", w.readsDuring(func() { w.wantCode(use, ada, want) }), 0)
			})
		}
	}
}

func TestTwoTransactionsOnOneStream(t *testing.T) {
	w := newCachedWorld(t)
	use := w.prepare(serviceUse)
	w.check(use, ada)
	var txs []consent.Transaction
	for range 2 {
		tx := w.ledger.Join(&heldStore{LedgerStore: w.store})
		_, err := tx.StartRelationship(t.Context(), ada, consent.RelationshipStarted{})
		must(t, err)
		txs = append(txs, tx)
	}
	txs[0].Done()
	txs[0].Done()
	wantSame(t, "reads while one is open", w.readsDuring(func() { w.check(use, ada); w.check(use, ada) }), 2)
	txs[1].Done()
	w.check(use, ada)
	wantSame(t, "reads after both", w.readsDuring(func() { w.check(use, ada) }), 0)
}

// TestAGateMadeWithinATransaction has not seen which streams it touched.
func TestAGateMadeWithinATransaction(t *testing.T) {
	w := newCachedWorld(t)
	tx := w.ledger.Join(&heldStore{LedgerStore: w.store})
	_, err := tx.StartRelationship(t.Context(), ada, consent.RelationshipStarted{})
	must(t, err)
	w.gate, err = consent.NewGate(w.ledger, w.store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1}})
	must(t, err)
	must(t, w.gate.Poll(t.Context()))
	tx.Done()
	use := w.prepare(serviceUse)
	w.check(use, ada)

	// The bypass still works for the transactions that follow.
	held := &heldStore{LedgerStore: w.store}
	next := w.ledger.Join(held)
	_, err = next.StartRelationship(t.Context(), ada, consent.RelationshipStarted{})
	must(t, err)
	held.commit(t)
	w.wantCode(use, ada, consent.CodeAllowed)
	next.Done()
	w.wantCode(use, ada, consent.CodeAllowed)
}

func TestRecheckSeesWhatHappenedSince(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	before := w.wantCode(use, ada, consent.CodeAllowed)
	same, err := use.Recheck(t.Context(), ada, before.Stamp)
	must(t, err)
	wantSame(t, "stamp when nothing happened", same.Stamp, before.Stamp)

	w.beside(nil).record(ada, withdrawalOf())
	w.wantCode(use, ada, consent.CodeAllowed) // cached, within the bound
	after, err := use.Recheck(t.Context(), ada, before.Stamp)
	must(t, err)
	wantSame(t, "code", after.Code, consent.CodeConsentWithdrawn)
	wantSame(t, "version", after.Stamp.SubjectVersion, before.Stamp.SubjectVersion+1)

	future := after.Stamp
	future.TenantVersion++
	outdated, err := use.Recheck(t.Context(), ada, future)
	must(t, err)
	wantSame(t, "a stamp that the store has not reached", outdated.Code, consent.CodeStateOutdated)
}

func TestCheckAtLeast(t *testing.T) {
	w := newCachedWorld(t)
	w.record(ada, adult, grantOf("marketing"))
	use := w.prepare(marketingUse)
	stale := w.wantCode(use, ada, consent.CodeAllowed)
	receipt := w.beside(nil).record(ada, withdrawalOf())
	notice := w.beside(nil).record(acme, consent.NoticeRequired{Purpose: "marketing", MinimumVersion: 9, From: start})

	for name, c := range map[string]struct {
		least consent.Stamp
		want  consent.Code
		reads int64
	}{
		"what the cache has":       {stale.Stamp, consent.CodeAllowed, 0},
		"a write to the subject":   {receipt.Stamp, consent.CodeConsentWithdrawn, 1},
		"a write to the tenant":    {notice.Stamp, consent.CodeConsentWithdrawn, 1},
		"a write nobody has made":  {consent.Stamp{Guard: consent.Guard{SubjectVersion: 99}}, consent.CodeStateOutdated, 1},
		"a tenant's from nowhere":  {consent.Stamp{Guard: consent.Guard{TenantVersion: 99}}, consent.CodeStateOutdated, 1},
		"a version beyond reason":  {consent.Stamp{Guard: consent.Guard{SubjectVersion: 1<<64 - 1, TenantVersion: 1<<64 - 1}}, consent.CodeStateOutdated, 1},
		"a stamp without versions": {consent.Stamp{}, consent.CodeAllowed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			fresh := newCachedWorld(t)
			fresh.store.Store = w.store.Store
			fresh.clock.Set(start)
			// A cache that is behind: it read the state before the writes.
			fresh.store.streams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := fresh.store.Store.Streams(ctx, keys)
				return behind(t, fresh, streams), err
			}
			use := fresh.prepare(marketingUse)
			fresh.wantCode(use, ada, consent.CodeAllowed)
			fresh.store.streams = nil
			reads := fresh.readsDuring(func() {
				decision, err := use.CheckAtLeast(t.Context(), ada, c.least)
				must(t, err)
				wantSame(t, "code", decision.Code, c.want)
			})
			wantSame(t, "reads", reads, c.reads)
		})
	}
}

// behind returns streams as they were before their last event, or before there
// were any.
func behind(t testing.TB, w *world, streams []consent.Stream) []consent.Stream {
	t.Helper()
	for i, stream := range streams {
		if stream.Key.Subject == "" {
			streams[i] = consent.Stream{Key: stream.Key}
			continue
		}
		records, err := w.store.Store.Records(t.Context(), stream.Key, 0, int(stream.Version)-1)
		must(t, err)
		var state consent.State
		for _, record := range records {
			must(t, state.Fold(record))
		}
		streams[i].Version = state.Version
		streams[i].State, err = state.MarshalBinary()
		must(t, err)
	}
	return streams
}

func TestTenantsBeyondTheLimitAreReadFromTheStore(t *testing.T) {
	w := newWorld(t, setup{cache: &consent.CacheOptions{MaxTenants: 2}})
	use := w.prepare(serviceUse)
	for i := range 4 {
		subject := privacy.Subject{Tenant: privacy.TenantID(fmt.Sprintf("t-%d", i)), ID: "s"}
		w.record(subject, consent.RelationshipStarted{})
		w.wantCode(use, subject, consent.CodeAllowed)
		want := int64(0)
		if i >= 2 {
			want = 1
		}
		wantSame(t, "reads", w.readsDuring(func() { w.wantCode(use, subject, consent.CodeAllowed) }), want)
		w.record(privacy.Subject{Tenant: subject.Tenant}, attestationOf("x", "content"))
		w.record(subject, consent.RelationshipEnded{})
		w.wantCode(use, subject, consent.CodeNoRelationship)
		w.clock.Advance(time.Millisecond)
	}
}

func TestStatesThatDoNotFitAreReadFromTheStore(t *testing.T) {
	w := newCachedWorld(t)
	far := grantOf("marketing")
	far.Until = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
	w.record(ada, adult, far)
	use := w.prepare(marketingUse)
	decision := w.wantCode(use, ada, consent.CodeAllowed)
	wantSame(t, "until", decision.Until, far.Until)
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada) }), 1)
	w.record(ada, withdrawalOf())
	w.wantCode(use, ada, consent.CodeConsentWithdrawn)
	wantSame(t, "reads", w.readsDuring(func() { w.check(use, ada) }), 0)
	w.clock.Advance(time.Second)
	w.record(ada, far)
	w.wantCode(use, ada, consent.CodeAllowed)
}

func TestSubjectsOfDifferentTenantsDoNotMix(t *testing.T) {
	w := newCachedWorld(t)
	use := w.prepare(serviceUse)
	w.record(ada, consent.RelationshipStarted{})
	theirs := privacy.Subject{Tenant: "umbra", ID: ada.ID}
	for range 2 {
		w.wantCode(use, ada, consent.CodeAllowed)
		w.wantCode(use, theirs, consent.CodeNoRelationship)
	}
	w.record(theirs, consent.RelationshipStarted{})
	w.record(ada, consent.RelationshipEnded{})
	w.wantCode(use, ada, consent.CodeNoRelationship)
	w.wantCode(use, theirs, consent.CodeAllowed)
}

// TestReadersAndWritersBesideEachOther: no check that began after a withdrawal
// was acknowledged may allow, whatever runs beside it.
func TestReadersAndWritersBesideEachOther(t *testing.T) {
	store := memstore.NewConsent(nil)
	register, err := privacy.Compile(privacytest.Declaration())
	must(t, err)
	ledger, err := consent.NewLedger(store, register, nil)
	must(t, err)
	gate, err := consent.NewGate(ledger, store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1, MaxStaleness: time.Minute}})
	must(t, err)
	ctx := t.Context()
	must(t, gate.Poll(ctx))
	use := gate.MustPrepare(serviceUse)
	const subjects, rounds = 8, 40
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for i := range subjects {
		subject := privacy.Subject{Tenant: privacy.TenantID(fmt.Sprintf("t-%d", i%3)), ID: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
		writers.Go(func() {
			for range rounds {
				if _, err := ledger.StartRelationship(ctx, subject, consent.RelationshipStarted{}); err != nil {
					t.Error(err)
				}
				if decision, err := use.Check(ctx, subject); err != nil || !decision.Allowed() {
					t.Errorf("after the start: %s, %v", decision.Code, err)
				}
				if _, err := ledger.EndRelationship(ctx, subject, consent.RelationshipEnded{}); err != nil {
					t.Error(err)
				}
				if decision, err := use.Check(ctx, subject); err != nil || decision.Allowed() {
					t.Errorf("after the end: %s, %v", decision.Code, err)
				}
			}
		})
	}
	for i := range 3 {
		readers.Go(func() {
			for n := i; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				subject := privacy.Subject{Tenant: privacy.TenantID(fmt.Sprintf("t-%d", n%3)), ID: privacy.SubjectID(fmt.Sprintf("s-%d", n%subjects))}
				if _, err := use.Check(ctx, subject); err != nil {
					t.Error(err)
				}
				if n%64 == 0 {
					if err := gate.Poll(ctx); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

func TestFollowKeepsTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		register, err := privacy.Compile(privacytest.Declaration())
		must(t, err)
		store := &hooked{Store: memstore.NewConsent(nil)}
		var fault atomic.Value
		store.changes = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
			switch fault.Load() {
			case "fails":
				return consent.ChangePage{}, errStore
			case "stalls":
				return consent.ChangePage{Next: after}, nil
			}
			return store.Store.Changes(ctx, after, limit)
		}
		ledger, err := consent.NewLedger(store, register, nil)
		must(t, err)
		hooks := &privacytest.HookRecorder{}
		beside, err := consent.NewLedger(store, register, &consent.LedgerOptions{Hooks: hooks})
		must(t, err)
		gate, err := consent.NewGate(beside, store, &consent.GateOptions{Cache: &consent.CacheOptions{MaxBytes: 1, MaxStaleness: time.Second}})
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- gate.Follow(ctx) }()
		use := gate.MustPrepare(serviceUse)
		wantCode := func(want consent.Code) {
			t.Helper()
			decision, err := use.Check(ctx, ada)
			must(t, err)
			wantSame(t, "code", decision.Code, want)
		}

		synctest.Wait()
		_, err = ledger.StartRelationship(ctx, ada, consent.RelationshipStarted{})
		must(t, err)
		wantCode(consent.CodeAllowed)
		reads := store.reads.Load()
		time.Sleep(10 * time.Second)
		wantCode(consent.CodeAllowed)
		wantSame(t, "reads while the feed is followed", store.reads.Load(), reads)

		_, err = ledger.EndRelationship(ctx, ada, consent.RelationshipEnded{})
		must(t, err)
		time.Sleep(time.Second + time.Nanosecond)
		wantCode(consent.CodeNoRelationship)

		// A feed that fails, then one that stalls: the bound holds all the same.
		fault.Store("fails")
		_, err = ledger.StartRelationship(ctx, ada, consent.RelationshipStarted{})
		must(t, err)
		time.Sleep(time.Second + time.Nanosecond)
		wantCode(consent.CodeAllowed)
		fault.Store("stalls")
		_, err = ledger.EndRelationship(ctx, ada, consent.RelationshipEnded{})
		must(t, err)
		time.Sleep(time.Second + time.Nanosecond)
		wantCode(consent.CodeNoRelationship)
		if hooks.Total("consent.feed", "failed") < 3 || hooks.Total("consent.feed", "stalled") < 3 {
			t.Errorf("counted %d failures and %d stalls of the feed", hooks.Total("consent.feed", "failed"), hooks.Total("consent.feed", "stalled"))
		}

		stop()
		wantErr(t, <-ended, context.Canceled)
		// Nobody follows: cached answers end.
		fault.Store("")
		time.Sleep(time.Second + time.Nanosecond)
		before := store.reads.Load()
		decision, err := use.Check(t.Context(), ada)
		must(t, err)
		wantSame(t, "code", decision.Code, consent.CodeNoRelationship)
		wantSame(t, "reads", store.reads.Load()-before, 1)
	})
}

func TestFollowWithoutACache(t *testing.T) {
	w := newWorld(t, setup{})
	must(t, w.gate.Poll(t.Context()))
	if err := w.gate.Follow(t.Context()); err == nil {
		t.Error("a gate without a cache followed something")
	}
}
