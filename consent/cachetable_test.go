package consent

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// tableKey is a subject as the oracle knows one.
type tableKey struct {
	tenant uint32
	id     privacy.SubjectID
}

// tableUnderTest is a table with the tenants it needs.
type tableUnderTest struct {
	*table
	tenants atomic.Pointer[[]*tenantSlot]
}

func newTableUnderTest(maxBytes, tenants int) *tableUnderTest {
	t := &tableUnderTest{table: newTable(maxBytes)}
	var slots []*tenantSlot
	for i := range tenants {
		slots = append(slots, &tenantSlot{tenant: privacy.TenantID(fmt.Sprintf("t-%d", i))})
	}
	t.tenants.Store(&slots)
	return t
}

func (t *tableUnderTest) tenant(number uint32) privacy.TenantID {
	return (*t.tenants.Load())[number].tenant
}

func (t *tableUnderTest) putWords(key tableKey, words []uint64) {
	t.put(t.shard(t.hash(t.tenant(key.tenant), key.id)).losses.Load(), &t.tenants, key.tenant, t.tenant(key.tenant), key.id, words)
}

func (t *tableUnderTest) lookup(key tableKey, purpose int) (subjectView, bool) {
	var view subjectView
	number, found := t.read(*t.tenants.Load(), t.tenant(key.tenant), key.id, purpose, &view)
	return view, found && number == key.tenant
}

// crowded returns subjects that share one shard, with IDs of the given length or,
// if it is 0, of all lengths.
func (t *tableUnderTest) crowded(random *rand.Rand, n, length int) []tableKey {
	var keys []tableKey
	for len(keys) < n {
		key := tableKey{random.Uint32N(3), privacy.SubjectID(randomID(random, length))}
		if t.hash(t.tenant(key.tenant), key.id)%shardCount == 7 && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func randomID(random *rand.Rand, length int) string {
	switch {
	case length > 0:
	case random.IntN(20) == 0:
		length = privacy.MaxIDLength
	default:
		length = 1 + random.IntN(40)
	}
	id := make([]byte, length)
	for i := range id {
		id[i] = byte('a' + random.IntN(26))
	}
	return string(id)
}

// wordsOf makes packed words in which everything follows from the version, so
// that a torn or mixed entry shows.
func wordsOf(version uint64, key tableKey, purposes int) []uint64 {
	mark := version*31 + uint64(len(key.id)) + uint64(key.tenant)*7
	words := []uint64{version<<32 | mark&0xffff<<8, mark & maxPackedSequence, mark & maxPackedSequence, mark & 0xffff}
	for i := range purposes {
		words = append(words, uint64(i)|(mark&maxPackedSequence)<<20, mark&maxPackedUntil)
	}
	return words
}

func consistent(view subjectView, key tableKey, purpose, purposes int) bool {
	mark := view.version*31 + uint64(len(key.id)) + uint64(key.tenant)*7
	ok := view.flags&^flagErased == mark&0xffff&^flagErased && uint64(view.relationship|view.erased) == mark&maxPackedSequence &&
		uint64(view.marketing) == mark&maxPackedSequence && uint64(uint32(view.bornOnOrBefore)) == mark&0xffff
	if purpose < purposes {
		ok = ok && uint64(view.purpose.sequence) == mark&maxPackedSequence && uint64(view.purpose.until) == mark&maxPackedUntil
	} else {
		ok = ok && view.purpose == purposeView{}
	}
	return ok
}

// sound checks what holds for a shard between writes.
func (s *shard) sound(t *table, tenants []*tenantSlot) error {
	live, used := 0, 0
	for place := s.tail; used < s.used; {
		m := meta(s.ring[place])
		if m.size() == 0 || place+m.size() > len(s.ring) {
			return fmt.Errorf("entry at %d has size %d", place, m.size())
		}
		if m.live() {
			live++
			tenant, id := s.key(place, tenants)
			if found, _, ok := s.find(t.hash(tenant, id), tenants, tenant, id); !ok || found != place {
				return fmt.Errorf("the live entry at %d is not found", place)
			}
		}
		used += m.size()
		if place += m.size(); place == len(s.ring) {
			place = 0
		}
	}
	if used != s.used {
		return fmt.Errorf("%d words are in use, not %d", used, s.used)
	}
	indexed := 0
	for _, entry := range s.index {
		if entry != 0 {
			indexed++
		}
	}
	if live != s.entries || indexed != s.entries {
		return fmt.Errorf("%d entries are live and %d indexed, not %d", live, indexed, s.entries)
	}
	return nil
}

func TestTableAgreesWithAMap(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 9))
		table := newTableUnderTest(1, 3) // the least: 34 slots and 478 words a shard
		// Entries of all sizes fill the ring first, small ones the index.
		length, purposeRange := 0, 9
		if seed%2 == 1 {
			length, purposeRange = 6, 1
		}
		keys := table.crowded(random, 60, length)
		shard := &table.shards[7]
		type entry struct {
			version  uint64
			purposes int
		}
		oracle, versions := map[tableKey]entry{}, map[tableKey]uint64{}
		found := 0
		for step := range 12_000 {
			key := keys[random.IntN(len(keys))]
			hash := table.hash(table.tenant(key.tenant), key.id)
			purposes := random.IntN(purposeRange)
			if random.IntN(50) == 0 {
				purposes = 120 // does not fit half the ring
			}
			switch random.IntN(20) {
			default: // a newer version
				versions[key]++
				table.putWords(key, wordsOf(versions[key], key, purposes))
				oracle[key] = entry{versions[key], purposes}
			case 0, 1: // an older version changes nothing, where the newer one is still there
				if _, there := table.lookup(key, 0); there && oracle[key].version > 0 {
					table.putWords(key, wordsOf(oracle[key].version-1, key, purposes))
				}
			case 2: // a fill that lost
				epoch := shard.epoch.Load()
				shard.epoch.Add(1)
				table.fill(epoch, &table.tenants, key.tenant, table.tenant(key.tenant), key.id, wordsOf(versions[key]+100, key, purposes))
			case 3: // a fill that won
				table.fill(shard.epoch.Load(), &table.tenants, key.tenant, table.tenant(key.tenant), key.id, wordsOf(versions[key], key, purposes))
				oracle[key] = entry{versions[key], purposes}
			case 4:
				shard.mu.Lock()
				shard.removeLocked(hash, *table.tenants.Load(), table.tenant(key.tenant), key.id)
				shard.mu.Unlock()
				delete(oracle, key)
			case 5:
				if random.IntN(40) == 0 {
					shard.clear()
					clear(oracle)
				}
			case 6, 7, 8, 9:
				purpose := random.IntN(10)
				view, ok := table.lookup(key, purpose)
				if !ok {
					break // evicted, or never put
				}
				found++
				want, known := oracle[key]
				if !known || view.version != want.version || !consistent(view, key, purpose, want.purposes) {
					t.Fatalf("seed %d, step %d: got %+v, want version %d with %d purposes (known %v)", seed, step, view, want.version, want.purposes, known)
				}
			}
			if err := shard.sound(table.table, *table.tenants.Load()); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
		}
		if found < 500 {
			t.Errorf("seed %d: only %d look-ups found anything", seed, found)
		}
	}
}

