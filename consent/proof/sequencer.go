package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// SequencerOptions configure a Sequencer. The zero value is the default.
type SequencerOptions struct {
	// Interval is how long Run waits when there is nothing to do, which bounds
	// the delay until an event is in its tree; 0 means half a second.
	Interval time.Duration
	// Lease is how long another process waits before it takes over from one that
	// has died; 0 means 10 seconds.
	Lease time.Duration
	// Batch is the greatest number of events of one write; 0 means 1000.
	Batch int
	// Holder names the process among all that run a sequencer; "" means a random
	// name.
	Holder string
	// Clock tells the time for the lease; nil means privacy.SystemClock.
	Clock privacy.Clock
	// Hooks see the operation "consent.proof.step" and the counters
	// "consent.proof.leaves", of events that were placed, and
	// "consent.proof.failures", of steps that failed in Run.
	Hooks privacy.Hooks
}

// Sequencer gives the events of the ledger their places in the trees and signs
// the trees' checkpoints. Any number of processes may run one on the same Store:
// one works, by a lease, and the others stand by. It is safe for concurrent use.
type Sequencer struct {
	store   Store
	signer  Signer
	trust   Trust
	options SequencerOptions

	lock  sync.Mutex
	lease Lease
}

// NewSequencer returns a sequencer on store, which signs with signer under the
// origin of trust. The signer's key must be among those of trust. options may be
// nil. The error matches privacy.ErrInvalid.
func NewSequencer(store Store, signer Signer, trust Trust, options *SequencerOptions) (*Sequencer, error) {
	if store == nil || signer == nil {
		return nil, fmt.Errorf("proof: a sequencer needs a store and a signer: %w", privacy.ErrInvalid)
	}
	if err := trust.check(); err != nil {
		return nil, err
	}
	if !trust.trusts(signer.Public()) {
		return nil, fmt.Errorf("proof: the signer's own key is not trusted: %w", privacy.ErrInvalid)
	}
	s := &Sequencer{store: store, signer: signer, trust: Trust{Origin: trust.Origin, Keys: slices.Clone(trust.Keys)}}
	if options != nil {
		s.options = *options
	}
	s.options.complete()
	return s, nil
}

func (o *SequencerOptions) complete() {
	if o.Interval <= 0 {
		o.Interval = 500 * time.Millisecond
	}
	if o.Lease <= 0 {
		o.Lease = 10 * time.Second
	}
	if o.Batch <= 0 {
		o.Batch = 1000
	}
	if o.Clock == nil {
		o.Clock = privacy.SystemClock{}
	}
	if o.Hooks == nil {
		o.Hooks = privacy.NoHooks{}
	}
	if o.Holder == "" {
		o.Holder = privacy.RandomIDs{}.NewID()
	}
}

// Progress says what a step did.
type Progress struct {
	// Leaves is the number of events that were given a place.
	Leaves int
	// More is true if there may be more to do at once.
	More bool
	// Complete is true if every event that was committed before the step is in
	// its tree. It is false while a transaction that is open hides what came
	// after it.
	Complete bool
	// StandingBy is true if another process has the lease. Then nothing was done.
	StandingBy bool
}

// Step places one batch of events. It is for hosts that schedule the work
// themselves; others call Run. It returns a *FaultError if the tree of a tenant
// concerned is not the one that was signed, in which case nothing of the batch is
// placed, ErrConflict of package privacy if another process has taken over in the
// meantime, and the errors of the Store and the Signer.
func (s *Sequencer) Step(ctx context.Context) (progress Progress, err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	ctx, end := s.options.Hooks.Start(ctx, "consent.proof.step")
	defer func() { end(err) }()
	if err := s.renew(ctx); err != nil {
		if errors.Is(err, privacy.ErrConflict) {
			return Progress{StandingBy: true}, nil
		}
		return Progress{}, fmt.Errorf("proof: lease: %w", err)
	}
	batch, err := s.store.Pending(ctx, s.options.Batch)
	if err != nil {
		return Progress{}, fmt.Errorf("proof: pending events: %w", err)
	}
	growths, err := s.grow(ctx, batch)
	if err != nil {
		return Progress{}, err
	}
	if len(growths) > 0 || batch.Cursor != "" {
		err := s.store.Extend(ctx, Extension{Token: s.lease.Token, Growths: growths, Cursor: batch.Cursor})
		if err != nil {
			s.lease = Lease{} // whether it is still ours is to be asked
			return Progress{}, fmt.Errorf("proof: extend: %w", err)
		}
	}
	s.options.Hooks.Count("consent.proof.leaves", "", int64(len(batch.Leaves)))
	return Progress{Leaves: len(batch.Leaves), More: batch.More, Complete: batch.Complete && !batch.More}, nil
}

