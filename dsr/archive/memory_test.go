package archive_test

import (
	"context"
	"io"
	"iter"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// soak is the variable that asks for the long test.
const soak = "PRIVACYKIT_SOAK"

// generated is a source of files and records without end in sight, which
// watches the heap while it is read.
type generated struct {
	media, records int
	size           int64
	base, peak     *uint64
}

func (g generated) look() {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	if *g.base == 0 {
		*g.base = stats.HeapAlloc
	}
	*g.peak = max(*g.peak, stats.HeapAlloc)
}

func (g generated) Media(context.Context, privacy.Subject) iter.Seq2[archive.Medium, error] {
	return func(yield func(archive.Medium, error) bool) {
		for range g.media {
			m := archive.Medium{Category: "usage", Origin: archive.OriginProvided, Name: "film.mp4"}
			m.Open = func(context.Context) (io.ReadCloser, error) {
				g.look()
				return io.NopCloser(io.LimitReader(zeros{}, g.size)), nil
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (g generated) Records(context.Context, privacy.Subject) iter.Seq2[archive.Record, error] {
	return func(yield func(archive.Record, error) bool) {
		for i := range g.records {
			if i%(g.records/8) == 0 {
				g.look()
			}
			if !yield(record("usage", archive.OriginObserved, `{"event":"login","at":"2026-03-02T09:00:00Z"}`), nil) {
				return
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A package is made in memory that does not grow with it: 128 MiB of files and
// ten times as many records as the report shows by default, 10 GB with
// PRIVACYKIT_SOAK=1.
func TestMemoryDoesNotGrowWithThePackage(t *testing.T) {
	var base, peak uint64
	source := generated{media: 16, records: 50_000, size: 8 << 20, base: &base, peak: &peak}
	if os.Getenv(soak) != "" {
		source.media, source.records, source.size = 40, 1_000_000, 256<<20
	}
	manifest, err := builder(t).Build(t.Context(), io.Discard, request(archive.Access, source))
	require.NoError(t, err)
	assert.Equal(t, []archive.Count{{System: "database", Records: source.records, Media: source.media}}, manifest.Systems)
	var size int64
	for _, entry := range manifest.Entries {
		size += entry.Size
	}
	assert.Greater(t, size, int64(source.media)*source.size)
	assert.Less(t, peak-base, uint64(4<<20), "of %d bytes", size)
}

func BenchmarkBuild(b *testing.B) {
	var base, peak uint64 = 1, 1
	source := generated{media: 0, records: 10_000, base: &base, peak: &peak}
	maker := builder(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := maker.Build(b.Context(), io.Discard, request(archive.Access, source)); err != nil {
			b.Fatal(err)
		}
	}
}
