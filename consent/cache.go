package consent

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// CacheOptions configure a gate's cache.
type CacheOptions struct {
	// MaxBytes bounds the memory for subjects' states; 0 means 64 MiB. A
	// subject with five purposes takes less than 200 bytes.
	MaxBytes int
	// MaxStaleness bounds how long a write may stay unseen that the gate's ledger
	// did not make: that of another process, or an effect of another package; 0
	// means 2 seconds. Recheck does not wait for it, nor does Check after Poll.
	// Cached answers are given only while the feed was read to its end within this
	// time: a feed that stalls, a process that was paused or a Follow that does not
	// run makes the gate ask the store.
	MaxStaleness time.Duration
	// PollInterval is how often Follow reads the feed; 0 means a quarter of
	// MaxStaleness.
	PollInterval time.Duration
	// MaxTenants bounds the number of tenants whose states are kept; 0 means
	// 65,536. The store answers for tenants beyond it.
	MaxTenants int
}

func (o CacheOptions) withDefaults() CacheOptions {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 64 << 20
	}
	if o.MaxStaleness <= 0 {
		o.MaxStaleness = 2 * time.Second
	}
	if o.PollInterval <= 0 {
		o.PollInterval = o.MaxStaleness / 4
	}
	if o.MaxTenants <= 0 {
		o.MaxTenants = 1 << 16
	}
	return o
}

// cache answers for states that no committed change has made old. Four things
// keep it honest: writes through this process put the new state in before they
// return, the feed removes what others have written, a fill that was read before
// either of them loses, and so does a write that the feed has overtaken: of what
// was written after it, the feed may have told already.
type cache struct {
	options  CacheOptions
	register *privacy.Register
	table    *table

	// tenants is replaced, never changed, when a tenant is added.
	tenants     atomic.Pointer[[]*tenantSlot]
	tenantsLock sync.Mutex
	numbers     map[privacy.TenantID]uint32

	// base anchors syncedMono and syncedWall, which say when the feed was last
	// read to its end, by the monotonic and by the wall clock.
	base                   time.Time
	syncedMono, syncedWall atomic.Int64

	// purposes are the IDs of the declared purposes by their index.
	purposes []privacy.PurposeID
	scratch  sync.Pool

	bypass bypass

	// polling holds a token while the feed is read, which cursor belongs to.
	polling   chan struct{}
	cursor    Cursor
	hasCursor bool
}

// tenantSlot is a tenant that the cache knows. view is nil while its state must
// be read from the store.
type tenantSlot struct {
	tenant privacy.TenantID
	view   atomic.Pointer[tenantView]
	epoch  atomic.Uint64
	losses atomic.Uint64
	lock   sync.Mutex
}

const never = math.MinInt64

func newCache(register *privacy.Register, options CacheOptions, now time.Time) *cache {
	options = options.withDefaults()
	c := &cache{options: options, register: register, base: now, numbers: map[privacy.TenantID]uint32{}, table: newTable(options.MaxBytes), polling: make(chan struct{}, 1)}
	c.tenants.Store(&[]*tenantSlot{})
	c.scratch.New = func() any { return new(scratch) }
	for purpose := range register.Purposes() {
		c.purposes = append(c.purposes, purpose.ID)
	}
	c.syncedMono.Store(never)
	c.syncedWall.Store(never)
	return c
}

// fresh reports whether cached answers may be given at now. Both clocks must
// agree: the monotonic one is blind to a suspended machine, the wall clock to
// being set back. A time before the last answer of the feed tells nothing.
func (c *cache) fresh(now time.Time) bool {
	mono := c.syncedMono.Load()
	if mono == never {
		return false
	}
	elapsed, elapsedWall := int64(now.Sub(c.base))-mono, now.UnixNano()-c.syncedWall.Load()
	bound := int64(c.options.MaxStaleness)
	return elapsed >= 0 && elapsed <= bound && elapsedWall >= 0 && elapsedWall <= bound
}

// synced records that at now the feed was known to its end.
func (c *cache) synced(now time.Time) {
	c.syncedWall.Store(now.UnixNano())
	c.syncedMono.Store(int64(now.Sub(c.base)))
}

