package proof_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// sizes are around those at which tiles are complete.
var sizes = []int{1, 2, 31, 32, 33, 64, 100, 1023, 1024, 1025, 1100, 2100}

func TestEveryEventCanBeProved(t *testing.T) {
	b := newBench(t)
	for _, size := range sizes {
		for b.events < size {
			b.record(keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%d", b.events%5))))
		}
		b.place()
		log, step := b.log(), max(1, size/40)
		for i := range 5 {
			key := keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%d", i)))
			for _, record := range b.records(key) {
				if int(record.Sequence)%step != 0 && record.Sequence != 1 {
					continue
				}
				inclusion, err := log.Inclusion(t.Context(), key, record.Sequence)
				ok(t, err)
				checkpoint, err := b.trust.VerifyInclusion(inclusion)
				if err != nil || checkpoint.Size != uint64(size) || inclusion.Shows(record) != nil {
					t.Fatalf("event %d in a tree of %d: %v", record.Sequence, size, err)
				}
			}
		}
	}
}

func TestATreeBeginsWithEveryOlderOne(t *testing.T) {
	b := newBench(t)
	var older []proof.Checkpoint
	for _, size := range sizes {
		for b.events < size {
			b.record(keyOf(tenant, "s-1"))
		}
		b.place()
		for _, before := range older {
			consistency, err := b.log().Consistency(t.Context(), tenant, before.Size)
			ok(t, err)
			if newer, err := b.trust.VerifyConsistency(before, consistency); err != nil || newer.Size != uint64(size) {
				t.Fatalf("from %d to %d: %v", before.Size, size, err)
			}
		}
		checkpoint, err := b.log().Checkpoint(t.Context(), tenant)
		ok(t, err)
		older = append(older, checkpoint)
	}
}

func TestRedactionLeavesTheLeafProvable(t *testing.T) {
	b := newBench(t)
	key := keyOf(tenant, "s-1")
	b.record(key)
	b.place()
	before, err := b.log().Inclusion(t.Context(), key, 1)
	ok(t, err)
	b.redact(key)
	after, err := b.log().Inclusion(t.Context(), key, 1)
	ok(t, err)
	record := b.records(key)[0]
	if !record.Redacted() || before.Leaf != after.Leaf || after.Shows(record) != nil || before.Shows(record) != nil {
		t.Error("the redacted event is another one")
	}
}

func TestAProofIsAboutOneEventOfOneTenant(t *testing.T) {
	b := newBench(t)
	key := keyOf(tenant, "s-1")
	for range 5 {
		b.record(key)
		b.record(keyOf("umbra", "s-1"))
	}
	b.place()
	inclusion, err := b.log().Inclusion(t.Context(), key, 2)
	ok(t, err)
	foreign, err := b.log().Inclusion(t.Context(), keyOf("umbra", "s-1"), 2)
	ok(t, err)
	for name, change := range map[string]func(*proof.Inclusion){
		"another tenant":     func(i *proof.Inclusion) { i.Leaf.Tenant = "umbra" },
		"another subject":    func(i *proof.Inclusion) { i.Leaf.Subject = "s-2" },
		"dated back":         func(i *proof.Inclusion) { i.Leaf.RecordedAt = i.Leaf.RecordedAt.AddDate(0, 0, -1) },
		"another index":      func(i *proof.Inclusion) { i.Index++ },
		"a foreign tree":     func(i *proof.Inclusion) { i.Checkpoint = foreign.Checkpoint },
		"a shorter path":     func(i *proof.Inclusion) { i.Path = i.Path[1:] },
		"a longer path":      func(i *proof.Inclusion) { i.Path = append(i.Path, i.Path[0]) },
		"a path in disorder": func(i *proof.Inclusion) { slices.Reverse(i.Path) },
		"no checkpoint":      func(i *proof.Inclusion) { i.Checkpoint = nil },
	} {
		forged := inclusion
		forged.Path = slices.Clone(inclusion.Path)
		change(&forged)
		if _, err := b.trust.VerifyInclusion(forged); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := b.records(key)[2]
	if err := inclusion.Shows(other); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another event: %v", err)
	}
	altered := b.records(key)[1]
	altered.Payload = other.Payload
	if err := inclusion.Shows(altered); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another payload: %v", err)
	}
}

