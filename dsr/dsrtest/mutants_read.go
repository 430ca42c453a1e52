package dsrtest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func readMutants() []mutant {
	// listing returns the fault that changes how Open is asked, or what it answers.
	listing := func(open func(f *faulty, ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error)) func(f *faulty) {
		return func(f *faulty) {
			f.open = func(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
				return open(f, ctx, tenant, after, limit)
			}
		}
	}
	return []mutant{
		{"keeps_zone", []string{"case_round_trip", "case_complete"}, func(f *faulty) {
			f.getCase = func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
				c, err := f.sound.Case(ctx, tenant, id)
				c.Received = c.Received.In(time.FixedZone("UTC+1", 3600))
				return c, err
			}
		}},
		{"loses_where_a_case_was_split_from", []string{"case_complete"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				u.Case.SplitFrom = ""
				return f.sound.Update(ctx, u)
			}
		}},
		{"loses_followups", []string{"case_complete"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				u.Case.Items = slices.Clone(u.Case.Items)
				u.Case.Items[0].Followups = dsr.Followups{}
				return f.sound.Update(ctx, u)
			}
		}},
		{"mixes_tenants", []string{"case_tenants"}, func(f *faulty) {
			f.getCase = func(ctx context.Context, _ privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
				return f.sound.Case(ctx, "t", id)
			}
		}},
		{"lists_all_tenants", []string{"case_tenants"}, func(f *faulty) {
			f.byState = func(ctx context.Context, _ privacy.TenantID, state dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
				return f.sound.ByState(ctx, "t", state, after, limit)
			}
		}},
		{"folds_ids", []string{"case_ids"}, func(f *faulty) {
			f.update = func(ctx context.Context, u dsr.Update) error {
				if u.Case.ID == "C" {
					u.Case.ID = "c"
				}
				return f.sound.Update(ctx, u)
			}
		}},
		{"shares_memory", []string{"case_copies"}, sharesCases},
		{"ignores_after", []string{"log_pages"}, func(f *faulty) {
			f.log = func(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, _ uint64, limit int) ([]dsr.LogLine, error) {
				return f.sound.Log(ctx, tenant, id, 0, limit)
			}
		}},
		{"sorts_by_id", []string{"open_order"}, listing(func(f *faulty, ctx context.Context, tenant privacy.TenantID, _ dsr.Position, _ int) ([]dsr.Summary, error) {
			all, err := f.sound.Open(ctx, tenant, dsr.Position{}, 1000)
			slices.SortFunc(all, func(a, b dsr.Summary) int { return cmp.Compare(a.ID, b.ID) })
			return all, err
		})},
		{"lists_undated_first", []string{"open_order"}, listing(func(f *faulty, ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
			page, err := f.sound.Open(ctx, tenant, after, limit)
			slices.SortStableFunc(page, func(a, b dsr.Summary) int { return a.Due.Compare(b.Due) })
			return page, err
		})},
		{"lists_closed", []string{"open_only"}, listing(func(f *faulty, ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
			page, err := f.sound.Open(ctx, tenant, after, limit)
			if err != nil {
				return nil, err
			}
			refused, err := f.sound.ByState(ctx, tenant, dsr.StateRefused, after, limit)
			return append(page, refused...), err
		})},
		{"restarts_pages", []string{"open_stable"}, listing(func(f *faulty, ctx context.Context, tenant privacy.TenantID, _ dsr.Position, limit int) ([]dsr.Summary, error) {
			return f.sound.Open(ctx, tenant, dsr.Position{}, limit)
		})},
		{"lists_every_state", []string{"by_state"}, func(f *faulty) {
			f.byState = func(ctx context.Context, tenant privacy.TenantID, _ dsr.State, after dsr.Position, limit int) ([]dsr.Summary, error) {
				return f.sound.Open(ctx, tenant, after, limit)
			}
		}},
		{"lists_every_open_case", []string{"dead_tasks"}, func(f *faulty) { f.withDead = f.sound.Open }},
		{"lists_no_undated_dead_task", []string{"dead_tasks"}, func(f *faulty) {
			f.withDead = func(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
				found, err := f.sound.WithDeadTask(ctx, tenant, after, limit)
				return slices.DeleteFunc(found, func(s dsr.Summary) bool { return s.Due.IsZero() }), err
			}
		}},
		{"lists_dead_tasks_of_all", []string{"case_tenants"}, func(f *faulty) {
			f.withDead = func(ctx context.Context, _ privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
				return f.sound.WithDeadTask(ctx, "t", after, limit)
			}
		}},
		{"finds_only_open_cases", []string{"of_subject"}, func(f *faulty) {
			f.ofSubject = func(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
				found, err := f.sound.OfSubject(ctx, tenant, subject, after, limit)
				return slices.DeleteFunc(found, func(s dsr.Summary) bool { return s.State == dsr.StateFulfilled }), err
			}
		}},
		{"finds_nobody", []string{"of_subject"}, func(f *faulty) {
			f.ofSubject = func(ctx context.Context, tenant privacy.TenantID, subject privacy.SubjectID, after dsr.CaseID, limit int) ([]dsr.Summary, error) {
				if subject == "" {
					return f.sound.Open(ctx, tenant, dsr.Position{}, limit)
				}
				return f.sound.OfSubject(ctx, tenant, subject, after, limit)
			}
		}},
		{"takes_no_limit_for_all", []string{"limits"}, func(f *faulty) {
			f.breaches = func(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
				return f.sound.Breaches(ctx, tenant, after, max(limit, 1))
			}
		}},
	}
}

// sharesCases hands out what it was given.
func sharesCases(f *faulty) {
	given := map[dsr.CaseID]dsr.Case{}
	f.update = func(ctx context.Context, u dsr.Update) error {
		err := f.sound.Update(ctx, u)
		if err == nil {
			given[u.Case.ID] = u.Case
		}
		return err
	}
	f.getCase = func(_ context.Context, _ privacy.TenantID, id dsr.CaseID) (dsr.Case, error) { return given[id], nil }
}
