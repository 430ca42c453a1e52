package regime

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// Rights decide whether a right applies to data that are held on a legal basis.
// The rules are data: conditions are names of facts, evaluated in order.
type Rights struct {
	// Bases are the legal bases that the law knows, empty if rights do not
	// depend on one (California).
	Bases []privacy.LegalBasis `json:"bases,omitempty"`
	// Irrelevant are facts that may be stated and change nothing, such as the
	// motive of an access request (CJEU C-307/22).
	Irrelevant []string `json:"irrelevant,omitempty"`
	// General are rules that come before those of a right.
	General []GeneralRule `json:"general,omitempty"`
	// Rules are those of each right.
	Rules []RightRules `json:"rules"`
}

// GeneralRule is a Rule that several rights share.
type GeneralRule struct {
	Rights []privacy.Right `json:"rights"`
	Rule
}

// RightRules are the rules of one right.
type RightRules struct {
	Right privacy.Right `json:"right"`
	Cite  string        `json:"cite"`
	// Grounds are collected first: every one whose conditions hold.
	Grounds []GroundRule `json:"grounds,omitempty"`
	// Decide are tried in order; the first that fits gives the answer. The last
	// has no condition, so that there always is one.
	Decide []Rule `json:"decide"`
}

// GroundRule is a ground on which a right is claimed, such as 17(1)(a).
type GroundRule struct {
	Ground string `json:"ground"`
	Condition
}

// Rule is one way in which a right is answered.
type Rule struct {
	Condition
	// Grounds is "some" or "none" where the rule asks whether a ground was found.
	Grounds string `json:"grounds,omitempty"`
	// Applies says whether the right applies.
	Applies Applies `json:"applies"`
	// Outcome is what to do.
	Outcome Outcome `json:"outcome"`
	// Exception is the exception relied on, such as "17(3)(e)".
	Exception string `json:"exception,omitempty"`
	Cite      string `json:"cite,omitempty"`
	// Note explains an answer that surprises.
	Note string `json:"note,omitempty"`
}

// Condition is met if the basis is among Bases, every fact of If holds and none
// of Unless does. A fact is named as "still_necessary" (known to be true) or
// "not still_necessary" (known to be false); one that was not stated is neither.
type Condition struct {
	// Bases is empty for every basis.
	Bases  []privacy.LegalBasis `json:"bases,omitempty"`
	If     []string             `json:"if,omitempty"`
	Unless []string             `json:"unless,omitempty"`
}

// Applies says whether a right applies. The zero value says no.
type Applies string

// The answers.
const (
	AppliesNo          Applies = "no"
	AppliesYes         Applies = "yes"
	AppliesAbsolute    Applies = "absolute"    // without balancing
	AppliesConditional Applies = "conditional" // after balancing, or against a fee
	AppliesPartial     Applies = "partial"     // to a part of the data
)

// Outcome is what a controller does about a right.
type Outcome string

// The outcomes.
const (
	OutcomeComply           Outcome = "comply"
	OutcomeErase            Outcome = "erase"
	OutcomeRefuse           Outcome = "refuse"
	OutcomeRefuseOrFee      Outcome = "refuse_or_fee"
	OutcomeBalance          Outcome = "balance"
	OutcomeRestrictAndErase Outcome = "restrict_until_expiry_and_erase_rest"
	OutcomeAskWithdrawal    Outcome = "treat_request_as_withdrawal_query"
)

var (
	allApplies  = []Applies{AppliesNo, AppliesYes, AppliesAbsolute, AppliesConditional, AppliesPartial}
	allOutcomes = []Outcome{
		OutcomeComply, OutcomeErase, OutcomeRefuse, OutcomeRefuseOrFee, OutcomeBalance,
		OutcomeRestrictAndErase, OutcomeAskWithdrawal,
	}
)

// Facts are what is known about a request and the data: names of facts that are
// known to be true or false. A fact with a value is named with it, as in
// "origin:inferred". What is not in the map is unknown, and no rule takes an
// unknown fact for a false one.
type Facts map[string]bool

// Claim is a question to Decide.
type Claim struct {
	Right privacy.Right
	// Basis is the legal basis of the data, zero only where the law knows none.
	Basis privacy.LegalBasis
	// Condition is the special-category condition, zero if there is none.
	// ConditionExplicitConsent states the fact "explicit_consent".
	Condition privacy.SpecialCondition
	Facts     Facts
}

// Ruling is the answer of the law to a Claim. The zero value says that the
// right does not apply.
type Ruling struct {
	Applies Applies
	Outcome Outcome
	// Grounds are those that are met, in the order of the law.
	Grounds []string
	// Exception is the exception that the answer rests on, "" if none.
	Exception string
	// Cite is the provision that decided.
	Cite string
	// Note explains an answer that surprises.
	Note string
}

