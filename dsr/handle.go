package dsr

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Command asks for an event on a case. What the record of the case already
// says, such as the role or an earlier extension, is taken from there and
// cannot be stated.
type Command struct {
	Event Event
	// Item is the index of the item; it does not matter for events of the whole
	// case (Event.CaseWide).
	Item  int
	Actor Actor
	At    time.Time
	// Ground and Reason are codes.
	Ground string
	Reason Reason
	// Explanation refers to the words in which the requester was told the
	// reasons, such as the id of a message; empty if none were given. No personal
	// data.
	Explanation string
	// Evidence: the controller can demonstrate what it claims.
	Evidence bool
	// Extension is by how much a period is extended, zero for the most allowed.
	Extension regime.Term
	// The facts that the record does not hold; see Facts.
	ReasonableDoubt        bool
	LargeQuantity          bool
	ReasonablyRequired     bool
	RestrictionRequested   bool
	MadePublic             bool
	NotificationImpossible bool
	// Authority is the controller's written authority, for EventRespond.
	Authority string
	// ForwardTo is the controller, for EventForwardToController.
	ForwardTo privacy.TenantID
}

// caseWideEvents are those that concern the whole case.
var caseWideEvents = []Event{
	EventAgentSubmitted, EventAuthorityConfirmed, EventAuthorityFailed,
	EventIdentityRequested, EventIdentityConfirmed, EventIdentityFailed,
	EventFeeRequested, EventFeePaid, EventClarificationRequested, EventClarificationReceived, EventNoReply,
	EventForwardToController, EventForwardAcknowledged, EventRespond, EventAcknowledge,
}

// CaseWide reports whether the event concerns every open item of a case.
func (e Event) CaseWide() bool { return slices.Contains(caseWideEvents, e) }

var errOtherVersion = fmt.Errorf("the case is bound to another version of the law: %w", privacy.ErrInvalid)

// Handle returns what a command makes of a case. The case that was passed is
// not changed. The error is a Guard or a *TransitionError where the machine
// refuses, and matches privacy.ErrInvalid in any case.
func (p *Procedure) Handle(c Case, cmd Command) (Change, error) {
	switch {
	case c.Regime != p.regime.Version():
		return Change{}, errOtherVersion
	case cmd.At.Before(c.Received):
		return Change{}, fmt.Errorf("nothing happens to a case before it was received: %w", privacy.ErrInvalid)
	case cmd.Event == EventSubmit:
		return Change{}, &TransitionError{c.State(), cmd.Event}
	case cmd.Event == EventForwardToController && cmd.ForwardTo == "":
		return Change{}, fmt.Errorf("a case is forwarded to somebody: %w", privacy.ErrInvalid)
	case !cmd.Event.CaseWide():
		if err := hasItem(c, cmd.Item); err != nil {
			return Change{}, err
		}
		if err := p.knows(c, cmd); err != nil {
			return Change{}, err
		}
	}
	change := Change{Case: c.clone()}
	change.Case.Version++
	var err error
	if cmd.Event.CaseWide() {
		err = p.caseWide(&change, cmd)
	} else {
		err = p.step(&change, cmd.Item, cmd)
	}
	if err != nil {
		return Change{}, err
	}
	if !change.Case.Open() {
		change.Case.Blockers = 0
	}
	return change, nil
}

// caseWide applies an event to every item that accepts it. An item that a
// blocker must not concern is exempt from it; any other guard refuses the
// event for the whole case.
func (p *Procedure) caseWide(change *Change, cmd Command) error {
	c := &change.Case
	var refused error
	accepted := false
	for i := range c.Items {
		err := p.step(change, i, cmd)
		var unknown *TransitionError
		switch {
		case err == nil:
			accepted = true
		case errors.Is(err, GuardVerificationNotAllowed), errors.Is(err, GuardVerificationNotNeeded):
			c.Items[i].Exempt = c.Items[i].Exempt.With(BlockerIdentity)
			refused = err
		case errors.As(err, &unknown):
			if refused == nil {
				refused = err
			}
		default:
			return err
		}
	}
	if !accepted {
		return refused
	}
	p.recordCaseWide(c, cmd)
	return nil
}

