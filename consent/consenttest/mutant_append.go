package consenttest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func appendMutants() []mutant {
	return []mutant{
		{"outbox rows are dropped", []string{"append-writes-all", "redact-appends"}, func(f *faulty) {
			f.onClaim = func(context.Context, consent.Claim) ([]consent.Delivery, error) { return nil, nil }
		}},
		{"the last event of several is dropped", []string{"append-writes-all"}, dropLastEvent},
		{"results have the last sequence for the first", []string{"append-result", "key-same-payload"}, changeResult(func(r *consent.Appended) {
			r.First = r.Last
		})},
		{"results have the stream as it was before", []string{"append-result"}, changeResult(func(r *consent.Appended) {
			r.Stream.Version = r.First - 1
		})},
		{"what came before a failure is kept", []string{"append-nothing-on-failure"}, keepBeforeFailure},
		{"a failure ends the call", []string{"append-elements-independent"}, failTheRest},
		{"elements are applied backwards", []string{"append-in-order"}, func(f *faulty) {
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				appends = slices.Clone(appends)
				slices.Reverse(appends)
				results, err := f.Store.Append(ctx, appends)
				slices.Reverse(results)
				return results, err
			}
		}},
		{"Expected is ignored", []string{"append-expected-version", "append-one-winner", "append-elements-independent", "redact-expected-version"}, func(f *faulty) {
			changeWork(func(work *consent.Append) { work.Expected = nil })(f)
			f.onRedact = func(ctx context.Context, erasure consent.Append) (consent.Appended, error) {
				erasure.Expected = nil
				return f.Store.Redact(ctx, erasure)
			}
		}},
		{"Expected is checked before the write and not with it", []string{"append-one-winner"}, checkExpectedThenAct},
		{"a write beside another is lost", []string{"append-racing-all-kept"}, loseRacing(func(work *[]consent.Append) { *work = nil })},
		{"the last of a batch beside another is lost", []string{"append-racing-batches"}, loseRacing(func(work *[]consent.Append) {
			if n := len(*work); n > 1 {
				*work = (*work)[:n-1]
			}
		})},
		{"opt-outs are not folded", []string{"append-uses-the-fold"}, changeState(func(_ consent.StreamKey, state *consent.State) { state.OptOuts = nil })},
		{"the projection is that of the version before", []string{"append-writes-all", "append-uses-the-fold"}, staleProjection},
		{"the projection is of events in reverse", []string{"append-in-order", "append-uses-the-fold"}, foldBackwards},
		{"an erased subject takes nothing any more", []string{"append-refuses-after-erasure"}, refuseAfterErasure},
		{"consent after erasure is acknowledged", []string{"append-refuses-after-erasure"}, changeResult(func(r *consent.Appended) {
			if errors.Is(r.Err, consent.ErrErased) {
				r.Err = nil
			}
		})},
		{"a tenant's own stream is dropped", []string{"append-tenant-stream"}, func(f *faulty) {
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
					if work.Key.Subject == "" {
						return consent.Appended{}, nil
					}
					return f.soundAppend(ctx, work)
				})
			}
		}},
		{"payloads alias those that came in", []string{"append-copies-input"}, aliasInput},
		{"results alias the projection", []string{"append-copies-input"}, aliasResult},
		{"payloads beyond 64 KiB are refused", []string{"append-large-payload"}, func(f *faulty) {
			f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
				return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
					if len(work.Records[0].Payload) > 1<<16 {
						return consent.Appended{Err: privacy.ErrInvalid}, nil
					}
					return f.soundAppend(ctx, work)
				})
			}
		}},
		{"payloads beyond 64 KiB are cut off", []string{"append-large-payload"}, changeRecords(func(r *consent.Record) {
			r.Payload = r.Payload[:min(len(r.Payload), 1<<16)]
		})},
		{"times are kept to the millisecond", []string{"append-exact-times"}, changeRecords(func(r *consent.Record) {
			r.OccurredAt = r.OccurredAt.Truncate(time.Millisecond)
		})},
		{"times of recording are kept to the second", []string{"append-exact-times"}, changeRecords(func(r *consent.Record) {
			r.RecordedAt = r.RecordedAt.Truncate(time.Second)
		})},
		{"times come back in the local zone", []string{"append-exact-times"}, changeRecords(func(r *consent.Record) {
			r.OccurredAt = r.OccurredAt.In(time.FixedZone("local", 3600))
		})},
		{"times of events are kept to the second", []string{"append-exact-times"}, changeDeliveries(func(d *consent.Delivery) {
			d.Event.Time = d.Event.Time.Truncate(time.Second)
		})},
		{"identifiers are compared without case", []string{"append-exact-identifiers"}, changeIDs(strings.ToLower)},
		{"identifiers are trimmed", []string{"append-exact-identifiers"}, changeIDs(strings.TrimSpace)},
		{"identifiers are composed", []string{"append-exact-identifiers"}, changeIDs(func(id string) string {
			return strings.ReplaceAll(id, "e\u0301", "\u00e9")
		})},
		{"identifiers are cut at 254 bytes", []string{"append-exact-identifiers"}, changeIDs(func(id string) string { return id[:min(len(id), 254)] })},
		{"keys are compared without case", []string{"append-exact-identifiers"}, changeWork(func(work *consent.Append) {
			for i := range work.Records {
				work.Records[i].Key = strings.ToLower(work.Records[i].Key)
			}
		})},
	}
}

