package dsr_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// rights compares the open rights of a case and whether it has ended.
func (b *bench) rights(when, want string) *bench {
	b.t.Helper()
	if got := fmt.Sprintf("%v", b.c.OpenRights()); got != want || b.c.Ended() != (want == "[]") {
		b.t.Errorf("%s: got %s, want %s; ended: %t", when, got, want, b.c.Ended())
	}
	return b
}

// Data that an appeal is decided from are needed until it is, and so is the case.
func TestACaseUnderAppealHasNotEnded(t *testing.T) {
	refuse := dsr.Command{Event: dsr.EventRefuse, Reason: "not_verified", Evidence: true}
	b := open(t, "us-va-vcdpa", intake(regime.RequestAccess)).rights("received", "[access]")
	b.do(refuse).rights("refused", "[]")
	b.do(dsr.Command{Event: dsr.EventAppeal}).rights("appealed", "[access]")
	b.do(dsr.Command{Event: dsr.EventAppealDenied}).rights("denied", "[]")
	b = open(t, "uk-gdpr", intake(regime.RequestAccess)).do(refuse)
	b.do(dsr.Command{Event: dsr.EventComplaint}).rights("under complaint", "[access]")
}

// A restriction is in force until it is lifted, and only its case can lift it.
func TestACaseThatRestrictsHasNotEnded(t *testing.T) {
	b := open(t, "eu-gdpr", intake(regime.RequestRestriction))
	b.do(dsr.Command{Event: dsr.EventBegin}).do(dsr.Command{Event: dsr.EventFulfil}).rights("restricted", "[restriction]")
	change, err := b.p.LiftRestriction(b.c, 0, b.now, b.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	b.c = change.Case
	b.rights("lifted", "[]")
}

// The end of a restriction is on record, with when the person was told.
func TestALiftedRestrictionIsOnRecord(t *testing.T) {
	d := newDesk(t)
	c := d.open(t, "eu-gdpr", regime.RequestRestriction, "")
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventBegin})
	d.handle(t, c.ID, dsr.Command{Event: dsr.EventFulfil})
	informed := d.clock.Now()
	d.clock.Advance(time.Hour)
	_, err := d.Work(t.Context(), "t", c.ID, "", "", func(p *dsr.Procedure, c dsr.Case) (dsr.Change, error) {
		return p.LiftRestriction(c, 0, informed, d.clock.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := d.store.Log(t.Context(), "t", c.ID, 0, 10)
	if err != nil || len(lines) != 4 {
		t.Fatalf("%d lines, error %v", len(lines), err)
	}
	var line struct {
		Item       int       `json:"item"`
		Lifted     bool      `json:"restriction_lifted"`
		InformedAt time.Time `json:"informed_at"`
	}
	if err := json.Unmarshal([]byte(lines[3].Payload), &line); err != nil || !line.Lifted || !line.InformedAt.Equal(informed) {
		t.Errorf("got %s, error %v", lines[3].Payload, err)
	}
	events := d.events(t)
	if last := events[len(events)-1]; last.Type != "privacykit.dsr.restriction_lifted" {
		t.Errorf("got %s", last.Type)
	}
}

func TestOpenRights(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *dsr.Case)
		want   []privacy.Right
	}{
		"each right once": {func(c *dsr.Case) {
			c.Items = append(c.Items, c.Items[0], dsr.Item{Request: regime.RequestAccess, Work: dsr.StateReceived})
		}, []privacy.Right{privacy.RightAccess, privacy.RightErasure}},
		"what is kept for its ground": {func(c *dsr.Case) {
			c.Items[0].Work, c.Items[0].Protections = dsr.StatePartiallyFulfilled, []dsr.Protection{{System: "crm", Category: "invoice", Ground: "17(3)(b)"}}
		}, []privacy.Right{privacy.RightErasure}},
		"erased after it was restricted": {func(c *dsr.Case) { c.Items[0].Work, c.Items[0].Restricted = dsr.StateFulfilled, true }, nil},
		"of nobody":                      {func(c *dsr.Case) { c.Subject = "" }, nil},
		"took effect on receipt":         {func(c *dsr.Case) { c.Items[0].Request = regime.RequestWithdrawConsent }, nil},
		"no right":                       {func(c *dsr.Case) { c.Items[0].Request = regime.RequestComplaint }, nil},
	} {
		c := fullCase(received)
		c.Items[0].Work = dsr.StateInProgress
		test.change(&c)
		if got := c.OpenRights(); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	if id := dsr.OpenRequestID("case-7", privacy.RightAccess); id != "dsr/access/case-7" {
		t.Errorf("got %s", id)
	}
}
