package consent

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

// The cache keeps the states of subjects packed in words, because a gate in
// front of every request is bound by memory, not by arithmetic: a subject is one
// slot of an index and two or three neighbouring lines of a ring. Each shard is
// guarded by a sequence lock, so that readers write nothing and never wait for
// one another. The ring overwrites the oldest entries, which bounds the memory.

const shardCount = 256

// table is the packed states of subjects.
type table struct {
	seed   maphash.Seed
	shards [shardCount]shard
}

type shard struct {
	// sequence is odd while a writer is at work.
	sequence atomic.Uint64
	// epoch counts what a fill in flight must not undo.
	epoch atomic.Uint64
	// losses counts what a write in flight must not undo: that the feed told of a
	// change, or that an entry was taken out.
	losses atomic.Uint64

	mu sync.Mutex
	// index maps hashes to entries by linear probing: the upper half of a slot
	// is a part of the hash, the lower half the entry's place in ring plus one.
	index []uint64
	// ring holds the entries, from tail to head, wrapping around.
	ring       []uint64
	head, tail int
	used       int
	entries    int
	_          [32]byte // keeps neighbours off each other's cache lines
}

// An entry is a meta word, the subject's ID padded to whole words, four words
// of the subject's head and two words for each purpose.
const (
	headWords    = 4
	purposeWords = 2
	// averageEntry, in bytes, sets the size of the index: at this size and
	// above the ring fills up before the index does.
	averageEntry = 112
	// maxEntry is the greatest size of an entry in words.
	maxEntry = 1<<10 - 1
)

// meta is the first word of an entry.
type meta uint64

func newMeta(size, idLength, purposes int, tenant uint32) meta {
	return meta(size) | meta(idLength)<<10 | meta(purposes)<<18 | 1<<28 | meta(tenant)<<32
}

func (m meta) size() int      { return int(m & (1<<10 - 1)) }
func (m meta) idLength() int  { return int(m >> 10 & (1<<8 - 1)) }
func (m meta) purposes() int  { return int(m >> 18 & (1<<10 - 1)) }
func (m meta) live() bool     { return m&(1<<28) != 0 }
func (m meta) dead() meta     { return m &^ (1 << 28) }
func (m meta) tenant() uint32 { return uint32(m >> 32) }

func newTable(maxBytes int) *table {
	t := &table{seed: maphash.MakeSeed()}
	perShard := max(maxBytes/shardCount, 4096)
	slots := perShard / (averageEntry + 8)
	words := (perShard - slots*8) / 8
	for i := range t.shards {
		t.shards[i].index = make([]uint64, slots)
		t.shards[i].ring = make([]uint64, words)
	}
	return t
}

func (t *table) hash(tenant privacy.TenantID, id privacy.SubjectID) uint64 {
	mixed := maphash.String(t.seed, string(id)) + bits.RotateLeft64(maphash.String(t.seed, string(tenant)), 29)
	return mixed * 0x9e3779b97f4a7c15
}

func (t *table) shard(hash uint64) *shard { return &t.shards[hash%shardCount] }

// slot returns where probing for a hash begins. It depends on the upper half
// alone, which the slots keep too.
func (s *shard) slot(hash uint64) int {
	return int(hash >> 32 * uint64(len(s.index)) >> 32)
}

func tag(hash uint64) uint64 { return hash &^ (1<<32 - 1) }

// find returns the place of an entry in the ring and its slot. It tolerates
// being run beside a writer: it then returns anything, but never reads outside.
func (s *shard) find(hash uint64, tenants []*tenantSlot, tenant privacy.TenantID, id privacy.SubjectID) (place, slot int, found bool) {
	i := s.slot(hash)
	for range s.index {
		entry := atomic.LoadUint64(&s.index[i])
		if entry == 0 {
			return 0, i, false
		}
		if tag(entry) == tag(hash) {
			place := int(uint32(entry)) - 1
			if s.matches(place, tenants, tenant, id) {
				return place, i, true
			}
		}
		if i++; i == len(s.index) {
			i = 0
		}
	}
	return 0, 0, false
}

func (s *shard) matches(place int, tenants []*tenantSlot, tenant privacy.TenantID, id privacy.SubjectID) bool {
	if place < 0 || place >= len(s.ring) {
		return false
	}
	m := meta(atomic.LoadUint64(&s.ring[place]))
	if m.idLength() != len(id) || place+m.size() > len(s.ring) || m.size() < 1+idWords(len(id))+headWords {
		return false
	}
	if int(m.tenant()) >= len(tenants) || tenants[m.tenant()].tenant != tenant {
		return false
	}
	words := s.ring[place+1 : place+1+idWords(len(id))]
	for i := range words {
		if atomic.LoadUint64(&words[i]) != idWord(id, i) {
			return false
		}
	}
	return true
}

