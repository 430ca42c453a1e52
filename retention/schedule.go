package retention

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Schedule is a compiled, immutable set of rules. It is safe for concurrent use.
type Schedule struct {
	zone     *time.Location
	lines    []*line
	operator index
	tenants  map[privacy.TenantID]*tenantIndex
	findings privacy.Problems
}

// Options tune Compile. The zero value is the strictest.
type Options struct {
	// Zone is the zone of records without one. Nil leaves them Undecidable, and is a
	// finding of the Schedule.
	Zone *time.Location
	// Bounds are the limits within which tenants set rules of their own for what
	// the operator processes for them (GDPR Art. 28(3)(a)). A tenant's rule
	// outside of every bound does not compile.
	Bounds []Bound
	// ContractEnds are the tenants that have left or are leaving (Art. 28(3)(g)).
	ContractEnds []ContractEnd
}

// Compile checks rules and makes a Schedule of them. The error is
// privacy.Problems with everything that is wrong, each with its path such as
// "rules[2].period", and matches privacy.ErrInvalid. What is legal but doubtful
// is in Findings.
//
// opts may be nil. Without Options.Zone no day can be told of records without a zone
// of their own: they are Undecidable and stay for ever, which is a finding too.
func Compile(rules []Rule, opts *Options) (*Schedule, error) {
	if opts == nil {
		opts = &Options{}
	}
	var problems privacy.Problems
	for i := range rules {
		rules[i].check(fmt.Sprintf("rules[%d]", i), &problems)
	}
	checkContractEnds(opts.ContractEnds, &problems)
	checkBounds(opts.Bounds, &problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s := &Schedule{zone: opts.Zone}
	if s.zone == nil {
		s.findings.Add("zone", FindingNoZone.String(), "records without a zone of their own are undecidable: no day can be told")
	}
	s.addLines(rules, &problems)
	s.checkTenants(opts.Bounds, &problems)
	s.compare(&problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	s.buildIndex(opts.ContractEnds)
	return s, nil
}

// Findings are what is legal but doubtful about the rules.
func (s *Schedule) Findings() []privacy.Problem { return slices.Clone(s.findings) }

// Rules returns a copy of the rules, the versions of each together and in the
// order they come into force.
func (s *Schedule) Rules() []Rule {
	var rules []Rule
	for _, l := range s.lines {
		for i := range l.versions {
			rules = append(rules, cloneRule(l.versions[i]))
		}
	}
	return rules
}

func (r *Rule) check(path string, problems *privacy.Problems) {
	if err := privacy.CheckID("id", r.ID); err != nil {
		problems.Add(path+".id", "identifier", "%v", err)
	}
	if r.Version < 1 {
		problems.Add(path+".version", "required", "versions count from 1")
	}
	if !r.Kind.Valid() {
		problems.Add(path+".kind", "required", "say what kind of rule it is")
	}
	r.Anchor.check(path+".anchor", problems)
	switch {
	case r.Period.IsZero():
		problems.Add(path+".period", "period_zero", "a period is longer than zero")
	case r.Period.Check() != nil:
		problems.Add(path+".period", "period_negative", "%v", r.Period.Check())
	}
	if r.Action != 0 && !r.Action.Valid() {
		problems.Add(path+".action", "unknown", "no such action")
	}
	if r.Kind == Maximum && r.Action == 0 {
		problems.Add(path+".action", "required", "a maximum says what happens when it has passed")
	}
	if r.Kind == StatutoryMinimum && r.Citation == "" {
		problems.Add(path+".citation", "required", "a statutory minimum cites its provision of law")
	}
	if r.LegalBasis != 0 && !r.LegalBasis.Valid() {
		problems.Add(path+".legal_basis", "unknown", "no such legal basis")
	}
	if r.NoticeHours < 0 {
		problems.Add(path+".notice_hours", "negative", "a notice is given before disposal")
	}
	r.Scope.check(path+".scope", problems)
}

func (s *Scope) check(path string, problems *privacy.Problems) {
	identifier := func(field, id string) {
		if err := privacy.CheckID(field, id); err != nil {
			problems.Add(path+"."+field, "identifier", "%v", err)
		}
	}
	for i, category := range s.Categories {
		identifier(fmt.Sprintf("categories[%d]", i), string(category))
	}
	for i, purpose := range s.Purposes {
		identifier(fmt.Sprintf("purposes[%d]", i), string(purpose))
	}
	for i, label := range s.Labels {
		identifier(fmt.Sprintf("labels[%d]", i), label)
	}
	for i, jurisdiction := range s.Jurisdictions {
		identifier(fmt.Sprintf("jurisdictions[%d]", i), string(jurisdiction))
	}
	if s.Tenant != "" {
		identifier("tenant", string(s.Tenant))
	}
	if s.Role != 0 && !s.Role.Valid() {
		problems.Add(path+".role", "unknown", "no such role")
	}
}

// addLines groups the versions of each rule and checks that they follow each other.
func (s *Schedule) addLines(rules []Rule, problems *privacy.Problems) {
	byID := map[string]*line{}
	for i := range rules {
		rule := cloneRule(rules[i])
		l := byID[rule.ID]
		if l == nil {
			l = &line{scope: rule.Scope, kind: rule.Kind, order: len(s.lines)}
			byID[rule.ID] = l
			s.lines = append(s.lines, l)
		}
		path := fmt.Sprintf("rules[%d]", i)
		if rule.Kind != l.kind {
			problems.Add(path+".kind", "version_differs", "versions of a rule share its kind")
		}
		if !sameScope(rule.Scope, l.scope) {
			problems.Add(path+".scope", "version_differs", "versions of a rule share its scope")
		}
		for _, other := range l.versions {
			if other.Version == rule.Version {
				problems.Add(path+".version", "duplicate", "the rule has this version already")
			}
			if (other.Version < rule.Version) != other.EffectiveFrom.Before(rule.EffectiveFrom) {
				problems.Add(path+".effective_from", "version_order", "a later version comes into force later")
			}
		}
		l.versions = append(l.versions, rule)
	}
	for _, l := range s.lines {
		slices.SortFunc(l.versions, func(a, b Rule) int { return cmp.Compare(a.Version, b.Version) })
		l.seal()
	}
}

// compare looks at pairs of rules over the same records.
func (s *Schedule) compare(problems *privacy.Problems) {
	type area struct{ scope, anchor string }
	seen := map[area][]*line{}
	for _, l := range s.lines {
		last := &l.versions[len(l.versions)-1]
		key := area{fmt.Sprint(l.scope), fmt.Sprint(last.Anchor)}
		for _, other := range seen[key] {
			s.comparePair(l, other, problems)
		}
		seen[key] = append(seen[key], l)
	}
}

func (s *Schedule) comparePair(a, b *line, problems *privacy.Problems) {
	ruleA, ruleB := &a.versions[len(a.versions)-1], &b.versions[len(b.versions)-1]
	pathA := fmt.Sprintf("rules %q and %q", ruleB.ID, ruleA.ID)
	if ruleA.Action != 0 && ruleB.Action != 0 && ruleA.Action != ruleB.Action && samePeriod(ruleA.Period, ruleB.Period) {
		problems.Add(pathA, "contradictory_actions",
			"the same records at the same time are to meet two ends: %s and %s", ruleB.Action, ruleA.Action)
	}
	maximum, minimum := ruleA, ruleB
	if a.kind != Maximum {
		maximum, minimum = minimum, maximum
	}
	if maximum.Kind == Maximum && minimum.Kind != Maximum && !notLonger(minimum.Period, maximum.Period) {
		s.findings.Add(pathA, "maximum_below_minimum",
			"the maximum %s is shorter than what %q keeps, %s: records are hidden in between", maximum.Period, minimum.ID, minimum.Period)
	}
}

func cloneRule(r Rule) Rule {
	r.Scope.Categories = slices.Clone(r.Scope.Categories)
	r.Scope.Purposes = slices.Clone(r.Scope.Purposes)
	r.Scope.Jurisdictions = slices.Clone(r.Scope.Jurisdictions)
	r.Scope.Labels = slices.Clone(r.Scope.Labels)
	r.Anchor.Events = slices.Clone(r.Anchor.Events)
	r.SuspendedBy = slices.Clone(r.SuspendedBy)
	return r
}

func sameScope(a, b Scope) bool {
	return slices.Equal(a.Categories, b.Categories) && slices.Equal(a.Purposes, b.Purposes) &&
		slices.Equal(a.Jurisdictions, b.Jurisdictions) && slices.Equal(a.Labels, b.Labels) &&
		a.Role == b.Role && a.Tenant == b.Tenant && a.Explicit == b.Explicit
}