// lookup fills view and returns the tenant's state if both are cached.
func (c *cache) lookup(tenant privacy.TenantID, id privacy.SubjectID, purpose int, view *subjectView) *tenantView {
	if c.bypass.active() && c.bypass.has(StreamKey{Tenant: tenant, Subject: id}) {
		return nil
	}
	tenants := *c.tenants.Load()
	number, found := c.table.read(tenants, tenant, id, purpose, view)
	if !found {
		return nil
	}
	return tenants[number].view.Load()
}

// slot returns the slot of a tenant and its number, adding it if need be.
func (c *cache) slot(tenant privacy.TenantID) (uint32, *tenantSlot) {
	c.tenantsLock.Lock()
	defer c.tenantsLock.Unlock()
	tenants := *c.tenants.Load()
	if number, ok := c.numbers[tenant]; ok {
		return number, tenants[number]
	}
	if len(tenants) >= c.options.MaxTenants {
		return 0, nil
	}
	return c.addTenant(tenants, tenant)
}

func (c *cache) addTenant(tenants []*tenantSlot, tenant privacy.TenantID) (uint32, *tenantSlot) {
	slot := &tenantSlot{tenant: tenant}
	number := uint32(len(tenants))
	// Readers never look beyond the length that they loaded.
	tenants = append(tenants, slot)
	c.tenants.Store(&tenants)
	c.numbers[tenant] = number
	return number, slot
}

// ticket remembers, before a read of the store, what the cache knew.
type ticket struct {
	subject uint64
	tenant  uint64
	number  uint32
	slot    *tenantSlot
}

func (c *cache) ticket(key StreamKey) ticket {
	number, slot := c.slot(key.Tenant)
	if slot == nil {
		return ticket{}
	}
	s := c.table.shard(c.table.hash(key.Tenant, key.Subject))
	return ticket{number: number, slot: slot, subject: s.epoch.Load(), tenant: slot.epoch.Load()}
}

// fill puts in what was read from the store after the ticket was taken. Streams
// that a transaction of the host has touched need no exception: nobody looks
// them up while they are marked, and they are forgotten before the mark goes.
func (c *cache) fill(t ticket, key StreamKey, state *State, tenant *tenantView) {
	if t.slot == nil {
		return
	}
	var buffer [64]uint64
	if words, ok := pack(buffer[:0], c.register, state); ok {
		c.table.fill(t.subject, &c.tenants, t.number, key.Tenant, key.Subject, words)
	}
	t.slot.fill(t.tenant, tenant)
}

func (s *tenantSlot) fill(epoch uint64, view *tenantView) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.epoch.Load() == epoch {
		s.set(view)
	}
}

// set stores a view unless a newer one is there. The lock is held.
func (s *tenantSlot) set(view *tenantView) {
	if current := s.view.Load(); current == nil || current.version <= view.version {
		s.view.Store(view)
	}
}

// losses returns, before a write to a stream, what written has to be told.
func (c *cache) losses(key StreamKey) uint64 {
	if key.Subject != "" {
		return c.table.shard(c.table.hash(key.Tenant, key.Subject)).losses.Load()
	}
	_, slot := c.slot(key.Tenant)
	if slot == nil {
		return 0
	}
	return slot.losses.Load()
}

// written puts in what this process has just written. losses are those from
// before the write.
func (c *cache) written(stream Stream, losses uint64) {
	if stream.Key.Subject == "" {
		c.writtenTenant(stream, losses)
		return
	}
	number, slot := c.slot(stream.Key.Tenant)
	scratch := c.scratch.Get().(*scratch)
	defer c.scratch.Put(scratch)
	words, ok := scratch.pack(c, stream)
	if !ok || slot == nil {
		c.forgetSubject(stream.Key)
		return
	}
	c.table.put(losses, &c.tenants, number, stream.Key.Tenant, stream.Key.Subject, words)
}

// scratch is what packing a written state needs, kept so that a busy writer
// makes no garbage beside the readers.
type scratch struct {
	state State
	words []uint64
}

// pack returns the packed form of a stream's state; false if it is not to be cached.
func (s *scratch) pack(c *cache, stream Stream) ([]uint64, bool) {
	if s.state.decode(stream.State, c.purpose) != nil || s.state.Version != stream.Version {
		return nil, false
	}
	words, ok := pack(s.words[:0], c.register, &s.state)
	if ok {
		s.words = words
	}
	return words, ok
}

