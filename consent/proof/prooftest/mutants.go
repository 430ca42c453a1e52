package prooftest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
)

// A mutant is a store that breaks one clause of the contract.
type mutant struct {
	name string
	// caught are the cases that must fail.
	caught []string
	// spoil puts the fault into a sound store.
	spoil func(f *faulty)
}

// RunMutants tests the suite on the given stores: each is given a fault, such as
// to ignore a token or to lose an event, and the cases that are about the fault
// must find it. Every case is about one. Run must pass on the same stores.
func RunMutants(t *testing.T, newStores func(t testing.TB) Opened) {
	t.Helper()
	untested := map[string]Case{}
	cases := map[string]Case{}
	for _, c := range Cases() {
		cases[c.Name], untested[c.Name] = c, c
	}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			if len(m.caught) == 0 {
				t.Error("the mutant names no case")
			}
			for _, name := range m.caught {
				c, known := cases[name]
				if !known {
					t.Fatalf("there is no case %q", name)
				}
				stores := newStores(t)
				f := &faulty{Store: stores.Proof}
				m.spoil(f)
				if c.Check(Opened{Proof: f, Ledger: stores.Ledger}) == nil {
					t.Errorf("case %s passes", name)
				}
				delete(untested, name)
			}
		})
	}
	for name := range untested {
		t.Errorf("no mutant shows that case %s can fail", name)
	}
}

func mutants() []mutant {
	return slices.Concat(leaseMutants(), pendingMutants(), extendMutants(), readMutants())
}

func leaseMutants() []mutant {
	return []mutant{
		{"a lease is given to everybody", []string{"lease-exclusive", "lease-renewed", "lease-taken-over", "lease-of-another-given-up", "lease-racing"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
				lease, err := f.Store.Lease(ctx, r)
				return lease, ifNot(err, privacy.ErrConflict)
			}
		}},
		{"a lease ends too early", []string{"lease-exclusive"}, changeRequest(func(r *proof.LeaseRequest) { r.Duration /= 2 })},
		{"a lease ends late", []string{"lease-taken-over"}, changeRequest(func(r *proof.LeaseRequest) { r.Duration += time.Microsecond })},
		{"a lease is not renewed", []string{"lease-renewed"}, func(f *faulty) {
			var first sync.Map
			f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
				if known, ok := first.Load(r.Holder); ok {
					return known.(proof.Lease), nil
				}
				lease, err := f.Store.Lease(ctx, r)
				if err == nil {
					first.Store(r.Holder, lease)
				}
				return lease, err
			}
		}},
		{"a renewed lease has a new token", []string{"lease-renewed"}, func(f *faulty) {
			token := uint64(0)
			changeLease(func(l *proof.Lease) { token++; l.Token = token })(f)
		}},
		{"every holder has the same token", []string{"lease-taken-over", "lease-given-up"}, changeLease(func(l *proof.Lease) { l.Token = 1 })},
		{"a lease cannot be given up", []string{"lease-given-up"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
				if r.Duration == 0 {
					return proof.Lease{}, nil
				}
				return f.Store.Lease(ctx, r)
			}
		}},
		{"a lease can be given up by all", []string{"lease-of-another-given-up"}, changeRequest(func(r *proof.LeaseRequest) {
			if r.Duration == 0 {
				r.Holder = "a"
			}
		})},
		{"giving up a lease of another fails", []string{"lease-of-another-given-up"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
				if r.Duration == 0 && r.Holder == "b" {
					return proof.Lease{}, privacy.ErrConflict
				}
				return f.Store.Lease(ctx, r)
			}
		}},
	}
}

// ifNot returns err unless it is the one that a mutant ignores.
func ifNot(err, ignored error) error {
	if err != nil && matches("", err, ignored) != nil {
		return err
	}
	return nil
}

func changeRequest(change func(*proof.LeaseRequest)) func(*faulty) {
	return func(f *faulty) {
		f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
			change(&r)
			return f.Store.Lease(ctx, r)
		}
	}
}

