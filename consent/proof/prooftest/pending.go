package prooftest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

func pendingCases() []Case {
	return []Case{
		{"pending-in-order", "of each stream they MUST begin with the first that has none, in order of sequence without gaps", checkPendingInOrder},
		{"pending-whole-leaves", "a Leaf is everything that the ledger keeps of an event for ever", checkPendingLeaves},
		{"pending-goes-on", "Pending returns events that have no place in a tree", checkPendingGoesOn},
		{"pending-comes-again", "a batch that was not placed MUST come again", checkPendingAgain},
		{"pending-trees", "the trees of the batch MUST be those of the tenants of its leaves", checkPendingTrees},
		{"pending-after-trim", "every event MUST come in the end, also one whose outbox row was trimmed", checkPendingTrim},
		{"pending-after-trim-between", "every event MUST come in the end, also one whose outbox row was trimmed", checkPendingTrimBetween},
		{"pending-racing", "every event MUST come in the end as batches are placed one after another", checkPendingRacing},
		{"pending-redacted", "a Leaf is the same before and after redaction", checkPendingRedacted},
		{"pending-cancelled", "a cancelled context MUST make them fail", checkPendingCancelled},
	}
}

var streams = map[consent.StreamKey]int{
	keyOf(tenant, ""): 2, keyOf(tenant, "s-1"): 7, keyOf(tenant, "s-2"): 1, keyOf(tenant, "S-1"): 3,
	keyOf(other, "s-1"): 4, keyOf("ACME", "s-1"): 2,
}

