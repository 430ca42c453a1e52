package consenttest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func effectMutants() []mutant {
	return []mutant{
		{"effects are dropped", []string{"effects-applied"}, func(f *faulty) {
			f.onApplyEffects = func(context.Context, []privacy.Effect) error { return nil }
		}},
		{"only the first effect is applied", []string{"effects-applied"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				return f.Store.ApplyEffects(ctx, effects[:min(len(effects), 1)])
			}
		}},
		{"effects reach every purpose", []string{"effects-applied"}, changeEffects(func(effect *privacy.Effect) { effect.Purposes = nil })},
		{"effects are applied one by one", []string{"effects-atomic"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				for _, effect := range effects {
					if err := f.Store.ApplyEffects(ctx, []privacy.Effect{effect}); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		{"effects that cannot be applied are skipped", []string{"effects-atomic"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				for _, effect := range effects {
					err := f.Store.ApplyEffects(ctx, []privacy.Effect{effect})
					if err != nil && !errors.Is(err, privacy.ErrInvalid) && !errors.Is(err, privacy.ErrConflict) {
						return err
					}
				}
				return nil
			}
		}},
		{"the keys of effects are forgotten", []string{"effects-once"}, func(f *faulty) {
			var made atomic.Int64
			changeEffects(func(effect *privacy.Effect) { effect.Key += unique(&made) })(f)
		}},
		{"effects are refused beside a write", []string{"effects-racing"}, func(f *faulty) {
			var running atomic.Int64
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				defer running.Add(-1)
				if running.Add(1) > 1 {
					return privacy.ErrConflict
				}
				pause()
				return f.Store.ApplyEffects(ctx, effects)
			}
		}},
		{"effects beside a write are lost", []string{"effects-racing"}, func(f *faulty) {
			var running atomic.Int64
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				defer running.Add(-1)
				if running.Add(1) > 1 {
					effects = nil
				}
				pause()
				return f.Store.ApplyEffects(ctx, effects)
			}
		}},
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

func feedMutants() []mutant {
	return []mutant{
		{"the feed begins at its end", []string{"feed-from-the-beginning"}, func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
				if after == "" {
					after, _ = f.Store.Head(ctx)
				}
				return f.Store.Changes(ctx, after, limit)
			}
		}},
		{"changes of tenants are left out", []string{"feed-from-the-beginning"}, changePage(func(page *consent.ChangePage) {
			page.Changes = slices.DeleteFunc(page.Changes, func(c consent.Change) bool { return c.Key.Subject == "" })
		})},
		{"the limit of changes is ignored", []string{"feed-from-the-beginning"}, func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, _ int) (consent.ChangePage, error) {
				return f.Store.Changes(ctx, after, 1000)
			}
		}},
		{"versions go back within a page", []string{"feed-from-the-beginning"}, changePage(func(page *consent.ChangePage) { slices.Reverse(page.Changes) })},
		{"a page that is not the last claims to be", []string{"feed-from-the-beginning"}, changePage(func(page *consent.ChangePage) { page.Complete = true })},
		{"the end of the feed comes again", []string{"feed-from-the-beginning"}, func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
				page, err := f.Store.Changes(ctx, after, limit)
				if page.Complete {
					page.Next = after
				}
				return page, err
			}
		}},
		{"the head is one change too far", []string{"feed-from-head"}, func(f *faulty) {
			f.onHead = func(ctx context.Context) (consent.Cursor, error) {
				head, err := f.Store.Head(ctx)
				position, _ := strconv.Atoi(string(head))
				return consent.Cursor(strconv.Itoa(position + 1)), err
			}
		}},
		{"the feed skips what commits late", []string{"feed-racing"}, skipLateCommits},
		{"decisions are in the feed", []string{"feed-of-changes-only"}, func(f *faulty) {
			var decided []consent.Change
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				key := consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject}
				decided = append(decided, consent.Change{Key: key, Version: f.sound(key).Version})
				return f.Store.RecordDecision(ctx, decision)
			}
			changePage(func(page *consent.ChangePage) { page.Changes = append(page.Changes, decided...) })(f)
		}},
		{"trimming is not told", []string{"feed-reset"}, changePage(func(page *consent.ChangePage) { page.Reset = false })},
		{"every page resets", []string{"feed-reset"}, changePage(func(page *consent.ChangePage) { page.Reset = true })},
		{"a malformed cursor is the beginning", []string{"feed-malformed-cursor"}, func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
				page, err := f.Store.Changes(ctx, after, limit)
				if errors.Is(err, privacy.ErrInvalid) {
					return f.Store.Changes(ctx, "", limit)
				}
				return page, err
			}
		}},
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

// skipLateCommits numbers changes before they are visible and reads the feed by
// number, as an ordinary sequence of a database does.
func skipLateCommits(f *faulty) {
	var next atomic.Int64
	var lock sync.Mutex
	visible := map[int64]consent.Change{}
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		return f.each(ctx, appends, func(work consent.Append) (consent.Appended, error) {
			number := next.Add(1)
			result, err := f.soundAppend(ctx, work)
			if number%3 == 1 {
				pause()
			}
			lock.Lock()
			defer lock.Unlock()
			visible[number] = consent.Change{Key: work.Key, Version: result.Last}
			return result, err
		})
	}
	f.onHead = func(context.Context) (consent.Cursor, error) { return "0", nil }
	f.onChanges = func(_ context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		lock.Lock()
		defer lock.Unlock()
		last, _ := strconv.ParseInt(string(after), 10, 64)
		page := consent.ChangePage{Next: after, Complete: true}
		for number := last + 1; number <= next.Load(); number++ {
			change, ok := visible[number]
			if !ok {
				continue
			}
			if page.Complete = len(page.Changes) < limit; !page.Complete {
				break
			}
			page.Changes = append(page.Changes, change)
			page.Next = consent.Cursor(strconv.FormatInt(number, 10))
		}
		return page, nil
	}
}