func changeLease(change func(*proof.Lease)) func(*faulty) {
	return func(f *faulty) {
		f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
			lease, err := f.Store.Lease(ctx, r)
			change(&lease)
			return lease, err
		}
	}
}

// changeBatch spoils what Pending returns.
func changeBatch(change func(*proof.Batch)) func(*faulty) {
	return func(f *faulty) {
		f.onPending = func(ctx context.Context, limit int) (proof.Batch, error) {
			batch, err := f.Store.Pending(ctx, limit)
			if err == nil {
				change(&batch)
			}
			return batch, err
		}
	}
}

func pendingMutants() []mutant {
	return []mutant{
		{"events come in reverse", []string{"pending-in-order"}, changeBatch(func(b *proof.Batch) { slices.Reverse(b.Leaves) })},
		{"a limit is passed over", []string{"pending-in-order"}, func(f *faulty) {
			f.onPending = func(ctx context.Context, limit int) (proof.Batch, error) { return f.Store.Pending(ctx, limit+1) }
		}},
		{"events are left out", []string{"pending-in-order", "pending-goes-on", "pending-racing"}, changeBatch(func(b *proof.Batch) {
			b.Leaves = slices.DeleteFunc(b.Leaves, func(l proof.Leaf) bool { return l.Sequence == 2 })
		})},
		{"the streams of tenants are left out", []string{"pending-in-order"}, changeBatch(func(b *proof.Batch) {
			b.Leaves = slices.DeleteFunc(b.Leaves, func(l proof.Leaf) bool { return l.Subject == "" })
		})},
		{"a leaf has another time", []string{"pending-whole-leaves"}, changeLeaves(func(l *proof.Leaf) { l.RecordedAt = l.RecordedAt.Truncate(time.Second) })},
		{"a leaf has no identifier", []string{"pending-whole-leaves"}, changeLeaves(func(l *proof.Leaf) { l.ID = "" })},
		{"a leaf has no commitment", []string{"pending-whole-leaves", "pending-redacted"}, func(f *faulty) {
			n := byte(0)
			changeLeaves(func(l *proof.Leaf) { n++; l.Commitment[0] ^= n })(f)
		}},
		{"events come once", []string{"pending-comes-again"}, func(f *faulty) {
			var seen sync.Map
			changeBatch(func(b *proof.Batch) {
				b.Leaves = slices.DeleteFunc(b.Leaves, func(l proof.Leaf) bool {
					_, loaded := seen.LoadOrStore(l.ID, true)
					return loaded
				})
				b.Trees = slices.DeleteFunc(b.Trees, func(proof.Tree) bool { return len(b.Leaves) == 0 })
			})(f)
		}},
		{"placed events come again", []string{"pending-goes-on", "pending-racing"}, func(f *faulty) {
			var last []proof.Leaf
			changeBatch(func(b *proof.Batch) {
				if len(b.Leaves) > 0 {
					b.Leaves, last = append(slices.Clone(last), b.Leaves...), b.Leaves
				}
			})(f)
		}},
		{"trees are left out", []string{"pending-trees", "pending-in-order"}, changeBatch(func(b *proof.Batch) { b.Trees = nil })},
		{"a batch has another tree", []string{"pending-trees"}, changeBatch(func(b *proof.Batch) {
			for i := range b.Trees {
				b.Trees[i].Checkpoint = nil
			}
		})},
		{"events are found by the outbox alone", []string{"pending-after-trim", "pending-after-trim-between"}, func(f *faulty) {
			changeBatch(func(b *proof.Batch) {
				late := func(l proof.Leaf) bool {
					return l.Subject == "late" || l.Subject == "S-1"
				}
				b.Leaves = slices.DeleteFunc(b.Leaves, late)
				b.Trees = slices.DeleteFunc(b.Trees, func(t proof.Tree) bool {
					return !slices.ContainsFunc(b.Leaves, func(l proof.Leaf) bool { return l.Tenant == t.Tenant })
				})
			})(f)
		}},
		{"a cancelled context is ignored", []string{"pending-cancelled"}, func(f *faulty) {
			f.onPending = func(ctx context.Context, limit int) (proof.Batch, error) {
				return f.Store.Pending(context.WithoutCancel(ctx), limit)
			}
		}},
		{"a cancelled write is done", []string{"pending-cancelled"}, func(f *faulty) {
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				_ = f.Store.Extend(context.WithoutCancel(ctx), e)
				return ctx.Err()
			}
		}},
	}
}

