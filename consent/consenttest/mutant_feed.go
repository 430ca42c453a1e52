package consenttest

import (
	"context"
	"errors"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func feedMutants() []mutant {
	return []mutant{
		{"the feed begins at its end", []string{"feed-from-the-beginning"}, func(f *faulty) {
			f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
				page, err := f.Store.Changes(ctx, after, limit)
				for after == "" && err == nil && !page.Complete {
					page, err = f.Store.Changes(ctx, page.Next, limit)
				}
				if after == "" {
					page.Changes = nil
				}
				return page, err
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
		{"versions go back within a page", []string{"feed-from-the-beginning"}, changePage(func(page *consent.ChangePage) {
			if n := len(page.Changes); n > 1 {
				page.Changes[n-1] = consent.Change{Key: page.Changes[0].Key, Version: page.Changes[0].Version - 1}
			}
		})},
		{"a page that is not the last claims to be", []string{"feed-from-the-beginning"}, changePage(func(page *consent.ChangePage) { page.Complete = true })},
		{"the end of the feed comes again", []string{"feed-from-the-beginning"}, repeatEnd},
		{"the head is one change too far", []string{"feed-from-head"}, headTooFar},
		{"the feed skips what commits late", []string{"feed-racing"}, skipLateCommits},
		{"decisions are in the feed", []string{"feed-of-changes-only"}, func(f *faulty) {
			var decided []consent.Change
			f.onRecordDecision = func(ctx context.Context, decision consent.DecisionRecord) error {
				key := consent.StreamKey{Tenant: decision.Tenant, Subject: decision.Subject}
				decided = append(decided, consent.Change{Key: key, Version: f.sound(ctx, key).Version})
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

// repeatEnd forgets the last page that had changes.
func repeatEnd(f *faulty) {
	var before consent.Cursor
	f.onChanges = func(ctx context.Context, after consent.Cursor, limit int) (consent.ChangePage, error) {
		page, err := f.Store.Changes(ctx, after, limit)
		if len(page.Changes) > 0 {
			before = after
		}
		if page.Complete {
			page.Next = before
		}
		return page, err
	}
}

// headTooFar leaves out the first change after the head was asked for.
func headTooFar(f *faulty) {
	var asked bool
	var skipped consent.Change
	f.onHead = func(ctx context.Context) (consent.Cursor, error) {
		asked = true
		return f.Store.Head(ctx)
	}
	f.onAppend = func(ctx context.Context, appends []consent.Append) ([]consent.Appended, error) {
		results, err := f.Store.Append(ctx, appends)
		if asked && err == nil {
			asked, skipped = false, consent.Change{Key: appends[0].Key, Version: results[0].Last}
		}
		return results, err
	}
	changePage(func(page *consent.ChangePage) {
		page.Changes = slices.DeleteFunc(page.Changes, func(c consent.Change) bool { return c == skipped })
	})(f)
}