// recordStreams appends the events of streams one by one, in turn.
func (p *probe) recordStreams() error {
	for round := range 7 {
		for key, n := range streams {
			if round < n {
				if err := p.record(key, 1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkPendingInOrder(p *probe) error {
	if err := p.recordStreams(); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	leaves, err := p.placeAll(lease.Token, 3)
	if err != nil {
		return err
	}
	return inOrder(leaves, streams)
}

func checkPendingLeaves(p *probe) error {
	key := keyOf(tenant, "s-1")
	if err := p.record(key, 2); err != nil {
		return err
	}
	records, err := p.ledger.Records(p, key, 0, 10)
	if err != nil {
		return err
	}
	batch, err := p.pending(10)
	if err != nil {
		return err
	}
	return same("leaves", batch.Leaves, []proof.Leaf{proof.LeafOf(records[0]), proof.LeafOf(records[1])})
}

func checkPendingGoesOn(p *probe) error {
	key := keyOf(tenant, "s-1")
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	var all []proof.Leaf
	for range 3 {
		if err := p.record(key, 2); err != nil {
			return err
		}
		leaves, err := p.placeAll(lease.Token, 10)
		if err != nil {
			return err
		}
		if err := same("new events", len(leaves), 2); err != nil {
			return err
		}
		all = append(all, leaves...)
	}
	nothing, err := p.placeAll(lease.Token, 10)
	return errors.Join(err, same("events after all were placed", len(nothing), 0), inOrder(all, map[consent.StreamKey]int{key: 6}))
}

func checkPendingAgain(p *probe) error {
	if err := p.record(keyOf(tenant, "s-1"), 3); err != nil {
		return err
	}
	first, err := p.pending(10)
	if err != nil {
		return err
	}
	second, err := p.pending(10)
	return errors.Join(err, same("events", len(first.Leaves), 3), same("events that were not placed", second.Leaves, first.Leaves))
}

func checkPendingTrees(p *probe) error {
	if err := errors.Join(p.record(keyOf(tenant, "s-1"), 2), p.record(keyOf(other, "s-1"), 1)); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	if _, err := p.placeAll(lease.Token, 10); err != nil {
		return err
	}
	if err := p.record(keyOf(tenant, "s-2"), 1); err != nil {
		return err
	}
	batch, err := p.pending(10)
	return errors.Join(err, same("trees", batch.Trees, []proof.Tree{{
		Tenant: tenant, Size: 2, Edge: []merkle.Hash{hashOf(0)}, Checkpoint: []byte("checkpoint"),
	}}))
}

func (p *probe) trim() error {
	_, err := p.ledger.Trim(p, start.AddDate(1, 0, 0), true)
	return err
}

func checkPendingTrim(p *probe) error {
	if err := errors.Join(p.recordStreams(), p.trim()); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	leaves, err := p.placeAll(lease.Token, 4)
	if err != nil {
		return err
	}
	return inOrder(leaves, streams)
}

func checkPendingTrimBetween(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	key := keyOf(tenant, "s-1")
	want := map[consent.StreamKey]int{key: 3, keyOf(other, "late"): 5}
	if err := p.record(key, 3); err != nil {
		return err
	}
	leaves, err := p.placeAll(lease.Token, 2)
	if err != nil {
		return err
	}
	if err := errors.Join(p.record(keyOf(other, "late"), 5), p.trim()); err != nil {
		return err
	}
	more, err := p.placeAll(lease.Token, 2)
	if err != nil {
		return err
	}
	return inOrder(append(leaves, more...), want)
}

func checkPendingRacing(p *probe) error {
	const writers, appends = 6, 20
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	want := map[consent.StreamKey]int{}
	for i := range writers {
		want[keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%d", i%3)))] += appends * 2
	}
	var running atomic.Int64
	running.Store(writers)
	var leaves []proof.Leaf
	faults := together(writers+1, func(i int) error {
		if i < writers {
			defer running.Add(-1)
			for range appends {
				if err := p.record(keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%d", i%3))), 2); err != nil {
					return err
				}
			}
			return nil
		}
		for last := false; ; last = running.Load() == 0 {
			placed, err := p.placeAll(lease.Token, 7)
			if err != nil {
				return err
			}
			leaves = append(leaves, placed...)
			if last {
				return nil
			}
		}
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	return inOrder(leaves, want)
}

func checkPendingRedacted(p *probe) error {
	key := keyOf(tenant, "s-1")
	if err := p.record(key, 2); err != nil {
		return err
	}
	before, err := p.pending(10)
	if err != nil {
		return err
	}
	record, err := consent.NewRecord("erasure", "erasure", start, consent.Entry{
		Tenant: tenant, Subject: "s-1", OccurredAt: start, Fact: consent.Erasure{Cause: "case"},
	})
	if err != nil {
		return err
	}
	if _, err := p.ledger.Redact(p, consent.Append{Key: key, Records: []consent.Record{record}, Source: "/prooftest"}); err != nil {
		return err
	}
	after, err := p.pending(10)
	if err != nil {
		return err
	}
	if err := same("events", len(after.Leaves), 3); err != nil {
		return err
	}
	return same("leaves after redaction", after.Leaves[:2], before.Leaves)
}

func checkPendingCancelled(p *probe) error {
	ctx, cancel := context.WithCancel(p)
	cancel()
	_, pending := p.Pending(ctx, 10)
	_, lease := p.Lease(ctx, proof.LeaseRequest{Holder: "a", Now: start, Duration: time.Second})
	_, trees := p.Trees(ctx, proof.TreeFilter{AllTenants: true, Limit: 1})
	_, tiles := p.Tiles(ctx, tenant, []proof.TileID{{}})
	_, positions := p.Positions(ctx, keyOf(tenant, "s-1"), 0, 1)
	free, err := p.lease("b", 0)
	if err != nil {
		return fmt.Errorf("the lease after a call that was cancelled: %w", err)
	}
	extend := p.Extend(ctx, proof.Extension{Token: free.Token, Growths: []proof.Growth{{Tree: proof.Tree{Tenant: tenant, Size: 1, Edge: []merkle.Hash{hashOf(0)}}}}})
	stored, err := p.Trees(p, proof.TreeFilter{AllTenants: true, Limit: 10})
	return errors.Join(err, same("trees", len(stored), 0),
		matches("Pending", pending, context.Canceled), matches("Lease", lease, context.Canceled), matches("Trees", trees, context.Canceled),
		matches("Tiles", tiles, context.Canceled), matches("Positions", positions, context.Canceled), matches("Extend", extend, context.Canceled))
}