func dropLastEvent(f *faulty) {
	var dropped sync.Map
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		for _, work := range appends {
			if n := len(work.Records); n > 1 {
				dropped.Store(work.Records[n-1].ID, true)
			}
		}
		return f.Store.Append(ctx, appends)
	}
	f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
		for {
			deliveries, err := f.Store.Claim(ctx, claim)
			kept := slices.DeleteFunc(slices.Clone(deliveries), func(d consent.Delivery) bool {
				_, gone := dropped.Load(d.Event.ID)
				return gone
			})
			if len(kept) > 0 || len(deliveries) == 0 || err != nil {
				return kept, err
			}
		}
	}
}

func keepBeforeFailure(f *faulty) {
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			result, err := f.soundAppend(ctx, work)
			if result.Err != nil && len(work.Records) > 1 {
				work.Records = work.Records[:1]
				_, err = f.soundAppend(ctx, work)
			}
			return result, err
		})
	}
}

func failTheRest(f *faulty) {
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		var failed error
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			if failed != nil {
				return consent.Appended{Err: failed}, nil //nolint:nilerr // the element fails, not the call
			}
			result, err := f.soundAppend(ctx, work)
			failed = result.Err
			return result, err
		})
	}
}

func staleProjection(f *faulty) {
	var lock sync.Mutex
	before := map[consent.StreamKey]consent.State{}
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, work := range appends {
			if work.Key.Subject != "" {
				before[work.Key] = f.soundState(ctx, work.Key)
			}
		}
		return f.Store.Append(ctx, appends)
	}
	changeState(func(key consent.StreamKey, state *consent.State) {
		lock.Lock()
		defer lock.Unlock()
		if old, ok := before[key]; ok {
			old.Version = state.Version
			*state = old
		}
	})(f)
}

func foldBackwards(f *faulty) {
	f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		streams, err := f.Store.Streams(ctx, keys)
		for i, stream := range streams {
			if stream.Key.Subject == "" || stream.Version == 0 {
				continue
			}
			var state consent.State
			records := f.soundRecords(ctx, stream.Key)
			slices.Reverse(records)
			for j, record := range records {
				record.Sequence = uint64(j + 1)
				if err := state.Fold(record); err != nil {
					return nil, err
				}
			}
			if streams[i].State, err = state.MarshalBinary(); err != nil {
				return nil, err
			}
		}
		return streams, err
	}
}

func refuseAfterErasure(f *faulty) {
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			if work.Key.Subject != "" && f.soundState(ctx, work.Key).Erased.On {
				return consent.Appended{Err: consent.ErrErased}, nil
			}
			return f.soundAppend(ctx, work)
		})
	}
}

func aliasInput(f *faulty) {
	var kept sync.Map
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		for _, work := range appends {
			for _, record := range work.Records {
				kept.Store(record.ID, record)
			}
		}
		return f.Store.Append(ctx, appends)
	}
	changeRecords(func(r *consent.Record) {
		if alias, ok := kept.Load(r.ID); ok {
			r.Payload, r.Salt = alias.(consent.Record).Payload, alias.(consent.Record).Salt
		}
	})(f)
}

func aliasResult(f *faulty) {
	var kept sync.Map
	changeResult(func(r *consent.Appended) { kept.Store(r.Stream.Key, r.Stream) })(f)
	f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
		streams, err := f.Store.Streams(ctx, keys)
		for i, stream := range streams {
			if alias, ok := kept.Load(stream.Key); ok {
				streams[i].State = alias.(consent.Stream).State
			}
		}
		return streams, err
	}
}

// changeIDs confuses tenants and subjects that change makes the same.
func changeIDs(change func(string) string) func(*faulty) {
	return changeKeys(func(key consent.StreamKey) consent.StreamKey {
		return consent.StreamKey{Tenant: privacy.TenantID(change(string(key.Tenant))), Subject: privacy.SubjectID(change(string(key.Subject)))}
	})
}
