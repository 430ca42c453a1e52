package dsr_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

// The log of a case leaves the store as a file of JSON lines, which anybody can
// verify without it.
func ExampleVerifyLog() {
	ctx := context.Background()
	store := memstore.NewDSR(memstore.NewConsent(nil))
	service, err := dsr.NewService(store, dsr.Options{Zone: time.UTC, Calendar: privacy.WeekdaysOnly(), Source: "/labelop/dsr"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	c, err := service.Open(ctx, "eu-gdpr", dsr.Intake{
		Tenant: "labelop", Subject: "s-1", Role: privacy.RoleController, Received: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		ContentHash: "00ff", Channel: "web_form", Actor: dsr.ActorSubject, Requests: []dsr.Asked{{Request: regime.RequestAccess}},
	}, "")
	if err == nil {
		_, err = service.Handle(ctx, "labelop", c.ID, dsr.Command{Event: dsr.EventBegin, Actor: dsr.ActorStaff}, "")
	}
	var file bytes.Buffer
	if err == nil {
		err = dsr.ExportLog(ctx, store, "labelop", c.ID, &file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}

	lines, err := dsr.ReadLog(&file)
	fmt.Println(len(lines), "lines:", err, dsr.VerifyLog(lines))
	lines[1].At = lines[1].At.AddDate(0, 0, -1)
	fmt.Println("backdated:", dsr.VerifyLog(lines))
	fmt.Println("without the first:", dsr.VerifyLog(lines[1:]))
	// Output:
	// 2 lines: <nil> <nil>
	// backdated: line 2 of the log is wrong (hash)
	// without the first: line 1 of the log is wrong (sequence)
}
