package fulfilment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/fulfilment"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// accounts is a connector: a table of the host.
type accounts map[privacy.SubjectID]bool

func (a accounts) Erase(_ context.Context, call fulfilment.Call) (fulfilment.Result, error) {
	delete(a, call.Subject) // doing it again does no harm
	return fulfilment.Result{Evidence: "accounts/" + call.Key[:8]}, nil
}

func (a accounts) Verify(_ context.Context, call fulfilment.Call) ([]privacy.CategoryID, error) {
	if a[call.Subject] {
		return call.Categories, nil
	}
	return nil, nil
}

// vouchers keeps invoices for a tax office until the end of 2034; see Retention
// for an adapter to package retention.
type vouchers struct{}

func (vouchers) Decide(_ context.Context, q fulfilment.Question) ([]fulfilment.Decision, error) {
	var decisions []fulfilment.Decision
	for _, category := range q.Categories {
		decision := fulfilment.Decision{Category: category, Verdict: fulfilment.EraseNow}
		if category == "billing" && q.At.Year() < 2035 {
			decision = fulfilment.Decision{
				Category: category, Verdict: fulfilment.RestrictUntil, Ground: "17(3)(b)", Source: "de-ao-147",
				Until: privacy.MustDate("2034-12-31"),
			}
		}
		decisions = append(decisions, decision)
	}
	return decisions, nil
}

// A person asks for the erasure of everything. The plan can be looked at; then a
// Runner carries it out, and what the law wants kept follows by itself when its
// time has come.
func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// erase-database [account.name account.email]
	// erase-ledger [billing]
	// kept: ledger: billing under 17(3)(b) (de-ao-147) until 2034-12-31
	// now: account gone: true, partially_fulfilled
	// 2035: invoices gone: true, fulfilled
}

func example(ctx context.Context) error {
	register, err := privacy.Compile(shop())
	if err != nil {
		return err
	}
	users, invoices := accounts{"u-17": true}, accounts{"u-17": true}
	byHand := []dsr.Action{dsr.ActionExport, dsr.ActionCorrect, dsr.ActionRestrict}
	planner, err := fulfilment.NewPlanner(register, fulfilment.Connectors{
		Systems: map[privacy.SystemID]fulfilment.Connector{
			"database": {Eraser: users, Verifier: users, Manual: byHand},
			"ledger":   {Eraser: invoices, Verifier: invoices, Manual: byHand},
		},
	}, vouchers{}, nil)
	if err != nil {
		return err
	}
	clock := privacytest.NewClock(time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	store := memstore.NewDSR(memstore.NewConsent(nil))
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Clock: clock})
	if err != nil {
		return err
	}
	runner, err := fulfilment.NewRunner(service, store, planner, fulfilment.Options{Clock: clock})
	if err != nil {
		return err
	}

	c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
		Tenant: "shop", Subject: "u-17", Role: privacy.RoleController, Channel: "web_form", Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestErasure}},
	}, "form-1")
	if err != nil {
		return err
	}
	plan, err := runner.Preview(ctx, "shop", c.ID, 0, fulfilment.Scope{})
	if err != nil {
		return err
	}
	for _, task := range plan.Tasks {
		fmt.Println(task.ID, task.Categories)
	}
	for _, protection := range plan.Protections {
		fmt.Println("kept:", protection)
	}

	if _, err := runner.Begin(ctx, "shop", c.ID, 0, fulfilment.Scope{}); err != nil {
		return err
	}
	if _, err := runner.RunDue(ctx); err != nil { // a service calls Run instead
		return err
	}
	if c, err = store.Case(ctx, "shop", c.ID); err != nil {
		return err
	}
	fmt.Printf("now: account gone: %t, %s\n", !users["u-17"], c.State())

	clock.Set(time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC))
	if _, err := runner.RunDue(ctx); err != nil {
		return err
	}
	c, err = store.Case(ctx, "shop", c.ID)
	fmt.Printf("2035: invoices gone: %t, %s\n", !invoices["u-17"], c.State())
	return err
}

// shop is a small declaration.
func shop() privacy.Declaration {
	return privacy.Declaration{
		Operator: privacy.Operator{Name: "Shop", LegalEntity: "Shop Ltd", Country: "DE"},
		Services: []string{"Shop"},
		Contacts: []privacy.Contact{{Kind: privacy.ContactPrivacy, Email: "privacy@shop.example"}},
		Categories: []privacy.Category{
			{ID: "account", Title: "Account", Role: privacy.RoleController},
			{ID: "account.name", Title: "Name"},
			{ID: "account.email", Title: "Mail address"},
			{ID: "billing", Title: "Invoices", Role: privacy.RoleController},
		},
		Purposes: []privacy.Purpose{{ID: "service", Title: "Run the shop", Bases: []privacy.PurposeBasis{{Basis: privacy.BasisContract}}}},
		Systems: []privacy.System{
			{ID: "database", Title: "Database", Categories: []privacy.CategoryID{"account.name", "account.email"}, SubjectKey: "id"},
			{ID: "ledger", Title: "Ledger", Categories: []privacy.CategoryID{"billing"}, SubjectKey: "id"},
		},
		Activities: []privacy.Activity{{
			ID: "shop", Title: "Shop", Purpose: "service", Role: privacy.RoleController, Subjects: []string{"Customers"},
			Categories: []privacy.CategoryID{"account", "billing"}, Operations: []privacy.Operation{privacy.OperationStore},
			Retention: privacy.RetentionLimit{Criteria: "as long as the account"},
		}},
	}
}