// recordCaseWide writes down what a case-wide event changes about the case.
func (p *Procedure) recordCaseWide(c *Case, cmd Command) {
	if blocker, ok := raises(cmd.Event); ok && (cmd.Event != EventAgentSubmitted || !c.AgentProven) {
		c.Blockers = c.Blockers.With(blocker)
	}
	if blocker, ok := resolves(cmd.Event); ok {
		c.Blockers = c.Blockers.Without(blocker)
	}
	switch cmd.Event {
	case EventAgentSubmitted:
		c.Agent = true
	case EventAuthorityConfirmed:
		c.AgentProven = true
	case EventForwardToController:
		c.ForwardedTo, c.ForwardedAt = cmd.ForwardTo, cmd.At
	case EventRespond:
		if c.Authority == "" {
			c.Authority = cmd.Authority
		}
	}
}

// raises returns the blocker that an event raises.
func raises(e Event) (Blocker, bool) {
	switch e {
	case EventAgentSubmitted:
		return BlockerAuthority, true
	case EventIdentityRequested:
		return BlockerIdentity, true
	case EventFeeRequested:
		return BlockerFee, true
	case EventClarificationRequested:
		return BlockerClarification, true
	}
	return 0, false
}

// resolves returns the blocker that an event takes out of the way.
func resolves(e Event) (Blocker, bool) {
	switch e {
	case EventAuthorityConfirmed, EventAuthorityFailed:
		return BlockerAuthority, true
	case EventIdentityConfirmed, EventIdentityFailed:
		return BlockerIdentity, true
	case EventFeePaid:
		return BlockerFee, true
	case EventClarificationReceived:
		return BlockerClarification, true
	}
	return 0, false
}

// step applies an event to one item.
func (p *Procedure) step(change *Change, item int, cmd Command) error {
	c, it := &change.Case, &change.Case.Items[item]
	from := p.from(c, item, cmd.Event)
	facts, err := p.facts(c, item, cmd)
	if err != nil {
		return err
	}
	step, err := Next(p.laws[it.Request], from, cmd.Event, &facts)
	if err != nil {
		return err
	}
	p.advance(it, from, cmd, step)
	p.record(it, cmd, step)
	p.effects(change, item, cmd, step)
	change.Entries = append(change.Entries, Entry{
		Item: item, Event: cmd.Event, Actor: cmd.Actor, At: cmd.At, From: from, To: step.To, Step: step,
	})
	return nil
}

// from returns the state in which the machine sees the item: what is reported,
// except that an event which resolves a blocker meets that blocker, also behind
// another.
func (p *Procedure) from(c *Case, item int, event Event) State {
	it := &c.Items[item]
	if blocker, ok := resolves(event); ok && it.Work.Open() && c.waiting(it).Has(blocker) {
		return blocker.State()
	}
	return c.Reported(item)
}

// advance moves the work and the pauses of an item.
func (p *Procedure) advance(it *Item, from State, cmd Command, step Step) {
	if blocker, ok := raises(cmd.Event); ok && step.To.Pending() {
		it.pause(blocker, p.day(cmd.At), step.Clock)
	}
	if blocker, ok := resolves(cmd.Event); ok {
		it.resume(blocker, p.day(cmd.At))
	}
	if step.To != from && !step.To.Pending() {
		it.Work = step.To
	}
	if !it.Work.Open() {
		// Nobody waits for the requester any more: a clock that stood still must run
		// if the item goes on later.
		for _, blocker := range Blockers() {
			it.resume(blocker, p.day(cmd.At))
		}
	}
}

// pause notes that a blocker is in the way, once.
func (i *Item) pause(blocker Blocker, day privacy.Date, clock ClockEffect) {
	if i.awaiting(blocker) != nil {
		return
	}
	effect := regime.EffectNone
	switch clock {
	case ClockSuspended:
		effect = regime.EffectSuspend
	case ClockNotStarted:
		effect = regime.EffectRestart
	}
	i.Pauses = append(i.Pauses, regime.Pause{Blocker: blocker.regime(), From: day, Effect: effect})
}

// resume notes that a blocker is out of the way. A clock that went backwards
// does not let the answer come before the question.
func (i *Item) resume(blocker Blocker, day privacy.Date) {
	if pause := i.awaiting(blocker); pause != nil {
		pause.To = day
		if day.Before(pause.From) {
			pause.To = pause.From
		}
	}
}

