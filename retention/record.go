package retention

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Record is what the schedule needs to know about one stored item: no content,
// only codes, identifiers and dates.
type Record struct {
	// System holds the record under Key, which is unique within (System, Tenant) and
	// names no other record later: what was disposed of is not to come back under it.
	System privacy.SystemID `json:"system,omitempty"`
	Key    string           `json:"key,omitempty"`
	// Tenant and Subject say whose it is. Subject is empty where the host does not
	// know the person.
	Tenant  privacy.TenantID  `json:"tenant,omitempty"`
	Subject privacy.SubjectID `json:"subject,omitempty"`
	// Category decides which rules cover the record.
	Category privacy.CategoryID  `json:"category"`
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	Role     privacy.Role        `json:"role,omitempty"`
	// Jurisdiction is the law the record is under, empty if unknown.
	Jurisdiction privacy.Jurisdiction `json:"jurisdiction,omitempty"`
	Labels       []string             `json:"labels,omitempty"`
	// Zone is where days begin and end for this record. Nil takes the zone of the
	// schedule.
	Zone *time.Location `json:"-"`
	// Events are the dated facts that rules count from.
	Events []Event `json:"events,omitempty"`
	// Unreadable says that the system has a date, a zone or a category of the record
	// that it cannot read. No rule counts from its Events then: the one that cannot be
	// read might be the latest.
	Unreadable bool `json:"unreadable,omitempty"`
	// Suspensions keep the periods of rules that name them from expiring.
	Suspensions []Suspension `json:"suspensions,omitempty"`
	// Hidden says that the system has hidden the record, so that no sweep does it again.
	Hidden bool `json:"hidden,omitempty"`
	// Disposed says that the system has disposed of the record, and that what is left of
	// it is no longer a record to decide on. Sources give it for Query.All alone.
	Disposed bool `json:"disposed,omitempty"`
	// Bytes is the size of the record, for the plan of a sweep; 0 if unknown.
	Bytes int64 `json:"bytes,omitempty"`
}

// Event is a dated fact about a record, such as its creation or a last login.
type Event struct {
	// Name is what rules call the event.
	Name string `json:"name"`
	// On is the civil day of the event in the record's zone. If it is zero, the
	// day is that of At in the record's zone. If both are zero, the event has not
	// happened.
	On privacy.Date `json:"on,omitzero"`
	At time.Time    `json:"at,omitzero"`
}

// Suspension keeps a period from expiring while it lasts. It does not extend the
// period beyond its own end.
type Suspension struct {
	// Kind is what rules call it in SuspendedBy.
	Kind string `json:"kind"`
	// Until is its last day, zero while it is open.
	Until privacy.Date `json:"until,omitzero"`
}

// day returns the civil day of e in the zone, the zero Date if it has not happened.
func (e *Event) day(zone *time.Location) privacy.Date {
	if !e.On.IsZero() {
		return e.On
	}
	return privacy.DateOf(e.At, zone)
}

// DayOf returns the civil day of an instant in the record's zone, that of UTC if it
// has none.
func (r *Record) DayOf(at time.Time) privacy.Date { return privacy.DateOf(at, r.zone()) }

// undated says why no rule can date a record that lacks an event.
func (r *Record) undated() Finding {
	if r.Unreadable {
		return FindingUnreadable
	}
	return FindingAnchorMissing
}

func (r *Record) zone() *time.Location {
	if r.Zone == nil {
		return time.UTC
	}
	return r.Zone
}

// latest returns the day of the latest of the named events that has happened.
func (r *Record) latest(names []string, zone *time.Location) privacy.Date {
	var day privacy.Date
	for _, name := range names {
		for i := range r.Events {
			if r.Events[i].Name != name {
				continue
			}
			if d := r.Events[i].day(zone); day.Before(d) {
				day = d
			}
		}
	}
	return day
}
