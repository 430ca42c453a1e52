package prooftest

import (
	"errors"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/merkle"
)

func extendCases() []Case {
	return []Case{
		{"extend-writes", "Extend writes growths", checkExtendWrites},
		{"extend-fenced", "if Token is not the last that was given, it MUST fail with privacy.ErrConflict and write nothing", checkExtendFenced},
		{"extend-without-lease", "if Token is not the last that was given, it MUST fail with privacy.ErrConflict and write nothing", checkExtendUnleased},
		{"extend-expected-size", "if a tree has not the size From, it MUST fail with privacy.ErrConflict", checkExtendSize},
		{"extend-all-or-nothing", "in one unit of work: a conflict writes nothing", checkExtendAtomic},
		{"extend-racing", "if a tree has not the size From, it MUST fail with privacy.ErrConflict", checkExtendRacing},
		{"extend-copies", "slices that go in MUST be copies", checkExtendCopies},
	}
}

// state is all that can be read of two tenants.
type state struct {
	trees     []proof.Tree
	positions [2][]proof.Position
	tiles     [2][]proof.Tile
}

func (p *probe) state(ids ...proof.TileID) (s state, err error) {
	if s.trees, err = p.Trees(p, proof.TreeFilter{AllTenants: true, Limit: 10}); err != nil {
		return s, err
	}
	for i, tenant := range []privacy.TenantID{tenant, other} {
		if s.positions[i], err = p.Positions(p, keyOf(tenant, "s-1"), 0, 100); err != nil {
			return s, err
		}
		if len(ids) == 0 {
			continue
		}
		if s.tiles[i], err = p.Tiles(p, tenant, ids); err != nil {
			return s, err
		}
	}
	return s, nil
}

// growth is a made-up growth of a tree by one event of the stream "s-1".
func growth(tenant privacy.TenantID, from uint64) proof.Growth {
	return proof.Growth{
		From: from,
		Tree: proof.Tree{Tenant: tenant, Size: from + 1, Edge: []merkle.Hash{hashOf(int(from)), hashOf(int(from) + 1)}, Checkpoint: []byte("note of " + tenant)},
		Positions: []proof.Position{
			{Key: keyOf(tenant, "s-1"), Sequence: from + 1, Index: from},
		},
	}
}

func checkExtendWrites(p *probe) error {
	if err := errors.Join(p.record(keyOf(tenant, "s-1"), 2), p.record(keyOf(other, "s-1"), 2)); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	first, second := growth(tenant, 0), growth(other, 0)
	first.Tiles = []proof.Tile{tile(0, 0), tile(1, 0)}
	second.Tiles = []proof.Tile{tile(0, 0), tile(1, 0)}
	second.Tiles[0].Hashes = tile(0, 9).Hashes
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{first, second}}); err != nil {
		return err
	}
	third := growth(tenant, 1)
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{third}}); err != nil {
		return err
	}
	got, err := p.state(proof.TileID{Level: 1}, proof.TileID{})
	if err != nil {
		return err
	}
	return same("state", got, state{
		trees:     []proof.Tree{third.Tree, second.Tree},
		positions: [2][]proof.Position{{first.Positions[0], third.Positions[0]}, second.Positions},
		tiles:     [2][]proof.Tile{{first.Tiles[1], first.Tiles[0]}, {second.Tiles[1], second.Tiles[0]}},
	})
}

// refused checks that an extension is a conflict and changes nothing.
func (p *probe) refused(e proof.Extension) error {
	before, err := p.state()
	if err != nil {
		return err
	}
	refusal := p.Extend(p, e)
	after, err := p.state()
	if err != nil {
		return err
	}
	if err := errors.Join(matches("extend", refusal, privacy.ErrConflict), same("state", after, before)); err != nil {
		return err
	}
	for _, growth := range e.Growths {
		for _, tile := range growth.Tiles {
			if _, err := p.Tiles(p, growth.Tree.Tenant, []proof.TileID{tile.TileID}); !errors.Is(err, privacy.ErrNotFound) {
				return errors.New("a tile was written")
			}
		}
	}
	return nil
}