func TestTableKeepsTheNewestEntries(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 9))
	table := newTableUnderTest(1, 3)
	keys := table.crowded(random, 200, 0)
	for i, key := range keys {
		table.putWords(key, wordsOf(1, key, 1))
		if _, found := table.lookup(key, 0); !found {
			t.Fatalf("entry %d is gone at once", i)
		}
	}
	if _, found := table.lookup(keys[0], 0); found {
		t.Error("the oldest of 200 entries is still there: nothing was evicted")
	}
	if _, found := table.lookup(keys[len(keys)-5], 0); !found {
		t.Error("one of the newest entries was evicted")
	}
}

func TestTableReadersBesideWriters(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 9))
	table := newTableUnderTest(1, 3)
	const subjects, purposes = 6, 80 // few and large, so that readers meet writers
	keys := table.crowded(random, subjects, 20)
	var versions [subjects]atomic.Uint64
	var writers, readers sync.WaitGroup
	var over atomic.Bool
	for w := range 2 {
		writers.Go(func() {
			random := rand.New(rand.NewPCG(3, uint64(w)))
			for step := range 20_000 {
				i := random.IntN(subjects/2)*2 + w // each key has one writer
				table.putWords(keys[i], wordsOf(versions[i].Add(1), keys[i], purposes))
				if step%500 == 0 {
					table.shards[7].clear()
				}
			}
		})
	}
	for r := range 2 {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(4, uint64(r)))
			for !over.Load() {
				i, purpose := random.IntN(subjects), purposes-2+random.IntN(4)
				view, found := table.lookup(keys[i], purpose)
				if found && (!consistent(view, keys[i], purpose, purposes) || view.version > versions[i].Load()) {
					t.Errorf("a torn or foreign entry: %+v", view)
					return
				}
			}
		})
	}
	writers.Wait()
	over.Store(true)
	readers.Wait()
	if err := table.shards[7].sound(table.table, *table.tenants.Load()); err != nil {
		t.Error(err)
	}
}

