package consent

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// The benchmarks of the gate stand beside a floor: good hand-written code that
// does the same work without tenancy rules, evidence, explanation or freshness.
// Only the ratio of the two in one run says anything; the absolute figures are
// those of the machine.

const (
	benchPurposes   = 20
	benchCategories = 10
	benchTenants    = 64
)

func benchDeclaration(activities int) privacy.Declaration {
	d := privacy.Declaration{
		Operator: privacy.Operator{Name: "Bench", LegalEntity: "Bench GmbH", Country: "DE"},
		Services: []string{"bench"},
		Contacts: []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@example.com"}},
	}
	for i := range benchCategories {
		d.Categories = append(d.Categories, privacy.Category{ID: benchCategory(i), Title: "category", Role: privacy.RoleController})
	}
	for i := range benchPurposes {
		d.Purposes = append(d.Purposes, privacy.Purpose{ID: benchPurpose(i), Title: "purpose",
			Bases: []privacy.PurposeBasis{{Basis: privacy.BasisConsent}}})
	}
	for i := range activities {
		d.Activities = append(d.Activities, privacy.Activity{
			ID: privacy.ActivityID(fmt.Sprintf("activity-%d", i)), Title: "activity", Purpose: benchPurpose(i % benchPurposes),
			Role: privacy.RoleController, Subjects: []string{"users"}, Operations: []privacy.Operation{privacy.OperationUse},
			Categories: []privacy.CategoryID{benchCategory(i % benchCategories), benchCategory((i + 3) % benchCategories)},
			Retention:  privacy.RetentionLimit{Criteria: "bench"},
		})
	}
	return d
}

func benchCategory(i int) privacy.CategoryID {
	return privacy.CategoryID(fmt.Sprintf("category-%d", i))
}
func benchPurpose(i int) privacy.PurposeID { return privacy.PurposeID(fmt.Sprintf("purpose-%02d", i)) }

// benchStore makes up the same state for every subject: consent to the purposes
// 0, 4, 8, 12 and 16 of 20.
type benchStore struct {
	Store
	state []byte
}

var benchTime = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func newBenchStore(b *testing.B) *benchStore {
	b.Helper()
	state := State{Version: 5}
	for i := range 5 {
		p := state.purpose(benchPurpose(i * 4))
		p.Consent, p.ConsentAt, p.ConsentSequence, p.NoticeVersion = ConsentGranted, benchTime, uint64(i+1), 1
		p.Until = benchTime.AddDate(50, 0, 0)
	}
	encoded, err := state.MarshalBinary()
	if err != nil {
		b.Fatal(err)
	}
	return &benchStore{state: encoded}
}

func (s *benchStore) Streams(_ context.Context, keys []StreamKey) ([]Stream, error) {
	streams := make([]Stream, len(keys))
	for i, key := range keys {
		streams[i] = Stream{Key: key}
		if key.Subject != "" {
			streams[i].Version, streams[i].State = 5, s.state
		}
	}
	return streams, nil
}

func (s *benchStore) Head(context.Context) (Cursor, error) { return "0", nil }

func (s *benchStore) Changes(context.Context, Cursor, int) (ChangePage, error) {
	return ChangePage{Next: "0", Complete: true}, nil
}

// benchSubjects are random UUID-like subjects in 64 tenants.
func benchSubjects(n int) []privacy.Subject {
	random := rand.New(rand.NewPCG(1, 2))
	subjects := make([]privacy.Subject, n)
	for i := range subjects {
		id := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", random.Uint32(), random.Uint32()&0xffff, random.Uint32()&0xfff, random.Uint32()&0xfff, random.Uint64()&(1<<48-1))
		subjects[i] = privacy.Subject{Tenant: privacy.TenantID(fmt.Sprintf("tenant-%02d", random.IntN(benchTenants))), ID: privacy.SubjectID(id)}
	}
	return subjects
}

