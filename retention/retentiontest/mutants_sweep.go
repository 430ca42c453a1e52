package retentiontest

import (
	"context"
	"time"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// answers changes what Claim answers.
func answers(change func(claims []retention.Claim, results []retention.ClaimResult)) func(*faulty) {
	return func(f *faulty) {
		f.onClaim = func(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
			results, err := f.Store.Claim(ctx, sweep, leases, claims, at)
			change(claims, results)
			return results, err
		}
	}
}

func claimMutants() []mutant {
	return []mutant{
		{"claims what is held", []string{"HeldIsNotClaimed"}, answers(func(_ []retention.Claim, results []retention.ClaimResult) {
			for i := range results {
				if results[i].HoldID != "" {
					results[i] = retention.ClaimResult{Claimed: true}
				}
			}
		})},
		{"claims what an answer needs", []string{"RequestedIsNotClaimed"}, answers(func(_ []retention.Claim, results []retention.ClaimResult) {
			for i := range results {
				if results[i].Request != 0 {
					results[i] = retention.ClaimResult{Claimed: true}
				}
			}
		})},
		{"tells the day in UTC", []string{"HoldsAreReadOnTheDayOfTheRecord"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				for i := range claims {
					claims[i].Record.Zone = time.UTC
				}
				return f.Store.Claim(ctx, sweep, leases, claims, at)
			}
		}},
		{"mixes up the results", []string{"ClaimsStandInOrder"}, answers(func(_ []retention.Claim, results []retention.ClaimResult) {
			if len(results) > 1 {
				results[0], results[1] = results[1], results[0]
			}
		})},
		{"lets two sweeps claim", []string{"ClaimAgain", "OneOfManyRacingClaims", "ClaimsOfDeadSweepsEnd"}, answers(func(_ []retention.Claim, results []retention.ClaimResult) {
			for i := range results {
				results[i].Claimed = results[i].HoldID == "" && results[i].Request == 0
			}
		})},
		{"never lets go of a claim", []string{"ClaimsOfDeadSweepsEnd"}, answers(func(_ []retention.Claim, results []retention.ClaimResult) {
			for i := range results {
				results[i].Claimed = false
			}
		})},
		{"forgets what it claimed", []string{"InFlight", "HoldReturnsClaimsInFlight"}, func(f *faulty) {
			f.onClaim = func(_ context.Context, _ string, _ []retention.Lease, claims []retention.Claim, _ time.Time) ([]retention.ClaimResult, error) {
				results := make([]retention.ClaimResult, len(claims))
				for i := range results {
					results[i].Claimed = true
				}
				return results, nil
			}
		}},
		{"claims under a cancelled context", []string{"CancelledSweep"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, sweep string, leases []retention.Lease, claims []retention.Claim, at time.Time) ([]retention.ClaimResult, error) {
				return f.Store.Claim(context.WithoutCancel(ctx), sweep, leases, claims, at)
			}
		}},
	}
}

// records changes what is given to Record.
func records(change func(items []retention.Item, pending []retention.Notice) ([]retention.Item, []retention.Notice)) func(*faulty) {
	return func(f *faulty) {
		f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
			items, pending = change(items, pending)
			return f.Store.Record(ctx, sweep, leases, items, pending)
		}
	}
}

func logMutants() []mutant {
	return []mutant{
		{"ignores another plan", []string{"SweepAgain"}, func(f *faulty) {
			f.onCreateSweep = func(ctx context.Context, s retention.Sweep) error {
				return swallow(f.Store.CreateSweep(ctx, s), privacy.ErrConflict)
			}
		}},
		{"ignores another approval", []string{"SweepAgain"}, func(f *faulty) {
			f.onCreateSweep = func(ctx context.Context, s retention.Sweep) error {
				s.ApprovedBy = "dpo"
				return f.Store.CreateSweep(ctx, s)
			}
		}},
		{"makes sweeps up", []string{"SweepMissing"}, func(f *faulty) {
			f.onItems = func(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
				items, err := f.Store.Items(ctx, sweep, after, limit)
				return items, swallow(err, privacy.ErrNotFound)
			}
		}},
		{"loses an item", []string{"RecordNumbersItems", "ConcurrentRecords"}, records(func(items []retention.Item, pending []retention.Notice) ([]retention.Item, []retention.Notice) {
			return items[:min(len(items), 1)], pending
		})},
		{"forgets the reason", []string{"RecordKeepsAll"}, records(func(items []retention.Item, pending []retention.Notice) ([]retention.Item, []retention.Notice) {
			for i := range items {
				items[i].Reason = ""
			}
			return items, pending
		})},
		{"forgets who was told", []string{"RecordKeepsAll"}, records(func(items []retention.Item, pending []retention.Notice) ([]retention.Item, []retention.Notice) {
			for i := range items {
				items[i].Notice = 0
			}
			return items, pending
		})},
		{"records twice", []string{"RecordAgain"}, records(func(items []retention.Item, pending []retention.Notice) ([]retention.Item, []retention.Notice) {
			if len(items) > 0 && items[0].Reason == "error" {
				items[0].Token[1] = 100
			}
			return items, pending
		})},
		{"skips at the page", []string{"ItemsInPages"}, func(f *faulty) {
			f.onItems = func(ctx context.Context, sweep string, after uint64, limit int) ([]retention.Item, error) {
				if after > 0 {
					after++
				}
				return f.Store.Items(ctx, sweep, after, limit)
			}
		}},
		{"takes a failure for a disposal", []string{"Disposed"}, func(f *faulty) {
			f.onDisposed = func(ctx context.Context, tokens []retention.Token) ([]retention.Action, error) {
				actions, err := f.Store.Disposed(ctx, tokens)
				for i := range actions {
					if tokens[i] == token(2) {
						actions[i] = retention.Delete
					}
				}
				return actions, err
			}
		}},
		{"records under a cancelled context", []string{"CancelledSweep"}, func(f *faulty) {
			f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
				return f.Store.Record(context.WithoutCancel(ctx), sweep, leases, items, pending)
			}
		}},
	}
}

func noticeMutants() []mutant {
	return []mutant{
		{"keeps no notices", []string{"Notices", "NoticesOfItemsInTheLog", "Told"}, records(func(items []retention.Item, _ []retention.Notice) ([]retention.Item, []retention.Notice) {
			return items, nil
		})},
		{"keeps notices again", []string{"NoticesOfItemsInTheLog"}, func(f *faulty) {
			var kept []retention.Notice
			f.onRecord = func(ctx context.Context, sweep string, leases []retention.Lease, items []retention.Item, pending []retention.Notice) error {
				kept = append(kept, pending...)
				return f.Store.Record(ctx, sweep, leases, items, pending)
			}
			f.onNotices = func(context.Context, string, retention.Token, int) ([]retention.Notice, error) { return kept, nil }
		}},
		{"removes nothing", []string{"Told"}, func(f *faulty) {
			f.onTold = func(context.Context, string, []retention.Token) error { return nil }
		}},
		{"minds what is not there", []string{"Told"}, func(f *faulty) {
			f.onTold = func(ctx context.Context, sweep string, tokens []retention.Token) error {
				list, err := f.Store.Notices(ctx, sweep, retention.Token{}, 100)
				if err == nil && len(list) < len(tokens) {
					return privacy.ErrNotFound
				}
				return f.Store.Told(ctx, sweep, tokens)
			}
		}},
		{"mixes sweeps", []string{"Told"}, func(f *faulty) {
			f.onTold = func(ctx context.Context, _ string, tokens []retention.Token) error {
				return f.Store.Told(ctx, "s1", tokens)
			}
		}},
	}
}
