package dsr_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// A person asks for the erasure of everything. An invoice is under a statutory
// duty, so that the request is fulfilled in part; when the duty ends, the rest
// follows by itself.
func Example() {
	gdpr, err := inForce("eu-gdpr", "2026-03-02")
	if err != nil {
		fmt.Println(err)
		return
	}
	procedure, err := dsr.NewProcedure(gdpr, time.UTC, privacy.WeekdaysOnly())
	if err != nil {
		fmt.Println(err)
		return
	}
	received := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	change, err := procedure.Open(dsr.Intake{
		Tenant: "acme", ID: "case-1", Subject: "u-17", Role: privacy.RoleController,
		Received: received, Channel: "web_form", Actor: dsr.ActorSubject,
		Requests: []dsr.Asked{{Request: regime.RequestErasure}},
	})
	show := func(step string) {
		if err != nil {
			fmt.Println(step, err)
			return
		}
		fmt.Println(step, change.Case.Reported(0), change.Case.Items[0].Remainder())
	}
	show("opened:")

	deadline, _ := procedure.Deadline(change.Case, 0, received)
	fmt.Println("answer by", deadline.Due)

	change, err = procedure.Handle(change.Case, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff, At: received})
	show("begun:")
	change, err = procedure.Plan(change.Case, 0, []dsr.Task{{
		ID: "erase-crm", System: "crm", Action: dsr.ActionErase, Categories: []privacy.CategoryID{"profile", "invoice"},
	}}, received)
	show("planned:")
	change, err = procedure.Protect(change.Case, 0, dsr.Protection{
		System: "crm", Category: "invoice", Ground: "17(3)(b)", Source: "de-ao-147", Until: privacy.MustDate("2034-12-31"),
	}, received)
	show("protected:")
	change, err = procedure.StartTask(change.Case, 0, "erase-crm", received)
	show("started:")
	change, err = procedure.FinishTask(change.Case, 0, "erase-crm", "receipt-1", received)
	show("finished:")

	_, refused := procedure.Handle(change.Case, dsr.Command{Event: dsr.EventFulfil, Actor: dsr.ActorStaff, At: received})
	fmt.Println(refused, errors.Is(refused, dsr.GuardHoldActive))

	change, err = procedure.Handle(change.Case, dsr.Command{Event: dsr.EventFulfilPartially, Actor: dsr.ActorStaff, At: received})
	show("answered:")
	fmt.Println("the answer must include", change.Entries[0].Step.MustInclude)

	change, err = procedure.Release(change.Case, 0, "", time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC))
	show("released:")
	// Output:
	// opened: received []
	// answer by 2026-04-02
	// begun: in_progress []
	// planned: in_progress []
	// protected: in_progress [crm: invoice under 17(3)(b) (de-ao-147) until 2034-12-31]
	// started: in_progress [crm: invoice under 17(3)(b) (de-ao-147) until 2034-12-31]
	// finished: in_progress [crm: invoice under 17(3)(b) (de-ao-147) until 2034-12-31]
	// guard:hold_active true
	// answered: partially_fulfilled [crm: invoice under 17(3)(b) (de-ao-147) until 2034-12-31]
	// the answer must include [reasons_for_withheld_part complaint_to_supervisory_authority judicial_remedy]
	// released: in_progress []
}

// Next is a pure function of the table, the law and the facts.
func ExampleNext() {
	gdpr, err := inForce("eu-gdpr", "2026-03-02")
	if err != nil {
		fmt.Println(err)
		return
	}
	law, err := dsr.NewLaw(gdpr, regime.RequestAccess)
	if err != nil {
		fmt.Println(err)
		return
	}
	facts := dsr.Facts{Actor: dsr.ActorStaff, Role: privacy.RoleController}
	_, err = dsr.Next(law, dsr.StateReceived, dsr.EventIdentityRequested, &facts)
	fmt.Println(err)

	facts.ReasonableDoubt = true
	step, err := dsr.Next(law, dsr.StateReceived, dsr.EventIdentityRequested, &facts)
	fmt.Println(step.To, step.Clock, err)
	// Output:
	// guard:no_reasonable_doubt
	// identity_pending suspended <nil>
}

func inForce(id regime.ID, day string) (*regime.Regime, error) {
	book, err := regime.Presets()
	if err != nil {
		return nil, err
	}
	return book.InForce(id, privacy.MustDate(day))
}
