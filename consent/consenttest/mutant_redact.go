package consenttest

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
)

func redactMutants() []mutant {
	return []mutant{
		{"redaction keeps payloads", []string{"redact-nulls"}, redactKeeping(func(r *consent.Record, before consent.Record) { r.Payload = before.Payload })},
		{"redaction keeps salts", []string{"redact-nulls"}, redactKeeping(func(r *consent.Record, before consent.Record) { r.Salt = before.Salt })},
		{"redaction keeps keys", []string{"redact-nulls"}, redactKeeping(func(r *consent.Record, before consent.Record) { r.Key = before.Key })},
		{"redaction empties payloads instead of nulling them", []string{"redact-nulls"}, redactKeeping(func(r *consent.Record, _ consent.Record) { r.Payload = []byte{} })},
		{"redaction erases commitments", []string{"redact-keeps-the-rest"}, redactKeeping(func(r *consent.Record, _ consent.Record) { r.Commitment = [sha256.Size]byte{} })},
		{"redaction changes the time of recording", []string{"redact-keeps-the-rest"}, redactKeeping(func(r *consent.Record, _ consent.Record) { r.RecordedAt = r.RecordedAt.Add(time.Hour) })},
		{"redaction erases its own record", []string{"redact-nulls"}, func(f *faulty) {
			o := overlaid(f)
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				result, err := f.Store.Redact(ctx, erasure)
				o.redact(erasure.Records...)
				return result, err
			}
		}},
		{"redaction appends nothing", []string{"redact-appends"}, func(f *faulty) {
			o := overlaid(f)
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				o.redact(f.soundRecords(ctx, erasure.Key)...)
				return consent.Appended{Stream: f.sound(ctx, erasure.Key)}, nil
			}
		}},
		{"redaction reaches the tenant's other subjects", []string{"redact-only-its-stream"}, redactAlso(func(a, b consent.StreamKey) bool { return a.Tenant == b.Tenant })},
		{"redaction reaches the subject in other tenants", []string{"redact-only-its-stream"}, redactAlso(func(a, b consent.StreamKey) bool { return a.Subject == b.Subject })},
		{"redaction erases in spite of a conflict", []string{"redact-expected-version"}, func(f *faulty) {
			o := overlaid(f)
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				o.redact(f.soundRecords(ctx, erasure.Key)...)
				return f.Store.Redact(ctx, erasure)
			}
		}},
		{"redaction forgets its key", []string{"redact-twice"}, func(f *faulty) {
			var made atomic.Int64
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				erasure.Records = append([]consent.Record(nil), erasure.Records...)
				erasure.Records[0].Key += unique(&made)
				return f.Store.Redact(ctx, erasure)
			}
		}},
		{"redaction erases first and appends later", []string{"redact-racing"}, redactThenAppend},
	}
}

// overlay redacts records on their way out of a store that still has them.
type overlay struct{ ids sync.Map }

func overlaid(f *faulty) *overlay {
	o := &overlay{}
	changeRecords(func(r *consent.Record) {
		if _, gone := o.ids.Load(r.ID); gone {
			r.Payload, r.Salt, r.Key = nil, nil, ""
		}
	})(f)
	return o
}

func (o *overlay) redact(records ...consent.Record) {
	for _, record := range records {
		o.ids.Store(record.ID, true)
	}
}

// redactKeeping spoils what is left of redacted records.
func redactKeeping(keep func(r *consent.Record, before consent.Record)) func(*faulty) {
	return func(f *faulty) {
		var kept sync.Map
		f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
			for _, record := range f.soundRecords(ctx, erasure.Key) {
				kept.Store(record.ID, record)
			}
			return f.Store.Redact(ctx, erasure)
		}
		changeRecords(func(r *consent.Record) {
			if before, ok := kept.Load(r.ID); ok {
				keep(r, before.(consent.Record))
			}
		})(f)
	}
}

// redactAlso redacts every stream that is near to the one that is meant.
func redactAlso(near func(a, b consent.StreamKey) bool) func(*faulty) {
	return func(f *faulty) {
		o := overlaid(f)
		var seen sync.Map
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			for _, work := range appends {
				seen.Store(work.Key, true)
			}
			return f.Store.Append(ctx, appends)
		}
		f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
			seen.Range(func(key, _ any) bool {
				if key := key.(consent.StreamKey); near(key, erasure.Key) {
					o.redact(f.soundRecords(ctx, key)...)
				}
				return true
			})
			return f.Store.Redact(ctx, erasure)
		}
	}
}
