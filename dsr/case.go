package dsr

import (
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// CaseID names a case within its tenant.
type CaseID string

// Case is what one person asked for at one time. It is plain data: a Procedure
// computes the next version, a store keeps it.
type Case struct {
	Tenant privacy.TenantID `json:"tenant"`
	ID     CaseID           `json:"id"`
	// Version counts the changes from 1. A store accepts a change only if the
	// version it holds is the one that the change was computed from.
	Version uint64 `json:"version"`
	// Subject is empty where the person is unknown to the service, as somebody
	// pictured in a customer's image is.
	Subject privacy.SubjectID `json:"subject,omitempty"`
	// Role is that in which the service holds the data concerned. A request that
	// concerns data in both roles is split into two cases.
	Role privacy.Role `json:"role"`
	// Authority is the controller's written authority to answer, for a processor.
	Authority string `json:"authority,omitempty"`
	// Regime is the version of the law that the case is bound to.
	Regime string `json:"regime"`
	// Received is when the request reached the service.
	Received time.Time `json:"received"`
	// ContentHash is the SHA-256 of the request as it came, in hexadecimal.
	ContentHash string `json:"content_hash"`
	// Channel is where it came in, such as "web_form".
	Channel string `json:"channel"`
	// Agent: an agent submitted the request. AgentProven: its authority was shown.
	Agent       bool `json:"agent,omitempty"`
	AgentProven bool `json:"agent_proven,omitempty"`
	// Blockers are what the case waits for.
	Blockers BlockerSet `json:"blockers,omitempty"`
	// Identity is the one-time code and what it proved, nil if none was issued.
	Identity *Challenge `json:"identity,omitempty"`
	// ForwardedTo is the controller that a processor passed the case to.
	ForwardedTo privacy.TenantID `json:"forwarded_to,omitempty"`
	// ForwardedAt is when, zero if it was not.
	ForwardedAt time.Time `json:"forwarded_at,omitzero"`
	// DuplicateOf links a case that asks the same again; nothing of it is lost.
	DuplicateOf CaseID `json:"duplicate_of,omitempty"`
	// SplitFrom links the case that the rest of a request in both roles is in.
	SplitFrom CaseID `json:"split_from,omitempty"`
	// Redacted: what identified the person was taken out; see Redact.
	Redacted bool `json:"redacted,omitempty"`
	// Items are one per right, in the order of the request.
	Items []Item `json:"items"`
}

// Item is one right of a case, with an outcome of its own.
type Item struct {
	Request regime.Request `json:"request"`
	// Work is where the work stands, apart from what the case waits for: never a
	// pending state. Procedure.Reported derives what is reported from both.
	Work State `json:"work"`
	// Exempt are blockers that do not concern this right, as identity does not
	// concern an opt-out.
	Exempt BlockerSet `json:"exempt,omitempty"`
	// DirectMarketing: the objection is to direct marketing.
	DirectMarketing bool `json:"direct_marketing,omitempty"`
	// Reason is why the item ended.
	Reason Reason `json:"reason,omitempty"`
	// Extension is what the requester was told, nil if the period is the first.
	Extension *regime.ExtensionNotice `json:"extension,omitempty"`
	// Overdue: the period ended without an answer.
	Overdue bool `json:"overdue,omitempty"`
	// Resumed: the item was answered in part, and goes on because what kept the
	// rest has lapsed. Its period ended with that answer.
	Resumed bool `json:"resumed,omitempty"`
	// ComplaintOpen: a complaint to the controller is open.
	ComplaintOpen bool `json:"complaint_open,omitempty"`
	// Restricted: this item restricts the processing.
	Restricted bool `json:"restricted,omitempty"`
	// Pauses are the blockers of the past and present with their effect on the clock.
	Pauses []regime.Pause `json:"pauses,omitempty"`
	// Followups are what runs beside the period of the item.
	Followups Followups `json:"followups,omitzero"`
	// AppealedAt is when an appeal was made, zero if none was.
	AppealedAt time.Time `json:"appealed_at,omitzero"`
	// Tasks are what has to be done, one per system.
	Tasks []Task `json:"tasks,omitempty"`
	// Protections keep data from being erased; see Item.Remainder.
	Protections []Protection `json:"protections,omitempty"`
}

// PeriodRuns reports whether the period to answer has not ended yet, by an answer
// or as overdue.
func (i *Item) PeriodRuns() bool { return i.Work.Open() && !i.Overdue && !i.Resumed }

// clone returns a deep copy, so that a change never touches its original.
func (c Case) clone() Case {
	c.Items = slices.Clone(c.Items)
	for i := range c.Items {
		c.Items[i] = c.Items[i].clone()
	}
	if c.Identity != nil {
		identity := *c.Identity
		c.Identity = &identity
	}
	return c
}

func (i Item) clone() Item {
	i.Pauses = slices.Clone(i.Pauses)
	i.Protections = slices.Clone(i.Protections)
	i.Tasks = slices.Clone(i.Tasks)
	for t := range i.Tasks {
		i.Tasks[t] = i.Tasks[t].clone()
	}
	if i.Extension != nil {
		extension := *i.Extension
		i.Extension = &extension
	}
	return i
}

// Redact returns the next version of a case without what identifies a person:
// the subject, the hash of the request and that of a one-time code. What was
// done, when and why stays, as does the log, which never held any of it.
func (c Case) Redact() Case {
	c = c.clone()
	c.Version++
	c.Subject, c.ContentHash, c.Redacted = "", "", true
	if c.Identity != nil {
		c.Identity.Salt, c.Identity.Hash = "", ""
	}
	return c
}

// Reported returns where an item stands as it is reported. An item that is
// decided reports its work state. An open one reports what the case waits for,
// if that concerns it, in the order of the Blocker constants: authority,
// identity, fee, clarification; and its work state if nothing does. It is zero
// for an item that is not there.
func (c Case) Reported(item int) State {
	if item < 0 || item >= len(c.Items) {
		return 0
	}
	it := &c.Items[item]
	if !it.Work.Open() {
		return it.Work
	}
	if blocker, ok := c.waiting(it).First(); ok {
		return blocker.State()
	}
	return it.Work
}

// waiting returns the blockers of the case that concern an item.
func (c Case) waiting(it *Item) BlockerSet { return c.Blockers &^ it.Exempt }

// summaryOrder is the order in which the states of items make up that of a
// case: the first that an item reports is reported. What still needs somebody
// comes before what is over.
var summaryOrder = []State{
	StateAgentAuthorityPending, StateIdentityPending, StateFeePending, StateClarificationPending,
	StateReceived, StateInProgress, StateAppealOpen, StateForwarded, StatePartiallyFulfilled,
}

// State returns where the case stands as a whole: the first of the states that
// its items report, in the order authority, identity, fee, clarification,
// received, in progress, appeal open, forwarded, partially fulfilled. Where all
// are decided, the outcome that they share, or else partially fulfilled if one
// is fulfilled, refused if one is refused, closed otherwise.
func (c Case) State() State {
	var reported stateSet
	for i := range c.Items {
		reported |= setOf(c.Reported(i))
	}
	for _, s := range summaryOrder {
		if reported.has(s) {
			return s
		}
	}
	for _, s := range []State{StateFulfilled, StateRefused, StateClosed, StateWithdrawn} {
		switch {
		case reported == setOf(s):
			return s
		case reported.has(s) && s == StateFulfilled:
			return StatePartiallyFulfilled
		case reported.has(s):
			return s
		}
	}
	return 0
}

// Ended reports whether nothing is owed any more on any item.
func (c Case) Ended() bool {
	return !slices.ContainsFunc(c.Items, func(it Item) bool { return !it.Ended() })
}

// Ended reports whether nothing is owed any more: the item is not open, no appeal
// or complaint is, it restricts nothing that is still there (see
// Procedure.LiftRestriction), and nothing is withheld that has to go once its
// ground lapses.
func (i *Item) Ended() bool {
	restricts := i.Restricted && i.Request != regime.RequestErasure
	return !i.Work.Open() && i.Work != StateAppealOpen && !i.ComplaintOpen && !restricts && len(i.Remainder()) == 0
}

// HasDeadTask reports whether a task of an open item was given up, so that the
// item waits for people.
func (c Case) HasDeadTask() bool {
	return slices.ContainsFunc(c.Items, func(it Item) bool {
		return it.Work.Open() && slices.ContainsFunc(it.Tasks, func(t Task) bool { return t.State == TaskDead })
	})
}

// Open reports whether the case still owes an answer on any item.
func (c Case) Open() bool {
	return slices.ContainsFunc(c.Items, func(it Item) bool { return it.Work.Open() })
}