// awaiting returns the pause of a blocker that has no end yet.
func (i *Item) awaiting(blocker Blocker) *regime.Pause {
	for p := range i.Pauses {
		if i.Pauses[p].Blocker == blocker.regime() && i.Pauses[p].To.IsZero() {
			return &i.Pauses[p]
		}
	}
	return nil
}

// record writes down what a step changes about an item besides its state.
func (p *Procedure) record(it *Item, cmd Command, step Step) {
	if step.Reason != "" {
		it.Reason = step.Reason
	}
	it.Overdue = it.Overdue || step.Overdue
	it.ComplaintOpen = (it.ComplaintOpen || step.ComplaintOpen) && cmd.Event != EventComplaintResolved
	it.Followups.record(cmd)
	switch cmd.Event {
	case EventExtend:
		told := regime.ExtensionNotice{By: cmd.Extension, NoticeAt: cmd.At, Ground: cmd.Ground, Reason: cmd.Explanation}
		if step.To == StateAppealOpen {
			told.NoticeAt = asStored(told.NoticeAt)
			it.Followups.AppealExtension = told
			break
		}
		it.Extension = &told
	case EventAppeal:
		it.AppealedAt = cmd.At
	case EventReopen, EventAppealUpheld:
		it.Reason = ""
		it.Resumed = cmd.Event == EventReopen && cmd.Reason == ReasonGroundLapsed
	}
}

// facts completes a command by what the record says.
func (p *Procedure) facts(c *Case, item int, cmd Command) (Facts, error) {
	it := &c.Items[item]
	facts := Facts{
		Actor: cmd.Actor, Role: c.Role, AuthorisedByController: c.Authority != "", AuthorityProven: c.AgentProven,
		ReasonableDoubt: cmd.ReasonableDoubt, DirectMarketing: it.DirectMarketing, LargeQuantity: cmd.LargeQuantity,
		ReasonablyRequired: cmd.ReasonablyRequired, ReasonsGiven: cmd.Explanation != "", Extended: it.Extension != nil,
		Evidence: cmd.Evidence, ComplaintOpen: it.ComplaintOpen, Hold: it.Held(), TasksOpen: it.TasksOpen(), RestrictionRequested: cmd.RestrictionRequested,
		MadePublic: cmd.MadePublic, NotificationImpossible: cmd.NotificationImpossible,
		Ground: cmd.Ground, Reason: cmd.Reason,
	}
	switch cmd.Event {
	case EventRespond:
		facts.AuthorisedByController = facts.AuthorisedByController || cmd.Authority != ""
	case EventNoReply:
		facts.WaitElapsed = p.waited(c, it, cmd.At)
	case EventExtend:
		facts.Extended = it.extended()
		within, err := p.withinFirstPeriod(c, item, cmd)
		if err != nil {
			return Facts{}, err
		}
		facts.WithinFirstPeriod = within
	}
	return facts, nil
}

// waited reports whether the requester had the time to reply that the law gives.
func (p *Procedure) waited(c *Case, it *Item, at time.Time) bool {
	blocker, ok := c.waiting(it).First()
	if !ok {
		return false
	}
	pause := it.awaiting(blocker)
	rule, ok := p.regime.Silent(blocker.regime())
	return ok && pause != nil && p.day(at).After(pause.From.Add(rule.After))
}

// withinFirstPeriod reports whether an extension told now would be in time and
// within what the law allows.
func (p *Procedure) withinFirstPeriod(c *Case, item int, cmd Command) (bool, error) {
	if c.Items[item].extended() {
		return true, nil // the guard against a second extension speaks first
	}
	told := regime.ExtensionNotice{By: cmd.Extension, NoticeAt: cmd.At, Ground: cmd.Ground, Reason: cmd.Explanation}
	d, err := p.probe(c, item, told)
	if errors.Is(err, regime.ErrNotRegulated) {
		return true, nil // no appeal to extend; the guard says so
	}
	if err != nil {
		return false, err
	}
	switch d.Extension {
	case regime.ExtensionTooLong:
		return false, fmt.Errorf("an extension of no length, or of more than the law allows: %w", privacy.ErrInvalid)
	case regime.ExtensionTooLate:
		return false, nil
	}
	return true, nil
}
