package prooftest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// probe is a store under test with what the cases need around it.
type probe struct {
	context.Context
	proof.Store
	ledger consent.Store
	ids    atomic.Int64
}

var start = time.Date(2026, 3, 1, 10, 0, 0, 123456000, time.UTC)

const (
	tenant = privacy.TenantID("acme")
	other  = privacy.TenantID("umbra")
)

func keyOf(tenant privacy.TenantID, subject privacy.SubjectID) consent.StreamKey {
	return consent.StreamKey{Tenant: tenant, Subject: subject}
}

// record appends n events to a stream, in one unit of work.
func (p *probe) record(key consent.StreamKey, n int) error {
	work := consent.Append{Key: key, Source: "/prooftest"}
	for range n {
		id := "event-" + strconv.FormatInt(p.ids.Add(1), 10)
		var fact consent.Fact = consent.Withdrawal{}
		if key.Subject == "" {
			fact = consent.AttestationWithdrawn{ID: id}
		}
		record, err := consent.NewRecord(id, id, start.Add(time.Hour), consent.Entry{
			Tenant: key.Tenant, Subject: key.Subject, OccurredAt: start, Fact: fact,
		})
		if err != nil {
			return err
		}
		work.Records = append(work.Records, record)
	}
	results, err := p.ledger.Append(p, []consent.Append{work})
	if err != nil {
		return fmt.Errorf("append failed: %w", err)
	}
	return results[0].Err
}

// lease takes the lease for a holder at a number of seconds after start, for ten
// seconds.
func (p *probe) lease(holder string, seconds int) (proof.Lease, error) {
	return p.Lease(p, proof.LeaseRequest{Holder: holder, Now: start.Add(time.Duration(seconds) * time.Second), Duration: 10 * time.Second})
}

// pending returns a batch and checks what every batch must be.
func (p *probe) pending(limit int) (proof.Batch, error) {
	batch, err := p.Pending(p, limit)
	if err != nil {
		return proof.Batch{}, fmt.Errorf("pending failed: %w", err)
	}
	if len(batch.Leaves) > limit {
		return proof.Batch{}, fmt.Errorf("%d events for a limit of %d", len(batch.Leaves), limit)
	}
	tenants := map[privacy.TenantID]bool{}
	for _, leaf := range batch.Leaves {
		tenants[leaf.Tenant] = true
	}
	for _, tree := range batch.Trees {
		if !tenants[tree.Tenant] {
			return proof.Batch{}, errors.New("a tree without a leaf, or twice")
		}
		delete(tenants, tree.Tenant)
	}
	if len(tenants) > 0 {
		return proof.Batch{}, errors.New("a leaf without its tree")
	}
	return batch, nil
}

// extension places a batch in a made-up way: every leaf is on the edge.
func extension(token uint64, batch proof.Batch) proof.Extension {
	e := proof.Extension{Token: token, Cursor: batch.Cursor}
	for _, tree := range batch.Trees {
		g := proof.Growth{From: tree.Size, Tree: proof.Tree{Tenant: tree.Tenant, Size: tree.Size, Edge: []merkle.Hash{hashOf(int(tree.Size))}, Checkpoint: []byte("checkpoint")}}
		for _, leaf := range batch.Leaves {
			if leaf.Tenant == tree.Tenant {
				g.Positions = append(g.Positions, proof.Position{Key: leaf.Key(), Sequence: leaf.Sequence, Index: g.Tree.Size})
				g.Tree.Size++
			}
		}
		e.Growths = append(e.Growths, g)
	}
	return e
}

// placeAll places everything that is pending, and returns the leaves in order.
func (p *probe) placeAll(token uint64, limit int) ([]proof.Leaf, error) {
	var leaves []proof.Leaf
	for range 10_000 {
		batch, err := p.pending(limit)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, batch.Leaves...)
		if len(batch.Leaves) > 0 || batch.Cursor != "" {
			if err := p.Extend(p, extension(token, batch)); err != nil {
				return nil, fmt.Errorf("extend failed: %w", err)
			}
		}
		if !batch.More && batch.Complete {
			return leaves, nil
		}
		if !batch.More {
			time.Sleep(time.Millisecond) // a transaction elsewhere hides what is left
		}
	}
	return nil, errors.New("there is no end of what is pending")
}

// inOrder checks that leaves are all events of the streams, each once, and those
// of a stream in order.
func inOrder(leaves []proof.Leaf, want map[consent.StreamKey]int) error {
	got := map[consent.StreamKey]int{}
	for _, leaf := range leaves {
		got[leaf.Key()]++
		if leaf.Sequence != uint64(got[leaf.Key()]) {
			return fmt.Errorf("event %d of a stream came as number %d", leaf.Sequence, got[leaf.Key()])
		}
	}
	return same("events of each stream", got, want)
}

func hashOf(n int) merkle.Hash { return merkle.LeafHash([]byte(strconv.Itoa(n))) }

func tile(level uint8, index uint64) proof.Tile {
	t := proof.Tile{TileID: proof.TileID{Level: level, Index: index}}
	for i := range proof.TileWidth {
		t.Hashes = append(t.Hashes, hashOf(int(level)*1_000_000+int(index)*1000+i))
	}
	return t
}

// together calls do n times at once.
func together(n int, do func(i int) error) []error {
	faults := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { faults[i] = do(i) })
	}
	group.Wait()
	return faults
}

func same(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %+v, want %+v", what, got, want)
	}
	return nil
}

func matches(what string, err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%s: got %v, want %v", what, err, want)
	}
	return nil
}
