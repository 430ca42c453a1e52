package retention

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Rule is one statement of a retention schedule, as plain data: in Go, or in
// JSON read by ParseRules. Several rules with one ID are versions of one rule.
type Rule struct {
	// ID names the rule. Required; it appears in explanations and certificates.
	ID string `json:"id"`
	// Version counts from 1. Within one ID versions follow each other in
	// EffectiveFrom.
	Version int `json:"version"`
	// Kind is the force of the rule. All versions of a rule share it.
	Kind Kind `json:"kind"`
	// Scope is what the rule covers. All versions of a rule share it.
	Scope Scope `json:"scope,omitzero"`
	// Anchor is the day the period counts from.
	Anchor Anchor `json:"anchor"`
	// Period is how long, in calendar units, longer than zero. It is added to the
	// anchor and clamped to the last day of the month; the sum is the last day
	// that belongs to the period.
	Period privacy.Period `json:"period"`
	// Action is what happens once nothing retains the record. A Maximum needs
	// one; a keeping rule without one only keeps.
	Action Action `json:"action,omitempty"`
	// SuspendedBy lists the kinds of Suspension that stop the period from
	// expiring, for example "assessment_period_open" (AO s.147(3)).
	SuspendedBy []string `json:"suspended_by,omitempty"`
	// LegalBasis is the basis that the storage rests on, zero if not stated. An
	// erasure request asks it (GDPR Art. 17(1)).
	LegalBasis privacy.LegalBasis `json:"legal_basis,omitempty"`
	// NoticeHours is how many hours before disposal the subject is to be told, 0
	// if the law wants no such notice (DPDP Rules 2025 r.8(2): 48).
	NoticeHours int `json:"notice_hours,omitempty"`
	// EffectiveFrom is the first day this version is in force, zero for always.
	EffectiveFrom privacy.Date `json:"effective_from,omitzero"`
	// ReachesRunning says that this version also governs periods that were
	// running on EffectiveFrom. Otherwise it governs only those that begin then.
	// A period that had ended before stays ended in either case, and none ends
	// earlier than the day before EffectiveFrom: until then the earlier one ran.
	ReachesRunning bool `json:"reaches_running,omitempty"`
	// Citation is the provision of law or the document that states the rule. A
	// StatutoryMinimum needs one.
	Citation string `json:"citation,omitempty"`
}

// Scope says which records a rule covers. Every field that is set must match; the
// zero Scope covers everything.
type Scope struct {
	// Categories cover themselves and the categories within them: "account"
	// covers "account.email".
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	// Purposes cover records held for at least one of them.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
	// Role covers records held in that role.
	Role privacy.Role `json:"role,omitempty"`
	// Tenant covers the records of one tenant.
	Tenant privacy.TenantID `json:"tenant,omitempty"`
	// Jurisdictions cover records under one of them; "US" covers "US-CA".
	Jurisdictions []privacy.Jurisdiction `json:"jurisdictions,omitempty"`
	// Labels cover records that carry at least one of them.
	Labels []string `json:"labels,omitempty"`
	// Explicit says that the rule was put on its records one by one, as a label
	// is, rather than on a whole area. Among disposals an explicit one wins.
	Explicit bool `json:"explicit,omitempty"`
}

// ParseRules reads a JSON array of rules. It refuses unknown fields and trailing
// data with an error that matches privacy.ErrInvalid; Compile checks the rest.
func ParseRules(data []byte) ([]Rule, error) {
	var rules []Rule
	if err := privacy.DecodeJSON(data, &rules); err != nil {
		return nil, fmt.Errorf("retention: rules: %w", err)
	}
	return rules, nil
}