type benchGate struct {
	gate        *Gate
	allow, deny []*PreparedUse
	subjects    []privacy.Subject
}

func newBenchGate(b *testing.B, activities, subjects int) benchGate {
	b.Helper()
	register, err := privacy.Compile(benchDeclaration(activities))
	if err != nil {
		b.Fatal(err)
	}
	store := newBenchStore(b)
	ledger, err := NewLedger(store, register, nil)
	if err != nil {
		b.Fatal(err)
	}
	gate, err := NewGate(ledger, store, &GateOptions{Cache: &CacheOptions{MaxBytes: max(subjects*256, 1<<22), MaxStaleness: time.Hour}})
	if err != nil {
		b.Fatal(err)
	}
	bench := benchGate{gate: gate, subjects: benchSubjects(subjects)}
	for i := range benchPurposes {
		prepared := gate.MustPrepare(Use{Purpose: benchPurpose(i), Categories: []privacy.CategoryID{benchCategory(i % benchCategories)}, Operation: privacy.OperationUse})
		if i%4 == 0 {
			bench.allow = append(bench.allow, prepared)
		} else {
			bench.deny = append(bench.deny, prepared)
		}
	}
	ctx := context.Background()
	if err := gate.Poll(ctx); err != nil {
		b.Fatal(err)
	}
	for i := 0; i < len(bench.subjects); i += 1000 {
		if _, err := bench.allow[0].CheckAll(ctx, bench.subjects[i:min(i+1000, len(bench.subjects))]); err != nil {
			b.Fatal(err)
		}
	}
	return bench
}

func benchSizes(b *testing.B, run func(b *testing.B, activities, subjects int)) {
	for _, activities := range []int{20, 200, 2000} {
		for _, subjects := range []int{1_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("activities=%d/subjects=%d", activities, subjects), func(b *testing.B) {
				run(b, activities, subjects)
			})
		}
	}
}

func BenchmarkGate(b *testing.B) {
	ctx := context.Background()
	benchSizes(b, func(b *testing.B, activities, subjects int) {
		bench := newBenchGate(b, activities, subjects)
		b.Run("allow", func(b *testing.B) { bench.run(b, ctx, bench.allow, true) })
		b.Run("deny", func(b *testing.B) { bench.run(b, ctx, bench.deny, false) })
		b.Run("allow-parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				random := rand.New(rand.NewPCG(rand.Uint64(), 7))
				for pb.Next() {
					i := random.Uint64()
					d, err := bench.allow[i%uint64(len(bench.allow))].Check(ctx, bench.subjects[i>>8%uint64(len(bench.subjects))])
					if err != nil || !d.Allowed() {
						b.Fatal("denied")
					}
				}
			})
		})
		b.Run("allow-under-writes", func(b *testing.B) {
			stop := bench.writeBeside(b)
			defer stop()
			bench.run(b, ctx, bench.allow, true)
		})
	})
}

func (g benchGate) run(b *testing.B, ctx context.Context, uses []*PreparedUse, allowed bool) {
	random := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		i := random.Uint64()
		d, err := uses[i%uint64(len(uses))].Check(ctx, g.subjects[i>>8%uint64(len(g.subjects))])
		if err != nil || d.Allowed() != allowed {
			b.Fatal("unexpected decision", d.Code)
		}
	}
}

// writeBeside keeps a writer busy that never pauses.
func (g benchGate) writeBeside(b *testing.B) (stop func()) {
	b.Helper()
	store := g.gate.store.(*benchStore)
	var done atomic.Bool
	var wait sync.WaitGroup
	wait.Go(func() {
		random := rand.New(rand.NewPCG(5, 6))
		for !done.Load() {
			subject := g.subjects[random.IntN(len(g.subjects))]
			key := StreamKey{Tenant: subject.Tenant, Subject: subject.ID}
			g.gate.cache.written(Stream{Key: key, Version: 5, State: store.state}, g.gate.cache.losses(key))
		}
	})
	return func() { done.Store(true); wait.Wait() }
}

