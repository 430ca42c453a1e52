package dsrtest

import (
	"context"
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// requestMutants break the sentence on open requests.
func requestMutants() []mutant {
	// seeing returns the fault that changes what the requests are.
	seeing := func(change func([]OpenRequest) []OpenRequest) func(f *faulty) {
		return func(f *faulty) {
			f.requests = func(ctx context.Context, tenant privacy.TenantID) ([]OpenRequest, error) {
				found, err := f.sound.Requests(ctx, tenant)
				return change(found), err
			}
		}
	}
	return []mutant{
		{"opens_no_request", []string{"requests_follow", "requests_restriction", "requests_identified"}, seeing(func([]OpenRequest) []OpenRequest { return nil })},
		{"forgets_restrictions", []string{"requests_restriction"}, seeing(func(found []OpenRequest) []OpenRequest {
			return slices.DeleteFunc(found, func(r OpenRequest) bool { return r.Right == privacy.RightRestriction })
		})},
		{"closes_no_request", []string{"requests_follow", "requests_restriction"}, func(f *faulty) {
			var ever []OpenRequest
			f.update = func(ctx context.Context, u dsr.Update) error {
				err := f.sound.Update(ctx, u)
				for _, right := range u.Case.OpenRights() {
					if request := requestOf(u.Case.ID, u.Case.Subject, right); err == nil && !slices.ContainsFunc(ever, func(r OpenRequest) bool { return r.ID == request.ID }) {
						ever = append(ever, request)
					}
				}
				return err
			}
			f.requests = func(context.Context, privacy.TenantID) ([]OpenRequest, error) { return slices.Clone(ever), nil }
		}},
		{"keeps_who_it_was_about", []string{"requests_identified"}, seeing(func(found []OpenRequest) []OpenRequest {
			for i := range found {
				found[i].Subjects = []privacy.SubjectID{"s2"}
			}
			return found
		})},
		{"mixes_requests", []string{"requests_tenants"}, func(f *faulty) {
			f.requests = func(ctx context.Context, _ privacy.TenantID) ([]OpenRequest, error) {
				return f.sound.Requests(ctx, "t")
			}
		}},
		{"follows_what_it_refused", []string{"requests_atomic"}, func(f *faulty) {
			var last dsr.Case
			f.update = func(ctx context.Context, u dsr.Update) error {
				last = u.Case
				return f.sound.Update(ctx, u)
			}
			f.requests = func(context.Context, privacy.TenantID) (open []OpenRequest, _ error) {
				for _, right := range last.OpenRights() {
					open = append(open, requestOf(last.ID, last.Subject, right))
				}
				return open, nil
			}
		}},
	}
}
