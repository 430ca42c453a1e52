package regime

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Query are the facts from which a deadline is computed. The zero value of
// every option is the strictest reading of the law.
type Query struct {
	Request Request
	// Received is when the request reached the controller by a channel that it
	// offers, whether or not anybody read it.
	Received time.Time
	// BoundOn is the day that bound the matter to this version of the regime, zero
	// for that of receipt. An appeal follows the law of the request that it is
	// about.
	BoundOn privacy.Date
	// Zone is the zone of the controller's establishment, in which its days are
	// counted.
	Zone *time.Location
	// Calendar is that of the place where the answer is made, not of where the
	// requester lives. It is needed where a period is counted in working days or
	// moves off a day off; without it such a deadline is an error.
	Calendar *privacy.Calendar
	// Rollover chooses whether an end on a day off moves, where the law leaves
	// room.
	Rollover Rollover
	// Pauses are the blockers that were or are in the way, in any order.
	Pauses []Pause
	// Counting overrides how the days of a suspension are counted, "" for the
	// regime's way.
	Counting Counting
	// Extension is what the requester was told, nil if nothing.
	Extension *ExtensionNotice
	// Fee is a fee that the requester was told, nil if none.
	Fee *Fee
	// Format is "simplified" or "complete" where the law tells them apart.
	Format string
	// ControllerKind is "organisation" or "agency" where the law tells them apart.
	ControllerKind string
	// ControllerSize is "small" where the law favours small controllers.
	ControllerSize string
	// AsOf is the time for which State is asked, zero if nothing depends on it.
	AsOf time.Time
}

// Rollover is a host's choice where a regime leaves room.
type Rollover string

// The choices.
const (
	RolloverDefault   Rollover = ""
	RolloverNone      Rollover = "none"
	RolloverStatutory Rollover = "statutory"
)

// Pause is the time during which a blocker was in the way.
type Pause struct {
	Blocker Blocker `json:"blocker"`
	// From is the day on which the requester was asked.
	From privacy.Date `json:"from"`
	// To is the day on which the answer came, zero while it is awaited.
	To privacy.Date `json:"to,omitzero"`
	// Effect is what the blocker does to the clock. "" looks it up; where the
	// regime makes it depend on a condition, that is taken as not met.
	Effect Effect `json:"effect,omitempty"`
}

// ExtensionNotice is an extension as the requester was told of it.
type ExtensionNotice struct {
	// By is how much is added, zero for the UpTo of the law's Extension.
	By Term `json:"by,omitzero"`
	// NoticeAt is when the requester was told.
	NoticeAt time.Time `json:"notice_at"`
	// Ground is the code of the ground, such as "complexity".
	Ground string `json:"ground,omitempty"`
	// Reason is the explanation that was given, or a reference to it. Only
	// whether it is empty counts.
	Reason string `json:"reason"`
}

// Fee is a fee that the requester was told of.
type Fee struct {
	Notified privacy.Date
	// Confirmed is when the requester agreed, zero if they have not.
	Confirmed privacy.Date
}

func (q Query) check() error {
	var problems privacy.Problems
	switch q.Rollover {
	case RolloverDefault, RolloverNone, RolloverStatutory:
	default:
		problems.Add("rollover", "unknown", "is not a known choice")
	}
	if q.Counting != "" && !q.Counting.Valid() {
		problems.Add("counting", "unknown", "is not a known way of counting")
	}
	for i, pause := range q.Pauses {
		path := fmt.Sprintf("pauses[%d]", i)
		switch {
		case !pause.Blocker.Valid():
			problems.Add(path+".blocker", "unknown", "is not a known blocker")
		case pause.Effect != "" && !pause.Effect.Valid():
			problems.Add(path+".effect", "unknown", "is not a known effect")
		case pause.From.IsZero():
			problems.Add(path+".from", "required", "the day of the question is missing")
		case !pause.To.IsZero() && pause.To.Before(pause.From):
			problems.Add(path+".to", "order", "the answer is before the question")
		}
	}
	if q.Fee != nil && q.Fee.Notified.IsZero() {
		problems.Add("fee.notified", "required", "the day on which the fee was told is missing")
	}
	if q.Extension != nil && q.Extension.NoticeAt.IsZero() {
		problems.Add("extension.notice_at", "required", "the time of the notice is missing")
	}
	return problems.Err()
}

// response returns the first period whose circumstances are those of q.
func (c *Clock) response(q Query) *Response {
	for i := range c.Respond {
		if c.Respond[i].When.met(q) {
			return &c.Respond[i]
		}
	}
	return &Response{}
}

func (w *When) met(q Query) bool {
	return w == nil ||
		(w.Format == "" || w.Format == q.Format) &&
			(w.ControllerKind == "" || w.ControllerKind == q.ControllerKind) &&
			(w.ControllerSize == "" || w.ControllerSize == q.ControllerSize)
}
