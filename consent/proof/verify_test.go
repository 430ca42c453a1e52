package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

// rewritten is a ledger whose table somebody has written to by hand.
type rewritten struct {
	proof.Ledger
	streams map[consent.StreamKey][]consent.Record
}

func (r rewritten) Records(_ context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
	var page []consent.Record
	for _, record := range r.streams[key] {
		if record.Sequence > after && len(page) < limit {
			page = append(page, record)
		}
	}
	return page, nil
}

func (r rewritten) Subjects(_ context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
	var subjects []privacy.SubjectID
	for key := range r.streams {
		if key.Tenant == tenant && key.Subject > after {
			subjects = append(subjects, key.Subject)
		}
	}
	slices.Sort(subjects)
	return subjects[:min(limit, len(subjects))], nil
}

const verified = 80

// filled returns a bench with events of several streams, all placed, and its
// ledger to be rewritten.
func filled(t *testing.T) (*bench, rewritten) {
	t.Helper()
	b := newBench(t)
	ledger := rewritten{streams: map[consent.StreamKey][]consent.Record{}}
	for i := range verified {
		b.record(keyOf(tenant, []privacy.SubjectID{"", "s-1", "s-2", "s-3"}[i%4]))
	}
	b.redact(keyOf(tenant, "s-3"))
	b.place()
	for _, subject := range []privacy.SubjectID{"", "s-1", "s-2", "s-3"} {
		ledger.streams[keyOf(tenant, subject)] = b.records(keyOf(tenant, subject))
	}
	return b, ledger
}

func TestASoundLedgerIsVerified(t *testing.T) {
	b, ledger := filled(t)
	b.record(keyOf(tenant, "s-1"))
	b.record(keyOf(tenant, "late"))
	b.record(keyOf("umbra", "s-1"))
	report, err := b.log().Verify(t.Context(), tenant)
	want := proof.Report{Tenant: tenant, Checkpoint: report.Checkpoint, Streams: 5, Events: verified + 3, Redacted: verified / 4, Pending: 2}
	if err != nil || report.Checkpoint.Size != verified+1 || fmt.Sprint(report) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v", report, err)
	}
	if _, err := b.logOn(b.trees, ledger).Verify(t.Context(), tenant); err != nil {
		t.Errorf("an older copy: %v", err)
	}
	untouched, err := b.log().Verify(t.Context(), "umbra")
	if err != nil || untouched.Pending != 1 || untouched.Checkpoint.Size != 0 {
		t.Errorf("a tenant without a tree: %+v, %v", untouched, err)
	}
	all, err := b.log().VerifyAll(t.Context())
	if err != nil || len(all) != 1 || all[0].Events != verified+3 {
		t.Errorf("all: %+v, %v", all, err)
	}
}

// forge makes a record that is right by itself.
func forge(t *testing.T, key consent.StreamKey, sequence uint64, at time.Time) consent.Record {
	t.Helper()
	record, err := consent.NewRecord("forged", "forged", at, consent.Entry{
		Tenant: key.Tenant, Subject: key.Subject, OccurredAt: at, Fact: consent.RelationshipStarted{Reference: "forged"},
	})
	ok(t, err)
	record.Sequence = sequence
	return record
}

