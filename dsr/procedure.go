package dsr

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Procedure runs cases by one version of one law, in the zone and by the
// calendar of one controller. Its methods are pure: they compute the next
// version of a case and what goes with it, and store nothing. It is immutable
// and safe for concurrent use.
type Procedure struct {
	regime   *regime.Regime
	zone     *time.Location
	calendar *privacy.Calendar
	laws     map[regime.Request]*Law
}

// NewProcedure returns the procedure of a regime. The calendar may be nil where
// the regime needs none; a deadline that needs it is then an error. The error
// matches privacy.ErrInvalid.
func NewProcedure(r *regime.Regime, zone *time.Location, calendar *privacy.Calendar) (*Procedure, error) {
	if r == nil || zone == nil {
		return nil, fmt.Errorf("a procedure needs a regime and a zone: %w", privacy.ErrInvalid)
	}
	p := &Procedure{regime: r, zone: zone, calendar: calendar, laws: map[regime.Request]*Law{}}
	for _, request := range regime.Requests() {
		if _, ok := r.Clock(request); !ok {
			continue
		}
		law, err := NewLaw(r, request)
		if err != nil {
			return nil, err
		}
		p.laws[request] = law
	}
	return p, nil
}

// Intake is a request as it came in.
type Intake struct {
	// Tenant is whose data is asked for. Required.
	Tenant privacy.TenantID
	// ID is that of the case; a Service makes one if it is empty.
	ID CaseID
	// Subject is who asks. Required unless Unidentified.
	Subject privacy.SubjectID
	// Unidentified: who asks has no account, or is not known yet; Subject is then
	// empty until Procedure.Identify. The clock runs all the same.
	Unidentified bool
	// Role is that in which the service holds the data concerned. Required.
	Role privacy.Role
	// Authority is the controller's written authority to answer, for a processor.
	Authority string
	// Received is when the request reached the organisation, whoever there was the
	// first to have it: the clock starts from it. A Service takes zero for now.
	Received time.Time
	// ContentHash is the SHA-256 of the request as it came, as lower-case
	// hexadecimal digits. May be empty.
	ContentHash string
	// Channel is a code of how it came, such as "web_form". May be empty.
	Channel string
	// Actor brought it in: the subject, an agent, or staff. Required.
	Actor Actor
	// AgentProven: an agent's authority was shown with the request.
	AgentProven bool
	// DuplicateOf links a case that asks the same again.
	DuplicateOf CaseID
	// SplitFrom links the case that the rest of the request is in; see Split.
	SplitFrom CaseID
	// Requests are the rights that were asked for, at least one.
	Requests []Asked
}

// Asked is one right that was asked for.
type Asked struct {
	Request regime.Request
	// DirectMarketing: the objection is to direct marketing.
	DirectMarketing bool
	// RestrictionRequested: restriction was asked for along with a rectification,
	// or the host makes it automatic.
	RestrictionRequested bool
}

// Change is what one command makes of a case. A store writes all of it or none.
type Change struct {
	// Case is the next version.
	Case Case
	// Entries are what happened, for the log of the case.
	Entries []Entry
	// Effects reach the ledger of consent in the same unit of work.
	Effects []privacy.Effect
	// Wakes are wake-ups to set in the same unit of work, besides those at the
	// deadlines, which the Service sets.
	Wakes []Wake
}

// Entry is a line of the log of a case: an event on an item, or what became of
// a task or a protection.
type Entry struct {
	// Item is the index of the item.
	Item int
	// Event is zero for a line about a task, a protection or a restriction.
	Event Event
	Actor Actor
	At    time.Time
	// From and To are the reported states before and after.
	From, To State
	// Step is everything that goes with it.
	Step Step
	// Task and its TaskState are set for a line about a task, TaskNow is the task
	// as it then stands.
	Task      TaskID
	TaskState TaskState
	TaskNow   Task
	// Protection and what became of it are set for a line about a protection.
	Protection       Protection
	ProtectionChange ProtectionChange
	// Lifted: the restriction that the item put on the processing ended. InformedAt
	// is when the subject was told before (GDPR Art. 18(3)), zero if nobody was.
	Lifted     bool
	InformedAt time.Time
	// Identified: it was found whose data the whole case is about; see
	// Procedure.Identify.
	Identified bool
}

// Open begins a case. Every item gets what takes effect at once: a withdrawal
// of consent, an opt-out, an objection and contested accuracy do not wait for
// work or identity. A processor without authority only records; effects on the
// processing are its controller's to order. The error matches
// privacy.ErrInvalid, or regime.ErrNotRegulated, or regime.ErrNotInForce.
func (p *Procedure) Open(in Intake) (Change, error) {
	if err := p.check(in); err != nil {
		return Change{}, err
	}
	c := Case{
		Tenant: in.Tenant, ID: in.ID, Version: 1, Subject: in.Subject, Role: in.Role, Authority: in.Authority,
		Regime: p.regime.Version(), Received: in.Received, ContentHash: in.ContentHash, Channel: in.Channel,
		DuplicateOf: in.DuplicateOf, SplitFrom: in.SplitFrom, Items: make([]Item, len(in.Requests)),
	}
	change := Change{Case: c}
	for i, asked := range in.Requests {
		c.Items[i] = Item{Request: asked.Request, DirectMarketing: asked.DirectMarketing}
		facts := Facts{Actor: in.Actor, Role: in.Role}
		step, err := Next(p.laws[asked.Request], 0, EventSubmit, &facts)
		if err != nil {
			return Change{}, err
		}
		c.Items[i].Work = step.To
		change.Entries = append(change.Entries, Entry{Item: i, Event: EventSubmit, Actor: in.Actor, At: in.Received, To: step.To, Step: step})
	}
	if in.Actor == ActorAgent {
		if err := p.openByAgent(&change, in); err != nil {
			return Change{}, err
		}
	}
	if err := p.openAtOnce(&change, in); err != nil {
		return Change{}, err
	}
	return change, nil
}