// TestHashesThatCollide: what shares a hash is told apart by tenant and ID.
func TestHashesThatCollide(t *testing.T) {
	table := newTableUnderTest(1, 3)
	key := tableKey{1, "subject-1"}
	table.putWords(key, wordsOf(1, key, 1))
	hash := table.hash("t-1", "subject-1")
	for _, c := range []struct {
		tenant privacy.TenantID
		id     privacy.SubjectID
		want   bool
	}{{"t-1", "subject-1", true}, {"t-0", "subject-1", false}, {"t-1", "subject-2", false}, {"t-1", "subject-", false}, {"t-1", "subject-1\x00", false}} {
		if _, _, found := table.shard(hash).find(hash, *table.tenants.Load(), c.tenant, c.id); found != c.want {
			t.Errorf("%s, %q: found is %v", c.tenant, c.id, found)
		}
	}
}

// TestTableTakesBackNothingOlder takes the newer of two versions out again before
// the older is put in: by what crowds it out, by its growth and on request.
func TestTableTakesBackNothingOlder(t *testing.T) {
	for name, lose := range map[string]func(*tableUnderTest, tableKey, []tableKey){
		"crowded out": func(table *tableUnderTest, _ tableKey, others []tableKey) {
			for _, other := range others {
				table.putWords(other, wordsOf(1, other, 5))
			}
		},
		"too large": func(table *tableUnderTest, key tableKey, _ []tableKey) {
			table.putWords(key, wordsOf(7, key, maxEntry))
		},
		"cleared": func(table *tableUnderTest, key tableKey, _ []tableKey) {
			table.shard(table.hash(table.tenant(key.tenant), key.id)).clear()
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := newTableUnderTest(1, 3)
			keys := table.crowded(rand.New(rand.NewPCG(3, 4)), 200, 20)
			key := keys[0]
			tenant := table.tenant(key.tenant)
			before := table.shard(table.hash(tenant, key.id)).losses.Load()
			table.putWords(key, wordsOf(6, key, 2))
			lose(table, key, keys[1:])
			table.put(before, &table.tenants, key.tenant, tenant, key.id, wordsOf(5, key, 2))
			if view, found := table.lookup(key, 0); found {
				t.Errorf("version %d came back", view.version)
			}
		})
	}
}