func TestTheFirstWrongEventIsNamed(t *testing.T) {
	one, two := keyOf(tenant, "s-1"), keyOf(tenant, "s-2")
	for _, c := range []struct {
		name     string
		want     proof.FaultCode
		subject  privacy.SubjectID
		sequence uint64
		tamper   func(r rewritten)
	}{
		{"a payload altered", proof.PayloadAltered, "s-1", 3, func(r rewritten) {
			r.streams[one][2].Payload = []byte(strings.Replace(string(r.streams[one][2].Payload), "event", "other", 1))
		}},
		{"a payload without its salt", proof.PayloadAltered, "s-1", 3, func(r rewritten) { r.streams[one][2].Salt = nil }},
		{"payload and commitment altered", proof.EventAltered, "s-1", 3, func(r rewritten) {
			forged := forge(t, one, 3, r.streams[one][2].OccurredAt)
			forged.ID, forged.RecordedAt = r.streams[one][2].ID, r.streams[one][2].RecordedAt
			r.streams[one][2] = forged
		}},
		{"a commitment altered after redaction", proof.EventAltered, "s-3", 5, func(r rewritten) {
			r.streams[keyOf(tenant, "s-3")][4].Commitment[0] ^= 1
		}},
		{"a payload taken out", proof.PayloadMissing, "s-2", 7, func(r rewritten) {
			r.streams[two][6].Payload, r.streams[two][6].Salt, r.streams[two][6].Key = nil, nil, ""
		}},
		{"dated back", proof.EventAltered, "s-2", 20, func(r rewritten) {
			r.streams[two][19].RecordedAt = r.streams[two][19].RecordedAt.AddDate(0, 0, -1)
		}},
		{"said to have occurred before", proof.PayloadMisplaced, "s-2", 20, func(r rewritten) {
			r.streams[two][19].OccurredAt = r.streams[two][19].OccurredAt.AddDate(0, 0, -1)
		}},
		{"another kind", proof.PayloadMisplaced, "s-2", 20, func(r rewritten) { r.streams[two][19].Kind = consent.KindRelationshipEnded }},
		{"two events exchanged", proof.EventAltered, "s-1", 4, func(r rewritten) {
			s := r.streams[one]
			s[3], s[8] = s[8], s[3]
			s[3].Sequence, s[8].Sequence = 4, 9
		}},
		{"an event of another subject", proof.PayloadMisplaced, "s-1", 4, func(r rewritten) {
			r.streams[one][3] = r.streams[two][3]
			r.streams[one][3].Tenant, r.streams[one][3].Subject = tenant, "s-1"
		}},
		{"an event put in between", proof.EventAltered, "s-1", 4, func(r rewritten) {
			r.streams[one] = slices.Insert(r.streams[one], 3, forge(t, one, 4, moment))
			for i := range r.streams[one] {
				r.streams[one][i].Sequence = uint64(i + 1)
			}
		}},
		{"an event taken out", proof.EventMissing, "s-1", 4, func(r rewritten) { r.streams[one] = slices.Delete(r.streams[one], 3, 4) }},
		{"an event taken out and closed up", proof.EventAltered, "s-1", 4, func(r rewritten) {
			r.streams[one] = slices.Delete(r.streams[one], 3, 4)
			for i := range r.streams[one] {
				r.streams[one][i].Sequence = uint64(i + 1)
			}
		}},
		{"the last events cut off", proof.EventMissing, "s-2", 19, func(r rewritten) { r.streams[two] = r.streams[two][:18] }},
		{"a stream taken away", proof.EventMissing, "", 0, func(r rewritten) { delete(r.streams, two) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, ledger := filled(t)
			c.tamper(ledger)
			_, err := b.logOn(b.trees, ledger).Verify(t.Context(), tenant)
			var fault *proof.FaultError
			if !errors.As(err, &fault) || !errors.Is(err, privacy.ErrInvalid) {
				t.Fatalf("got %v", err)
			}
			if f := fault.Fault; f.Code != c.want || f.Subject != c.subject || f.Sequence != c.sequence || f.Tenant != tenant {
				t.Errorf("got %+v", f)
			}
			if strings.Contains(err.Error(), "s-") || strings.Contains(err.Error(), string(tenant)) {
				t.Errorf("the message names the stream: %v", err)
			}
		})
	}
}

// tampered are trees whose tables somebody has written to by hand.
type tampered struct {
	proof.Store
	tree      func(*proof.Tree)
	tile      func(*proof.Tile)
	positions func(consent.StreamKey, []proof.Position) []proof.Position
	gone      bool
	noTree    bool
}

func (s tampered) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	if s.noTree {
		return nil, nil
	}
	trees, err := s.Store.Trees(ctx, filter)
	for i := range trees {
		if s.tree != nil {
			s.tree(&trees[i])
		}
	}
	return trees, err
}

func (s tampered) Tiles(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
	if s.gone {
		return nil, privacy.ErrNotFound
	}
	tiles, err := s.Store.Tiles(ctx, tenant, ids)
	for i := range tiles {
		if s.tile != nil {
			s.tile(&tiles[i])
		}
	}
	return tiles, err
}

func (s tampered) Positions(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
	positions, err := s.Store.Positions(ctx, key, after, limit)
	if s.positions != nil {
		positions = s.positions(key, positions)
	}
	return positions, err
}

