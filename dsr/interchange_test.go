package dsr_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// drpStatuses are all that the Data Rights Protocol 1.0 allows (section 3.02).
var drpStatuses = []dsr.DRPStatus{
	{State: "open"}, {State: "in_progress"}, {State: "in_progress", Reason: "need_user_verification"}, {State: "fulfilled"},
	{State: "revoked"}, {State: "denied", Reason: "suspected_fraud"}, {State: "denied", Reason: "insuf_verification"},
	{State: "denied", Reason: "no_match"}, {State: "denied", Reason: "claim_not_covered"},
	{State: "denied", Reason: "outside_jurisdiction"}, {State: "denied", Reason: "too_many_requests"},
	{State: "denied", Reason: "other"}, {State: "expired"},
}

// openDSRStatuses are all that OpenDSR 2.0 allows (section 8).
var openDSRStatuses = []string{"pending", "in_progress", "completed", "cancelled"}

func reporting(s dsr.State, reason dsr.Reason) dsr.Case {
	c := dsr.Case{Items: []dsr.Item{{Request: regime.RequestAccess, Work: s, Reason: reason}}}
	if blocker, ok := dsr.BlockerOf(s); ok {
		c.Items[0].Work = dsr.StateReceived
		c.Blockers = c.Blockers.With(blocker)
	}
	return c
}

// Every state has a status in both protocols, and no status is invented.
func TestInterchangeStatuses(t *testing.T) {
	used := map[dsr.DRPStatus]bool{}
	reasons := []dsr.Reason{
		"", dsr.ReasonNotVerified, dsr.ReasonNotIdentified, dsr.ReasonAgentNotAuthorised, dsr.ReasonDeemedRefusal,
		"manifestly_excessive", "suspected_fraud", "claim_not_covered", "outside_jurisdiction", "a reason of the host",
	}
	for _, s := range dsr.States() {
		for _, reason := range reasons {
			c := reporting(s, reason)
			status := c.DRP(0)
			if !slices.Contains(drpStatuses, status) {
				t.Errorf("%s %s: DRP has no %+v", s, reason, status)
			}
			used[status] = true
			if open := c.OpenDSR(0); !slices.Contains(openDSRStatuses, open) {
				t.Errorf("%s: OpenDSR has no %q", s, open)
			}
		}
	}
	for _, status := range drpStatuses {
		if !used[status] {
			t.Errorf("nothing maps to %+v", status)
		}
	}
}

func TestItemThatIsNotThere(t *testing.T) {
	c := reporting(dsr.StateRefused, "")
	for _, item := range []int{-1, 1} {
		if c.Reported(item) != 0 || c.DRP(item) != (dsr.DRPStatus{}) || c.OpenDSR(item) != "" {
			t.Errorf("item %d reports something", item)
		}
		if _, err := procedureOf(t, "eu-gdpr").Deadline(c, item, received); !errors.Is(err, privacy.ErrInvalid) {
			t.Errorf("item %d: %v", item, err)
		}
	}
}