func changeLeaves(change func(*proof.Leaf)) func(*faulty) {
	return changeBatch(func(b *proof.Batch) {
		for i := range b.Leaves {
			change(&b.Leaves[i])
		}
	})
}

// changeExtension spoils what is written.
func changeExtension(change func(*proof.Extension)) func(*faulty) {
	return func(f *faulty) {
		f.onExtend = func(ctx context.Context, e proof.Extension) error {
			e.Growths = slices.Clone(e.Growths)
			change(&e)
			return f.Store.Extend(ctx, e)
		}
	}
}

func extendMutants() []mutant {
	return []mutant{
		{"tiles are not written", []string{"extend-writes", "tiles-in-order"}, changeExtension(func(e *proof.Extension) {
			for i := range e.Growths {
				e.Growths[i].Tiles = nil
			}
		})},
		{"positions are not written", []string{"extend-writes", "positions-in-order"}, changeExtension(func(e *proof.Extension) {
			for i := range e.Growths {
				e.Growths[i].Positions = nil
			}
		})},
		{"checkpoints are not written", []string{"extend-writes"}, changeExtension(func(e *proof.Extension) {
			for i := range e.Growths {
				e.Growths[i].Tree.Checkpoint = []byte("another")
			}
		})},
		{"tokens are ignored", []string{"extend-fenced", "extend-without-lease"}, func(f *faulty) {
			var latest uint64
			f.onLease = func(ctx context.Context, r proof.LeaseRequest) (proof.Lease, error) {
				lease, err := f.Store.Lease(ctx, r)
				latest = max(latest, lease.Token)
				return lease, err
			}
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				if latest == 0 {
					if _, err := f.onLease(ctx, proof.LeaseRequest{Holder: "mutant", Now: start, Duration: time.Second}); err != nil {
						return err
					}
				}
				e.Token = latest
				return f.Store.Extend(ctx, e)
			}
		}},
		{"a lost lease passes over the events", []string{"extend-fenced"}, func(f *faulty) {
			lost := false
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				err := f.Store.Extend(ctx, e)
				lost = lost || err != nil
				return err
			}
			changeBatch(func(b *proof.Batch) {
				if lost {
					b.Leaves, b.Trees = nil, nil
				}
			})(f)
		}},
		{"sizes are ignored", []string{"extend-expected-size", "extend-all-or-nothing", "extend-racing"}, func(f *faulty) {
			var lock sync.Mutex
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				lock.Lock()
				defer lock.Unlock()
				e.Growths = slices.Clone(e.Growths)
				for i := range e.Growths {
					trees, err := f.Store.Trees(ctx, proof.TreeFilter{Tenant: e.Growths[i].Tree.Tenant, Limit: 1})
					if err != nil {
						return err
					}
					e.Growths[i].From = 0
					if len(trees) > 0 {
						e.Growths[i].From = trees[0].Size
					}
				}
				return f.Store.Extend(ctx, e)
			}
		}},
		{"growths are written one by one", []string{"extend-all-or-nothing"}, func(f *faulty) {
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				var fault error
				for _, growth := range e.Growths {
					if err := f.Store.Extend(ctx, proof.Extension{Token: e.Token, Growths: []proof.Growth{growth}, Cursor: e.Cursor}); err != nil {
						fault = err
					}
				}
				return fault
			}
		}},
		{"a race is lost in silence", []string{"extend-racing"}, func(f *faulty) {
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				return ifNot(f.Store.Extend(ctx, e), privacy.ErrConflict)
			}
		}},
		{"what was read shares memory", []string{"extend-copies"}, func(f *faulty) {
			var known []proof.Tree
			f.onTrees = func(ctx context.Context, filter proof.TreeFilter) (trees []proof.Tree, err error) {
				if known == nil {
					known, err = f.Store.Trees(ctx, filter)
				}
				return slices.Clone(known), err
			}
		}},
		{"what was written shares memory", []string{"extend-copies"}, func(f *faulty) {
			written := map[privacy.TenantID]proof.Growth{}
			f.onExtend = func(ctx context.Context, e proof.Extension) error {
				for _, growth := range e.Growths {
					written[growth.Tree.Tenant] = growth
				}
				return f.Store.Extend(ctx, e)
			}
			f.onTiles = func(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
				tiles, err := f.Store.Tiles(ctx, tenant, ids)
				for i := range tiles {
					tiles[i].Hashes = slices.Clone(written[tenant].Tiles[i].Hashes)
				}
				return tiles, err
			}
		}},
	}
}