func TestAConsistencyProofIsAboutOneTree(t *testing.T) {
	b := newBench(t)
	for range 3 {
		b.record(keyOf(tenant, "s-1"))
		b.record(keyOf("umbra", "s-1"))
	}
	b.place()
	mine, err := b.log().Checkpoint(t.Context(), tenant)
	ok(t, err)
	foreign, err := b.log().Checkpoint(t.Context(), "umbra")
	ok(t, err)
	b.record(keyOf(tenant, "s-1"))
	b.place()
	consistency, err := b.log().Consistency(t.Context(), tenant, 3)
	ok(t, err)
	if _, err := b.trust.VerifyConsistency(foreign, consistency); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("a foreign checkpoint: %v", err)
	}
	rewritten := mine
	rewritten.Root = foreign.Root
	if _, err := b.trust.VerifyConsistency(rewritten, consistency); !errors.Is(err, privacy.ErrInvalid) {
		t.Errorf("another root: %v", err)
	}
	for from, want := range map[uint64]error{0: privacy.ErrInvalid, 9: privacy.ErrInvalid} {
		if _, err := b.log().Consistency(t.Context(), tenant, from); !errors.Is(err, want) {
			t.Errorf("from %d: %v", from, err)
		}
	}
}

func TestWhatIsNotThereCannotBeProved(t *testing.T) {
	b := newBench(t)
	key := keyOf(tenant, "s-1")
	_, noTree := b.log().Checkpoint(t.Context(), tenant)
	b.record(key)
	b.place()
	b.record(key)
	_, zero := b.log().Inclusion(t.Context(), key, 0)
	_, pending := b.log().Inclusion(t.Context(), key, 2)
	_, absent := b.log().Inclusion(t.Context(), key, 3)
	_, nobody := b.log().Inclusion(t.Context(), keyOf(tenant, "nobody"), 1)
	for name, err := range map[string]error{"no tree": noTree, "sequence 0": zero, "no place yet": pending, "no event": absent, "no stream": nobody} {
		if !errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// unasked is a ledger that nobody may ask.
type unasked struct{ proof.Ledger }

var errAsked = errors.New("the ledger was asked")

func (unasked) Records(context.Context, consent.StreamKey, uint64, int) ([]consent.Record, error) {
	return nil, errAsked
}

func TestNoStoreSeesAnIllegalIdentifier(t *testing.T) {
	b := newBench(t)
	log := b.logOn(b.trees, unasked{b.store})
	for _, key := range []consent.StreamKey{keyOf("", "s-1"), keyOf("a\x00b", "s-1"), keyOf(tenant, "\xff"), keyOf(tenant, "a\nb")} {
		if _, err := log.Inclusion(t.Context(), key, 1); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestProofsAreExchangedAsJSON(t *testing.T) {
	b := newBench(t)
	key := keyOf(tenant, "s-1")
	for range 40 {
		b.record(key)
	}
	b.place()
	inclusion, err := b.log().Inclusion(t.Context(), key, 7)
	ok(t, err)
	data, err := json.Marshal(inclusion)
	ok(t, err)
	var received proof.Inclusion
	ok(t, json.Unmarshal(data, &received))
	if _, err := b.trust.VerifyInclusion(received); err != nil {
		t.Error(err)
	}
}

// counting counts what a proof reads.
type counting struct {
	proof.Store
	calls, tiles int
}

func (c *counting) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	c.calls++
	c.tiles += len(ids)
	return c.Store.Tiles(ctx, tenant, ids)
}

func TestAProofReadsFewTiles(t *testing.T) {
	b := newBench(t)
	for range 5000 {
		b.record(keyOf(tenant, "s-1"))
	}
	b.place()
	for _, sequence := range []uint64{1, 2500, 5000} {
		c := &counting{Store: b.trees}
		_, err := b.logOn(c, b.store).Inclusion(t.Context(), keyOf(tenant, "s-1"), sequence)
		ok(t, err)
		if c.calls > 1 || c.tiles > 6 {
			t.Errorf("event %d: %d tiles in %d calls", sequence, c.tiles, c.calls)
		}
	}
}

func FuzzInclusion(f *testing.F) {
	b := newBench(f)
	key := keyOf(tenant, "s-1")
	for range 5 {
		b.record(key)
	}
	b.place()
	inclusion, err := b.log().Inclusion(f.Context(), key, 3)
	ok(f, err)
	data, err := json.Marshal(inclusion)
	ok(f, err)
	f.Add(data)
	// Salts differ from process to process, and with them the commitments.
	genuine := map[proof.Leaf]bool{}
	for _, record := range b.records(key) {
		leaf := proof.LeafOf(record)
		leaf.Commitment = merkle.Hash{}
		genuine[leaf] = true
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var received proof.Inclusion
		if json.Unmarshal(data, &received) != nil {
			return
		}
		// A time may be written in another zone.
		leaf := received.Leaf
		leaf.Commitment = merkle.Hash{}
		leaf.OccurredAt, leaf.RecordedAt = leaf.OccurredAt.UTC(), leaf.RecordedAt.UTC()
		if _, err := b.trust.VerifyInclusion(received); err == nil && !genuine[leaf] {
			t.Error("a forged event was proved")
		}
	})
}

var _ proof.Ledger = consent.LedgerStore(nil)
