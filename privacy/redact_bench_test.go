package privacy_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// plainAttrs are attributes without anything to redact.
func plainAttrs() []slog.Attr {
	return []slog.Attr{
		slog.String("method", "GET"),
		slog.Int("status", 200),
		slog.Duration("took", time.Millisecond),
		slog.Any("err", errors.New("failed")),
		slog.Uint64("bytes", 5),
		slog.Float64("load", 0.5),
		slog.Time("at", time.Unix(0, 0)),
		slog.Group("g", slog.Bool("ok", true), slog.Any("plain", []int{1})),
	}
}

func discard() slog.Handler { return handlerFunc(func(slog.Record) {}) }

func TestRedactorAllocatesNothingForUntaggedAttributes(t *testing.T) {
	attrs := plainAttrs()
	allocations := func(handler slog.Handler) float64 {
		logger := slog.New(handler)
		return testing.AllocsPerRun(100, func() {
			logger.LogAttrs(context.Background(), slog.LevelInfo, "m", attrs...)
		})
	}
	direct := allocations(discard())
	if redacted := allocations(newRedactor(t).Handler(discard())); redacted != direct {
		t.Errorf("%v allocations, %v without the redactor", redacted, direct)
	}
}

func BenchmarkRedactor(b *testing.B) {
	redactor := newRedactor(b, "account.name")
	for _, bench := range []struct {
		name    string
		handler slog.Handler
		attrs   []slog.Attr
	}{
		{"untagged/direct", discard(), plainAttrs()},
		{"untagged/redactor", redactor.Handler(discard()), plainAttrs()},
		{"tagged/redactor", redactor.Handler(discard()), []slog.Attr{slog.Any("c", newCustomer())}},
		{"dynamic/redactor", redactor.Handler(discard()), []slog.Attr{slog.Any("m", map[string]any{"a": 1, "b": "c"})}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			logger := slog.New(bench.handler)
			b.ReportAllocs()
			for b.Loop() {
				logger.LogAttrs(b.Context(), slog.LevelInfo, "m", bench.attrs...)
			}
		})
	}
}

func BenchmarkTypeInfoOf(b *testing.B) {
	typ := reflect.TypeFor[customer]()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := privacy.TypeInfoOf(typ); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWalk(b *testing.B) {
	c := newCustomer()
	b.ReportAllocs()
	for b.Loop() {
		if err := privacy.Walk(&c, func(privacy.Field) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