// renew makes sure of the lease, and asks for it only when half of it is over.
func (s *Sequencer) renew(ctx context.Context) error {
	now := s.options.Clock.Now()
	if s.lease.Until.Sub(now) > s.options.Lease/2 {
		return nil
	}
	lease, err := s.store.Lease(ctx, LeaseRequest{Holder: s.options.Holder, Now: now, Duration: s.options.Lease})
	if err != nil {
		s.lease = Lease{}
		return err
	}
	s.lease = lease
	return nil
}

// grow computes what becomes of the trees.
func (s *Sequencer) grow(ctx context.Context, batch Batch) ([]Growth, error) {
	growths := make([]Growth, 0, len(batch.Trees))
	places := make(map[privacy.TenantID]int, len(batch.Trees))
	hashes := make([][]merkle.Hash, len(batch.Trees))
	for i, tree := range batch.Trees {
		if err := s.trust.verifyTree(tree); err != nil {
			return nil, err
		}
		places[tree.Tenant] = i
		growths = append(growths, Growth{From: tree.Size})
	}
	for _, leaf := range batch.Leaves {
		i, known := places[leaf.Tenant]
		if !known {
			return nil, fmt.Errorf("proof: the store returned an event without its tree: %w", privacy.ErrInvalid)
		}
		hash, err := leaf.Hash()
		if err != nil {
			return nil, err
		}
		index := growths[i].From + uint64(len(hashes[i]))
		growths[i].Positions = append(growths[i].Positions, Position{Key: leaf.Key(), Sequence: leaf.Sequence, Index: index})
		hashes[i] = append(hashes[i], hash)
	}
	for i, tree := range batch.Trees {
		if err := s.complete(ctx, &growths[i], tree, hashes[i]); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(growths, func(g Growth) bool { return len(g.Positions) == 0 }), nil
}

func (s *Sequencer) complete(ctx context.Context, growth *Growth, tree Tree, leaves []merkle.Hash) error {
	if len(leaves) == 0 {
		return nil
	}
	var err error
	if growth.Tree, growth.Tiles, err = tree.grow(leaves); err != nil {
		return err
	}
	root, err := growth.Tree.Root()
	if err != nil {
		return err
	}
	growth.Tree.Checkpoint, err = s.trust.sign(ctx, s.signer, tree.Tenant, growth.Tree.Size, root)
	return err
}

// verifyTree checks a tree's state against its checkpoint.
func (t Trust) verifyTree(tree Tree) error {
	if tree.Size == 0 && len(tree.Edge) == 0 && len(tree.Checkpoint) == 0 {
		return nil
	}
	checkpoint, err := t.Verify(tree.Tenant, tree.Checkpoint)
	if err != nil {
		return &FaultError{Fault{Code: CheckpointInvalid, Tenant: tree.Tenant, Index: tree.Size}}
	}
	root, err := tree.Root()
	if err != nil || checkpoint.Size != tree.Size || checkpoint.Root != root {
		return &FaultError{Fault{Code: TreeAltered, Tenant: tree.Tenant, Index: tree.Size}}
	}
	return nil
}

// Run places events until ctx ends, and then gives up the lease and returns
// ctx's error. A step that fails is repeated after Interval, and counted; only a
// *FaultError ends Run, because a tree that was altered is for people to look at.
// Appends to the ledger go on all the same.
func (s *Sequencer) Run(ctx context.Context) error {
	defer s.giveUp(context.WithoutCancel(ctx))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		progress, err := s.Step(ctx)
		if _, altered := errors.AsType[*FaultError](err); altered {
			return err
		}
		if err != nil && ctx.Err() == nil {
			s.options.Hooks.Count("consent.proof.failures", "", 1)
		}
		wait := s.options.Interval
		if progress.More {
			wait = 0
		}
		timer.Reset(wait)
	}
}

// giveUpTimeout bounds the last call of Run, which no context ends.
const giveUpTimeout = 5 * time.Second

func (s *Sequencer) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, giveUpTimeout)
	defer cancel()
	s.lock.Lock()
	defer s.lock.Unlock()
	s.lease = Lease{}
	// Where it fails, the lease ends by itself.
	_, _ = s.store.Lease(ctx, LeaseRequest{Holder: s.options.Holder, Now: s.options.Clock.Now()})
}