// TestTableWhileTenantsAreAdded evicts entries of tenants that are newer than
// the writer's own.
func TestTableWhileTenantsAreAdded(t *testing.T) {
	register, err := privacy.Compile(benchDeclaration(benchPurposes))
	if err != nil {
		t.Fatal(err)
	}
	c := newCache(register, CacheOptions{MaxBytes: 1, MaxStaleness: time.Minute}, time.Now())
	state, err := (&State{Version: 1}).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for i := range 3000 {
				key := StreamKey{Tenant: privacy.TenantID(fmt.Sprintf("t-%d-%d", w, i)), Subject: privacy.SubjectID(strings.Repeat("s", 200))}
				c.written(Stream{Key: key, Version: 1, State: state}, c.losses(key))
			}
		})
	}
	wait.Wait()
	for i := range c.table.shards {
		if err := c.table.shards[i].sound(c.table, *c.tenants.Load()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadEntryBesideAWriter lets an entry change between the search for it and
// its reading, to anything at all.
func TestReadEntryBesideAWriter(t *testing.T) {
	table := newTableUnderTest(1, 1)
	key := tableKey{0, privacy.SubjectID(strings.Repeat("s", 100))}
	table.putWords(key, wordsOf(1, key, 2))
	hash := table.hash(table.tenant(0), key.id)
	s := table.shard(hash)
	place, _, found := s.find(hash, *table.tenants.Load(), table.tenant(0), key.id)
	if !found {
		t.Fatal("the entry is not there")
	}
	sound := s.ring[place]
	random := rand.New(rand.NewPCG(5, 9))
	var view subjectView
	for _, word := range []uint64{0, 1, uint64(newMeta(1, 0, 0, 0)), uint64(newMeta(maxEntry, 255, 500, 9)), 1<<64 - 1} {
		s.readAt(place, word, key.id, &view)
	}
	for range 10_000 {
		s.readAt(place, random.Uint64(), key.id, &view)
	}
	s.ring[place] = sound
}

// TestFindBesideAWriter searches a shard in which anything may stand.
func TestFindBesideAWriter(t *testing.T) {
	table := newTableUnderTest(1, 3)
	random := rand.New(rand.NewPCG(8, 9))
	for _, key := range table.crowded(random, 20, 0) {
		s := &table.shards[7]
		hash := table.hash(table.tenant(key.tenant), key.id)
		for range 300 {
			for i := range s.ring {
				s.ring[i] = random.Uint64() >> random.IntN(64)
			}
			for i := range s.index { // every slot is taken, by this very hash
				s.index[i] = tag(hash) | random.Uint64()>>(32+random.IntN(32))
			}
			for i := range min(3, len(s.ring)) {
				place := random.IntN(len(s.ring))
				s.ring[place] = uint64(newMeta(random.IntN(maxEntry), len(key.id), i, random.Uint32N(5)))
				s.index[i] = tag(hash) | uint64(place+1)
			}
			table.lookup(key, 0)
		}
	}
}

// readAt reads the entry at place with another meta word.
func (s *shard) readAt(place int, word uint64, id privacy.SubjectID, view *subjectView) {
	s.ring[place] = word
	s.readEntry(place, id, 0, view)
}

func TestMemoryPerSubject(t *testing.T) {
	const maxBytes = 8 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := newTableUnderTest(maxBytes, 3)
	random := rand.New(rand.NewPCG(6, 9))
	words := wordsOf(1, tableKey{}, 5)
	for range 100_000 { // more than fit
		id := fmt.Sprintf("%016x-%016x-xx", random.Uint64(), random.Uint64())
		table.putWords(tableKey{random.Uint32N(3), privacy.SubjectID(id)}, words)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	entries, bytes := 0, 0
	for i := range table.shards {
		s := &table.shards[i]
		entries += s.entries
		bytes += 8 * (len(s.ring) + len(s.index))
	}
	if bytes > maxBytes {
		t.Errorf("%d bytes are set aside, more than %d", bytes, maxBytes)
	}
	if each := bytes / entries; each > 200 {
		t.Errorf("a subject takes %d bytes by the table's account", each)
	}
	if each := (after.HeapAlloc - before.HeapAlloc) / uint64(entries); each > 200 {
		t.Errorf("a subject takes %d bytes of the heap", each)
	}
	runtime.KeepAlive(table)
}

func TestFreshByBothClocks(t *testing.T) {
	start := time.Now()
	for name, c := range map[string]struct {
		monotonic, wall time.Duration // since the feed was read to its end
		want            bool
	}{
		"at once":                        {0, 0, true},
		"within the bound":               {2 * time.Second, 2 * time.Second, true},
		"beyond the bound":               {2*time.Second + 1, 2*time.Second + 1, false},
		"a suspended machine":            {time.Second, time.Hour, false},
		"a wall clock set forward":       {time.Second, 3 * time.Second, false},
		"a wall clock set back":          {3 * time.Second, time.Second, false},
		"a wall clock set back far":      {time.Second, -time.Hour, false},
		"a clock that runs backwards":    {-1, -1, false},
		"both clocks far in the future":  {200 * 365 * 24 * time.Hour, 200 * 365 * 24 * time.Hour, false},
		"a monotonic clock set back far": {-time.Hour, time.Second, false},
	} {
		cache := &cache{options: CacheOptions{MaxStaleness: 2 * time.Second}, base: start}
		cache.syncedMono.Store(never)
		if cache.fresh(start) {
			t.Error("fresh before the feed was read")
		}
		cache.synced(start)
		cache.syncedMono.Store(-int64(c.monotonic))
		cache.syncedWall.Store(start.UnixNano() - int64(c.wall))
		if got := cache.fresh(start); got != c.want {
			t.Errorf("%s: fresh is %v", name, got)
		}
	}
}

func TestCacheDefaults(t *testing.T) {
	got := CacheOptions{}.withDefaults()
	want := CacheOptions{MaxBytes: 64 << 20, MaxStaleness: 2 * time.Second, PollInterval: 500 * time.Millisecond, MaxTenants: 1 << 16}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	set := CacheOptions{MaxBytes: 1, MaxStaleness: time.Second, PollInterval: time.Minute, MaxTenants: 2}
	if got := set.withDefaults(); got != set {
		t.Errorf("got %+v, want %+v", got, set)
	}
}
