package consenttest

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func keyMutants() []mutant {
	return []mutant{
		{"keys are not remembered", []string{"key-same-payload", "key-other-payload", "key-before-expected", "key-within-batch", "key-racing"}, func(f *faulty) {
			var made atomic.Int64
			changeWork(func(work *consent.Append) {
				suffix := unique(&made)
				for i := range work.Records {
					work.Records[i].Key += suffix
				}
			})(f)
		}},
		{"a duplicate is not called one", []string{"key-same-payload", "key-racing"}, changeResult(func(r *consent.Appended) { r.Duplicate = false })},
		{"a key stands for any payload", []string{"key-other-payload", "key-within-batch", "key-time-assumed"}, repeatWhenever(func(consent.Append, []consent.Record) bool { return true })},
		{"a key stands for an append that begins as it did", []string{"key-other-count"}, repeatWhenever(func(work consent.Append, stored []consent.Record) bool {
			return bytes.Equal(work.Records[0].Payload, stored[0].Payload)
		})},
		{"the expected version comes before the key", []string{"key-before-expected"}, func(f *faulty) {
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
					if work.Expected != nil && f.sound(ctx, work.Key).Version != *work.Expected {
						return consent.Appended{Err: privacy.ErrConflict}, nil
					}
					return f.soundAppend(ctx, work)
				})
			}
		}},
		{"a key is unique within its tenant", []string{"key-within-stream"}, scopeKeys(func(key consent.StreamKey) string { return string(key.Tenant) })},
		{"a key is unique for a subject in all tenants", []string{"key-within-stream"}, scopeKeys(func(key consent.StreamKey) string { return string(key.Subject) })},
		{"keys of the same call are not seen", []string{"key-within-batch"}, func(f *faulty) {
			var made atomic.Int64
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				used := map[string]bool{}
				return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
					key := work.Records[0].Key
					if used[key] {
						work.Records = append([]consent.Record(nil), work.Records...)
						work.Records[0].Key += unique(&made)
					}
					used[key] = true
					return f.soundAppend(ctx, work)
				})
			}
		}},
		{"a key is looked for before the write and not with it", []string{"key-racing"}, checkKeyThenAct},
		{"an assumed time counts", []string{"key-time-assumed"}, changeWork(func(work *consent.Append) { work.TimeAssumed = false })},
	}
}

func unique(made *atomic.Int64) string { return "~" + strconv.FormatInt(made.Add(1), 10) }

// repeatWhenever takes an append whose key was used for a repetition whenever
// same says so.
func repeatWhenever(same func(consent.Append, []consent.Record) bool) func(*faulty) {
	return func(f *faulty) {
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
				records := f.soundRecords(ctx, work.Key)
				for i, record := range records {
					if record.Key == work.Records[0].Key && same(work, records[i:]) {
						return consent.Appended{Stream: f.sound(ctx, work.Key), First: record.Sequence, Last: record.Sequence, Duplicate: true}, nil
					}
				}
				return f.soundAppend(ctx, work)
			})
		}
	}
}

// scopeKeys makes keys unique in a scope that several streams share.
func scopeKeys(scope func(consent.StreamKey) string) func(*faulty) {
	return func(f *faulty) {
		var lock sync.Mutex
		owners := map[[2]string]consent.StreamKey{}
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
				lock.Lock()
				defer lock.Unlock()
				place := [2]string{scope(work.Key), work.Records[0].Key}
				if owner, used := owners[place]; used && owner != work.Key {
					return consent.Appended{Err: privacy.ErrConflict}, nil
				}
				owners[place] = work.Key
				return f.soundAppend(ctx, work)
			})
		}
	}
}