func TestTreesThatWereAlteredAreFound(t *testing.T) {
	flip := func(hash *merkle.Hash) { hash[0] ^= 1 }
	for _, c := range []struct {
		name string
		want proof.FaultCode
		with tampered
	}{
		{"a leaf in a tile", proof.EventAltered, tampered{tile: func(t *proof.Tile) {
			if t.Level == 0 && t.Index == 1 {
				flip(&t.Hashes[5])
			}
		}}},
		{"a leaf on the edge", proof.EventAltered, tampered{tree: func(t *proof.Tree) { flip(&t.Edge[3]) }}},
		{"a node on the edge", proof.TreeAltered, tampered{tree: func(t *proof.Tree) { flip(&t.Edge[len(t.Edge)-1]) }}},
		{"a tile that is gone", proof.TreeAltered, tampered{gone: true}},
		{"a short edge", proof.TreeAltered, tampered{tree: func(t *proof.Tree) { t.Edge = t.Edge[1:] }}},
		{"a forged checkpoint", proof.CheckpointInvalid, tampered{tree: func(t *proof.Tree) { t.Checkpoint[0] ^= 1 }}},
		{"no checkpoint", proof.CheckpointInvalid, tampered{tree: func(t *proof.Tree) { t.Checkpoint = nil }}},
		{"a tree cut off", proof.TreeAltered, tampered{tree: func(t *proof.Tree) {
			t.Size--
			t.Edge = slices.Delete(t.Edge, 16, 17)
		}}},
		{"a tree of any size", proof.TreeAltered, tampered{tree: func(t *proof.Tree) { t.Size = 1 << 63 }}},
		{"a tree without end", proof.TreeAltered, tampered{tree: func(t *proof.Tree) { t.Size, t.Edge = 1<<62, t.Edge[:4] }}},
		{"a tree that is gone", proof.TreeAltered, tampered{noTree: true}},
		{"places that are gone", proof.EventMissing, tampered{positions: func(key consent.StreamKey, all []proof.Position) []proof.Position {
			if key.Subject == "s-2" {
				return nil
			}
			return all
		}}},
		{"a place that is gone", proof.EventUnplaced, tampered{positions: func(_ consent.StreamKey, all []proof.Position) []proof.Position {
			return slices.DeleteFunc(all, func(p proof.Position) bool { return p.Sequence == 5 })
		}}},
		{"a place given twice", proof.EventAltered, tampered{positions: func(_ consent.StreamKey, all []proof.Position) []proof.Position {
			for i := range all {
				all[i].Index = all[0].Index
			}
			return all
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, ledger := filled(t)
			c.with.Store = b.trees
			_, err := b.logOn(c.with, ledger).Verify(t.Context(), tenant)
			var fault *proof.FaultError
			if !errors.As(err, &fault) || fault.Fault.Code != c.want {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// The state of a tree from before its last events is signed too, but events have
// places beyond it.
func TestATreePutBackIsFound(t *testing.T) {
	b, ledger := filled(t)
	older, err := b.trees.Trees(t.Context(), proof.TreeFilter{Tenant: tenant, Limit: 1})
	ok(t, err)
	b.record(keyOf(tenant, "s-2"))
	b.place()
	ledger.streams[keyOf(tenant, "s-2")] = b.records(keyOf(tenant, "s-2"))
	back := tampered{Store: b.trees, tree: func(t *proof.Tree) { *t = older[0] }}
	_, err = b.logOn(back, ledger).Verify(t.Context(), tenant)
	var fault *proof.FaultError
	if !errors.As(err, &fault) || fault.Fault.Code != proof.TreeAltered || fault.Fault.Index != older[0].Size {
		t.Errorf("got %v", err)
	}
}

// growing is a store whose sequencer goes on after the tree was first read.
type growing struct {
	proof.Store
	older []proof.Tree
	reads *int
}

func (s growing) Trees(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
	if *s.reads++; *s.reads == 1 {
		return s.older, nil
	}
	return s.Store.Trees(ctx, filter)
}

func TestATreeMayGrowWhileItIsVerified(t *testing.T) {
	b, _ := filled(t)
	older, err := b.trees.Trees(t.Context(), proof.TreeFilter{Tenant: tenant, Limit: 1})
	ok(t, err)
	b.record(keyOf(tenant, "s-2"))
	b.place()
	for name, first := range map[string][]proof.Tree{"one more event": older, "the first events": nil} {
		report, err := b.logOn(growing{b.trees, first, new(int)}, b.store).Verify(t.Context(), tenant)
		if err != nil || report.Pending == 0 || report.Events != verified+2 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// A tile whose leaves fit their events, but not the hash above it, is one that
// was written together with the events.
func TestATileThatWasAlteredWithItsEventsIsFound(t *testing.T) {
	b, ledger := filled(t)
	key := keyOf(tenant, "s-1")
	positions, err := b.trees.Positions(t.Context(), key, 0, 1)
	ok(t, err)
	forged := forge(t, key, 1, moment)
	ledger.streams[key][0] = forged
	hash, err := proof.LeafOf(forged).Hash()
	ok(t, err)
	with := tampered{Store: b.trees, tile: func(t *proof.Tile) {
		if t.Level == 0 && t.Index == positions[0].Index/proof.TileWidth {
			t.Hashes[positions[0].Index%proof.TileWidth] = hash
		}
	}}
	_, err = b.logOn(with, ledger).Verify(t.Context(), tenant)
	var fault *proof.FaultError
	if !errors.As(err, &fault) || fault.Fault.Code != proof.TreeAltered || fault.Fault.Index != positions[0].Index/proof.TileWidth*proof.TileWidth {
		t.Errorf("got %v", err)
	}
}

// A tile that was taken away is a fault of the tree, not an event without a place.
func TestWithoutItsTilesATreeProvesNothing(t *testing.T) {
	b, _ := filled(t)
	log := b.logOn(tampered{Store: b.trees, gone: true}, b.store)
	_, inclusion := log.Inclusion(t.Context(), keyOf(tenant, "s-1"), 1)
	_, consistency := log.Consistency(t.Context(), tenant, 3)
	short := tampered{Store: b.trees, tile: func(t *proof.Tile) { t.Hashes = t.Hashes[:3] }}
	_, cut := b.logOn(short, b.store).Consistency(t.Context(), tenant, 3)
	for name, err := range map[string]error{"inclusion": inclusion, "consistency": consistency, "a tile cut off": cut} {
		var fault *proof.FaultError
		if !errors.As(err, &fault) || fault.Fault.Code != proof.TreeAltered || fault.Fault.Tenant != tenant || errors.Is(err, privacy.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An event that was altered is not proved either.
func TestAnAlteredEventIsNotProved(t *testing.T) {
	b, ledger := filled(t)
	key := keyOf(tenant, "s-1")
	ledger.streams[key][4].RecordedAt = moment
	_, err := b.logOn(b.trees, ledger).Inclusion(t.Context(), key, 5)
	var fault *proof.FaultError
	if !errors.As(err, &fault) || fault.Fault.Code != proof.EventAltered || fault.Fault.Sequence != 5 {
		t.Errorf("got %v", err)
	}
}

// Nor is one whose place is beyond the tree.
func TestAPlaceBeyondTheTreeIsAFault(t *testing.T) {
	b, _ := filled(t)
	beyond := tampered{Store: b.trees, positions: func(_ consent.StreamKey, all []proof.Position) []proof.Position {
		all[0].Index = 1 << 40
		return all
	}}
	_, err := b.logOn(beyond, b.store).Inclusion(t.Context(), keyOf(tenant, "s-1"), 5)
	var fault *proof.FaultError
	if !errors.As(err, &fault) || fault.Fault.Code != proof.EventAltered || fault.Fault.Sequence != 5 {
		t.Errorf("got %v", err)
	}
}

func TestVerificationReadsLongStreamsAndManySubjects(t *testing.T) {
	b := newBench(t)
	for i := range 1700 {
		b.record(keyOf(tenant, "long"))
		b.record(keyOf(tenant, privacy.SubjectID(fmt.Sprintf("s-%04d", i))))
	}
	b.place()
	b.record(keyOf(tenant, "long"))
	report, err := b.log().Verify(t.Context(), tenant)
	if err != nil || report.Events != 3401 || report.Streams != 1701 || report.Pending != 1 {
		t.Errorf("got %+v, %v", report, err)
	}
}