func (p *Procedure) check(in Intake) error {
	var problems privacy.Problems
	identify := func(path, id string) {
		if err := privacy.CheckID(path, id); err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	identify("tenant", string(in.Tenant))
	identify("id", string(in.ID))
	if in.Subject != "" || in.Role != privacy.RoleProcessor && !in.Unidentified {
		identify("subject", string(in.Subject))
	}
	if in.Unidentified && in.Subject != "" {
		problems.Add("unidentified", "contradiction", "the subject is known")
	}
	if in.ID != "" && (in.DuplicateOf == in.ID || in.SplitFrom == in.ID) {
		problems.Add("duplicate_of", "cycle", "a case is linked to another, not to itself")
	}
	if !in.Role.Valid() {
		problems.Add("role", "required", "the role in which the data are held is missing")
	}
	if in.Received.IsZero() {
		problems.Add("received", "required", "the time of receipt is missing")
	} else if day := privacy.DateOf(in.Received, p.zone); !p.regime.InForce(day) {
		return fmt.Errorf("%s on %s: %w", p.regime.Version(), day, regime.ErrNotInForce)
	}
	if len(in.Requests) == 0 {
		problems.Add("requests", "required", "nothing was asked for")
	}
	for i, asked := range in.Requests {
		if p.laws[asked.Request] == nil {
			return fmt.Errorf("%s, requests[%d]: %w", p.regime.Version(), i, regime.ErrNotRegulated)
		}
	}
	return problems.Err()
}

// openByAgent lets the case wait for the agent's authority, unless it was shown.
func (p *Procedure) openByAgent(change *Change, in Intake) error {
	change.Case.Agent, change.Case.AgentProven = true, in.AgentProven
	if in.AgentProven {
		return nil
	}
	return p.caseWide(change, Command{Event: EventAgentSubmitted, Actor: ActorAgent, At: in.Received})
}

// openAtOnce records what takes effect on receipt.
func (p *Procedure) openAtOnce(change *Change, in Intake) error {
	if in.Role == privacy.RoleProcessor && in.Authority == "" {
		return nil
	}
	for i, asked := range in.Requests {
		var event Event
		switch asked.Request {
		case regime.RequestObjection:
			event = EventObjectionReceived
		case regime.RequestRectification:
			event = EventAccuracyContested
			if !asked.RestrictionRequested {
				continue
			}
		default:
			p.standing(change, i, in.Received)
			continue
		}
		cmd := Command{Event: event, Item: i, Actor: in.Actor, At: in.Received, RestrictionRequested: asked.RestrictionRequested}
		if err := p.step(change, i, cmd); err != nil {
			return err
		}
	}
	return nil
}

// Deadline computes the dates of an item as its record stands, at a time. The
// errors are those of regime.Regime.Deadline.
func (p *Procedure) Deadline(c Case, item int, asOf time.Time) (regime.Deadline, error) {
	if err := hasItem(c, item); err != nil {
		return regime.Deadline{}, err
	}
	it := &c.Items[item]
	return p.regime.Deadline(regime.Query{
		Request: it.Request, Received: c.Received, Zone: p.zone, Calendar: p.calendar,
		Pauses: it.Pauses, Extension: it.Extension, Fee: p.fee(it), AsOf: asOf,
	})
}

// fee returns the fee that an item waits or waited for, where the law gives the
// requester time to think about it (Swiss DPO Art. 19(3)). It is nil where a
// confirmation that came later was accepted all the same: then the period
// begins with it, as after any restart.
func (p *Procedure) fee(it *Item) *regime.Fee {
	clock, _ := p.regime.Clock(it.Request)
	if clock.Reflection == nil {
		return nil
	}
	var fee *regime.Fee
	for _, pause := range it.Pauses {
		if pause.Blocker != regime.BlockerFee {
			continue
		}
		fee = nil
		if !pause.To.After(pause.From.Add(clock.Reflection.Within)) {
			fee = &regime.Fee{Notified: pause.From, Confirmed: pause.To}
		}
	}
	return fee
}

// Regime returns the version of the law by which the procedure runs.
func (p *Procedure) Regime() *regime.Regime { return p.regime }

// Zone returns that of the controller's establishment.
func (p *Procedure) Zone() *time.Location { return p.zone }

// day returns the controller's civil date.
func (p *Procedure) day(t time.Time) privacy.Date { return privacy.DateOf(t, p.zone) }