// floorTable is the floor: one sharded table keyed by tenant and string subject
// id, with a bit for each purpose, guarded by a sequence counter per shard. It
// owns its keys, as a table filled from a store does.
type floorTable struct {
	seed   maphash.Seed
	shards [256]floorShard
}

type floorShard struct {
	sequence atomic.Uint64
	slots    []floorSlot
	_        [32]byte
}

type floorSlot struct {
	hash    uint64
	tenant  string
	id      string
	granted uint64
	until   int64
}

type floorRule struct {
	purpose, category int
}

func newFloorTable(subjects []privacy.Subject, granted uint64) *floorTable {
	t := &floorTable{seed: maphash.MakeSeed()}
	perShard := len(subjects)/256*3/2 + 64
	for i := range t.shards {
		t.shards[i].slots = make([]floorSlot, perShard)
	}
	tenants := map[string]string{}
	for _, subject := range subjects {
		tenant, known := tenants[string(subject.Tenant)]
		if !known {
			tenant = strings.Clone(string(subject.Tenant))
			tenants[tenant] = tenant
		}
		hash := t.hash(tenant, string(subject.ID))
		shard := &t.shards[hash%256]
		i := int(hash >> 32 * uint64(len(shard.slots)) >> 32)
		for shard.slots[i].id != "" {
			i = (i + 1) % len(shard.slots)
		}
		shard.slots[i] = floorSlot{hash: hash, tenant: tenant, id: strings.Clone(string(subject.ID)), granted: granted, until: math.MaxInt64}
	}
	return t
}

func (t *floorTable) hash(tenant, id string) uint64 {
	return (maphash.String(t.seed, id) + 31*maphash.String(t.seed, tenant)) * 0x9e3779b97f4a7c15
}

func (t *floorTable) allowed(rule floorRule, categories uint64, tenant, id string) bool {
	hash := t.hash(tenant, id)
	shard := &t.shards[hash%256]
	for {
		sequence := shard.sequence.Load()
		var granted uint64
		var until int64
		i := int(hash >> 32 * uint64(len(shard.slots)) >> 32)
		for {
			slot := &shard.slots[i]
			if slot.id == "" {
				break
			}
			if slot.hash == hash && slot.tenant == tenant && slot.id == id {
				granted, until = slot.granted, slot.until
				break
			}
			if i++; i == len(shard.slots) {
				i = 0
			}
		}
		if shard.sequence.Load() != sequence || sequence&1 != 0 {
			continue
		}
		now := time.Now().UnixNano()
		return granted&(1<<rule.purpose) != 0 && categories&(1<<rule.category) != 0 && now < until
	}
}

func BenchmarkGateFloor(b *testing.B) {
	benchSizes(b, func(b *testing.B, activities, count int) {
		subjects := benchSubjects(count)
		var granted uint64
		for i := 0; i < benchPurposes; i += 4 {
			granted |= 1 << i
		}
		table := newFloorTable(subjects, granted)
		var allow, deny []floorRule
		for i := range activities {
			rule := floorRule{purpose: i % benchPurposes, category: i % benchCategories}
			if rule.purpose%4 == 0 {
				allow = append(allow, rule)
			} else {
				deny = append(deny, rule)
			}
		}
		run := func(b *testing.B, rules []floorRule, allowed bool) {
			random := rand.New(rand.NewPCG(3, 4))
			b.ReportAllocs()
			for b.Loop() {
				i := random.Uint64()
				subject := &subjects[i>>8%uint64(len(subjects))]
				if table.allowed(rules[i%uint64(len(rules))], 1<<benchCategories-1, string(subject.Tenant), string(subject.ID)) != allowed {
					b.Fatal("unexpected answer")
				}
			}
		}
		b.Run("allow", func(b *testing.B) { run(b, allow, true) })
		b.Run("deny", func(b *testing.B) { run(b, deny, false) })
	})
}