func idWords(length int) int { return (length + 7) / 8 }

// idWord returns the i-th word of an ID, padded with zeros.
func idWord(id privacy.SubjectID, i int) uint64 {
	rest := id[i*8:]
	if len(rest) >= 8 {
		return uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24 |
			uint64(rest[4])<<32 | uint64(rest[5])<<40 | uint64(rest[6])<<48 | uint64(rest[7])<<56
	}
	var word uint64
	for j := range len(rest) {
		word |= uint64(rest[j]) << (8 * j)
	}
	return word
}

// readAttempts is how often a reader tries without the lock.
const readAttempts = 4

// read fills view with the state of a subject for a purpose and returns the
// number of its tenant.
func (t *table) read(tenants []*tenantSlot, tenant privacy.TenantID, id privacy.SubjectID, purpose int, view *subjectView) (uint32, bool) {
	hash := t.hash(tenant, id)
	s := t.shard(hash)
	for range readAttempts {
		sequence := s.sequence.Load()
		if sequence&1 != 0 {
			continue
		}
		var number uint32
		place, _, found := s.find(hash, tenants, tenant, id)
		if found {
			number, found = s.readEntry(place, id, purpose, view)
		}
		if s.sequence.Load() == sequence {
			return number, found
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	place, _, found := s.find(hash, tenants, tenant, id)
	if !found {
		return 0, false
	}
	return s.readEntry(place, id, purpose, view)
}

// readEntry reads the entry at place, which may have changed since it was found:
// like find it then reads anything, but never outside.
func (s *shard) readEntry(place int, id privacy.SubjectID, purpose int, view *subjectView) (uint32, bool) {
	m := meta(atomic.LoadUint64(&s.ring[place]))
	begin, end := place+1+idWords(len(id)), place+m.size()
	if end > len(s.ring) || end-begin < headWords+m.purposes()*purposeWords {
		return 0, false
	}
	words := s.ring[begin:end]
	view.unpackHead(words)
	for i := headWords; i+1 < len(words); i += purposeWords {
		if packed := atomic.LoadUint64(&words[i]); packedPurpose(packed) == purpose {
			view.purpose.unpack(packed, atomic.LoadUint64(&words[i+1]))
			break
		}
	}
	return m.tenant(), true
}

// put stores a packed state that was just written, unless a newer version is
// there: words are the head and the purposes. If anything was lost since, a newer
// version may have been too, and nothing is stored. The tenants are loaded under
// the lock: eviction must know those of every entry.
func (t *table) put(losses uint64, tenants *atomic.Pointer[[]*tenantSlot], number uint32, tenant privacy.TenantID, id privacy.SubjectID, words []uint64) {
	hash := t.hash(tenant, id)
	s := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch.Add(1)
	if s.losses.Load() != losses {
		s.dropOlder(hash, *tenants.Load(), tenant, id, packedVersion(words[0]))
		return
	}
	s.putLocked(t, hash, *tenants.Load(), number, tenant, id, words)
}

// dropOlder takes out the entry of a subject if it is older than version.
func (s *shard) dropOlder(hash uint64, tenants []*tenantSlot, tenant privacy.TenantID, id privacy.SubjectID, version uint64) {
	s.losses.Add(1)
	place, slot, found := s.find(hash, tenants, tenant, id)
	if found && packedVersion(s.ring[place+1+idWords(len(id))]) < version {
		s.sequence.Add(1)
		s.drop(place, slot)
		s.sequence.Add(1)
	}
}

// fill stores a packed state that was read from the store before epoch changed.
func (t *table) fill(epoch uint64, tenants *atomic.Pointer[[]*tenantSlot], number uint32, tenant privacy.TenantID, id privacy.SubjectID, words []uint64) {
	hash := t.hash(tenant, id)
	s := t.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch.Load() == epoch {
		s.putLocked(t, hash, *tenants.Load(), number, tenant, id, words)
	}
}

func (s *shard) putLocked(t *table, hash uint64, tenants []*tenantSlot, number uint32, tenant privacy.TenantID, id privacy.SubjectID, words []uint64) {
	size := 1 + idWords(len(id)) + len(words)
	if size > maxEntry || size > len(s.ring)/2 {
		s.removeLocked(hash, tenants, tenant, id)
		return
	}
	s.sequence.Add(1)
	defer s.sequence.Add(1)
	place, slot, found := s.find(hash, tenants, tenant, id)
	if found {
		current := meta(s.ring[place])
		if packedVersion(s.ring[place+1+idWords(len(id))]) > packedVersion(words[0]) {
			return
		}
		if current.size() == size {
			s.write(place, size, number, id, words)
			return
		}
		s.drop(place, slot)
	}
	place = s.allocate(t, tenants, size)
	_, slot, _ = s.find(hash, tenants, tenant, id)
	s.write(place, size, number, id, words)
	atomic.StoreUint64(&s.index[slot], tag(hash)|uint64(place+1))
	s.entries++
}

func (s *shard) write(place, size int, number uint32, id privacy.SubjectID, words []uint64) {
	purposes := (len(words) - headWords) / purposeWords
	at := place
	store := func(word uint64) {
		atomic.StoreUint64(&s.ring[at], word)
		at++
	}
	store(uint64(newMeta(size, len(id), purposes, number)))
	for i := range idWords(len(id)) {
		store(idWord(id, i))
	}
	for _, word := range words {
		store(word)
	}
}

// allocate makes room for size words at the head of the ring, in one piece, and
// for one more slot in the index.
func (s *shard) allocate(t *table, tenants []*tenantSlot, size int) int {
	for s.entries >= len(s.index)*7/8 {
		s.evict(t, tenants)
	}
	if rest := len(s.ring) - s.head; rest < size {
		for s.free() < rest {
			s.evict(t, tenants)
		}
		s.fillGap(rest)
	}
	for s.free() < size {
		s.evict(t, tenants)
	}
	place := s.head
	s.head += size
	if s.head == len(s.ring) {
		s.head = 0
	}
	s.used += size
	return place
}

func (s *shard) free() int { return len(s.ring) - s.used }

// fillGap covers the rest of the ring with dead entries and wraps around.
func (s *shard) fillGap(rest int) {
	for rest > 0 {
		size := min(rest, maxEntry)
		atomic.StoreUint64(&s.ring[s.head], uint64(newMeta(size, 0, 0, 0).dead()))
		s.head += size
		s.used += size
		rest -= size
	}
	s.head = 0
}

// evict overwrites the oldest entry.
func (s *shard) evict(t *table, tenants []*tenantSlot) {
	m := meta(s.ring[s.tail])
	if m.live() {
		tenant, id := s.key(s.tail, tenants)
		if place, slot, found := s.find(t.hash(tenant, id), tenants, tenant, id); found && place == s.tail {
			s.losses.Add(1)
			s.drop(place, slot)
		}
	}
	s.used -= m.size()
	if s.tail += m.size(); s.tail == len(s.ring) {
		s.tail = 0
	}
}

func (s *shard) key(place int, tenants []*tenantSlot) (privacy.TenantID, privacy.SubjectID) {
	m := meta(s.ring[place])
	id := make([]byte, 0, idWords(m.idLength())*8)
	for _, word := range s.ring[place+1 : place+1+idWords(m.idLength())] {
		for range 8 {
			id = append(id, byte(word))
			word >>= 8
		}
	}
	return tenants[m.tenant()].tenant, privacy.SubjectID(id[:m.idLength()])
}

// drop marks an entry as dead and closes the gap that its slot leaves, so that
// probing still finds the entries behind it.
func (s *shard) drop(place, slot int) {
	atomic.StoreUint64(&s.ring[place], uint64(meta(s.ring[place]).dead()))
	s.entries--
	gap := slot
	for i := (slot + 1) % len(s.index); i != slot; i = (i + 1) % len(s.index) {
		entry := s.index[i]
		if entry == 0 {
			break
		}
		if between(gap, s.slot(entry), i) {
			continue
		}
		atomic.StoreUint64(&s.index[gap], entry)
		gap = i
	}
	atomic.StoreUint64(&s.index[gap], 0)
}

// between reports whether home lies cyclically in (gap, i].
func between(gap, home, i int) bool {
	if gap <= i {
		return gap < home && home <= i
	}
	return gap < home || home <= i
}

func (s *shard) removeLocked(hash uint64, tenants []*tenantSlot, tenant privacy.TenantID, id privacy.SubjectID) {
	s.losses.Add(1)
	s.sequence.Add(1)
	defer s.sequence.Add(1)
	if place, slot, found := s.find(hash, tenants, tenant, id); found {
		s.drop(place, slot)
	}
}

func (s *shard) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch.Add(1)
	s.losses.Add(1)
	s.sequence.Add(1)
	defer s.sequence.Add(1)
	for i := range s.index {
		atomic.StoreUint64(&s.index[i], 0)
	}
	s.head, s.tail, s.used, s.entries = 0, 0, 0, 0
}
