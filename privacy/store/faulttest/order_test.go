package faulttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
)

// bound is how old an answer of a gate may be that others write behind.
const bound = 30 * time.Millisecond

// asked is an operation on one subject's consent.
type asked struct {
	subject privacy.SubjectID
	write   bool
	grants  bool
	// at is when a write is said to have occurred; no two are at the same time.
	at int64
}

// answered is what came of it: the version of the stream, and whether the use
// is allowed then.
type answered struct {
	version uint64
	allowed bool
}

// standing is one subject's consent in the model.
type standing struct {
	answered
	// latest is when the latest of its events occurred: a grant from before it
	// that comes later does not count.
	latest int64
}

func (s standing) after(in asked) standing {
	s.version++
	if !in.grants || in.at > s.latest {
		s.allowed = in.grants
	}
	s.latest = max(s.latest, in.at)
	return s
}

func consentModel() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := map[privacy.SubjectID][]porcupine.Operation{}
			for _, operation := range history {
				id := operation.Input.(asked).subject
				parts[id] = append(parts[id], operation)
			}
			var list [][]porcupine.Operation
			for _, part := range parts {
				list = append(list, part)
			}
			return list
		},
		Init: func() any { return standing{answered: answered{version: 1}} }, // everybody's age is known
		Step: func(state, input, output any) (bool, any) {
			now, in, out := state.(standing), input.(asked), output.(answered)
			if !in.write {
				return out == now.answered, now
			}
			next := now.after(in)
			return out.version == next.version, next
		},
	}
}

// history is what clients have seen.
type history struct {
	start time.Time

	mu         sync.Mutex
	operations []porcupine.Operation
	last       int64
	// writing has, for each subject, when the writes under way were called.
	writing map[privacy.SubjectID][]time.Time
}

// begin notes that a write is under way, until end.
func (h *history) begin(id privacy.SubjectID, called time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writing[id] = append(h.writing[id], called)
}

func (h *history) end(id privacy.SubjectID, called time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writing[id] = slices.DeleteFunc(h.writing[id], func(t time.Time) bool { return t.Equal(called) })
}

// unacknowledged is how long the oldest write to the subject is under way. The
// gate of the writing process sees a write when it is acknowledged; until then
// it may answer from before, though others have seen it in the database.
func (h *history) unacknowledged(id privacy.SubjectID, now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	var longest time.Duration
	for _, called := range h.writing[id] {
		longest = max(longest, now.Sub(called))
	}
	return longest
}

// next is a time in microseconds that no other write has.
func (h *history) next() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = max(h.last+1, time.Now().UnixMicro())
	return h.last
}

// note adds an operation that was called at the given time and has returned
// now. staleness is how long before the call its answer may have been true: it
// then took effect at some time since.
func (h *history) note(in asked, out answered, called time.Time, staleness time.Duration) {
	returned := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, porcupine.Operation{
		Input: in, Output: out, Call: int64(called.Sub(h.start) - staleness), Return: int64(returned.Sub(h.start)),
	})
}

func (h *history) check(t *testing.T) porcupine.CheckResult {
	t.Helper()
	result := porcupine.CheckOperationsTimeout(consentModel(), h.operations, time.Minute)
	t.Logf("%d operations: %s", len(h.operations), result)
	return result
}

// process has its own connections to the file, ledger, gate and cache.
type process struct {
	*host
	use *consent.PreparedUse
	// own are the subjects that only this process writes; its answers on them
	// are never old.
	own []privacy.Subject
}