func readMutants() []mutant {
	return []mutant{
		{"trees come without order", []string{"trees-in-order"}, func(f *faulty) {
			f.onTrees = func(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
				trees, err := f.Store.Trees(ctx, filter)
				slices.Reverse(trees)
				return trees, err
			}
		}},
		{"tenants are compared without case", []string{"trees-in-order", "trees-of-one-tenant"}, func(f *faulty) {
			f.onTrees = func(ctx context.Context, filter proof.TreeFilter) ([]proof.Tree, error) {
				all, err := f.Store.Trees(ctx, proof.TreeFilter{AllTenants: true, Limit: 1000})
				var found []proof.Tree
				for _, tree := range all {
					near := strings.EqualFold(string(tree.Tenant), string(filter.Tenant))
					past := strings.ToLower(string(tree.Tenant)) > strings.ToLower(string(filter.After))
					if past && (filter.AllTenants || near) && len(found) < filter.Limit {
						found = append(found, tree)
					}
				}
				slices.SortFunc(found, func(a, b proof.Tree) int {
					return cmp.Compare(strings.ToLower(string(b.Tenant)), strings.ToLower(string(a.Tenant)))
				})
				return found, err
			}
		}},
		{"tiles come in the order of the store", []string{"tiles-in-order", "extend-writes"}, func(f *faulty) {
			f.onTiles = func(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
				ids = slices.Clone(ids)
				slices.SortFunc(ids, func(a, b proof.TileID) int {
					return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Index, b.Index))
				})
				return f.Store.Tiles(ctx, tenant, ids)
			}
		}},
		{"a missing tile is empty", []string{"tiles-missing"}, func(f *faulty) {
			f.onTiles = func(ctx context.Context, tenant privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
				tiles, err := f.Store.Tiles(ctx, tenant, ids)
				return tiles, ifNot(err, privacy.ErrNotFound)
			}
		}},
		{"tiles of tenants mix", []string{"tiles-missing", "extend-writes"}, func(f *faulty) {
			f.onTiles = func(ctx context.Context, _ privacy.TenantID, ids []proof.TileID) ([]proof.Tile, error) {
				return f.Store.Tiles(ctx, tenant, ids)
			}
		}},
		{"positions of streams mix", []string{"positions-in-order", "extend-writes"}, func(f *faulty) {
			f.onPositions = func(ctx context.Context, _ consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
				return f.Store.Positions(ctx, keyOf(tenant, "s-1"), after, limit)
			}
		}},
		{"a page begins with its mark", []string{"positions-in-order"}, func(f *faulty) {
			f.onPositions = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]proof.Position, error) {
				return f.Store.Positions(ctx, key, max(after, 1)-1, limit)
			}
		}},
	}
}
