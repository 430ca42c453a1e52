package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// operation is what a client asked of a subject's stream, and answer what it
// was told: the version of its own event, or that of the stream.
type operation struct {
	subject int
	write   bool
	granted bool // what is written
	expect  bool
	version uint64 // expected
}

type answered struct {
	version  uint64
	granted  bool
	conflict bool
}

// stream is the model: a version, and whether consent stands.
type stream struct {
	version uint64
	granted bool
}

// model says which answers a stream may give. Streams are independent.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, crashSubjects)
		for _, entry := range history {
			subject := entry.Input.(operation).subject
			parts[subject] = append(parts[subject], entry)
		}
		return parts
	},
	Init: func() any { return stream{} },
	Step: func(state, input, output any) (bool, any) {
		now, op, out := state.(stream), input.(operation), output.(answered)
		if !op.write {
			return out.version == now.version && out.granted == now.granted, now
		}
		if op.expect && op.version != now.version {
			return out.conflict, now
		}
		next := stream{now.version + 1, op.granted}
		return !out.conflict && out.version == next.version, next
	},
	Equal: func(a, b any) bool { return a == b },
}

const (
	clients          = 8
	operationsOfEach = 120
)

// TestHistoriesAreLinearizable has clients work on few subjects through a proxy
// that cuts connections. They repeat with the same keys what they got no answer
// to; each call then is one operation that took effect once.
func TestHistoriesAreLinearizable(t *testing.T) {
	db, proxy := openThrough(t, cluster.Database(t), 60, nil)
	history := record(t, db.Consent(), db.Consent())
	assert.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(model, history, time.Minute))
	assert.Greater(t, proxy.cuts.Load(), int64(20))
	t.Logf("%d operations, %d cuts", len(history), proxy.cuts.Load())
}

// TestAStaleReadIsNotLinearizable shows that the test above can fail.
func TestAStaleReadIsNotLinearizable(t *testing.T) {
	store := open(t, nil).Consent()
	history := record(t, store, &staleReader{LedgerStore: store, known: map[consent.StreamKey]consent.Stream{}})
	assert.Equal(t, porcupine.Illegal, porcupine.CheckOperationsTimeout(model, history, time.Minute))
}

// staleReader gives what it has read to the next reader of the stream as well.
type staleReader struct {
	consent.LedgerStore
	lock  sync.Mutex
	known map[consent.StreamKey]consent.Stream
}

func (s *staleReader) Streams(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if known, ok := s.known[keys[0]]; ok {
		delete(s.known, keys[0])
		return []consent.Stream{known}, nil
	}
	streams, err := s.LedgerStore.Streams(ctx, keys)
	if err == nil {
		s.known[keys[0]] = streams[0]
	}
	return streams, err
}

// record runs clients that write to one store and read from another.
func record(t *testing.T, writes, reads consent.LedgerStore) []porcupine.Operation {
	t.Helper()
	begin := time.Now()
	histories, faults := make([][]porcupine.Operation, clients), make([]error, clients)
	var wait sync.WaitGroup
	for client := range clients {
		wait.Go(func() {
			var last uint64
			for n := range operationsOfEach {
				op := pick(last)
				called := time.Since(begin).Nanoseconds()
				out, err := carryOut(t.Context(), writes, reads, op, fmt.Sprintf("%d-%d", client, n))
				if err != nil {
					faults[client] = err
					return
				}
				last = out.version
				histories[client] = append(histories[client], porcupine.Operation{
					ClientId: client, Input: op, Call: called, Output: out, Return: time.Since(begin).Nanoseconds(),
				})
			}
		})
	}
	wait.Wait()
	require.NoError(t, errors.Join(faults...))
	var history []porcupine.Operation
	for _, part := range histories {
		history = append(history, part...)
	}
	return history
}

func pick(last uint64) operation {
	op := operation{subject: rand.IntN(crashSubjects)}
	switch rand.IntN(4) {
	case 0:
		op.write, op.granted = true, true
	case 1:
		op.write = true
	case 2:
		op.write, op.expect, op.version = true, true, last
	}
	return op
}

// carryOut repeats an operation until it is answered.
func carryOut(ctx context.Context, writes, reads consent.LedgerStore, op operation, id string) (answered, error) {
	key := subjectKey(op.subject)
	var fact consent.Fact = consent.Withdrawal{}
	if op.granted {
		fact = consent.Renewal{Purposes: []privacy.PurposeID{"newsletter"}}
	}
	work, err := newAppend(key, id, id, fact)
	if err != nil {
		return answered{}, err
	}
	if op.expect {
		work.Expected = &op.version
	}
	for {
		out, err := attempt(ctx, writes, reads, op, work)
		if !failed(err) {
			return out, err
		}
	}
}

func attempt(ctx context.Context, writes, reads consent.LedgerStore, op operation, work consent.Append) (answered, error) {
	if op.write {
		results, err := writes.Append(ctx, []consent.Append{work})
		if err != nil {
			return answered{}, err
		}
		if errors.Is(results[0].Err, privacy.ErrConflict) {
			return answered{conflict: true}, nil
		}
		return answered{version: results[0].First}, results[0].Err
	}
	streams, err := reads.Streams(ctx, []consent.StreamKey{work.Key})
	if err != nil {
		return answered{}, err
	}
	state, err := streams[0].SubjectState()
	return answered{version: streams[0].Version, granted: state.Purpose("newsletter").Consent == consent.ConsentGranted}, err
}
