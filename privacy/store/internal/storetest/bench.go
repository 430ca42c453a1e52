package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/labelop/privacykit/consent"
)

// A Shape is a way in which calls of a benchmark arrive.
type Shape struct {
	Name    string
	Size    int // of the batch that a call writes
	Callers int
}

// Shapes are the ways in which appends arrive.
func Shapes() []Shape {
	return []Shape{{"single", 1, 1}, {"concurrent-16", 1, 16}, {"batch-100", 100, 1}}
}

// Measure makes the calls of a benchmark, and reports how many of unit they write in
// a second.
func (s Shape) Measure(b *testing.B, unit string, do func(call int) error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	if s.Callers == 1 {
		for call := range b.N {
			if err := do(call); err != nil {
				b.Fatal(err)
			}
		}
	} else {
		var next atomic.Int64
		b.SetParallelism(s.Callers / 2) // times GOMAXPROCS; all of them on two processors
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := do(int(next.Add(1)) - 1); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ReportMetric(float64(b.N*s.Size)/b.Elapsed().Seconds(), unit+"/s")
}

// BenchSubjects are in a database before the clock starts.
const BenchSubjects = 20_000

// Preloaded are the appends that make the subjects.
func Preloaded(b *testing.B) []consent.Append {
	b.Helper()
	appends := make([]consent.Append, BenchSubjects)
	for n := range appends {
		appends[n] = Granted(b, SubjectKey(n), fmt.Sprintf("01890000-0000-7000-9000-%012d", n), fmt.Sprintf("preloaded-%d", n))
	}
	return appends
}

// Preload makes the subjects.
func Preload(b *testing.B, store consent.LedgerStore) {
	b.Helper()
	for chunk := range slices.Chunk(Preloaded(b), 500) {
		MustAppend(b, store, chunk...)
	}
}

// BenchAppends are appends to random subjects, made ready beforehand. The keys are of
// the length of those that consent derives.
func BenchAppends(b *testing.B, n int) []consent.Append {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	appends := make([]consent.Append, n)
	for i := range appends {
		appends[i] = Granted(b, SubjectKey(random.IntN(BenchSubjects)), fmt.Sprintf("01890000-0000-7000-a000-%012d", i), fmt.Sprintf("%064x", i))
	}
	return appends
}

// BenchmarkAppend measures appends to a store that open returns, with the subjects in
// it.
func BenchmarkAppend(b *testing.B, open func(b *testing.B) consent.LedgerStore) {
	b.Helper()
	for _, shape := range Shapes() {
		b.Run(shape.Name, func(b *testing.B) {
			store, appends := open(b), BenchAppends(b, b.N*shape.Size)
			shape.Measure(b, "events", func(call int) error {
				results, err := store.Append(b.Context(), appends[call*shape.Size:][:shape.Size])
				for _, result := range results {
					err = errors.Join(err, result.Err)
				}
				return err
			})
		})
	}
}

// BenchmarkState reads the state of one of the subjects.
func BenchmarkState(b *testing.B, store consent.LedgerStore) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
	b.ReportAllocs()
	for b.Loop() {
		streams, err := store.Streams(b.Context(), []consent.StreamKey{SubjectKey(random.IntN(BenchSubjects))})
		if err != nil || streams[0].Version != 1 {
			b.Fatal(err, streams)
		}
	}
}

// Work is what an append writes, with everything computed, for a driver alone.
type Work struct {
	Tenant, Subject           string
	Version                   int64
	State                     []byte
	ID, Kind, Key             string
	At                        int64
	Salt, Commitment, Payload []byte
	Envelope                  string
}

// NewWork is what the appends write, each after those before it.
func NewWork(b *testing.B, appends []consent.Append) []Work {
	b.Helper()
	streams := map[consent.StreamKey]consent.Stream{}
	work := make([]Work, len(appends))
	for i, a := range appends {
		current, ok := streams[a.Key]
		if !ok {
			current = consent.Stream{Key: a.Key}
		}
		next, records, events, err := consent.Advance(current, a)
		Must(b, err)
		streams[a.Key] = next
		envelope, err := json.Marshal(events[0])
		Must(b, err)
		r := records[0]
		work[i] = Work{
			Tenant: string(r.Tenant), Subject: string(r.Subject), Version: int64(r.Sequence), State: next.State, //nolint:gosec // a count
			ID: r.ID, Kind: string(r.Kind), Key: r.Key, At: r.RecordedAt.UnixMicro(),
			Salt: r.Salt, Commitment: r.Commitment[:], Payload: r.Payload, Envelope: string(envelope),
		}
	}
	return work
}
