package fulfilmenttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// BenchmarkErasures measures how many cases a second one process takes from their
// receipt through an erasure in six systems, whose connectors do nothing, to
// their answer, on a store that is empty. The metric is "cases/s".
func BenchmarkErasures(b *testing.B, store fulfilment.Store) {
	b.Helper()
	service, runner, err := benchRunner(store)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	if err := benchErasures(b.Context(), service, runner, b.N); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "cases/s")
	open, err := store.Open(b.Context(), "t", dsr.Position{}, 1)
	if err != nil || len(open) > 0 {
		b.Fatalf("%d cases are open: %v", len(open), err)
	}
}

func benchErasures(ctx context.Context, service *dsr.Service, runner *fulfilment.Runner, n int) error {
	for i := range n {
		c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
			Tenant: "t", Subject: privacy.SubjectID(fmt.Sprint("subject-", i)), Role: privacy.RoleController,
			ContentHash: "00", Channel: "web_form", Actor: dsr.ActorSubject,
			Requests: []dsr.Asked{{Request: regime.RequestErasure}},
		}, "")
		if err != nil {
			return err
		}
		if _, err := runner.Begin(ctx, "t", c.ID, 0, fulfilment.Scope{}); err != nil {
			return err
		}
	}
	_, err := runner.RunDue(ctx)
	return err
}

// idle is a connector that does nothing.
type idle struct{}

func (idle) Erase(context.Context, fulfilment.Call) (fulfilment.Result, error) {
	return fulfilment.Result{Evidence: "nothing"}, nil
}

func (idle) Verify(context.Context, fulfilment.Call) ([]privacy.CategoryID, error) { return nil, nil }

func benchRunner(store fulfilment.Store) (*dsr.Service, *fulfilment.Runner, error) {
	d := privacy.Declaration{
		Operator:   privacy.Operator{Name: "Bench", LegalEntity: "Bench GmbH", Country: "DE"},
		Services:   []string{"bench"},
		Contacts:   []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@bench.example"}},
		Categories: []privacy.Category{{ID: "account", Title: "Account", Role: privacy.RoleController}},
		Purposes:   []privacy.Purpose{{ID: "service", Title: "Service", Bases: []privacy.PurposeBasis{{Basis: privacy.BasisContract}}}},
		Activities: []privacy.Activity{{
			ID: "service", Title: "Service", Purpose: "service", Role: privacy.RoleController, Subjects: []string{"users"},
			Operations: []privacy.Operation{privacy.OperationStore}, Categories: []privacy.CategoryID{"account"},
			Retention: privacy.RetentionLimit{Criteria: "as long as the account"},
		}},
	}
	connectors := fulfilment.Connectors{Systems: map[privacy.SystemID]fulfilment.Connector{}}
	for n := range 6 {
		id := privacy.SystemID(fmt.Sprint("system-", n))
		d.Systems = append(d.Systems, privacy.System{ID: id, Title: string(id), Categories: []privacy.CategoryID{"account"}, SubjectKey: "id"})
		connectors.Systems[id] = fulfilment.Connector{
			Eraser: idle{}, Verifier: idle{}, Manual: []dsr.Action{dsr.ActionExport, dsr.ActionCorrect, dsr.ActionRestrict},
		}
	}
	register, err := privacy.Compile(d)
	if err != nil {
		return nil, nil, err
	}
	planner, err := fulfilment.NewPlanner(register, connectors, fulfilment.NoRetention{}, nil)
	if err != nil {
		return nil, nil, err
	}
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Source: "/dsr"})
	if err != nil {
		return nil, nil, err
	}
	runner, err := fulfilment.NewRunner(service, store, planner, fulfilment.Options{})
	return service, runner, err
}
