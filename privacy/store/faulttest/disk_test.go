package faulttest

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// disk is a simulated disk, as a VFS. What was written but not synced is lost
// or torn when the power is cut. It holds one database.
type disk struct {
	name   string // of the VFS
	shared string // the directory for the memory that connections share
	random *rand.Rand

	mu    sync.Mutex
	files map[string]*file
	// removed are files whose removal may be undone by a cut.
	removed map[string]*file
	// sector is the size of what the disk writes at once, in bytes.
	sector int
	// life counts how often the power came on; a handle of an earlier life is dead.
	life  int
	power bool
	// operations counts what changed the disk in this life; the power goes
	// during the one with the number cutAt.
	operations, cutAt int
	// fault may fail an operation.
	fault func(operation) error
}

// operation is something that is about to change the disk.
type operation struct {
	kind string // "write", "truncate", "sync" or "delete"
	// growth is by how many bytes it makes a file longer.
	growth int64
}

// file is a file on the disk: what a process sees, what is durable, and the
// changes between.
type file struct {
	current, durable []byte
	pending          []change
	// entered is set when a sync has made the file's entry in its directory durable.
	entered bool

	holders             int // of a shared lock or more
	reserved, exclusive *handle
}

// change is a write that is not durable yet, or where data is nil a truncation.
type change struct {
	offset int64
	data   []byte
}

// apply makes the change in a part of the file that begins at offset.
func (c change) apply(part []byte, offset int64) {
	from, to := max(c.offset, offset), min(c.offset+int64(len(c.data)), offset+int64(len(part)))
	if from < to {
		copy(part[from-offset:to-offset], c.data[from-c.offset:to-c.offset])
	}
}

func (c change) touches(offset, end int64) bool {
	return c.offset < end && c.offset+int64(len(c.data)) > offset
}

var disks atomic.Int64

// newDisk returns an empty disk, switched on.
func newDisk(t testing.TB, random *rand.Rand) *disk {
	t.Helper()
	if !vfs.SupportsSharedMemory {
		if runtime.GOOS == "linux" {
			t.Fatal("SQLite has no shared memory")
		}
		t.Skip("SQLite has no shared memory on this platform")
	}
	d := &disk{
		name: fmt.Sprintf("disk-%d", disks.Add(1)), shared: t.TempDir(), random: random,
		files: map[string]*file{}, removed: map[string]*file{}, sector: 4096, life: 1, power: true,
	}
	vfs.Register(d.name, d)
	t.Cleanup(func() { vfs.Unregister(d.name) })
	return d
}

// change counts an operation, and says whether it may take place. If it is the
// last before the power goes, it takes place, but may be among what is lost.
func (d *disk) change(op operation, do func()) error {
	if !d.power {
		return sqlite3.IOERR
	}
	if d.fault != nil {
		if err := d.fault(op); err != nil {
			return err
		}
	}
	d.operations++
	last := d.operations == d.cutAt
	if !last || op.kind != "sync" {
		do()
	}
	if last {
		d.power = false
		return sqlite3.IOERR
	}
	return nil
}

