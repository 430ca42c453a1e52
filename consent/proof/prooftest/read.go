package prooftest

import (
	"errors"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
)

func readCases() []Case {
	return []Case{
		{"trees-in-order", "Trees returns trees in byte order of their tenants", checkTreesOrder},
		{"trees-of-one-tenant", "Tenant limits the result to the tree of one tenant", checkTreesOne},
		{"tiles-in-order", "Tiles returns complete tiles of a tenant's tree, in the order of ids", checkTilesOrder},
		{"tiles-missing", "it MUST fail with privacy.ErrNotFound if one is not there", checkTilesMissing},
		{"positions-in-order", "Positions returns up to limit positions with a sequence greater than after, in order of sequence", checkPositions},
	}
}

var tenants = []privacy.TenantID{"ACME", "acme", "acme-2", "umbra", "Ümbra"}

func (p *probe) growTenants() error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	e := proof.Extension{Token: lease.Token}
	for _, i := range []int{3, 0, 4, 2, 1} {
		e.Growths = append(e.Growths, growth(tenants[i], 0))
	}
	return p.Extend(p, e)
}

func tenantsOf(trees []proof.Tree) []privacy.TenantID {
	var list []privacy.TenantID
	for _, tree := range trees {
		list = append(list, tree.Tenant)
	}
	return list
}

func checkTreesOrder(p *probe) error {
	if err := p.growTenants(); err != nil {
		return err
	}
	first, err := p.Trees(p, proof.TreeFilter{AllTenants: true, Limit: 2})
	if err != nil {
		return err
	}
	rest, err := p.Trees(p, proof.TreeFilter{AllTenants: true, After: tenants[1], Limit: 10})
	return errors.Join(err, same("first page", tenantsOf(first), tenants[:2]), same("second page", tenantsOf(rest), tenants[2:]))
}

func checkTreesOne(p *probe) error {
	if err := p.growTenants(); err != nil {
		return err
	}
	found, err := p.Trees(p, proof.TreeFilter{Tenant: "acme", Limit: 10})
	if err != nil {
		return err
	}
	absent, err := p.Trees(p, proof.TreeFilter{Tenant: "nobody", Limit: 10})
	return errors.Join(err, same("trees", tenantsOf(found), []privacy.TenantID{"acme"}), same("trees of nobody", len(absent), 0))
}

func checkTilesOrder(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	g := growth(tenant, 0)
	var want []proof.Tile
	var ids []proof.TileID
	for i := range 40 {
		g.Tiles = append(g.Tiles, tile(uint8(i%3), uint64(i)))
		want = append([]proof.Tile{g.Tiles[i]}, want...)
		ids = append([]proof.TileID{g.Tiles[i].TileID}, ids...)
	}
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{g}}); err != nil {
		return err
	}
	got, err := p.Tiles(p, tenant, ids)
	if err != nil {
		return err
	}
	none, err := p.Tiles(p, tenant, nil)
	return errors.Join(err, same("tiles", got, want), same("no tiles", len(none), 0))
}

func checkTilesMissing(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	g := growth(tenant, 0)
	g.Tiles = []proof.Tile{tile(0, 0), tile(1, 1)}
	if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{g}}); err != nil {
		return err
	}
	_, level := p.Tiles(p, tenant, []proof.TileID{{}, {Level: 1}})
	_, index := p.Tiles(p, tenant, []proof.TileID{{Index: 1}})
	_, tenants := p.Tiles(p, other, []proof.TileID{{}})
	return errors.Join(matches("another level", level, privacy.ErrNotFound), matches("another index", index, privacy.ErrNotFound),
		matches("another tenant", tenants, privacy.ErrNotFound))
}

func checkPositions(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	// The positions of a stream need not be in one growth, nor next to each other.
	var all []proof.Position
	for from := range uint64(12) {
		g := growth(tenant, from)
		if from%2 == 1 {
			g.Positions[0].Key.Subject = "S-1"
		}
		g.Positions[0].Sequence = from/2 + 1
		if from%2 == 0 {
			all = append(all, g.Positions[0])
		}
		if err := p.Extend(p, proof.Extension{Token: lease.Token, Growths: []proof.Growth{g}}); err != nil {
			return err
		}
	}
	key := keyOf(tenant, "s-1")
	page, err := p.Positions(p, key, 1, 3)
	if err != nil {
		return err
	}
	rest, err := p.Positions(p, key, 4, 100)
	if err != nil {
		return err
	}
	var none int
	for _, absent := range []consent.StreamKey{keyOf(other, "s-1"), keyOf(tenant, ""), keyOf(tenant, "s")} {
		positions, err := p.Positions(p, absent, 0, 100)
		if err != nil {
			return err
		}
		none += len(positions)
	}
	beyond, err := p.Positions(p, key, 6, 100)
	return errors.Join(err, same("page", page, all[1:4]), same("rest", rest, all[4:]),
		same("positions of other streams", none, 0), same("positions beyond the last", len(beyond), 0))
}
