package retention

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Hold stops disposal: a legal hold. Any number may cover a record; all must be
// gone before it is due. A release does not extend any period, so what became due
// meanwhile is due the day after.
type Hold struct {
	// ID names the hold, unique within Scope.Tenant. It appears in verdicts and
	// certificates.
	ID string `json:"id"`
	// Matter is the reference of the case behind the hold, such as a court file
	// number. No personal data.
	Matter string `json:"matter,omitempty"`
	// Owner is who answers for the hold: a role or an opaque identifier.
	Owner string `json:"owner"`
	// Ground is the exception of GDPR Art. 17(3) the hold rests on. Without one the
	// hold stops sweeps, but not erasure requests, and is a finding.
	Ground Ground `json:"ground,omitempty"`
	// Scope says what is held.
	Scope HoldScope `json:"scope,omitzero"`
	// From is the first day of the hold. Required.
	From privacy.Date `json:"from"`
	// Released is the last day of the hold, zero while it is open.
	Released privacy.Date `json:"released,omitzero"`
}

// HoldScope says which records a hold covers. Every field that is set must match;
// the zero HoldScope covers everything.
type HoldScope struct {
	// Tenant limits the hold to one tenant; empty is the operator's own hold over
	// all of them.
	Tenant privacy.TenantID `json:"tenant,omitempty"`
	// Subjects are covered under each of their aliases. They need a Tenant.
	Subjects []privacy.SubjectID `json:"subjects,omitempty"`
	// Categories cover themselves and the categories within them.
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	Systems    []privacy.SystemID   `json:"systems,omitempty"`
	// Labels cover records that carry at least one of them.
	Labels []string `json:"labels,omitempty"`
	// Event, with EventFrom and EventThrough, covers records with that event in
	// the range of days, both included; a zero bound is open. A record without the
	// event is covered: what cannot be excluded is held.
	Event        string       `json:"event,omitempty"`
	EventFrom    privacy.Date `json:"event_from,omitzero"`
	EventThrough privacy.Date `json:"event_through,omitzero"`
}

// Ground is an exception from the right to erasure (GDPR Art. 17(3)). The zero
// value is none.
type Ground uint8

const (
	// GroundExpression is freedom of expression and information (Art. 17(3)(a)).
	GroundExpression Ground = iota + 1
	// GroundLegalObligation is a legal obligation or a public task (Art. 17(3)(b)).
	GroundLegalObligation
	// GroundPublicHealth is public interest in public health (Art. 17(3)(c)).
	GroundPublicHealth
	// GroundResearch is archiving, research or statistics that erasure would
	// seriously impair (Art. 17(3)(d)).
	GroundResearch
	// GroundLegalClaims is the establishment, exercise or defence of legal claims
	// (Art. 17(3)(e)).
	GroundLegalClaims
)

var groundCodes = codes{"", "expression", "legal_obligation", "public_health", "research", "legal_claims"}

// ParseGround returns the ground with the given code. The error matches
// privacy.ErrInvalid and names the accepted codes.
func ParseGround(code string) (Ground, error) {
	g, err := groundCodes.parse("ground", code)
	return Ground(g), err
}

// Valid reports whether g is one of the constants.
func (g Ground) Valid() bool { return g >= GroundExpression && g <= GroundLegalClaims }

// String returns the code, "unknown" if g is not Valid.
func (g Ground) String() string { return groundCodes.text(uint8(g)) }

// Article returns the provision, for example "GDPR 17(3)(e)", "" if g is not Valid.
func (g Ground) Article() string {
	if !g.Valid() {
		return ""
	}
	return "GDPR 17(3)(" + string(rune('a'+g-1)) + ")"
}

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (g Ground) MarshalText() ([]byte, error) { return groundCodes.marshal("ground", uint8(g)) }

// UnmarshalText parses as ParseGround does and leaves g unchanged on error.
func (g *Ground) UnmarshalText(text []byte) error {
	parsed, err := ParseGround(string(text))
	if err == nil {
		*g = parsed
	}
	return err
}

// Validate reports what is wrong with the hold, all at once, as privacy.Problems
// that match privacy.ErrInvalid.
func (h Hold) Validate() error {
	var problems privacy.Problems
	h.check("", &problems)
	return problems.Err()
}