// cut switches the disk off, if it is still on, and on again.
func (d *disk) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(d.removed)) {
		if _, again := d.files[name]; !again && d.random.IntN(2) == 0 {
			d.files[name] = d.removed[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		f := d.files[name]
		if !f.entered && d.random.IntN(2) == 0 {
			delete(d.files, name)
			continue
		}
		survivor := d.survivor(f)
		d.files[name] = &file{current: survivor, durable: slices.Clone(survivor), entered: true}
	}
	clear(d.removed)
	d.life++
	d.power, d.operations, d.cutAt = true, 0, 0
}

// survivor is what a cut leaves of a file.
func (d *disk) survivor(f *file) []byte {
	durable, pending := d.settleTruncations(f)
	sizes := []int64{int64(len(durable))}
	for _, c := range pending {
		sizes = append(sizes, max(sizes[len(sizes)-1], c.offset+int64(len(c.data))))
	}
	content := make([]byte, slices.Max(sizes))
	copy(content, durable)
	for from := 0; from < len(content); from += d.sector {
		to := min(from+d.sector, len(content))
		history := slices.DeleteFunc(slices.Clone(pending), func(c change) bool { return !c.touches(int64(from), int64(to)) })
		if len(history) > 0 {
			d.survive(content[from:to], int64(from), history)
		}
	}
	return content[:sizes[d.upTo(len(pending))]]
}

// settleTruncations decides which truncations have happened, and leaves the
// writes. A file system changes a file's size at once: a truncation concerns all
// sectors or none, and what it cut off never comes back.
func (d *disk) settleTruncations(f *file) (durable []byte, writes []change) {
	durable = f.durable
	truncations := 0
	for _, c := range f.pending {
		if c.data == nil {
			truncations++
		}
	}
	happened := d.upTo(truncations)
	for _, c := range f.pending {
		if c.data != nil {
			writes = append(writes, c)
			continue
		}
		if happened--; happened < 0 {
			continue
		}
		durable = durable[:min(c.offset, int64(len(durable)))]
		kept := writes[:0:0]
		for _, w := range writes {
			if w.offset < c.offset {
				w.data = w.data[:min(c.offset-w.offset, int64(len(w.data)))]
				kept = append(kept, w)
			}
		}
		writes = kept
	}
	return durable, writes
}

// survive gives a sector one of its versions, or damages it.
func (d *disk) survive(sector []byte, offset int64, history []change) {
	n := d.upTo(len(history))
	for _, c := range history[:n] {
		c.apply(sector, offset)
	}
	if n == len(history) || d.random.IntN(4) > 0 {
		return
	}
	torn := history[n]
	switch d.random.IntN(3) {
	case 0: // the first part of the write was made
		torn.data = torn.data[:d.random.IntN(len(torn.data)+1)]
	case 1: // what was to be written is garbage
		torn.data = d.garbage(len(torn.data))
	}
	torn.apply(sector, offset)
}

// upTo picks a number from 0 to n: often one of the two, which are the cases
// that matter most.
func (d *disk) upTo(n int) int {
	switch d.random.IntN(3) {
	case 0:
		return 0
	case 1:
		return n
	}
	return d.random.IntN(n + 1)
}

func (d *disk) garbage(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(d.random.Uint32())
	}
	return data
}

// syncDirectory makes what files there are durable.
func (d *disk) syncDirectory() {
	clear(d.removed)
	for _, f := range d.files {
		f.entered = true
	}
}