// Decide answers whether a right applies to data held on a legal basis. It is
// strict: a right, basis or fact that the regime does not know is an error that
// matches privacy.ErrInvalid.
func (r *Regime) Decide(claim Claim) (Ruling, error) {
	if r.Rights == nil {
		return Ruling{}, fmt.Errorf("%s has no rules on rights: %w", r.Version(), privacy.ErrInvalid)
	}
	rules, err := r.Rights.rulesOf(claim)
	if err != nil {
		return Ruling{}, fmt.Errorf("%s: %w", r.Version(), err)
	}
	facts := claim.facts()
	ruling := Ruling{Applies: AppliesNo, Outcome: OutcomeRefuse, Cite: rules.Cite}
	for _, ground := range rules.Grounds {
		if ground.met(claim.Basis, facts) {
			ruling.Grounds = append(ruling.Grounds, ground.Ground)
		}
	}
	for _, general := range r.Rights.General {
		if slices.Contains(general.Rights, claim.Right) && general.fits(claim.Basis, facts, ruling.Grounds) {
			return ruling.by(general.Rule), nil
		}
	}
	for _, rule := range rules.Decide {
		if rule.fits(claim.Basis, facts, ruling.Grounds) {
			return ruling.by(rule), nil
		}
	}
	return ruling, nil
}

func (r *Rights) rulesOf(claim Claim) (RightRules, error) {
	known := r.knownFacts()
	for fact := range claim.Facts {
		if !slices.Contains(known, fact) {
			return RightRules{}, fmt.Errorf("fact %q is not known to the law: %w", fact, privacy.ErrInvalid)
		}
	}
	if len(r.Bases) > 0 && !slices.Contains(r.Bases, claim.Basis) {
		return RightRules{}, fmt.Errorf("legal basis %q is not known to the law: %w", claim.Basis, privacy.ErrInvalid)
	}
	for _, rules := range r.Rules {
		if rules.Right == claim.Right {
			return rules, nil
		}
	}
	return RightRules{}, fmt.Errorf("right %q is not known to the law: %w", claim.Right, privacy.ErrInvalid)
}

// factExplicitConsent is implied by privacy.ConditionExplicitConsent.
const factExplicitConsent = "explicit_consent"

func (c Claim) facts() Facts {
	if c.Condition != privacy.ConditionExplicitConsent {
		return c.Facts
	}
	facts := Facts{factExplicitConsent: true}
	maps.Copy(facts, c.Facts)
	return facts
}

// by completes a ruling by the rule that decided it.
func (r Ruling) by(rule Rule) Ruling {
	r.Applies, r.Outcome, r.Exception, r.Note = rule.Applies, rule.Outcome, rule.Exception, rule.Note
	if rule.Cite != "" {
		r.Cite = rule.Cite
	}
	return r
}

// The values of Rule.Grounds.
const (
	groundsSome = "some"
	groundsNone = "none"
)

func (r Rule) fits(basis privacy.LegalBasis, facts Facts, grounds []string) bool {
	switch {
	case r.Grounds == groundsSome && len(grounds) == 0, r.Grounds == groundsNone && len(grounds) > 0:
		return false
	}
	return r.met(basis, facts)
}

func (c Condition) met(basis privacy.LegalBasis, facts Facts) bool {
	if len(c.Bases) > 0 && !slices.Contains(c.Bases, basis) {
		return false
	}
	for _, fact := range c.If {
		if !facts.holds(fact) {
			return false
		}
	}
	return !slices.ContainsFunc(c.Unless, facts.holds)
}

func (c Condition) empty() bool { return len(c.Bases)+len(c.If)+len(c.Unless) == 0 }

const negation = "not "

// holds evaluates one literal.
func (f Facts) holds(literal string) bool {
	name, negated := strings.CutPrefix(literal, negation)
	value, known := f[name]
	return known && value != negated
}

// knownFacts lists every fact that a rule mentions.
func (r *Rights) knownFacts() []string {
	known := slices.Clone(r.Irrelevant)
	add := func(c Condition) {
		for _, literal := range slices.Concat(c.If, c.Unless) {
			known = append(known, strings.TrimPrefix(literal, negation))
		}
	}
	for _, rule := range r.General {
		add(rule.Condition)
	}
	for _, rules := range r.Rules {
		for _, ground := range rules.Grounds {
			add(ground.Condition)
		}
		for _, rule := range rules.Decide {
			add(rule.Condition)
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// KnownFacts returns the names of the facts that Decide accepts, in order.
func (r *Regime) KnownFacts() []string {
	if r.Rights == nil {
		return nil
	}
	return r.Rights.knownFacts()
}