// twoProcesses returns two on one file, with three subjects each.
func twoProcesses(t *testing.T, wrap func(consent.Store) consent.Store) []*process {
	t.Helper()
	path := filepath.Join(t.TempDir(), "privacy.db")
	processes := make([]*process, 2)
	for i := range processes {
		db, err := sqlitestore.Open(t.Context(), path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		h := newHost(t, wrap(db.Consent()), privacy.SystemClock{}, &consent.CacheOptions{MaxStaleness: bound, MaxBytes: 1 << 16})
		p := &process{host: h, use: h.adapting()}
		for n := range 3 {
			s := subject(fmt.Sprintf("subject-%d-%d", i, n))
			_, err := h.ledger.RecordAge(t.Context(), s, adult())
			require.NoError(t, err)
			p.own = append(p.own, s)
		}
		processes[i] = p
	}
	return processes
}

// run lets clients of both processes write and ask for a while. Now and then a
// process reads the feed, or fails to for longer than the bound.
func run(t *testing.T, processes []*process, rounds int) *history {
	t.Helper()
	h := &history{start: time.Now(), writing: map[privacy.SubjectID][]time.Time{}}
	random := seeded(newSeed(t))
	ctx, cancel := context.WithCancel(t.Context())
	var clients, followers sync.WaitGroup
	for i, p := range processes {
		other := processes[1-i]
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		followers.Go(func() { follow(ctx, p, own) })
		for range 3 {
			own := rand.New(rand.NewPCG(random.Uint64(), 0))
			clients.Go(func() {
				for range rounds {
					time.Sleep(time.Duration(own.IntN(1500)) * time.Microsecond)
					if err := p.once(ctx, h, other, own); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	clients.Wait()
	cancel()
	followers.Wait()
	return h
}

func follow(ctx context.Context, p *process, random *rand.Rand) {
	for ctx.Err() == nil {
		_ = p.gate.Poll(ctx)
		pause := bound / 6
		if random.IntN(8) == 0 {
			pause = 2 * bound
		}
		time.Sleep(pause)
	}
}

// once writes to a subject of the process, or asks about one of either.
func (p *process) once(ctx context.Context, h *history, other *process, random *rand.Rand) error {
	mine, theirs := p.own[random.IntN(len(p.own))], other.own[random.IntN(len(other.own))]
	in, called := asked{subject: mine.ID}, time.Now()
	switch random.IntN(8) {
	case 0, 1:
		in.write, in.grants, in.at = true, random.IntN(2) == 0, h.next()
		var fact consent.Fact = consent.Withdrawal{}
		if in.grants {
			fact = grant()
		}
		h.begin(mine.ID, called)
		defer h.end(mine.ID, called)
		receipt, err := p.ledger.Record(ctx, consent.Entries{Tenant: tenant, Subject: mine.ID, Facts: []consent.Fact{fact}, OccurredAt: time.UnixMicro(in.at)})
		if err != nil {
			return err
		}
		h.note(in, answered{version: receipt.Stamp.SubjectVersion}, called, 0)
	case 2, 3, 4:
		staleness := h.unacknowledged(mine.ID, called)
		decision, err := p.use.Check(ctx, mine)
		if err != nil {
			return err
		}
		h.note(in, answered{decision.Stamp.SubjectVersion, decision.Allowed()}, called, staleness)
	case 5:
		in.subject = theirs.ID
		decision, err := p.use.Recheck(ctx, theirs, consent.Stamp{})
		if err != nil {
			return err
		}
		h.note(in, answered{decision.Stamp.SubjectVersion, decision.Allowed()}, called, 0)
	default:
		in.subject = theirs.ID
		decision, err := p.use.Check(ctx, theirs)
		if err != nil {
			return err
		}
		h.note(in, answered{decision.Stamp.SubjectVersion, decision.Allowed()}, called, bound)
	}
	return nil
}

func rounds() int {
	if soak() {
		return 2000
	}
	return 250
}

// TestAnswersAreInOrder checks the histories of two processes: each subject's
// writes, and what rechecks and the writing process answer about it, are
// linearizable, but that the latter answers from before a write until that is
// acknowledged; what the other process answers was true within the bound.
func TestAnswersAreInOrder(t *testing.T) {
	processes := twoProcesses(t, func(s consent.Store) consent.Store { return s })
	assert.Equal(t, porcupine.Ok, run(t, processes, rounds()).check(t))
}

// slow is a store that says late what it has done.
type slow struct{ consent.Store }

func (s slow) Append(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
	defer time.Sleep(rand.N(3 * time.Millisecond))
	return s.Store.Append(ctx, appends)
}

func TestAnswersAreInOrderWhenAcknowledgementsAreLate(t *testing.T) {
	processes := twoProcesses(t, func(s consent.Store) consent.Store { return slow{s} })
	assert.Equal(t, porcupine.Ok, run(t, processes, rounds()).check(t))
}

// deaf is a store whose cache feed tells nothing.
type deaf struct{ consent.Store }

func (d deaf) Changes(ctx context.Context, after consent.Cursor, _ int) (consent.ChangePage, error) {
	return consent.ChangePage{Next: after, Complete: true}, ctx.Err()
}

func TestAnOldAnswerIsFoundAmongOthers(t *testing.T) {
	processes := twoProcesses(t, func(s consent.Store) consent.Store { return deaf{s} })
	assert.Equal(t, porcupine.Illegal, run(t, processes, rounds()).check(t))
}

// A gate on another ledger does not hear of what is written beside it: used for
// a process's own subjects, its answers are only within the bound.
func TestAnOldAnswerIsFoundInTheWritingProcess(t *testing.T) {
	processes := twoProcesses(t, func(s consent.Store) consent.Store { return s })
	for _, p := range processes {
		beside := newHost(t, p.store, privacy.SystemClock{}, &consent.CacheOptions{MaxStaleness: bound, MaxBytes: 1 << 16})
		p.gate, p.use = beside.gate, beside.adapting()
	}
	assert.Equal(t, porcupine.Illegal, run(t, processes, rounds()).check(t))
}