// setFault makes operations fail as fault says; nil ends that.
func (d *disk) setFault(fault func(operation) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

// Open implements vfs.VFS.
func (d *disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if name == "" {
		return &vfsutil.SliceFile{}, flags | vfs.OPEN_MEMORY, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.power {
		return nil, flags, sqlite3.CANTOPEN
	}
	f := d.files[name]
	if f == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		f = &file{}
		d.files[name] = f
	}
	const logs = vfs.OPEN_WAL | vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_SUPER_JOURNAL
	h := &handle{disk: d, file: f, life: d.life, syncsDirectory: flags&vfs.OPEN_CREATE != 0 && flags&logs != 0}
	if flags&vfs.OPEN_MAIN_DB != 0 {
		h.memory = vfs.NewSharedMemory(filepath.Join(d.shared, fmt.Sprintf("%d-shm", d.life)), flags)
	}
	return h, flags, nil
}

// Delete implements vfs.VFS.
func (d *disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[name]
	if f == nil {
		return sqlite3.IOERR_DELETE_NOENT
	}
	return d.change(operation{kind: "delete"}, func() {
		delete(d.files, name)
		if !syncDir && f.entered {
			d.removed[name] = f
		}
	})
}

// Access implements vfs.VFS.
func (d *disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[name] != nil, nil
}

// FullPathname implements vfs.VFS.
func (d *disk) FullPathname(name string) (string, error) { return name, nil }

// handle is an open file.
type handle struct {
	disk   *disk
	file   *file
	life   int
	lock   vfs.LockLevel
	memory vfs.SharedMemory
	// syncsDirectory says that the next sync makes every entry of the directory
	// durable, as SQLite's own VFS for Unix does for a new journal or log.
	syncsDirectory bool
}

var (
	_ vfs.FileSharedMemory = (*handle)(nil)
	_ vfs.FileLockState    = (*handle)(nil)
)

// enter locks the disk, and fails for a handle of an earlier life.
func (h *handle) enter() error {
	h.disk.mu.Lock()
	if !h.disk.power || h.life != h.disk.life {
		h.disk.mu.Unlock()
		return sqlite3.IOERR
	}
	return nil
}

func (h *handle) SharedMemory() vfs.SharedMemory { return h.memory }

func (h *handle) LockState() vfs.LockLevel { return h.lock }

func (h *handle) Close() error {
	if h.memory != nil {
		_ = h.memory.Close()
	}
	return h.Unlock(vfs.LOCK_NONE)
}

func (h *handle) ReadAt(b []byte, offset int64) (int, error) {
	if err := h.enter(); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	if offset >= int64(len(h.file.current)) {
		return 0, io.EOF
	}
	n := copy(b, h.file.current[offset:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (h *handle) WriteAt(b []byte, offset int64) (int, error) {
	if err := h.enter(); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	f, end := h.file, offset+int64(len(b))
	growth := max(end-int64(len(f.current)), 0)
	err := h.disk.change(operation{kind: "write", growth: growth}, func() {
		f.current = append(f.current, make([]byte, growth)...)
		copy(f.current[offset:], b)
		f.pending = append(f.pending, change{offset: offset, data: slices.Clone(b)})
	})
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (h *handle) Truncate(size int64) error {
	if err := h.enter(); err != nil {
		return err
	}
	defer h.disk.mu.Unlock()
	f := h.file
	return h.disk.change(operation{kind: "truncate"}, func() {
		f.current = slices.Clone(f.current[:min(size, int64(len(f.current)))])
		f.pending = append(f.pending, change{offset: size})
	})
}

func (h *handle) Sync(vfs.SyncFlag) error {
	if err := h.enter(); err != nil {
		return err
	}
	defer h.disk.mu.Unlock()
	f := h.file
	return h.disk.change(operation{kind: "sync"}, func() {
		f.durable, f.pending, f.entered = append(f.durable[:0], f.current...), nil, true
		if h.syncsDirectory {
			h.syncsDirectory = false
			h.disk.syncDirectory()
		}
	})
}

func (h *handle) Size() (int64, error) {
	if err := h.enter(); err != nil {
		return 0, err
	}
	defer h.disk.mu.Unlock()
	return int64(len(h.file.current)), nil
}

func (h *handle) Lock(lock vfs.LockLevel) error {
	if err := h.enter(); err != nil {
		return err
	}
	defer h.disk.mu.Unlock()
	f := h.file
	if h.lock >= lock {
		return nil
	}
	switch lock {
	case vfs.LOCK_SHARED:
		if f.exclusive != nil {
			return sqlite3.BUSY
		}
		f.holders++
	case vfs.LOCK_RESERVED:
		if f.reserved != nil {
			return sqlite3.BUSY
		}
		f.reserved = h
	case vfs.LOCK_EXCLUSIVE:
		if f.exclusive != nil && f.exclusive != h || f.reserved != nil && f.reserved != h {
			return sqlite3.BUSY
		}
		f.exclusive = h
		if f.holders > 1 {
			h.lock = vfs.LOCK_PENDING
			return sqlite3.BUSY
		}
	}
	h.lock = lock
	return nil
}

func (h *handle) Unlock(lock vfs.LockLevel) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	f := h.file
	if h.lock <= lock {
		return nil
	}
	if f.exclusive == h {
		f.exclusive = nil
	}
	if f.reserved == h {
		f.reserved = nil
	}
	if lock == vfs.LOCK_NONE {
		f.holders--
	}
	h.lock = lock
	return nil
}

func (h *handle) CheckReservedLock() (bool, error) {
	if err := h.enter(); err != nil {
		return false, err
	}
	defer h.disk.mu.Unlock()
	return h.file.reserved != nil, nil
}

func (h *handle) SectorSize() int {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return h.disk.sector
}

// DeviceCharacteristics promises what SQLite counts on by default: that a cut
// during a write damages no byte beside it.
func (h *handle) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}
