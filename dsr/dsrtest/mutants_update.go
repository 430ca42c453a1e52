package dsrtest

import (
	"context"
	"errors"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func updateMutants() []mutant {
	// changed returns the fault that writes something else than it was given.
	changed := func(change func(u *dsr.Update)) func(f *faulty) {
		return func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				change(&u)
				return f.sound.Update(ctx, u)
			}
		}
	}
	return []mutant{
		{"overwrites", []string{"update_creates"}, overwrites},
		{"ignores_version", []string{"update_expects_version", "update_race", "redact_races"}, overwrites},
		{"creates_what_is_missing", []string{"update_not_found"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				err := f.sound.Update(ctx, u)
				if errors.Is(err, privacy.ErrNotFound) {
					u.Expect, u.Case.Version = 0, 1
					return f.sound.Update(ctx, u)
				}
				return err
			}
		}},
		{"half_writes", []string{"update_not_found", "update_all_or_nothing", "update_expects_version", "update_validates", "update_effect_refused"}, func(f *faulty) {
			var stray []privacy.Event
			f.update = func(ctx context.Context, u dsr.Update) error {
				err := f.sound.Update(ctx, u)
				if err != nil {
					stray = append(stray, u.Events...)
				}
				return err
			}
			f.events = func(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
				events, err := f.sound.Events(ctx, tenant)
				return append(events, stray...), err
			}
		}},
		{"accepts_anything", []string{"update_validates"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				if err := f.sound.Update(ctx, u); !errors.Is(err, privacy.ErrInvalid) {
					return err
				}
				return nil
			}
		}},
		{"reverses_log", []string{"update_appends", "update_chains"}, changed(func(u *dsr.Update) {
			u.Lines = slices.Clone(u.Lines)
			slices.Reverse(u.Lines)
		})},
		{"chains_nothing", []string{"update_chains"}, func(f *faulty) {
			f.log = func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
				lines, err := f.sound.Log(ctx, tenant, id, after, limit)
				for i := range lines {
					lines[i].Previous = ""
				}
				return lines, err
			}
		}},
		{"drops_effects", []string{"update_effects", "update_effect_refused"}, changed(func(u *dsr.Update) { u.Effects = nil })},
		{"drops_refused_effects", []string{"update_effect_refused"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				err := f.sound.Update(ctx, u)
				if err != nil && len(u.Effects) > 1 {
					u.Effects = u.Effects[:1]
					return f.sound.Update(ctx, u)
				}
				return err
			}
		}},
		{"drops_events", []string{"update_events"}, changed(func(u *dsr.Update) { u.Events = nil })},
		{"reverses_events", []string{"update_events"}, changed(func(u *dsr.Update) {
			u.Events = slices.Clone(u.Events)
			slices.Reverse(u.Events)
		})},
		{"forgets_keys", []string{"update_key_repeats", "update_key_differs", "digest"}, changed(func(u *dsr.Update) { u.Key = "" })},
		{"ignores_digest", []string{"update_key_differs"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				if _, err := f.sound.Digest(ctx, u.Case.Tenant, u.Key); u.Key != "" && err == nil {
					return nil
				}
				return f.sound.Update(ctx, u)
			}
		}},
		{"looks_at_the_version_first", []string{"update_key_repeats"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				if c, err := f.sound.Case(ctx, u.Case.Tenant, u.Case.ID); err == nil && c.Version != u.Expect {
					return privacy.ErrConflict
				}
				return f.sound.Update(ctx, u)
			}
		}},
		{"hides_keys", []string{"digest"}, func(f *faulty) {
			f.digest = func(context.Context, privacy.TenantID, string) (string, error) { return "", privacy.ErrNotFound }
		}},
		{"keys_of_all", []string{"update_key_of_tenant"}, remembersKeys(func(err error) bool { return err == nil })},
		{"burns_keys", []string{"update_key_of_failure"}, remembersKeys(func(err error) bool { return err != nil })},
		{"ignores_context", []string{"update_cancelled"}, func(f *faulty) {
			f.before = func(ctx context.Context) (context.Context, error) { return context.WithoutCancel(ctx), nil }
		}},
	}
}

// overwrites writes whatever version is stored.
func overwrites(f *faulty) {
	f.update = func(ctx context.Context, u dsr.Update) error {
		for {
			err := f.sound.Update(ctx, u)
			if !clash(err) {
				return err
			}
			c, readErr := f.sound.Case(ctx, u.Case.Tenant, u.Case.ID)
			if readErr != nil {
				return readErr
			}
			u.Expect, u.Case.Version = c.Version, c.Version+1
		}
	}
}

// remembersKeys refuses a key with another digest, whichever tenant used it, if
// the update before came to such an end.
func remembersKeys(which func(error) bool) func(f *faulty) {
	return func(f *faulty) {
		used := map[string]string{}
		f.update = func(ctx context.Context, u dsr.Update) error {
			if digest, ok := used[u.Key]; ok && u.Key != "" && digest != u.Digest {
				return privacy.ErrConflict
			}
			err := f.sound.Update(ctx, u)
			if which(err) {
				used[u.Key] = u.Digest
			}
			return err
		}
	}
}