func (h *Hold) check(path string, problems *privacy.Problems) {
	identifier := func(field, id string) {
		if err := privacy.CheckID(field, id); err != nil {
			problems.Add(path+field, "identifier", "%v", err)
		}
	}
	identifier("id", h.ID)
	identifier("owner", h.Owner)
	if h.Ground != 0 && !h.Ground.Valid() {
		problems.Add(path+"ground", "unknown", "no such ground in Art. 17(3)")
	}
	if h.From.IsZero() {
		problems.Add(path+"from", "required", "say from which day the hold is in force")
	}
	if !h.Released.IsZero() && h.Released.Before(h.From) {
		problems.Add(path+"released", "before_from", "a hold cannot end before it begins")
	}
	scope := &h.Scope
	if scope.Tenant != "" {
		identifier("scope.tenant", string(scope.Tenant))
	} else if len(scope.Subjects) > 0 {
		problems.Add(path+"scope.tenant", "required", "a subject is known within a tenant only")
	}
	for i, subject := range scope.Subjects {
		identifier(fmt.Sprintf("scope.subjects[%d]", i), string(subject))
	}
	if scope.Event == "" && (!scope.EventFrom.IsZero() || !scope.EventThrough.IsZero()) {
		problems.Add(path+"scope.event", "required", "a range of days needs the event it is about")
	}
	if !scope.EventThrough.IsZero() && scope.EventThrough.Before(scope.EventFrom) {
		problems.Add(path+"scope.event_through", "before_from", "the range of days is empty")
	}
}

// inForce reports whether the hold is in force on a day.
func (h *Hold) inForce(day privacy.Date) bool {
	return !day.Before(h.From) && (h.Released.IsZero() || !h.Released.Before(day))
}

// Release sets the last day of a hold, as HoldStore.ReleaseHold is to. It leaves the
// hold unchanged on error, which matches privacy.ErrInvalid if the day is before the
// first of the hold, and privacy.ErrConflict if it was released on another.
func (h *Hold) Release(on privacy.Date) error {
	switch {
	case on.Before(h.From):
		return fmt.Errorf("retention: a hold is released on its first day or later: %w", privacy.ErrInvalid)
	case !h.Released.IsZero() && h.Released != on:
		return fmt.Errorf("retention: the hold was released on another day: %w", privacy.ErrConflict)
	}
	h.Released = on
	return nil
}

// Covers reports whether the hold is about a record, on whatever day. It compares
// subjects as they are: see WithAliases.
func (h Hold) Covers(r *Record) bool {
	scope := &h.Scope
	switch {
	case scope.Tenant != "" && scope.Tenant != r.Tenant:
		return false
	case len(scope.Subjects) > 0 && !slices.Contains(scope.Subjects, r.Subject):
		return false
	}
	return h.covers(r, r.zone())
}

// covers reports whether the hold is about a record, apart from its tenant and
// its subjects, which the index of Holds has matched before.
func (h *Hold) covers(r *Record, zone *time.Location) bool {
	scope := &h.Scope
	switch {
	case len(scope.Categories) > 0 && !withinAny(r.Category, scope.Categories):
		return false
	case len(scope.Systems) > 0 && !slices.Contains(scope.Systems, r.System):
		return false
	case len(scope.Labels) > 0 && !overlap(r.Labels, scope.Labels):
		return false
	}
	return scope.Event == "" || scope.coversEvent(r, zone)
}

func (s *HoldScope) coversEvent(r *Record, zone *time.Location) bool {
	known := false
	for i := range r.Events {
		if r.Events[i].Name != s.Event {
			continue
		}
		day := r.Events[i].day(zone)
		if day.IsZero() {
			continue
		}
		known = true
		if !day.Before(s.EventFrom) && (s.EventThrough.IsZero() || !s.EventThrough.Before(day)) {
			return true
		}
	}
	return !known
}

// within reports whether category is outer or lies in it.
func within(category, outer privacy.CategoryID) bool {
	return len(category) >= len(outer) && category[:len(outer)] == outer &&
		(len(category) == len(outer) || category[len(outer)] == '.')
}

func withinAny(category privacy.CategoryID, outer []privacy.CategoryID) bool {
	for _, o := range outer {
		if within(category, o) {
			return true
		}
	}
	return false
}

func overlap[T comparable](a, b []T) bool {
	for _, v := range a {
		if slices.Contains(b, v) {
			return true
		}
	}
	return false
}
