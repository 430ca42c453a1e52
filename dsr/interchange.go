package dsr

// DRPStatus is the state and reason of a request in the Data Rights Protocol 1.0,
// section 3.02.
type DRPStatus struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"`
}

// drpStates map a reported state. A refusal depends on its reason.
var drpStates = map[State]DRPStatus{
	StateReceived:              {State: "open"},
	StateIdentityPending:       {State: "in_progress", Reason: "need_user_verification"},
	StateAgentAuthorityPending: {State: "in_progress", Reason: "need_user_verification"},
	StateFeePending:            {State: "in_progress"},
	StateClarificationPending:  {State: "in_progress"},
	StateInProgress:            {State: "in_progress"},
	StatePartiallyFulfilled:    {State: "fulfilled"},
	StateFulfilled:             {State: "fulfilled"},
	StateRefused:               {State: "denied", Reason: "other"},
	StateWithdrawn:             {State: "revoked"},
	StateForwarded:             {State: "in_progress"},
	StateAppealOpen:            {State: "in_progress"},
	StateClosed:                {State: "expired"},
}

// drpReasons map the reason of a refusal.
var drpReasons = map[Reason]string{
	ReasonNotVerified:        "insuf_verification",
	ReasonAgentNotAuthorised: "insuf_verification",
	ReasonNotIdentified:      "no_match",
	"suspected_fraud":        "suspected_fraud",
	"claim_not_covered":      "claim_not_covered",
	"outside_jurisdiction":   "outside_jurisdiction",
	"manifestly_excessive":   "too_many_requests",
}

// DRP returns the status of an item in the Data Rights Protocol 1.0. The
// protocol has no partial fulfilment, whose withheld part goes into its
// processing_details, and no appeal, which is work in progress to it. A request
// that was closed without a decision has expired.
func (c Case) DRP(item int) DRPStatus {
	state := c.Reported(item)
	status := drpStates[state]
	if state != StateRefused {
		return status
	}
	if reason, ok := drpReasons[c.Items[item].Reason]; ok {
		status.Reason = reason
	}
	return status
}

// openDSRStates map a reported state to a request_status of OpenDSR 2.0.
var openDSRStates = map[State]string{
	StateReceived:              "pending",
	StateIdentityPending:       "pending",
	StateAgentAuthorityPending: "pending",
	StateFeePending:            "pending",
	StateClarificationPending:  "pending",
	StateInProgress:            "in_progress",
	StatePartiallyFulfilled:    "completed",
	StateFulfilled:             "completed",
	StateRefused:               "cancelled",
	StateWithdrawn:             "cancelled",
	StateForwarded:             "in_progress",
	StateAppealOpen:            "in_progress",
	StateClosed:                "cancelled",
}

// OpenDSR returns the request_status of an item in OpenDSR 2.0. Completed means
// fulfilled there, so that a refusal, which it does not know, is cancelled.
func (c Case) OpenDSR(item int) string { return openDSRStates[c.Reported(item)] }
