package consenttest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func readMutants() []mutant {
	return []mutant{
		{"an absent stream is an error", []string{"streams-absent"}, func(f *faulty) {
			f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := f.Store.Streams(ctx, keys)
				if slices.ContainsFunc(streams, func(s consent.Stream) bool { return s.Version == 0 }) {
					return nil, privacy.ErrNotFound
				}
				return streams, err
			}
		}},
		{"an absent stream has an empty state", []string{"streams-absent"}, changeStreams(func(s *consent.Stream) {
			if s.Version == 0 {
				s.State = []byte{1}
			}
		})},
		{"streams are in the order of their keys", []string{"streams-order"}, func(f *faulty) {
			f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				streams, err := f.Store.Streams(ctx, keys)
				slices.SortStableFunc(streams, func(a, b consent.Stream) int {
					return cmp.Or(cmp.Compare(a.Key.Tenant, b.Key.Tenant), cmp.Compare(a.Key.Subject, b.Key.Subject))
				})
				return streams, err
			}
		}},
		{"a call returns at most 1000 streams", []string{"streams-order"}, func(f *faulty) {
			f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				return f.Store.Streams(ctx, keys[:min(len(keys), 1000)])
			}
		}},
		{"a stream asked for twice comes once", []string{"streams-order"}, func(f *faulty) {
			f.onStreams = func(ctx context.Context, keys []consent.StreamKey) ([]consent.Stream, error) {
				var once []consent.StreamKey
				for _, key := range keys {
					if !slices.Contains(once, key) {
						once = append(once, key)
					}
				}
				return f.Store.Streams(ctx, once)
			}
		}},
		{"streams come from a replica that lags", []string{"streams-acknowledged"}, lag},
		{"states that come out are shared", []string{"streams-copies"}, shareStreams},
		{"records that come out are shared", []string{"streams-copies"}, shareRecords},
		{"records are from after on", []string{"records-pages"}, func(f *faulty) {
			f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
				return f.Store.Records(ctx, key, max(after, 1)-1, limit)
			}
		}},
		{"the limit of records is ignored", []string{"records-pages"}, func(f *faulty) {
			f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, _ int) ([]consent.Record, error) {
				return f.Store.Records(ctx, key, after, 1000)
			}
		}},
		{"records come backwards", []string{"records-pages"}, func(f *faulty) {
			f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
				records, err := f.Store.Records(ctx, key, after, limit)
				slices.Reverse(records)
				return records, err
			}
		}},
		{"streams are kept by subject alone", []string{"tenants-never-mix", "append-exact-identifiers", "key-within-stream"}, changeKeys(func(key consent.StreamKey) consent.StreamKey {
			return consent.StreamKey{Tenant: "one", Subject: key.Subject}
		})},
		{"records are found by subject alone", []string{"tenants-never-mix"}, func(f *faulty) {
			f.onRecords = func(ctx context.Context, key consent.StreamKey, after uint64, limit int) ([]consent.Record, error) {
				return f.Store.Records(ctx, consent.StreamKey{Tenant: tenant, Subject: key.Subject}, after, limit)
			}
		}},
		{"subjects of all tenants are listed", []string{"tenants-never-mix"}, func(f *faulty) {
			f.onSubjects = func(ctx context.Context, _ privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
				return f.Store.Subjects(ctx, tenant, after, limit)
			}
		}},
		{"decisions of all tenants are listed", []string{"tenants-never-mix"}, func(f *faulty) {
			f.onDecisions = func(ctx context.Context, filter consent.DecisionFilter) ([]consent.DecisionRecord, error) {
				filter.Tenant = tenant
				return f.Store.Decisions(ctx, filter)
			}
		}},
		{"decisions of all tenants are forgotten", []string{"tenants-never-mix"}, func(f *faulty) {
			f.onForgetDecisions = func(ctx context.Context, key consent.StreamKey, before time.Time) (int, error) {
				return f.Store.ForgetDecisions(ctx, consent.StreamKey{Tenant: tenant, Subject: key.Subject}, before)
			}
		}},
		{"subjects are in the order of a dictionary", []string{"subjects-order"}, listSubjects(func(all []privacy.SubjectID, after privacy.SubjectID) []privacy.SubjectID {
			fold := func(id privacy.SubjectID) string { return strings.ToLower(string(id)) }
			slices.SortFunc(all, func(a, b privacy.SubjectID) int { return cmp.Compare(fold(a), fold(b)) })
			return slices.DeleteFunc(all, func(id privacy.SubjectID) bool { return fold(id) <= fold(after) })
		})},
		{"the tenant's own stream is listed among subjects", []string{"subjects-order"}, listSubjects(func(all []privacy.SubjectID, after privacy.SubjectID) []privacy.SubjectID {
			if after == "" {
				return append([]privacy.SubjectID{""}, all...)
			}
			return slices.DeleteFunc(all, func(id privacy.SubjectID) bool { return id <= after })
		})},
		{"the limit of subjects is ignored", []string{"subjects-order"}, func(f *faulty) {
			f.onSubjects = func(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, _ int) ([]privacy.SubjectID, error) {
				return f.Store.Subjects(ctx, tenant, after, 1000)
			}
		}},
		{"subjects are paged by number", []string{"subjects-stable"}, pageByNumber},
	}
}

// lag returns streams as they were before the last append.
func lag(f *faulty) {
	var lock sync.Mutex
	before := map[consent.StreamKey]consent.Stream{}
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		lock.Lock()
		defer lock.Unlock()
		for _, work := range appends {
			before[work.Key] = f.sound(ctx, work.Key)
		}
		return f.Store.Append(ctx, appends)
	}
	changeStreams(func(s *consent.Stream) {
		lock.Lock()
		defer lock.Unlock()
		if old, ok := before[s.Key]; ok {
			*s = old
		}
	})(f)
}

func shareStreams(f *faulty) {
	type version struct {
		key     consent.StreamKey
		version uint64
	}
	var shared sync.Map
	changeStreams(func(s *consent.Stream) {
		state, _ := shared.LoadOrStore(version{s.Key, s.Version}, s.State)
		s.State = state.([]byte)
	})(f)
}

func shareRecords(f *faulty) {
	var shared sync.Map
	changeRecords(func(r *consent.Record) {
		first, _ := shared.LoadOrStore(r.ID, *r)
		r.Payload, r.Salt = first.(consent.Record).Payload, first.(consent.Record).Salt
	})(f)
}

// listSubjects lists what list makes of all subjects of the tenant.
func listSubjects(list func(all []privacy.SubjectID, after privacy.SubjectID) []privacy.SubjectID) func(*faulty) {
	return func(f *faulty) {
		f.onSubjects = func(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
			all, err := f.Store.Subjects(ctx, tenant, "", 1000)
			page := list(all, after)
			return page[:min(limit, len(page))], err
		}
	}
}

// pageByNumber skips as many subjects as earlier pages had.
func pageByNumber(f *faulty) {
	skip := map[privacy.SubjectID]int{}
	f.onSubjects = func(ctx context.Context, tenant privacy.TenantID, after privacy.SubjectID, limit int) ([]privacy.SubjectID, error) {
		all, err := f.Store.Subjects(ctx, tenant, "", 1000)
		begin := min(skip[after], len(all))
		page := all[begin:min(begin+limit, len(all))]
		if len(page) > 0 {
			skip[page[len(page)-1]] = begin + len(page)
		}
		return page, err
	}
}
