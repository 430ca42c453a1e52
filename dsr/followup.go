package dsr

import (
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// FollowupKind names a period that runs beside that of an item.
type FollowupKind string

// The kinds.
const (
	// FollowupAcknowledgement: to confirm receipt of the request (11 CCR § 7021(a)).
	FollowupAcknowledgement FollowupKind = "acknowledgement"
	// FollowupAppeal: to decide an appeal, 45 or 60 days by state (such as Va. Code
	// § 59.1-577(C)).
	FollowupAppeal FollowupKind = "appeal"
	// FollowupComplaint: to confirm receipt of a complaint, 30 days (UK DPA 2018
	// s. 164A(3)).
	FollowupComplaint FollowupKind = "complaint"
	// FollowupSilence: for the requester to reply, where silence takes the request
	// back (Swiss DPO Art. 19(3)).
	FollowupSilence FollowupKind = "silence"
)

// Followups are what an item records of the periods that run beside its own.
type Followups struct {
	// AcknowledgedAt is when receipt was confirmed, zero if it was not.
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	// AcknowledgementOverdue: it was not confirmed in time.
	AcknowledgementOverdue bool `json:"acknowledgement_overdue,omitempty"`
	// AppealExtension is what was told of a longer time for the appeal, zero if
	// nothing was.
	AppealExtension regime.ExtensionNotice `json:"appeal_extension,omitzero"`
	// AppealOverdue: the appeal was not decided in time.
	AppealOverdue bool `json:"appeal_overdue,omitempty"`
	// ComplainedAt is when the complaint was made, zero if none was.
	ComplainedAt time.Time `json:"complained_at,omitzero"`
	// ComplaintAcknowledgedAt is when its receipt was confirmed.
	ComplaintAcknowledgedAt time.Time `json:"complaint_acknowledged_at,omitzero"`
	// ComplaintOverdue: its receipt was not confirmed in time.
	ComplaintOverdue bool `json:"complaint_overdue,omitempty"`
}

// record writes down what an event changes. Times are kept as stores keep them.
func (f *Followups) record(cmd Command) {
	at := asStored(cmd.At)
	switch cmd.Event {
	case EventAcknowledge:
		if f.AcknowledgedAt.IsZero() {
			f.AcknowledgedAt = at
		}
	case EventAcknowledgementOverdue:
		f.AcknowledgementOverdue = true
	case EventAppeal:
		f.AppealExtension, f.AppealOverdue = regime.ExtensionNotice{}, false
	case EventAppealOverdue:
		f.AppealOverdue = true
	case EventComplaint:
		f.ComplainedAt, f.ComplaintAcknowledgedAt, f.ComplaintOverdue = at, time.Time{}, false
	case EventComplaintAcknowledged, EventComplaintResolved:
		if f.ComplaintAcknowledgedAt.IsZero() {
			f.ComplaintAcknowledgedAt = at
		}
	case EventComplaintOverdue:
		f.ComplaintOverdue = true
	}
}

func asStored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Followup is a period that runs beside that of an item.
type Followup struct {
	Kind FollowupKind
	// Due is the last day, DueEnd the first instant after it in the controller's
	// zone.
	Due    privacy.Date
	DueEnd time.Time
	// Overdue: it is on record that the period ended.
	Overdue bool
	// Cite is the provision.
	Cite string
}

// Followups returns the periods that run beside that of an item: to acknowledge
// an open request that was not, to decide an open appeal, to acknowledge an
// open complaint that was not, and for the requester to reply where silence
// takes the request back. What the law gives no number of days for is not
// among them, and a processor without authority owes none. The errors are those
// of regime.Regime.Deadline.
func (p *Procedure) Followups(c Case, item int) ([]Followup, error) {
	if err := hasItem(c, item); err != nil {
		return nil, err
	}
	it := &c.Items[item]
	if c.Role == privacy.RoleProcessor && c.Authority == "" {
		return nil, nil
	}
	var running []Followup
	add := func(kind FollowupKind, overdue bool, day func() (privacy.Date, error)) error {
		due, err := day()
		if err == nil && !due.IsZero() {
			running = append(running, Followup{
				Kind: kind, Due: due, DueEnd: due.AddDays(1).Start(p.zone), Overdue: overdue, Cite: p.citeOf(it, kind),
			})
		}
		return err
	}
	f := &it.Followups
	if it.Work.Open() && !it.Resumed && f.AcknowledgedAt.IsZero() {
		err := add(FollowupAcknowledgement, f.AcknowledgementOverdue, func() (privacy.Date, error) {
			d, err := p.Deadline(c, item, c.Received)
			return d.Acknowledge, err
		})
		if err != nil {
			return nil, err
		}
	}
	if it.Work == StateAppealOpen {
		err := add(FollowupAppeal, f.AppealOverdue, func() (privacy.Date, error) {
			d, err := p.appealDeadline(&c, it)
			return d.Due, err
		})
		if err != nil {
			return nil, err
		}
	}
	if it.ComplaintOpen && f.ComplaintAcknowledgedAt.IsZero() {
		err := add(FollowupComplaint, f.ComplaintOverdue, func() (privacy.Date, error) {
			d, err := p.deadlineOf(&c, regime.RequestComplaint, f.ComplainedAt, nil)
			return d.Acknowledge, err
		})
		if err != nil {
			return nil, err
		}
	}
	if blocker, rule, ok := p.silence(&c, it); ok {
		due := it.awaiting(blocker).From.Add(rule.After)
		running = append(running, Followup{
			Kind: FollowupSilence, Due: due, DueEnd: due.AddDays(1).Start(p.zone), Cite: rule.Cite,
		})
	}
	return running, nil
}

// silence returns the blocker that an item reports, if the requester's silence
// about it takes the request back.
func (p *Procedure) silence(c *Case, it *Item) (Blocker, regime.SilenceRule, bool) {
	blocker, ok := c.waiting(it).First()
	if !ok || !it.Work.Open() || it.awaiting(blocker) == nil {
		return 0, regime.SilenceRule{}, false
	}
	rule, ok := p.regime.Silent(blocker.regime())
	return blocker, rule, ok && rule.Withdraws
}

func (p *Procedure) citeOf(it *Item, kind FollowupKind) string {
	request := it.Request
	switch kind {
	case FollowupAppeal:
		request = regime.RequestAppeal
	case FollowupComplaint:
		request = regime.RequestComplaint
	case FollowupAcknowledgement, FollowupSilence:
	}
	clock, _ := p.regime.Clock(request)
	if clock.Acknowledge != nil {
		return clock.Acknowledge.Cite
	}
	return clock.Cite
}

func (p *Procedure) appealDeadline(c *Case, it *Item) (regime.Deadline, error) {
	var extension *regime.ExtensionNotice
	if it.extended() {
		extension = &it.Followups.AppealExtension
	}
	return p.deadlineOf(c, regime.RequestAppeal, it.AppealedAt, extension)
}

// deadlineOf computes the dates of an appeal or a complaint, under the version
// of the law that the case is bound to.
func (p *Procedure) deadlineOf(c *Case, request regime.Request, at time.Time, extension *regime.ExtensionNotice) (regime.Deadline, error) {
	return p.regime.Deadline(regime.Query{
		Request: request, Received: at, BoundOn: p.day(c.Received), Zone: p.zone, Calendar: p.calendar, Extension: extension,
	})
}

// extended reports whether the period that now runs was extended.
func (i *Item) extended() bool {
	if i.Work == StateAppealOpen {
		return !i.Followups.AppealExtension.NoticeAt.IsZero()
	}
	return i.Extension != nil
}

// probe computes the dates as they would be if an extension was told.
func (p *Procedure) probe(c *Case, item int, told regime.ExtensionNotice) (regime.Deadline, error) {
	probe := c.clone()
	it := &probe.Items[item]
	if it.Work == StateAppealOpen {
		it.Followups.AppealExtension = told
		return p.appealDeadline(&probe, it)
	}
	it.Extension = &told
	return p.Deadline(probe, item, told.NoticeAt)
}

// followupEnded returns the event that records the end of a follow-up, zero if
// it has not ended or no longer runs.
func (p *Procedure) followupEnded(c Case, wake deadlineWake, now time.Time) (Event, error) {
	followups, err := p.Followups(c, wake.Item)
	if err != nil {
		return 0, err
	}
	for _, f := range followups {
		if f.Kind != wake.Followup || f.Overdue || now.Before(f.DueEnd) {
			continue
		}
		switch f.Kind {
		case FollowupAcknowledgement:
			return EventAcknowledgementOverdue, nil
		case FollowupAppeal:
			return EventAppealOverdue, nil
		case FollowupComplaint:
			return EventComplaintOverdue, nil
		case FollowupSilence:
			return EventNoReply, nil
		}
	}
	return 0, nil
}
