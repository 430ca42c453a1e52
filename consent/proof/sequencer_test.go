package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// The tree is that of package merkle, whatever the batches were.
func TestTheTreeIsThatOfItsLeaves(t *testing.T) {
	b := newBench(t)
	var leaves []merkle.Hash
	key := keyOf(tenant, "s-1")
	for _, events := range []int{1, 30, 1, 1, 31, 400, 600, 1000} {
		for range events {
			b.record(key)
		}
		sequencer := b.sequencer(b.trees, proof.SequencerOptions{Holder: "bench", Batch: 333})
		for more := true; more; {
			progress, err := sequencer.Step(t.Context())
			ok(t, err)
			more = progress.More
		}
		for _, record := range b.records(key)[len(leaves):] {
			hash, err := proof.LeafOf(record).Hash()
			ok(t, err)
			leaves = append(leaves, hash)
		}
		checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
		ok(t, err)
		if checkpoint.Size != uint64(len(leaves)) || checkpoint.Root != merkle.Root(leaves) {
			t.Fatalf("differs at %d leaves", len(leaves))
		}
	}
}

func TestTenantsHaveTreesOfTheirOwn(t *testing.T) {
	b := newBench(t)
	for i := range 10 {
		b.record(keyOf("acme", "s-1"))
		if i%3 == 0 {
			b.record(keyOf("umbra", "s-1"))
		}
	}
	b.place()
	for tenant, want := range map[privacy.TenantID]uint64{"acme": 10, "umbra": 4} {
		checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
		if err != nil || checkpoint.Size != want {
			t.Errorf("%s: %d, %v", tenant, checkpoint.Size, err)
		}
	}
}

func TestOneSequencerWorksAtATime(t *testing.T) {
	b := newBench(t)
	first := b.sequencer(b.trees, proof.SequencerOptions{Holder: "first"})
	second := b.sequencer(b.trees, proof.SequencerOptions{Holder: "second"})
	step := func(s *proof.Sequencer) proof.Progress {
		t.Helper()
		b.record(keyOf(tenant, "s-1"))
		progress, err := s.Step(t.Context())
		ok(t, err)
		return progress
	}
	if p := step(first); p.Leaves != 1 || p.StandingBy || !p.Complete {
		t.Errorf("the first: %+v", p)
	}
	if p := step(second); p.Leaves != 0 || !p.StandingBy {
		t.Errorf("the second: %+v", p)
	}
	b.clock.Advance(11 * time.Second)
	if p := step(second); p.Leaves != 3-1 || p.StandingBy {
		t.Errorf("the second after the lease: %+v", p)
	}
	if p := step(first); !p.StandingBy {
		t.Errorf("the first after it lost the lease: %+v", p)
	}
}

// overtaken lets another take the lease between reading and writing.
type overtaken struct {
	proof.Store
	before func()
}

func (s overtaken) Extend(ctx context.Context, e proof.Extension) error {
	s.before()
	return s.Store.Extend(ctx, e)
}

