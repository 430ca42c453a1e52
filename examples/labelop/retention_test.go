package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/labelop/privacykit/privacy"
)

func TestRetentionJourneyGoesAsExpected(t *testing.T) {
	var out bytes.Buffer
	journey, err := newRetentionJourney(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	err = journey.play(t.Context())
	if err != nil || !strings.Contains(out.String(), "steps went as expected") {
		t.Errorf("%v\n%s", err, &out)
	}
	if err := journey.desk.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(journey.desk.directory); !os.IsNotExist(err) {
		t.Errorf("the journey leaves its files (%v)", err)
	}
}

// The other periods are read from the declaration; that of the law is read from a
// preset, and declared for the record of processing and the policy.
func TestRetentionOfInvoicesIsDeclaredAsTheLawHasIt(t *testing.T) {
	register, err := firstRelease().register()
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := firstTerms().compile(register)
	if err != nil {
		t.Fatal(err)
	}
	bookkeeping, _ := register.Activity("bookkeeping")
	var latest privacy.Period
	for _, rule := range schedule.Rules() {
		if rule.ID == invoiceRule {
			latest = rule.Period
		}
	}
	if latest.IsZero() || latest != bookkeeping.Retention.Period {
		t.Errorf("invoices are kept for %s by law and declared for %s", latest, bookkeeping.Retention.Period)
	}
}

func TestRetentionOutsideTheBoundsIsRefused(t *testing.T) {
	register, err := firstRelease().register()
	if err != nil {
		t.Fatal(err)
	}
	terms := firstTerms()
	terms.shorten(harbour, "P11Y", privacy.MustDate("2028-06-01"))
	if _, err := terms.compile(register); err == nil {
		t.Error("a customer may keep images for longer than LabelOp offers")
	}
}
