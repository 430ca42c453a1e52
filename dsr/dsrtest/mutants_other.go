package dsrtest

import (
	"context"
	"errors"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// otherMutants break the sentences on breaches and closed cases.
func otherMutants() []mutant {
	return []mutant{
		{"ignores_breach_version", []string{"breach_versions"}, func(f *faulty) {
			f.saveBreach = func(ctx context.Context, b dsr.Breach) error {
				if err := f.sound.SaveBreach(ctx, b); !clash(err) {
					return err
				}
				return nil
			}
		}},
		{"saves_any_breach", []string{"breach_validates"}, func(f *faulty) {
			f.saveBreach = func(ctx context.Context, b dsr.Breach) error {
				if err := f.sound.SaveBreach(ctx, b); !errors.Is(err, privacy.ErrInvalid) {
					return err
				}
				return nil
			}
		}},
		{"mixes_breaches", []string{"breach_tenants"}, func(f *faulty) {
			f.breaches = func(ctx context.Context, _ privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
				return f.sound.Breaches(ctx, "t", after, limit)
			}
		}},
		{"shares_breaches", []string{"breach_round_trip"}, func(f *faulty) {
			var given dsr.Breach
			f.saveBreach = func(_ context.Context, b dsr.Breach) error {
				given = b
				return nil
			}
			f.breach = func(context.Context, privacy.TenantID, dsr.BreachID) (dsr.Breach, error) { return given, nil }
		}},
		{"restarts_breaches", []string{"breach_pages"}, func(f *faulty) {
			f.breaches = func(ctx context.Context, tenant privacy.TenantID, _ dsr.BreachID, limit int) ([]dsr.Breach, error) {
				return f.sound.Breaches(ctx, tenant, "", limit)
			}
		}},
		{"restarts_closed", []string{"closed_pages"}, func(f *faulty) {
			f.closed = func(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
				q.After = dsr.ClosedPosition{}
				return f.sound.Closed(ctx, tenant, q)
			}
		}},
		{"ends_with_a_remainder", []string{"closed_remainder"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				u.Case.Items = slices.Clone(u.Case.Items)
				for i := range u.Case.Items {
					u.Case.Items[i].Protections = nil
				}
				return f.sound.Update(ctx, u)
			}
		}},
		{"closes_late", []string{"closed_pages"}, func(f *faulty) {
			f.closed = func(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
				q.Before = later
				return f.sound.Closed(ctx, tenant, q)
			}
		}},
		{"ends_with_receipt", []string{"closed_ended"}, func(f *faulty) {
			f.closed = func(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
				closed, err := f.sound.Closed(ctx, tenant, q)
				for i := range closed {
					closed[i].Ended = epoch
				}
				return closed, err
			}
		}},
		{"lists_redacted_again", []string{"closed_unredacted"}, func(f *faulty) {
			f.closed = func(ctx context.Context, tenant privacy.TenantID, q dsr.ClosedQuery) ([]dsr.ClosedCase, error) {
				q.Unredacted = false
				return f.sound.Closed(ctx, tenant, q)
			}
		}},
		{"redacts_nothing", []string{"redact", "redact_races", "closed_unredacted"}, func(f *faulty) {
			f.redact = func(context.Context, dsr.Disposal) error { return nil }
		}},
		{"redacts_in_silence", []string{"redact", "redact_again"}, func(f *faulty) {
			f.redact = func(ctx context.Context, d dsr.Disposal) error {
				d.Events = nil
				return f.sound.Redact(ctx, d)
			}
		}},
		{"redacts_by_erasing", []string{"redact_keeps_log", "redact"}, func(f *faulty) { f.redact = f.sound.Erase }},
		{"redacts_and_writes_it_down", []string{"redact_keeps_log"}, func(f *faulty) {
			f.redact = func(ctx context.Context, d dsr.Disposal) error {
				c, err := f.sound.Case(ctx, d.Tenant, d.ID)
				if err != nil {
					return err
				}
				return f.sound.Update(ctx, dsr.Update{Expect: c.Version, Case: c.Redact(), Lines: []dsr.LogLine{{At: later, Payload: "{}"}}})
			}
		}},
		{"disposes_of_open_cases", []string{"redact_conflicts", "erase_conflicts"}, func(f *faulty) {
			f.redact = func(ctx context.Context, d dsr.Disposal) error { return discarding(f.sound.Redact(ctx, d)) }
			f.erase = func(ctx context.Context, d dsr.Disposal) error { return discarding(f.sound.Erase(ctx, d)) }
		}},
		{"disposes_too_early", []string{"redact_conflicts", "erase_conflicts"}, func(f *faulty) {
			f.redact = func(ctx context.Context, d dsr.Disposal) error {
				d.Before = later
				return f.sound.Redact(ctx, d)
			}
			f.erase = func(ctx context.Context, d dsr.Disposal) error {
				d.Before = later
				return f.sound.Erase(ctx, d)
			}
		}},
		{"misses_what_is_gone", []string{"redact_again", "erase_again"}, func(f *faulty) {
			f.redact = func(ctx context.Context, d dsr.Disposal) error {
				return f.missing(ctx, d, f.sound.Redact)
			}
			f.erase = func(ctx context.Context, d dsr.Disposal) error {
				return f.missing(ctx, d, f.sound.Erase)
			}
		}},
		{"keeps_the_log", []string{"erase"}, func(f *faulty) {
			kept := map[dsr.CaseID][]dsr.LogLine{}
			f.erase = func(ctx context.Context, d dsr.Disposal) error {
				lines, err := f.sound.Log(ctx, d.Tenant, d.ID, 0, 100)
				if err != nil {
					return err
				}
				kept[d.ID] = lines
				return f.sound.Erase(ctx, d)
			}
			f.log = func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
				lines, err := f.sound.Log(ctx, tenant, id, after, limit)
				return slices.Concat(lines, kept[id]), err
			}
		}},
	}
}

// discarding turns a refusal into a success.
func discarding(err error) error {
	if clash(err) {
		return nil
	}
	return err
}

// missing fails where there is nothing to dispose of.
func (f *faulty) missing(ctx context.Context, d dsr.Disposal, dispose func(context.Context, dsr.Disposal) error) error {
	if _, err := f.sound.Case(ctx, d.Tenant, d.ID); err != nil {
		return err
	}
	return dispose(ctx, d)
}
