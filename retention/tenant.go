package retention

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Bound is how far tenants may set the retention of what the operator processes
// for them.
type Bound struct {
	// Categories are what the bound is about, with the categories within them.
	Categories []privacy.CategoryID `json:"categories"`
	// Shortest and Longest limit the period, both included. A zero Shortest is no
	// lower limit; Longest is required.
	Shortest privacy.Period `json:"shortest,omitzero"`
	Longest  privacy.Period `json:"longest"`
}

// EndChoice is what a tenant wants done with its data at the end of the contract
// (GDPR Art. 28(3)(g)). The zero value is no choice yet.
type EndChoice uint8

const (
	// EndByDeletion deletes all of the tenant's data.
	EndByDeletion EndChoice = iota + 1
	// EndByReturn returns the data to the tenant and deletes the existing copies
	// once it has been returned.
	EndByReturn
)

var endChoiceCodes = codes{"", "deletion", "return"}

// String returns the code, "unknown" for no choice.
func (c EndChoice) String() string { return endChoiceCodes.text(uint8(c)) }

// MarshalText returns the code, or an error matching privacy.ErrInvalid.
func (c EndChoice) MarshalText() ([]byte, error) {
	return endChoiceCodes.marshal("choice at the end of a contract", uint8(c))
}

// UnmarshalText parses a code and leaves c unchanged on error, which matches
// privacy.ErrInvalid.
func (c *EndChoice) UnmarshalText(text []byte) error {
	parsed, err := endChoiceCodes.parse("choice at the end of a contract", string(text))
	if err == nil {
		*c = EndChoice(parsed)
	}
	return err
}

// ContractEnd ends the processing for a tenant. From the day after On its
// processor data is due, whatever policy periods are still running, unless the
// law demands storage (Art. 28(3)(g)) or a hold is in force.
type ContractEnd struct {
	Tenant privacy.TenantID `json:"tenant"`
	// On is the last day of the contract.
	On privacy.Date `json:"on"`
	// Choice is the tenant's. Without one the ordinary rules go on.
	Choice EndChoice `json:"choice,omitempty"`
	// ReturnedOn is the day the tenant confirmed that it has its data. With
	// EndByReturn nothing is due before the day after.
	ReturnedOn privacy.Date `json:"returned_on,omitzero"`
}

// last returns the last day on which the contract keeps data, the zero Date if
// the end does not decide yet.
func (e *ContractEnd) last() privacy.Date {
	switch {
	case e.Choice == EndByDeletion:
		return e.On
	case e.Choice == EndByReturn && !e.ReturnedOn.IsZero():
		if e.ReturnedOn.Before(e.On) {
			return e.On
		}
		return e.ReturnedOn
	default:
		return privacy.Date{}
	}
}

func checkBounds(bounds []Bound, problems *privacy.Problems) {
	for i := range bounds {
		b, path := &bounds[i], fmt.Sprintf("bounds[%d]", i)
		if len(b.Categories) == 0 {
			problems.Add(path+".categories", "required", "say what the bound is about")
		}
		if b.Longest.IsZero() || b.Longest.Check() != nil || b.Shortest.Check() != nil {
			problems.Add(path+".longest", "period", "a bound has a longest period and no negative one")
			continue
		}
		if !notLonger(b.Shortest, b.Longest) {
			problems.Add(path+".shortest", "contradictory_bound", "the shortest period is longer than the longest")
		}
	}
}

func checkContractEnds(ends []ContractEnd, problems *privacy.Problems) {
	seen := map[privacy.TenantID]bool{}
	for i := range ends {
		e, path := &ends[i], fmt.Sprintf("contract_ends[%d]", i)
		if err := privacy.CheckID("tenant", string(e.Tenant)); err != nil {
			problems.Add(path+".tenant", "identifier", "%v", err)
		}
		if seen[e.Tenant] {
			problems.Add(path+".tenant", "duplicate", "a tenant's contract ends once")
		}
		seen[e.Tenant] = true
		if e.On.IsZero() {
			problems.Add(path+".on", "required", "say on which day the contract ends")
		}
		if e.Choice > EndByReturn {
			problems.Add(path+".choice", "unknown", "no such choice")
		}
	}
}

// checkTenants holds tenants' rules for processor data against the bounds.
func (s *Schedule) checkTenants(bounds []Bound, problems *privacy.Problems) {
	for _, l := range s.lines {
		if l.scope.Tenant == "" || l.scope.Role != privacy.RoleProcessor {
			continue
		}
		for i := range l.versions {
			v := &l.versions[i]
			path := fmt.Sprintf("rule %q version %d", v.ID, v.Version)
			if len(l.scope.Categories) == 0 {
				problems.Add(path, "no_operator_bound", "a tenant's rule names the categories it is about")
			}
			for _, category := range l.scope.Categories {
				checkBound(path, category, v.Period, bounds, problems)
			}
		}
	}
}

func checkBound(path string, category privacy.CategoryID, period privacy.Period, bounds []Bound, problems *privacy.Problems) {
	found := false
	for i := range bounds {
		b := &bounds[i]
		if !withinAny(category, b.Categories) {
			continue
		}
		found = true
		if !notLonger(b.Shortest, period) || !notLonger(period, b.Longest) {
			problems.Add(path, "outside_operator_bounds",
				"the period %s for %q is not within %s and %s", period, category, b.Shortest, b.Longest)
		}
	}
	if !found {
		problems.Add(path, "no_operator_bound", "the operator lets no tenant set the retention of %q", category)
	}
}

// notLonger reports whether a, from whatever day, never ends after b. Months have
// no fixed length, so it tries every day of a cycle of leap years.
func notLonger(a, b privacy.Period) bool {
	for day := range daysOfLeapCycle {
		anchor := compareFrom.AddDays(day)
		if anchor.Add(b).Before(anchor.Add(a)) {
			return false
		}
	}
	return true
}

func samePeriod(a, b privacy.Period) bool { return a == b || notLonger(a, b) && notLonger(b, a) }

const daysOfLeapCycle = 4*365 + 1

var compareFrom = privacy.MustDate("2000-01-01")