func TestASequencerThatWasOvertakenWritesNothing(t *testing.T) {
	b := newBench(t)
	b.record(keyOf(tenant, "s-1"))
	paused := b.sequencer(overtaken{b.trees, func() {
		b.clock.Advance(time.Minute)
		b.place()
	}}, proof.SequencerOptions{Holder: "paused"})
	if _, err := paused.Step(t.Context()); !errors.Is(err, privacy.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if report, err := b.log().Verify(t.Context(), tenant); err != nil || report.Events != 1 || report.Pending != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// altered changes the trees on their way out.
type altered struct {
	proof.Store
	change func(*proof.Tree)
}

func (s altered) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	batch, err := s.Store.Pending(ctx, limit)
	for i := range batch.Trees {
		s.change(&batch.Trees[i])
	}
	return batch, err
}

func TestAnAlteredTreeIsNotExtended(t *testing.T) {
	for name, c := range map[string]struct {
		want   proof.FaultCode
		change func(*proof.Tree)
	}{
		"a leaf":         {proof.TreeAltered, func(t *proof.Tree) { t.Edge[0][0] ^= 1 }},
		"smaller":        {proof.TreeAltered, func(t *proof.Tree) { t.Size, t.Edge = t.Size-1, t.Edge[:len(t.Edge)-1] }},
		"begun again":    {proof.CheckpointInvalid, func(t *proof.Tree) { t.Checkpoint = nil }},
		"a forged note":  {proof.CheckpointInvalid, func(t *proof.Tree) { t.Checkpoint[len(t.Checkpoint)-9] ^= 1 }},
		"edge and size":  {proof.TreeAltered, func(t *proof.Tree) { t.Edge = nil }},
		"another tenant": {proof.CheckpointInvalid, func(t *proof.Tree) { t.Tenant = "umbra" }},
	} {
		b := newBench(t)
		b.record(keyOf(tenant, "s-1"))
		b.record(keyOf(tenant, "s-2"))
		b.place()
		b.record(keyOf(tenant, "s-1"))
		_, err := b.sequencer(altered{b.trees, c.change}, proof.SequencerOptions{Holder: "bench"}).Step(t.Context())
		var fault *proof.FaultError
		if !errors.As(err, &fault) || fault.Fault.Code != c.want || !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAKeyIsReplaced(t *testing.T) {
	b := newBench(t)
	b.record(keyOf(tenant, "s-1"))
	b.place()
	old := b.signer
	b.record(keyOf(tenant, "s-1"))
	b.signer, b.trust = signerOf(t, 2), trusting(signerOf(t, 2))
	if _, err := b.sequencer(b.trees, proof.SequencerOptions{Holder: "bench"}).Step(t.Context()); err == nil {
		t.Error("a tree by a key that is not trusted was extended")
	}
	b.trust = trusting(signerOf(t, 2), old)
	b.place()
	checkpoint, err := trusting(signerOf(t, 2)).Verify(tenant, latest(t, b))
	if err != nil || checkpoint.Size != 2 {
		t.Errorf("got %+v, %v", checkpoint, err)
	}
}

func latest(t *testing.T, b *bench) []byte {
	t.Helper()
	checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
	ok(t, err)
	return checkpoint.Note
}

func TestRunPlacesWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		run := b.sequencer(b.trees, proof.SequencerOptions{Clock: privacy.SystemClock{}, Batch: 10})
		go func() { ended <- run.Run(ctx) }()
		for round := range 5 {
			for range 25 {
				b.record(keyOf(tenant, "s-1"))
			}
			time.Sleep(time.Second)
			synctest.Wait()
			checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
			if err != nil || checkpoint.Size != uint64(25*(round+1)) {
				t.Fatalf("after a second: %d, %v", checkpoint.Size, err)
			}
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		lease, err := b.trees.Lease(t.Context(), proof.LeaseRequest{Holder: "next", Now: time.Now(), Duration: time.Second})
		if err != nil || lease.Token != 2 {
			t.Errorf("the lease was not given up: %+v, %v", lease, err)
		}
	})
}

// failing fails for a while.
type failing struct {
	proof.Store
	left *atomic.Int64
}

var errStore = errors.New("the store failed")

func (s failing) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	if s.left.Add(-1) >= 0 {
		return proof.Batch{}, errStore
	}
	return s.Store.Pending(ctx, limit)
}

func TestRunOutlastsAStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.record(keyOf(tenant, "s-1"))
		ctx, cancel := context.WithCancel(t.Context())
		var left atomic.Int64
		left.Store(20)
		ended := make(chan error, 1)
		run := b.sequencer(failing{b.trees, &left}, proof.SequencerOptions{Clock: privacy.SystemClock{}})
		go func() { ended <- run.Run(ctx) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, err := b.log().Checkpoint(t.Context(), tenant); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRunEndsAtAnAlteredTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.record(keyOf(tenant, "s-1"))
		b.place()
		b.record(keyOf(tenant, "s-1"))
		run := b.sequencer(altered{b.trees, func(t *proof.Tree) { t.Edge[0][0] ^= 1 }}, proof.SequencerOptions{Holder: "bench"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var fault *proof.FaultError
		if err := run.Run(ctx); !errors.As(err, &fault) {
			t.Errorf("got %v", err)
		}
	})
}

// Many processes at once neither lose an event nor place one twice.
func TestSequencersTogether(t *testing.T) {
	b := newBench(t)
	const events = 300
	done := make(chan error)
	for i := range 4 {
		sequencer := b.sequencer(b.trees, proof.SequencerOptions{Holder: fmt.Sprintf("holder-%d", i), Batch: 5, Lease: time.Millisecond, Clock: privacy.SystemClock{}})
		go func() {
			for {
				_, err := sequencer.Step(t.Context())
				if err != nil && !errors.Is(err, privacy.ErrConflict) {
					done <- err
					return
				}
				if trees, err := b.trees.Trees(t.Context(), proof.TreeFilter{Tenant: tenant, Limit: 1}); err != nil || len(trees) == 1 && trees[0].Size == events {
					done <- err
					return
				}
			}
		}()
	}
	for i := range events {
		b.record(keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%d", i%10))))
	}
	for range 4 {
		ok(t, <-done)
	}
	report, err := b.log().Verify(t.Context(), tenant)
	if err != nil || report.Events != events || report.Pending != 0 {
		t.Errorf("got %+v, %v", report, err)
	}
}

// unordered loses the tree of a tenant.
type unordered struct{ proof.Store }

func (s unordered) Pending(ctx context.Context, limit int) (proof.Batch, error) {
	batch, err := s.Store.Pending(ctx, limit)
	batch.Trees = slices.Clip(batch.Trees[:0])
	return batch, err
}

func TestAStoreThatForgetsATreeIsAnError(t *testing.T) {
	b := newBench(t)
	b.record(consent.StreamKey{Tenant: tenant})
	if _, err := b.sequencer(unordered{b.trees}, proof.SequencerOptions{}).Step(t.Context()); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
