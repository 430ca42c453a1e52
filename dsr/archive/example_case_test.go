package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// exporter puts the data of a subject where they can be read from.
type exporter struct{}

func (exporter) Export(context.Context, fulfilment.Call) (fulfilment.Result, error) {
	return fulfilment.Result{Evidence: "exports/1"}, nil
}

// An access case whose systems have exported becomes a package behind a link, and
// is fulfilled once the package was delivered.
func ExampleFromCase() {
	ctx, clock := context.Background(), privacytest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	store := memstore.NewDSR(memstore.NewConsent(nil))
	service, runner, builder, err := desks(store, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
		Tenant: "acme", ID: "case-1", Subject: "u-17", Role: privacy.RoleController, Channel: "web_form", Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestAccess}},
	}, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	exported := func(dsr.Task) (archive.System, error) { // which reads from where task.Evidence says
		return archive.System{Source: accounts{}, Origins: []string{"what you told us"}}, nil
	}
	_, err = archive.FromCase(c, 0, "AT", exported)
	fmt.Println(err)

	if _, err = runner.Begin(ctx, "acme", c.ID, 0, fulfilment.Scope{}); err == nil {
		_, err = runner.RunDue(ctx)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	// The rest is the handler of the download, behind a token of a Desk.
	if c, err = store.Case(ctx, "acme", c.ID); err != nil {
		fmt.Println(err)
		return
	}
	request, err := archive.FromCase(c, 0, "AT", exported)
	if err != nil {
		fmt.Println(err)
		return
	}
	var out bytes.Buffer
	manifest, err := builder.Build(ctx, &out, request)
	fmt.Println(manifest.Kind, manifest.Systems, err)
	c, err = service.Handle(ctx, "acme", c.ID, dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorStaff}, "")
	fmt.Println(c.State(), err)
	// Output:
	// the data of the case are not all exported: conflict
	// access [{database 1 0 0 0}] <nil>
	// fulfilled <nil>
}

func desks(store *memstore.DSRStore, clock privacy.Clock) (*dsr.Service, *fulfilment.Runner, *archive.Builder, error) {
	d := declaration()
	d.Systems = d.Systems[:1]
	register, err := privacy.Compile(d)
	if err != nil {
		return nil, nil, nil, err
	}
	planner, err := fulfilment.NewPlanner(register, fulfilment.Connectors{Systems: map[privacy.SystemID]fulfilment.Connector{
		"database": {Exporter: exporter{}, Manual: []dsr.Action{dsr.ActionErase, dsr.ActionCorrect, dsr.ActionRestrict}},
	}}, fulfilment.NoRetention{}, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock})
	if err != nil {
		return nil, nil, nil, err
	}
	runner, err := fulfilment.NewRunner(service, store, planner, fulfilment.Options{Clock: clock})
	if err != nil {
		return nil, nil, nil, err
	}
	builder, err := archive.NewBuilder(archive.Options{
		Register: register, Disclosures: disclosures{}, ThirdParties: archive.NobodyElse{}, Clock: clock,
	})
	return service, runner, builder, err
}
