package retention

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Holds is an immutable set of holds, indexed so that finding those of a record
// costs what covers its subject and tenant. A nil *Holds holds nothing.
type Holds struct {
	bySubject map[subjectKey][]*Hold
	byTenant  map[privacy.TenantID][]*Hold
	operator  []*Hold
	findings  privacy.Problems
}

type subjectKey struct {
	tenant  privacy.TenantID
	subject privacy.SubjectID
}

// Alias says that two identifiers within a tenant mean one person.
type Alias struct {
	Tenant privacy.TenantID  `json:"tenant"`
	A      privacy.SubjectID `json:"a"`
	B      privacy.SubjectID `json:"b"`
}

// NewHolds indexes holds. A hold on a subject covers every identifier that
// aliases join to it, directly or through others; circles among them are
// harmless. The error is privacy.Problems with everything that is wrong and
// matches privacy.ErrInvalid.
func NewHolds(holds []Hold, aliases []Alias) (*Holds, error) {
	set := &Holds{bySubject: map[subjectKey][]*Hold{}, byTenant: map[privacy.TenantID][]*Hold{}}
	people := joinAliases(aliases)
	seen := map[[2]string]bool{}
	var problems privacy.Problems
	for i := range holds {
		h := cloneHold(holds[i])
		path := fmt.Sprintf("holds[%d]", i)
		h.check(path+".", &problems)
		if key := [2]string{string(h.Scope.Tenant), h.ID}; seen[key] {
			problems.Add(path+".id", "duplicate", "two holds of one tenant share the identifier")
		} else {
			seen[key] = true
		}
		if h.Ground == 0 {
			set.findings.Add(path+".ground", "hold_without_ground",
				"the hold stops sweeps but not erasure requests, because it names no ground of Art. 17(3)")
		}
		set.add(h, people)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return set, nil
}

// WithAliases returns the hold with every alias of its subjects beside them, in
// the order they are found. A store knows no aliases: place holds in this form,
// and place another when a person gets a new identifier.
func (h Hold) WithAliases(aliases []Alias) Hold {
	widened := cloneHold(h)
	widened.widen(joinAliases(aliases))
	return *widened
}

func (h *Hold) widen(people aliasSet) {
	named := map[privacy.SubjectID]bool{}
	var subjects []privacy.SubjectID
	for _, subject := range h.Scope.Subjects {
		for _, key := range people.all(subjectKey{h.Scope.Tenant, subject}) {
			if !named[key.subject] {
				named[key.subject] = true
				subjects = append(subjects, key.subject)
			}
		}
	}
	h.Scope.Subjects = subjects
}

func (s *Holds) add(h *Hold, people aliasSet) {
	switch {
	case len(h.Scope.Subjects) > 0:
		indexed := cloneHold(*h)
		indexed.widen(people)
		for _, subject := range indexed.Scope.Subjects {
			key := subjectKey{h.Scope.Tenant, subject}
			s.bySubject[key] = append(s.bySubject[key], h)
		}
	case h.Scope.Tenant != "":
		s.byTenant[h.Scope.Tenant] = append(s.byTenant[h.Scope.Tenant], h)
	default:
		s.operator = append(s.operator, h)
	}
}

// Findings are the holds that are legal but doubtful.
func (s *Holds) Findings() []privacy.Problem {
	if s == nil {
		return nil
	}
	return slices.Clone(s.findings)
}

// On returns the holds that cover a record and are in force on the day, in the
// order they took effect. Days of a record without a zone are those of UTC.
func (s *Holds) On(r *Record, day privacy.Date) []Hold {
	var active []Hold
	s.each(r, r.zone(), func(h *Hold) {
		if h.inForce(day) {
			active = append(active, *cloneHold(*h))
		}
	})
	slices.SortStableFunc(active, func(a, b Hold) int { return a.From.Compare(b.From) })
	return active
}

func (s *Holds) each(r *Record, zone *time.Location, visit func(*Hold)) {
	if s == nil {
		return
	}
	for _, group := range s.groups(r) {
		for _, h := range group {
			if h.covers(r, zone) {
				visit(h)
			}
		}
	}
}

// groups returns the holds whose tenant and subjects match. Holds that name
// subjects do not cover the record of an unknown person: hold such records by
// category, system or label.
func (s *Holds) groups(r *Record) [3][]*Hold {
	return [3][]*Hold{
		s.bySubject[subjectKey{r.Tenant, r.Subject}],
		s.byTenant[r.Tenant],
		s.operator,
	}
}

// check tells which hold blocks a record on a day, nil if none does, and the last
// day on which one did that has been released since.
func (s *Holds) check(r *Record, zone *time.Location, day privacy.Date) (active *Hold, released privacy.Date) {
	if s == nil {
		return nil, released
	}
	for _, group := range s.groups(r) {
		for _, h := range group {
			switch {
			case day.Before(h.From) || !h.covers(r, zone):
			case h.inForce(day):
				if active == nil || h.From.Before(active.From) {
					active = h
				}
			case released.Before(h.Released):
				released = h.Released
			}
		}
	}
	return active, released
}

func cloneHold(h Hold) *Hold {
	h.Scope.Subjects = slices.Clone(h.Scope.Subjects)
	h.Scope.Categories = slices.Clone(h.Scope.Categories)
	h.Scope.Systems = slices.Clone(h.Scope.Systems)
	h.Scope.Labels = slices.Clone(h.Scope.Labels)
	return &h
}

// aliasSet lists for each identifier all identifiers of its person.
type aliasSet map[subjectKey]*[]subjectKey

func joinAliases(aliases []Alias) aliasSet {
	set := aliasSet{}
	for _, alias := range aliases {
		set.join(subjectKey{alias.Tenant, alias.A}, subjectKey{alias.Tenant, alias.B})
	}
	return set
}

func (s aliasSet) group(key subjectKey) *[]subjectKey {
	if s[key] == nil {
		s[key] = &[]subjectKey{key}
	}
	return s[key]
}

func (s aliasSet) join(a, b subjectKey) {
	into, from := s.group(a), s.group(b)
	if into == from {
		return
	}
	if len(*into) < len(*from) {
		into, from = from, into
	}
	for _, key := range *from {
		s[key] = into
	}
	*into = append(*into, *from...)
}

func (s aliasSet) all(key subjectKey) []subjectKey {
	if group := s[key]; group != nil {
		return *group
	}
	return []subjectKey{key}
}
