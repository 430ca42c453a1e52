package dsrtest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func wakeMutants() []mutant {
	// claiming returns the fault that changes what is claimed.
	claiming := func(change func(leases []dsr.Lease)) func(f *faulty) {
		return func(f *faulty) {
			f.claim = func(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
				leases, err := f.sound.Claim(ctx, now, until, limit)
				change(leases)
				return leases, err
			}
		}
	}
	return []mutant{
		{"claims_early", []string{"wake_when_due", "wake_retries"}, func(f *faulty) {
			f.claim = func(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
				return f.sound.Claim(ctx, now.Add(time.Hour), until, limit)
			}
		}},
		{"claims_in_reverse", []string{"wake_when_due"}, claiming(slices.Reverse[[]dsr.Lease])},
		{"ignores_leases", []string{"wake_leased", "wake_race"}, func(f *faulty) {
			f.claim = func(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
				return f.sound.Claim(ctx, now, now, limit)
			}
		}},
		{"repeats_tokens", []string{"wake_tokens", "wake_anew"}, claiming(func(leases []dsr.Lease) {
			for i := range leases {
				leases[i].Token = 1
			}
		})},
		{"keeps_completed", []string{"wake_completes"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				u.Completes = nil
				return f.sound.Update(ctx, u)
			}
		}},
		{"unfenced", []string{"wake_fences", "wake_anew", "update_all_or_nothing"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				err := f.sound.Update(ctx, u)
				if u.Completes != nil && clash(err) {
					u.Completes = nil
					return f.sound.Update(ctx, u)
				}
				return err
			}
		}},
		{"unfenced_retry", []string{"wake_fences"}, func(f *faulty) {
			f.retry = func(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
				if err := f.sound.Retry(ctx, lease, at, problem); !clash(err) {
					return err
				}
				return nil
			}
		}},
		{"unfenced_bury", []string{"wake_fences"}, func(f *faulty) {
			f.bury = func(ctx context.Context, lease dsr.Lease, problem string) error {
				if err := f.sound.Bury(ctx, lease, problem); !clash(err) {
					return err
				}
				return nil
			}
		}},
		{"replaces_wakes", []string{"wake_once"}, func(f *faulty) {
			latest := map[string]dsr.Wake{}
			f.update = func(ctx context.Context, u dsr.Update) error {
				for _, wake := range u.Wakes {
					latest[wake.Key] = wake
				}
				return f.sound.Update(ctx, u)
			}
			f.claim = func(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
				leases, err := f.sound.Claim(ctx, now, until, limit)
				for i := range leases {
					leases[i].Wake = latest[leases[i].Key]
				}
				return leases, err
			}
		}},
		{"forgets_problem", []string{"wake_retries"}, func(f *faulty) {
			f.retry = func(ctx context.Context, lease dsr.Lease, at time.Time, _ string) error {
				return f.sound.Retry(ctx, lease, at, "")
			}
		}},
		{"buries_alive", []string{"wake_buries"}, func(f *faulty) {
			f.bury = func(ctx context.Context, lease dsr.Lease, problem string) error {
				return f.sound.Retry(ctx, lease, lease.RunAt, problem)
			}
		}},
		{"ignores_what_is_gone", []string{"wake_gone"}, func(f *faulty) {
			f.retry = func(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
				if err := f.sound.Retry(ctx, lease, at, problem); !errors.Is(err, privacy.ErrNotFound) {
					return err
				}
				return nil
			}
		}},
	}
}
