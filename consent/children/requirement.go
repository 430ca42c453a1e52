package children

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// Rule is what a regime demands for somebody of an age.
type Rule struct {
	Requires Requirement
	// Since is the first day on which the rule applies; it can lie in the future.
	Since privacy.Date
	// Citation says where the law says so, and Uncertain what is doubtful.
	Citation, Uncertain string
}

// Question asks what a regime other than the GDPR demands.
type Question struct {
	// Regime is a regime such as "us-coppa" or "us-ca-ccpa", or the
	// jurisdiction of one, such as "us-ca".
	Regime    string
	Operation Operation
	// Age is in completed years. An age that is not known is 0.
	Age int
	// On is the day; zero asks for the newest rule, in force or not.
	On privacy.Date
}

// Requirement answers a question: RequireNothing if the regime is known and has
// no rule for the operation at the age. The error matches ErrUnknownRegime, or
// privacy.ErrInvalid for an operation or an age that cannot be.
func (l *Law) Requirement(q Question) (Rule, error) {
	if !q.Operation.Valid() || q.Age < 0 {
		return Rule{}, fmt.Errorf("children: the operation or the age is not valid: %w", privacy.ErrInvalid)
	}
	known, rule := false, Rule{Requires: RequireNothing}
	for _, row := range l.table.Requirements {
		if !row.isOf(q.Regime) {
			continue
		}
		known = true
		if !q.On.IsZero() && !row.inForce(q.On) {
			continue
		}
		if row.From.After(rule.Since) && slices.Contains(row.Operations, q.Operation) && q.Age >= row.FromAge && (row.BelowAge == 0 || q.Age < row.BelowAge) {
			rule = Rule{Requires: row.Requires, Since: row.From, Citation: row.Citation, Uncertain: row.Uncertain}
		}
	}
	if !known {
		return Rule{}, fmt.Errorf("%w: %q", ErrUnknownRegime, q.Regime)
	}
	return rule, nil
}

// isOf reports whether the row is of the regime, or of the jurisdiction, that was
// asked for.
func (r requirementRow) isOf(regime string) bool {
	if r.Regime == regime {
		return true
	}
	jurisdiction := privacy.Jurisdiction(regime)
	return r.Jurisdiction != "" && jurisdiction.Check() == nil && jurisdiction.Canonical() == r.Jurisdiction.Canonical()
}
