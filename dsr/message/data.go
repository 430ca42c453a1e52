package message

import (
	"slices"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Data is everything that a template may say. A field that is empty was not
// stated, and an element that needs it is then missing from the message. A list
// that is nil was not stated either; one that is empty but not nil says that
// there is nothing to list, which is an answer.
//
// Texts such as Reasons are written for the requester, in the requester's
// language. They may hold personal data; they stay in the message.
type Data struct {
	// Reference names the case to the requester.
	Reference string
	// Request is what was asked for. Required.
	Request regime.Request
	// Addressee is how the message greets, "" for a general greeting.
	Addressee string
	// Controller is who writes. Its Name is required.
	Controller Party
	// Received is the day of receipt, Due the last day to answer, and NewDue that
	// of an extended period.
	Received, Due, NewDue privacy.Date
	// ClockEffect is what waiting for the requester does to the period.
	ClockEffect regime.Effect

	// Reasons are why a request is refused or a period extended (GDPR Art. 12(3)-(4)).
	Reasons string
	// Withheld is what an answer in part leaves out.
	Withheld []Withheld
	// Exception is the exception relied on, LegalProvision the provision.
	Exception, LegalProvision string
	// Unclear is what the requester is asked to explain.
	Unclear string
	// IdentityEvidence is what would prove the identity; no more than is needed
	// (GDPR Art. 5(1)(c), 12(6)).
	IdentityEvidence string
	// HowProcessed says how the request is handled, Verification how identity is
	// verified (11 CCR § 7021(a)).
	HowProcessed, Verification string
	// RequestContent is the request as it came, or where the controller finds it.
	RequestContent string

	// Actions are what was done.
	Actions []string
	// Copy says how the requester gets the copy of the data.
	Copy string
	// Purposes, Categories, Recipients, Sources, Retention, AutomatedDecisions
	// and Safeguards are the information of GDPR Art. 15(1)-(2).
	Purposes, Categories, Recipients, Sources []string
	Retention, AutomatedDecisions, Safeguards []string
	// OptOutStatus says how the opt-out stands (11 CCR § 7026(g)), OptOutOffer
	// how to opt out where erasure is refused (11 CCR § 7022).
	OptOutStatus, OptOutOffer string

	// Authority supervises the controller: a supervisory authority, or the
	// Commissioner.
	Authority Party
	// Complaints is where the controller itself takes complaints (UK DPA 2018
	// s. 164A).
	Complaints Party
	// AttorneyGeneral takes complaints about a denied appeal.
	AttorneyGeneral Party
	// Appeal says how to appeal, Objection how to object to a refusal.
	Appeal, Objection string
	// Remedies are the remedies, RemedyTimeLimit how long they are open.
	Remedies, RemedyTimeLimit string
	// Statement says how to add a statement to contested data.
	Statement string

	// Others are texts for elements that a regime of the host's own requires.
	Others map[regime.Content]string
}

// Party is somebody whom a message names, with a way to reach them.
type Party struct {
	Name string
	// Contact is an address of any kind: postal, mail or web.
	Contact string
}

// stated reports whether the party can be reached.
func (p Party) stated() bool { return p.Name != "" && p.Contact != "" }

// Withheld is a part of the data that an answer leaves out.
type Withheld struct {
	// What names the part, such as "invoices". Required.
	What string
	// Ground is the ground of the law, such as "GDPR Art. 17(3)(b)". Required.
	Ground string
	// Until is the last day, zero if it is open.
	Until privacy.Date
}

// FromCase returns what the record of a case says about an item: reference,
// right, dates, the effect of waiting on the clock, and what is withheld. The
// host adds the rest. For a message that goes with a command, pass the case of
// the Change that Procedure.Handle computed. The errors are those of
// dsr.Procedure.Deadline.
func FromCase(p *dsr.Procedure, c dsr.Case, item int) (Data, error) {
	d, err := p.Deadline(c, item, c.Received)
	if err != nil {
		return Data{}, err
	}
	it := &c.Items[item]
	data := Data{
		Reference: string(c.ID), Request: it.Request, Due: d.Due,
		Received: privacy.DateOf(c.Received, p.Zone()), ClockEffect: waitingEffect(it),
	}
	if it.Extension != nil {
		data.NewDue = d.Due
	}
	for _, kept := range it.Remainder() {
		data.Withheld = append(data.Withheld, Withheld{What: string(kept.Category), Ground: kept.Ground, Until: kept.Until})
	}
	return data, nil
}

// waitingEffect returns what the latest blocker that is still there does to the
// clock.
func waitingEffect(it *dsr.Item) regime.Effect {
	for _, pause := range slices.Backward(it.Pauses) {
		if pause.To.IsZero() {
			return pause.Effect
		}
	}
	return regime.EffectNone
}