// purpose returns a declared purpose's ID without another copy of it.
func (c *cache) purpose(name []byte) privacy.PurposeID {
	if i, declared := c.register.PurposeIndex(privacy.PurposeID(name)); declared {
		return c.purposes[i]
	}
	return privacy.PurposeID(name)
}

func (c *cache) writtenTenant(stream Stream, losses uint64) {
	_, slot := c.slot(stream.Key.Tenant)
	if slot == nil {
		return
	}
	state, err := stream.TenantState()
	slot.lock.Lock()
	defer slot.lock.Unlock()
	slot.epoch.Add(1)
	switch {
	case err != nil:
		slot.losses.Add(1)
		slot.view.Store(nil)
	case slot.losses.Load() != losses:
		slot.dropOlder(stream.Version)
	default:
		slot.set(newTenantView(c.register, stream.Key.Tenant, &state))
	}
}

// dropOlder forgets a view that is older than version. The lock is held.
func (s *tenantSlot) dropOlder(version uint64) {
	s.losses.Add(1)
	if current := s.view.Load(); current != nil && current.version < version {
		s.view.Store(nil)
	}
}

// changed applies a change of the feed: what is older is forgotten.
func (c *cache) changed(change Change) {
	if change.Key.Subject == "" {
		c.changedTenant(change)
		return
	}
	tenants := *c.tenants.Load()
	hash := c.table.hash(change.Key.Tenant, change.Key.Subject)
	s := c.table.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch.Add(1)
	s.dropOlder(hash, tenants, change.Key.Tenant, change.Key.Subject, change.Version)
}

func (c *cache) changedTenant(change Change) {
	c.tenantsLock.Lock()
	number, known := c.numbers[change.Key.Tenant]
	c.tenantsLock.Unlock()
	if !known {
		return
	}
	slot := (*c.tenants.Load())[number]
	slot.lock.Lock()
	defer slot.lock.Unlock()
	slot.epoch.Add(1)
	slot.dropOlder(change.Version)
}

func (c *cache) forget(key StreamKey) {
	if key.Subject == "" {
		c.forgetTenant(key.Tenant)
		return
	}
	c.forgetSubject(key)
}

func (c *cache) forgetSubject(key StreamKey) {
	hash := c.table.hash(key.Tenant, key.Subject)
	s := c.table.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch.Add(1)
	s.removeLocked(hash, *c.tenants.Load(), key.Tenant, key.Subject)
}

func (c *cache) forgetTenant(tenant privacy.TenantID) {
	c.tenantsLock.Lock()
	number, known := c.numbers[tenant]
	c.tenantsLock.Unlock()
	if known {
		(*c.tenants.Load())[number].forget()
	}
}

func (s *tenantSlot) forget() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.epoch.Add(1)
	s.losses.Add(1)
	s.view.Store(nil)
}

// forgetAll empties the cache.
func (c *cache) forgetAll() {
	for i := range c.table.shards {
		c.table.shards[i].clear()
	}
	for _, slot := range *c.tenants.Load() {
		slot.forget()
	}
}

// bypass holds the streams that transactions of the host have touched: what the
// cache knows of them may change at a moment that only the host knows.
type bypass struct {
	count atomic.Int64
	lock  sync.RWMutex
	marks map[StreamKey]int
}

func (b *bypass) active() bool { return b.count.Load() != 0 }

func (b *bypass) has(key StreamKey) bool {
	if !b.active() {
		return false
	}
	b.lock.RLock()
	defer b.lock.RUnlock()
	return b.marks[key] > 0 || b.marks[StreamKey{Tenant: key.Tenant}] > 0
}

func (b *bypass) add(key StreamKey) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.marks == nil {
		b.marks = map[StreamKey]int{}
	}
	b.marks[key]++
	b.count.Add(1)
}

func (b *bypass) remove(key StreamKey) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.marks[key] == 0 { // a gate made after the stream was touched
		return
	}
	if b.marks[key]--; b.marks[key] == 0 {
		delete(b.marks, key)
	}
	b.count.Add(-1)
}
