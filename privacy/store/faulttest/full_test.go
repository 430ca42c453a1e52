package faulttest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// TestAFullDisk fills the disk at writes that make a file longer, first while the
// schema is made (at every fifth, or at each with PRIVACYKIT_SOAK=1) and then
// through the scenario (at every eleventh, or at each). When there is space again,
// what failed is repeated.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	everyOperation(t, func(op operation) bool { return op.growth > 0 }, sqlite3.FULL, true, func(t *testing.T, err error) {
		t.Helper()
		require.ErrorIs(t, err, sqlstore.ErrFull)
	})
}

// TestAFailingDisk fails one write, sync, truncation or removal after another, as
// many as TestAFullDisk.
func TestAFailingDisk(t *testing.T) {
	t.Parallel()
	everyOperation(t, func(operation) bool { return true }, sqlite3.IOERR, false, func(t *testing.T, err error) {
		t.Helper()
		require.NotErrorIs(t, err, sqlstore.ErrFull)
	})
}

// everyOperation fails operations of the disk that count, one in each run, and with
// lasting all after it until somebody has noticed.
func everyOperation(t *testing.T, counts func(operation) bool, code error, lasting bool, check func(*testing.T, error)) {
	t.Helper()
	whileMade, later := 5, 11 // of the operations, of which a step has many
	if soak() {
		whileMade, later = 1, 1
	}
	empty := newDisk(t, seeded(1))
	made := 0
	for at := 1; ; at += whileMade {
		d := empty.copy(t)
		f := &diskFault{counts: counts, code: code, at: at, lasting: lasting}
		if !failWhileOpening(t, d, f, check) {
			break
		}
		made++
	}
	assert.Greater(t, made, 10)

	ready := readyDisk(t, empty)
	want := playOnDisk(t, ready.copy(t), &diskFault{}, nil)
	failed := 0
	for at := 1; ; at += later {
		f := &diskFault{counts: counts, code: code, at: at, lasting: lasting}
		got := playOnDisk(t, ready.copy(t), f, check)
		if !assert.Equal(t, want, got, "operation %d", at) || f.n < at {
			break
		}
		failed += f.noticed
	}
	t.Logf("%d faults while the schema was made, %d noticed later", made, failed)
	assert.Greater(t, failed, 10)
}

// diskFault fails an operation of a disk.
type diskFault struct {
	counts  func(operation) bool
	code    error
	n, at   int
	lasting bool
	// noticed counts the errors that callers saw.
	noticed int
	over    bool
}

func (f *diskFault) fault(op operation) error {
	if f.counts == nil || f.over || !f.counts(op) {
		return nil
	}
	f.n++
	if f.n == f.at || f.lasting && f.n > f.at {
		return f.code
	}
	return nil
}

// end gives the disk back what it lacked.
func (f *diskFault) end(d *disk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.over = true
}

// failWhileOpening opens an empty disk under a fault, and then without. It
// returns whether there was a fault.
func failWhileOpening(t *testing.T, d *disk, f *diskFault, check func(*testing.T, error)) bool {
	t.Helper()
	d.setFault(f.fault)
	s := openDisk(t, d)
	defer s.close()
	if f.n < f.at {
		require.NoError(t, s.err)
		return false
	}
	if s.err != nil {
		assertTyped(t, s.err)
		check(t, s.err)
		f.end(d)
		require.NoError(t, s.Migrate(t.Context()), "operation %d", f.at)
	}
	require.NoError(t, s.CheckSchema(t.Context()))
	return true
}

// playOnDisk carries out the scenario, cuts the power, and returns what there
// is then.
func playOnDisk(t *testing.T, d *disk, f *diskFault, check func(*testing.T, error)) []string {
	t.Helper()
	s := openDisk(t, d)
	require.NoError(t, s.err)
	d.setFault(f.fault)
	a := newActor(t, s.Consent(), s.Consent())
	for _, step := range scenario() {
		a.clock.Advance(time.Second)
		err := step.do(t.Context(), a)
		if err == nil {
			continue
		}
		f.noticed++
		assertTyped(t, err)
		check(t, err)
		f.end(d)
		require.NoError(t, step.do(t.Context(), a), "%s, again after operation %d", step.name, f.at)
	}
	f.end(d)
	d.cut()
	s.close()
	s = openDisk(t, d)
	defer s.close()
	require.NoError(t, s.err)
	findings, err := a.acked.check(t.Context(), s.Consent())
	require.NoError(t, err)
	assert.Empty(t, findings.lost, "operation %d", f.at)
	assert.Empty(t, findings.wrong, "operation %d", f.at)
	var integrity string
	require.NoError(t, s.writer.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&integrity))
	assert.Equal(t, "ok", integrity)
	return digest(t, s.Consent())
}

// assertTyped checks that an error is the store's own and says nothing of
// anybody.
func assertTyped(t *testing.T, err error) {
	t.Helper()
	var failure *sqlstore.Error
	require.ErrorAs(t, err, &failure)
	assert.NotEmpty(t, failure.Code)
	assertHarmless(t, err)
}

// readyDisk is a copy of an empty disk on which the schema was made.
func readyDisk(t testing.TB, empty *disk) *disk {
	t.Helper()
	ready := empty.copy(t)
	s := openDisk(t, ready)
	require.NoError(t, s.err)
	s.close()
	return ready
}

// copy returns another disk with the same files, as if all were synced.
func (d *disk) copy(t testing.TB) *disk {
	t.Helper()
	other := newDisk(t, seeded(1))
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		content := d.files[name].current
		other.files[name] = &file{current: slices.Clone(content), durable: slices.Clone(content), entered: true}
	}
	return other
}
