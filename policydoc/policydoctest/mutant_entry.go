package policydoctest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

func entryMutants() []mutant {
	return []mutant{
		{"the index is ignored", []string{"entry-conflict-index"}, rehang(true, false)},
		{"the predecessor's hash is ignored", []string{"entry-conflict-hash"}, rehang(false, true)},
		{"whoever comes is first", []string{"entry-one-winner", "entry-conflict-index", "entry-conflict-hash", "entry-conflict-writes-nothing"}, rehang(true, true)},
		{"a conflict is hidden", []string{"entry-one-winner", "entry-conflict-index", "entry-conflict-hash"}, changeEntryError(func(err error) error {
			if errors.Is(err, privacy.ErrConflict) {
				return nil
			}
			return err
		})},
		{"a conflict is another error", []string{"entry-one-winner", "entry-conflict-index", "entry-conflict-hash"}, changeEntryError(func(err error) error {
			if errors.Is(err, privacy.ErrConflict) {
				return privacy.ErrExists
			}
			return err
		})},
		{"events of entries are dropped", []string{"entry-events", "entry-one-winner"}, func(f *faulty) {
			f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, _ []privacy.Event) error {
				return f.Store.AppendEntry(ctx, e, nil)
			}
		}},
		{"only the first event of an entry is kept", []string{"entry-events"}, func(f *faulty) {
			f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
				return f.Store.AppendEntry(ctx, e, events[:min(1, len(events))])
			}
		}},
		{"events are written before the conflict", []string{"entry-conflict-writes-nothing", "entry-one-winner"}, eventsBeforeConflict},
		{"an entry with a conflict replaces the last", []string{"entry-conflict-writes-nothing"}, replaceLast},
		{"times are kept to the second", []string{"entry-round-trip"}, changeEntries(func(e *policydoc.Entry) {
			if e.Version != nil {
				e.Version.PublishedAt = e.Version.PublishedAt.Truncate(time.Second)
			}
		})},
		{"withdrawals are dropped", []string{"entry-round-trip"}, changeEntries(func(e *policydoc.Entry) { e.Withdrawal = nil })},
		{"facts are dropped", []string{"entry-round-trip"}, changeEntries(func(e *policydoc.Entry) {
			if e.Version != nil {
				e.Version.Facts = nil
			}
		})},
		{"line ends are changed", []string{"entry-round-trip"}, changeEntries(func(e *policydoc.Entry) {
			if e.Version != nil {
				e.Version.Texts[0].Source = "normalised"
			}
		})},
		{"every page of entries is the first", []string{"entry-order-and-pages", "entry-one-winner"}, func(f *faulty) {
			f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, _, limit int) ([]policydoc.Entry, error) {
				return f.Store.Entries(ctx, key, 0, limit)
			}
		}},
		{"the limit of entries is ignored", []string{"entry-order-and-pages"}, func(f *faulty) {
			f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, _ int) ([]policydoc.Entry, error) {
				return f.Store.Entries(ctx, key, after, 1000)
			}
		}},
		{"entries come backwards", []string{"entry-order-and-pages", "entry-round-trip"}, func(f *faulty) {
			f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
				entries, err := f.Store.Entries(ctx, key, after, limit)
				slices.Reverse(entries)
				return entries, err
			}
		}},
		{"every policy is known", []string{"entry-unknown-policy"}, func(f *faulty) {
			f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
				entries, err := f.Store.Entries(ctx, key, after, limit)
				if err == nil && len(entries) == 0 {
					return []policydoc.Entry{{}}, nil
				}
				return entries, err
			}
		}},
		{"entries are shared", []string{"entry-copies"}, shareEntries},
		{"names are compared without case", []string{"isolation"}, changeKeys(func(key *policydoc.PolicyKey) {
			if key.Name == "Privacy" {
				key.Name = "privacy"
			}
		})},
		{"policies of all tenants are one", []string{"isolation"}, changeKeys(func(key *policydoc.PolicyKey) { key.Tenant = policy.Tenant })},
	}
}

func changeEntryError(change func(error) error) func(*faulty) {
	return func(f *faulty) {
		f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
			return change(f.Store.AppendEntry(ctx, e, events))
		}
	}
}

func changeEntries(change func(*policydoc.Entry)) func(*faulty) {
	return func(f *faulty) {
		f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
			entries, err := f.Store.Entries(ctx, key, after, limit)
			for i := range entries {
				change(&entries[i])
			}
			return entries, err
		}
	}
}

// changeKeys confuses policies that change makes the same.
func changeKeys(change func(*policydoc.PolicyKey)) func(*faulty) {
	return func(f *faulty) {
		f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
			change(&e.Policy)
			return f.Store.AppendEntry(ctx, e, events)
		}
		f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
			change(&key)
			return f.Store.Entries(ctx, key, after, limit)
		}
	}
}

// rehang gives an entry the place and the predecessor that a sound store would
// accept, as often as others come between.
func rehang(index, previous bool) func(*faulty) {
	return func(f *faulty) {
		f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
			for {
				entries := f.sound(ctx, e.Policy)
				if index {
					e.Index = len(entries) + 1
				}
				if previous {
					e.Previous = policydoc.Hash{}
					if len(entries) > 0 {
						e.Previous = entries[len(entries)-1].Hash
					}
				}
				err := f.Store.AppendEntry(ctx, e, events)
				if !errors.Is(err, privacy.ErrConflict) || len(f.sound(ctx, e.Policy)) == len(entries) {
					return err
				}
			}
		}
	}
}

func eventsBeforeConflict(f *faulty) {
	f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
		// The only other way to write events is beside an acknowledgement.
		if err := f.Store.AppendAcknowledgement(ctx, ack(e.Policy, e.Hash.String(), 1, policydoc.Shown), events); err != nil {
			f.met(err)
			return err
		}
		return f.Store.AppendEntry(ctx, e, nil)
	}
}

// replaceLast reports a conflict, and shows the entry that had it as the last.
func replaceLast(f *faulty) {
	var replaced *policydoc.Entry
	f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
		err := f.Store.AppendEntry(ctx, e, events)
		if errors.Is(err, privacy.ErrConflict) {
			replaced = &e
		}
		return err
	}
	f.onEntries = func(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		entries, err := f.Store.Entries(ctx, key, after, limit)
		if n := len(entries); n > 0 && replaced != nil {
			entries[n-1] = *replaced
		}
		return entries, err
	}
}

// shareEntries returns the entries that it was given.
func shareEntries(f *faulty) {
	var lock sync.Mutex
	kept := map[policydoc.PolicyKey][]policydoc.Entry{}
	f.onAppendEntry = func(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
		lock.Lock()
		defer lock.Unlock()
		err := f.Store.AppendEntry(ctx, e, events)
		if err == nil {
			kept[e.Policy] = append(kept[e.Policy], e)
		}
		return err
	}
	f.onEntries = func(_ context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		lock.Lock()
		defer lock.Unlock()
		all := kept[key]
		return slices.Clone(all[min(after, len(all)):min(after+limit, len(all))]), nil
	}
}
