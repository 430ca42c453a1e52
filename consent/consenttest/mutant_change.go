package consenttest

import (
	"context"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// These put a change between a store and its caller.

// changeWork changes the work before it is carried out.
func changeWork(change func(*consent.Append)) func(*faulty) {
	return func(f *faulty) {
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			changed := slices.Clone(appends)
			for i := range changed {
				changed[i].Records = slices.Clone(changed[i].Records)
				change(&changed[i])
			}
			return f.Store.Append(ctx, changed)
		}
	}
}

// changeKeys confuses the streams that change makes the same.
func changeKeys(change func(consent.StreamKey) consent.StreamKey) func(*faulty) {
	return func(f *faulty) {
		changeWork(func(work *consent.Append) {
			work.Key = change(work.Key)
			for i := range work.Records {
				work.Records[i].Tenant, work.Records[i].Subject = work.Key.Tenant, work.Key.Subject
			}
		})(f)
		f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
			changed := make([]consent.StreamKey, len(keys))
			for i, key := range keys {
				changed[i] = change(key)
			}
			streams, err := f.Store.Streams(ctx, changed)
			for i := range streams {
				streams[i].Key = keys[i]
			}
			return streams, err
		}
	}
}

func changeResult(change func(*consent.Appended)) func(*faulty) {
	return func(f *faulty) {
		f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
			results, err := f.Store.Append(ctx, appends)
			for i := range results {
				change(&results[i])
			}
			return results, err
		}
	}
}

func changeRecords(change func(*consent.Record)) func(*faulty) {
	return func(f *faulty) {
		f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
			records, err := f.Store.Records(ctx, key, after, limit)
			for i := range records {
				change(&records[i])
			}
			return records, err
		}
	}
}

// changeState changes the projections of subjects that come out.
func changeState(change func(consent.StreamKey, *consent.State)) func(*faulty) {
	return func(f *faulty) {
		f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
			streams, err := f.Store.Streams(ctx, keys)
			for i, stream := range streams {
				if stream.Key.Subject == "" || stream.Version == 0 {
					continue
				}
				state, err := stream.SubjectState()
				if err != nil {
					return nil, err
				}
				change(stream.Key, &state)
				if streams[i].State, err = state.MarshalBinary(); err != nil {
					return nil, err
				}
			}
			return streams, err
		}
	}
}

func changeEffects(change func(*privacy.Effect)) func(*faulty) {
	return func(f *faulty) {
		f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
			effects = slices.Clone(effects)
			for i := range effects {
				change(&effects[i])
			}
			return f.Store.ApplyEffects(ctx, effects)
		}
	}
}

func changePage(change func(*consent.ChangePage)) func(*faulty) {
	return func(f *faulty) {
		f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
			page, err := f.Store.Changes(ctx, after, limit)
			change(&page)
			return page, err
		}
	}
}

func changeDecision(change func(context.Context, *faulty, *consent.DecisionRecord)) func(*faulty) {
	return func(f *faulty) {
		f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
			change(ctx, f, &decision)
			return f.Store.RecordDecision(ctx, decision)
		}
	}
}

func changeFilter(change func(*consent.DecisionFilter)) func(*faulty) {
	return func(f *faulty) {
		f.onDecisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
			change(&filter)
			return f.Store.Decisions(ctx, filter)
		}
	}
}

func changeDeliveries(change func(*consent.Delivery)) func(*faulty) {
	return func(f *faulty) {
		f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
			deliveries, err := f.Store.Claim(ctx, claim)
			for i := range deliveries {
				change(&deliveries[i])
			}
			return deliveries, err
		}
	}
}

func changeStreams(change func(*consent.Stream)) func(*faulty) {
	return func(f *faulty) {
		f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
			streams, err := f.Store.Streams(ctx, keys)
			for i := range streams {
				change(&streams[i])
			}
			return streams, err
		}
	}
}
