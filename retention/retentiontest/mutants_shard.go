package retentiontest

import (
	"context"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

func shardMutants() []mutant {
	return []mutant{
		{"leases what is leased", []string{"LeaseWhatIsFree", "OneOfManyRacingLeases"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				leases, err := f.Store.Lease(ctx, sweep, shards, now, until)
				if len(leases) == 0 && err == nil {
					for _, shard := range shards {
						leases = append(leases, retention.Lease{Shard: shard, Fence: 1})
					}
				}
				return leases, err
			}
		}},
		{"mixes up the shards", []string{"LeaseWhatIsFree"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				leases, err := f.Store.Lease(ctx, sweep, shards, now, until)
				slices.Reverse(leases)
				return leases, err
			}
		}},
		{"lets a lease end early", []string{"LeaseWhatIsFree"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				return f.Store.Lease(ctx, sweep, shards, now, until.Add(-time.Second))
			}
		}},
		{"lets a lease never end", []string{"LeaseWhatIsFree", "Renew"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				return f.Store.Lease(ctx, sweep, shards, now, until.AddDate(100, 0, 0))
			}
		}},
		{"gives every lease the same number", []string{"FencesGrow"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				leases, err := f.Store.Lease(ctx, sweep, shards, now, until)
				for i := range leases {
					leases[i].Fence = 1
				}
				return leases, err
			}
		}},
		{"records for whoever comes", []string{"StaleLeaseIsFenced", "OneStaleLeaseOfMany"}, func(f *faulty) {
			f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
				return swallow(f.Store.Record(ctx, sweep, leases, items, pending), privacy.ErrConflict)
			}
		}},
		{"claims for whoever comes", []string{"StaleLeaseIsFenced", "OneStaleLeaseOfMany"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				results, err := f.Store.Claim(ctx, sweep, leases, claims, at)
				return results, swallow(err, privacy.ErrConflict)
			}
		}},
		{"renews for whoever comes", []string{"StaleLeaseIsFenced", "OneStaleLeaseOfMany"}, func(f *faulty) {
			f.onRenew = func(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
				marked, err := f.Store.Renew(ctx, sweep, leases, until)
				return marked, swallow(err, privacy.ErrConflict)
			}
		}},
		{"looks at the first lease alone", []string{"OneStaleLeaseOfMany"}, func(f *faulty) {
			f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
				return f.Store.Record(ctx, sweep, leases[:min(len(leases), 2)], items, pending)
			}
		}},
		{"does not compare shards", []string{"ForeignShard"}, func(f *faulty) {
			f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
				for i := range items {
					if len(leases) > 0 {
						items[i].Shard = leases[0].Shard
					}
				}
				return f.Store.Record(ctx, sweep, leases, items, pending)
			}
		}},
		{"does not renew", []string{"Renew"}, func(f *faulty) {
			f.onRenew = func(context.Context, string, []retention.Lease, time.Time) (bool, error) { return false, nil }
		}},
		{"does not release", []string{"Release"}, func(f *faulty) {
			f.onRelease = func(context.Context, string, []retention.Lease) error { return nil }
		}},
		{"releases the latest for whoever comes", []string{"Release"}, func(f *faulty) {
			f.onRelease = func(ctx context.Context, sweep string, leases []retention.Lease) error {
				latest := slices.Clone(leases)
				for i := range latest {
					latest[i].Fence++
				}
				if err := f.Store.Release(ctx, sweep, leases); err != nil {
					return err
				}
				return f.Store.Release(ctx, sweep, latest)
			}
		}},
		{"hears nobody", []string{"WhoGetsNothingIsHeard"}, func(f *faulty) {
			f.onRenew = func(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
				_, err := f.Store.Renew(ctx, sweep, leases, until)
				return false, err
			}
		}},
		{"always hears somebody", []string{"WhoGetsNothingIsHeard", "Renew"}, func(f *faulty) {
			f.onRenew = func(ctx context.Context, sweep string, leases []retention.Lease, until time.Time) (bool, error) {
				_, err := f.Store.Renew(ctx, sweep, leases, until)
				return true, err
			}
		}},
		{"mixes shards in flight", []string{"InFlight"}, func(f *faulty) {
			f.onInFlight = func(ctx context.Context, sweep string, _ []retention.Shard) ([]retention.Claim, error) {
				return f.Store.InFlight(ctx, sweep, allShards)
			}
		}},
		{"forgets the zone of a record", []string{"InFlight"}, func(f *faulty) {
			f.onInFlight = func(ctx context.Context, sweep string, shards []retention.Shard) ([]retention.Claim, error) {
				claims, err := f.Store.InFlight(ctx, sweep, shards)
				for i := range claims {
					claims[i].Record.Zone = time.UTC
				}
				return claims, err
			}
		}},
		{"leases under a cancelled context", []string{"CancelledShards"}, func(f *faulty) {
			f.onLease = func(ctx context.Context, sweep string, shards []retention.Shard, now, until time.Time) ([]retention.Lease, error) {
				return f.Store.Lease(context.WithoutCancel(ctx), sweep, shards, now, until)
			}
		}},
	}
}
