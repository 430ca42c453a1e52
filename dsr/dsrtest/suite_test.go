package dsrtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/labelop/privacykit/dsr/dsrtest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// inMemory returns a harness on an empty memstore.
func inMemory(testing.TB) dsrtest.Harness {
	requests := memstore.NewRetention()
	store := memstore.NewDSR(memstore.NewConsent(nil)).WithRetention(requests)
	return dsrtest.Harness{
		Store: store, Effects: store.Effects, Events: store.Events,
		Requests: func(ctx context.Context, tenant privacy.TenantID) ([]dsrtest.OpenRequest, error) {
			found, err := requests.Requests(ctx, tenant)
			var open []dsrtest.OpenRequest
			for _, r := range found {
				open = append(open, dsrtest.OpenRequest{ID: r.ID, Subjects: r.Subjects, Right: r.Right})
			}
			return open, err
		},
	}
}

func TestMemory(t *testing.T) { dsrtest.Run(t, inMemory) }

func TestMutants(t *testing.T) { dsrtest.RunMutants(t, inMemory) }

// An error of the store itself is reported, whichever call it comes from, and
// never taken for an answer.
func TestUnreachableStore(t *testing.T) {
	unreachable := errors.New("the store cannot be reached")
	for _, clause := range dsrtest.Clauses() {
		for failing := 1; ; failing++ {
			calls := 0
			h := dsrtest.Counting(inMemory(t), func() error {
				if calls++; calls == failing {
					return unreachable
				}
				return nil
			})
			err := clause.Check(t.Context(), h)
			if calls < failing {
				break
			}
			if err == nil {
				t.Errorf("%s passes although call %d failed", clause.Name, failing)
			}
		}
	}
}
