package dsr_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Where several laws apply all are listed, and the earliest date wins.
func TestSeveralLawsTheEarliestWins(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	got, err := d.DeadlinesUnder(t.Context(), "t", c.ID, "ch-fadp", "kr-pipa", "us-ca-ccpa")
	if err != nil {
		t.Fatal(err)
	}
	var dates []string
	for _, one := range got[0].All {
		dates = append(dates, one.Due.String())
	}
	// A month; thirty days; ten days; forty-five days.
	if want := []string{"2026-12-24", "2026-12-24", "2026-12-04", "2027-01-08"}; len(got) != 1 || !slices.Equal(dates, want) {
		t.Fatalf("got %v, want %v", dates, want)
	}
	if got[0].Binding != 2 || got[0].Due().String() != "2026-12-04" || got[0].Acknowledge.String() != "2026-12-08" {
		t.Errorf("got %+v", got[0])
	}
}

// The wait for identity suspends the clock of the Union, not that of California.
func TestSeveralLawsEachJudgeAWaitForThemselves(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestAccess, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityRequested, ReasonableDoubt: true})
	d.clock.Advance(10 * 24 * time.Hour)
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventIdentityConfirmed})
	got, err := d.DeadlinesUnder(t.Context(), "t", c.ID, "us-va-vcdpa", "uk-gdpr")
	if err != nil {
		t.Fatal(err)
	}
	if all := got[0].All; all[0].Due.String() != "2027-01-04" || all[1].Due.String() != "2027-01-08" || all[2].Due.String() != "2027-01-04" {
		t.Errorf("got %s, %s, %s", all[0].Due, all[1].Due, all[2].Due)
	}
}

func TestSeveralLawsThatDoNotApply(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "us-ca-ccpa", regime.RequestOptOutSaleSharing, "")
	got, err := d.DeadlinesUnder(t.Context(), "t", c.ID, "eu-gdpr")
	if err != nil || len(got[0].All) != 1 || got[0].Binding != 0 {
		t.Errorf("a right that the other does not know: %+v, %v", got, err)
	}
	if _, err := d.DeadlinesUnder(t.Context(), "t", c.ID, "mars-dpa"); !errors.Is(err, regime.ErrUnknownRegime) {
		t.Errorf("got %v", err)
	}
	if _, err := d.DeadlinesUnder(t.Context(), "t", c.ID, "in-dpdp"); !errors.Is(err, regime.ErrNotInForce) {
		t.Errorf("got %v", err)
	}
	if _, err := d.DeadlinesUnder(t.Context(), "u", c.ID); !errors.Is(err, privacy.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}