func checkExtendFenced(p *probe) error {
	if err := p.record(keyOf(tenant, "s-1"), 1); err != nil {
		return err
	}
	old, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	batch, err := p.pending(10)
	if err != nil {
		return err
	}
	fresh, err := p.lease("b", 10)
	if err != nil {
		return err
	}
	late := growth(tenant, 0)
	late.Tiles = []proof.Tile{tile(0, 0)}
	if err := p.refused(proof.Extension{Token: old.Token, Growths: []proof.Growth{late}, Cursor: batch.Cursor}); err != nil {
		return err
	}
	leaves, err := p.placeAll(fresh.Token, 10)
	return errors.Join(err, same("events for the new holder", len(leaves), 1))
}

func checkExtendUnleased(p *probe) error {
	if err := p.refused(proof.Extension{Growths: []proof.Growth{growth(tenant, 0)}}); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	return p.refused(proof.Extension{Token: lease.Token + 1, Growths: []proof.Growth{growth(tenant, 0)}})
}

func checkExtendSize(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	if err := p.refused(proof.Extension{Token: lease.Token, Growths: []proof.Growth{growth(tenant, 1)}}); err != nil {
		return err
	}
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{growth(tenant, 0)}}); err != nil {
		return err
	}
	again := growth(tenant, 0)
	again.Positions[0].Sequence = 2
	return errors.Join(
		p.refused(proof.Extension{Token: lease.Token, Growths: []proof.Growth{again}}),
		p.refused(proof.Extension{Token: lease.Token, Growths: []proof.Growth{growth(tenant, 2)}}))
}

func checkExtendAtomic(p *probe) error {
	if err := errors.Join(p.record(keyOf(tenant, "s-1"), 1), p.record(keyOf(other, "s-1"), 1)); err != nil {
		return err
	}
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	batch, err := p.pending(10)
	if err != nil {
		return err
	}
	sound := growth(tenant, 0)
	sound.Tiles = []proof.Tile{tile(0, 0)}
	for _, growths := range [][]proof.Growth{{sound, growth(other, 5)}, {growth(other, 5), sound}} {
		if err := p.refused(proof.Extension{Token: lease.Token, Growths: growths, Cursor: batch.Cursor}); err != nil {
			return err
		}
	}
	leaves, err := p.placeAll(lease.Token, 10)
	return errors.Join(err, inOrder(leaves, map[consent.StreamKey]int{keyOf(tenant, "s-1"): 1, keyOf(other, "s-1"): 1}))
}

func checkExtendRacing(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	won := 0
	for _, err := range together(6, func(i int) error {
		g := growth(tenant, 0)
		g.Positions[0].Key.Subject += privacy.SubjectID(rune('a' + i))
		return p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{g}})
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, privacy.ErrConflict):
			return err
		}
	}
	return same("extensions of the same tree", won, 1)
}

func checkExtendCopies(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	mine, others := growth(tenant, 0), growth(other, 0)
	mine.Tiles, others.Tiles = []proof.Tile{tile(0, 0)}, []proof.Tile{tile(0, 0)}
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{mine, others}}); err != nil {
		return err
	}
	before, err := p.state(proof.TileID{})
	if err != nil {
		return err
	}
	want := state{
		trees:     []proof.Tree{growth(tenant, 0).Tree, growth(other, 0).Tree},
		positions: [2][]proof.Position{growth(tenant, 0).Positions, growth(other, 0).Positions},
		tiles:     [2][]proof.Tile{{tile(0, 0)}, {tile(0, 0)}},
	}
	mine.Tree.Edge[0], mine.Tree.Checkpoint[0], mine.Positions[0].Index, mine.Tiles[0].Hashes[0] = hashOf(99), 'X', 99, hashOf(99)
	before.trees[0].Edge[0], before.trees[0].Checkpoint[0], before.tiles[0][0].Hashes[0], before.positions[0][0].Index = hashOf(98), 'Y', hashOf(98), 98
	after, err := p.state(proof.TileID{})
	return errors.Join(err, same("state", after, want))
}
