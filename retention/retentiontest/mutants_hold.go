package retentiontest

import (
	"context"
	"errors"
	"strings"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/retention"
)

// swallow makes a success of an error that matches target.
func swallow(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

func holdMutants() []mutant {
	return []mutant{
		{"forgets the scope of a hold", []string{"HoldIsStoredWhole"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				h.Scope.Labels = nil
				return f.Store.PlaceHold(ctx, h)
			}
		}},
		{"swallows a second hold", []string{"HoldExists", "OneOfManyRacingHolds"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				covered, err := f.Store.PlaceHold(ctx, h)
				return covered, swallow(err, privacy.ErrExists)
			}
		}},
		{"takes any hold", []string{"HoldIsChecked"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				if h.From.IsZero() {
					h.From = day("2026-01-01")
				}
				return f.Store.PlaceHold(ctx, h)
			}
		}},
		{"folds identifiers", []string{"HoldIDsAreExact"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				h.ID = strings.ToLower(h.ID)
				return f.Store.PlaceHold(ctx, h)
			}
		}},
		{"mixes tenants", []string{"HoldsOfOtherTenants"}, func(f *faulty) {
			f.onHolds = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
				own, err := f.Store.Holds(ctx, tenant)
				other, otherErr := f.Store.Holds(ctx, "t2")
				return append(own, other...), errors.Join(err, otherErr)
			}
		}},
		{"hides the operator's holds", []string{"HoldsOfOtherTenants"}, func(f *faulty) {
			f.onHolds = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Hold, error) {
				all, err := f.Store.Holds(ctx, tenant)
				var own []retention.Hold
				for _, h := range all {
					if h.Scope.Tenant == tenant {
						own = append(own, h)
					}
				}
				return own, err
			}
		}},
		{"hands out its own slices", []string{"HoldsAreCopies"}, func(f *faulty) {
			var kept []retention.Hold
			f.onHolds = func(ctx context.Context, tenant privacy.TenantID) (_ []retention.Hold, err error) {
				if kept == nil {
					kept, err = f.Store.Holds(ctx, tenant)
				}
				return kept, err
			}
		}},
		{"does not release", []string{"ReleaseHold"}, func(f *faulty) {
			f.onReleaseHold = func(context.Context, privacy.TenantID, string, privacy.Date) error { return nil }
		}},
		{"lets a release be moved", []string{"ReleaseAgain"}, releaseSwallows(privacy.ErrConflict)},
		{"releases what is not there", []string{"ReleaseWhatIsNot"}, releaseSwallows(privacy.ErrNotFound)},
		{"releases before the beginning", []string{"ReleaseBeforeItBegan"}, releaseSwallows(privacy.ErrInvalid)},
		{"ignores a cancelled context", []string{"CancelledContext"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				return f.Store.PlaceHold(context.WithoutCancel(ctx), h)
			}
		}},
		{"does not tell of claims in flight", []string{"HoldReturnsClaimsInFlight"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				_, err := f.Store.PlaceHold(ctx, h)
				return nil, err
			}
		}},
		{"looks for claims before it locks", []string{"HoldOrClaim"}, func(f *faulty) {
			f.onPlaceHold = func(ctx context.Context, h retention.Hold) ([]retention.Claim, error) {
				pause()
				_, err := f.Store.PlaceHold(ctx, h)
				return nil, err
			}
		}},
	}
}

func releaseSwallows(target error) func(*faulty) {
	return func(f *faulty) {
		f.onReleaseHold = func(ctx context.Context, tenant privacy.TenantID, id string, on privacy.Date) error {
			return swallow(f.Store.ReleaseHold(ctx, tenant, id, on), target)
		}
	}
}

func requestMutants() []mutant {
	opens := func(change func(r *retention.Request)) func(*faulty) {
		return func(f *faulty) {
			f.onOpenRequest = func(ctx context.Context, r retention.Request) ([]retention.Claim, error) {
				change(&r)
				return f.Store.OpenRequest(ctx, r)
			}
		}
	}
	return []mutant{
		{"keeps one subject", []string{"RequestIsStoredWhole"}, opens(func(r *retention.Request) {
			if len(r.Subjects) > 1 {
				r.Subjects = r.Subjects[:1]
			}
		})},
		{"forgets the right", []string{"RequestIsStoredWhole", "RequestedIsNotClaimed"}, opens(func(r *retention.Request) { r.Right = privacy.RightAccess })},
		{"takes any request", []string{"RequestIsChecked"}, opens(func(r *retention.Request) {
			if len(r.Subjects) == 0 {
				r.Subjects = []privacy.SubjectID{"x"}
			}
		})},
		{"replaces a request", []string{"RequestAgain"}, func(f *faulty) {
			f.onOpenRequest = func(ctx context.Context, r retention.Request) ([]retention.Claim, error) {
				err := swallow(f.Store.CloseRequest(ctx, r.Tenant, r.ID), privacy.ErrNotFound)
				claims, openErr := f.Store.OpenRequest(ctx, r)
				return claims, errors.Join(err, openErr)
			}
		}},
		{"mixes tenants", []string{"RequestsOfOtherTenants"}, func(f *faulty) {
			f.onRequests = func(ctx context.Context, tenant privacy.TenantID) ([]retention.Request, error) {
				own, err := f.Store.Requests(ctx, tenant)
				other, otherErr := f.Store.Requests(ctx, "t2")
				return append(own, other...), errors.Join(err, otherErr)
			}
		}},
		{"closes nothing", []string{"CloseRequest", "RequestedIsNotClaimed"}, func(f *faulty) {
			f.onCloseRequest = func(context.Context, privacy.TenantID, string) error { return nil }
		}},
		{"closes what is not there", []string{"CloseRequest"}, func(f *faulty) {
			f.onCloseRequest = func(ctx context.Context, tenant privacy.TenantID, id string) error {
				return swallow(f.Store.CloseRequest(ctx, tenant, id), privacy.ErrNotFound)
			}
		}},
		{"does not tell of claims in flight", []string{"RequestReturnsClaimsInFlight"}, func(f *faulty) {
			f.onOpenRequest = func(ctx context.Context, r retention.Request) ([]retention.Claim, error) {
				_, err := f.Store.OpenRequest(ctx, r)
				return nil, err
			}
		}},
		{"looks for claims before it locks", []string{"RequestOrClaim"}, func(f *faulty) {
			f.onOpenRequest = func(ctx context.Context, r retention.Request) ([]retention.Claim, error) {
				pause()
				_, err := f.Store.OpenRequest(ctx, r)
				return nil, err
			}
		}},
		{"ignores a cancelled context", []string{"CancelledRequest"}, func(f *faulty) {
			f.onOpenRequest = func(ctx context.Context, r retention.Request) ([]retention.Claim, error) {
				return f.Store.OpenRequest(context.WithoutCancel(ctx), r)
			}
		}},
	}
}
