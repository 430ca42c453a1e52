package policydoc

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// Materiality is what a person declares a new version to be. The zero value is
// undeclared and publishes nothing.
type Materiality string

// The materialities.
const (
	// Editorial changes neither what is done nor what the reader can do: a typo,
	// a clearer sentence.
	Editorial Materiality = "editorial"
	// Material changes something that the reader has to be told.
	Material Materiality = "material"
)

// Consequence is what a change demands before it may take effect.
type Consequence string

// The consequences, the mildest first.
const (
	// ConsequenceNotice: subjects are told before the version takes effect (GDPR
	// Art. 13(3), Art. 5(1)(a)).
	ConsequenceNotice Consequence = "notice"
	// ConsequenceSubProcessorNotice: customers are told of a sub-processor and may
	// object; until their period ends nothing is disclosed to it (Art. 28(2)).
	ConsequenceSubProcessorNotice Consequence = "sub_processor_notice"
	// ConsequenceRenewedConsent: consent given before does not cover the purpose
	// any more (Art. 7; EDPB Guidelines 05/2020).
	ConsequenceRenewedConsent Consequence = "renewed_consent"
)

// Reason says why a change is material.
type Reason struct {
	// Rule is the id of the rule in law/materiality.json.
	Rule string `json:"rule"`
	// Ref names the fact that changed.
	Ref string `json:"ref"`
	// Detail says in English what changed.
	Detail string `json:"detail"`
	// Article is the provision behind the rule.
	Article     string      `json:"article"`
	Consequence Consequence `json:"consequence"`
	// Purposes are those whose consent has to be renewed.
	Purposes []privacy.PurposeID `json:"purposes,omitempty"`
}

//go:embed law/materiality.json
var materialityFile []byte

// MaterialityTable is the table of rules that decides what cannot be editorial.
type MaterialityTable struct {
	// Note explains the table to its readers.
	Note string `json:"note"`
	// EffectiveFrom is the day from which the rules are law.
	EffectiveFrom privacy.Date      `json:"effective_from"`
	Rules         []MaterialityRule `json:"rules"`
}

// MaterialityRule is a row of the table. Of those that apply to a change the
// first counts, so that one with Value or Where goes before one without.
type MaterialityRule struct {
	ID string `json:"id"`
	// Kind is a kind of facts.
	Kind string `json:"kind"`
	// Attribute restricts the rule to changes of one attribute, or, with the
	// test "added", to new facts that have Value in it.
	Attribute string `json:"attribute,omitempty"`
	Value     string `json:"value,omitempty"`
	// Where restricts the rule to facts that have an attribute's value in the
	// newer version, as "kind=controller".
	Where string `json:"where,omitempty"`
	// Test is "added", "removed", "gained", "lost", "changed", "longer" or "lower".
	Test        string      `json:"test"`
	Consequence Consequence `json:"consequence"`
	Article     string      `json:"article"`
	Reason      string      `json:"reason"`
}

// DefaultMateriality returns the embedded table. The result is shared: do not
// change it.
func DefaultMateriality() *MaterialityTable { return defaultMateriality() }

var defaultMateriality = sync.OnceValue(func() *MaterialityTable {
	t, err := ParseMateriality(materialityFile)
	if err != nil {
		return &MaterialityTable{}
	}
	return t
})

// ParseMateriality reads a table from JSON. Unknown members, kinds, tests and
// consequences are errors that match privacy.ErrInvalid.
func ParseMateriality(data []byte) (*MaterialityTable, error) {
	t := &MaterialityTable{}
	if err := privacy.DecodeJSON(data, t); err != nil {
		return nil, fmt.Errorf("materiality table: %w", err)
	}
	var problems privacy.Problems
	for i, r := range t.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		for field, known := range map[string]bool{
			"kind":        slices.Contains(factKinds, r.Kind),
			"test":        slices.Contains(materialityTests, r.Test),
			"consequence": slices.Contains(consequences, r.Consequence),
			"attribute":   r.Attribute != "" || r.Test == "added" || r.Test == "removed",
			"where":       r.Where == "" || strings.Contains(r.Where, "="),
			"id":          r.ID != "", "article": r.Article != "", "reason": r.Reason != "",
		} {
			if !known {
				problems.Add(path+"."+field, "unknown_value", "the %s is missing or unknown", field)
			}
		}
	}
	if len(t.Rules) == 0 {
		problems.Add("rules", "empty", "a table without rules lets every change pass as editorial")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return t, nil
}

var (
	factKinds = []string{
		KindOperator, KindContact, KindCategory, KindPurpose, KindRecipient, KindTransfer, KindRetention, KindRight, KindAge, KindJointArrangement,
		KindAutomated,
	}
	materialityTests = []string{"added", "removed", "gained", "lost", "changed", "longer", "lower"}
	consequences     = []Consequence{ConsequenceNotice, ConsequenceSubProcessorNotice, ConsequenceRenewedConsent}
)

// Assess returns why the change from one version's facts to the next is
// material, in the order of DiffFacts; nothing if it may be editorial. A table
// without rules finds every change material.
func (t *MaterialityTable) Assess(before, after Facts) []Reason {
	var out []Reason
	for _, c := range DiffFacts(before, after) {
		if len(t.Rules) == 0 {
			out = append(out, Reason{Rule: "no_rules", Ref: c.Ref, Detail: "a fact changed", Consequence: ConsequenceNotice})
		}
		for _, rule := range t.Rules {
			if rule.applies(c, after) {
				out = append(out, rule.reason(c, after))
				break
			}
		}
	}
	return out
}

func (r MaterialityRule) applies(c FactChange, after Facts) bool {
	kind, _, _ := strings.Cut(c.Ref, ":")
	if kind != r.Kind || !r.holdsWhere(c.Ref, after) {
		return false
	}
	switch r.Test {
	case "added":
		if c.Change != Added || r.Attribute == "" {
			return c.Change == Added
		}
		f, _ := after.Find(c.Ref)
		return slices.Contains(f.Attributes[r.Attribute], r.Value)
	case "removed":
		return c.Change == Removed
	}
	if c.Change != Changed || c.Attribute != r.Attribute {
		return false
	}
	switch r.Test {
	case "gained":
		return len(c.New) > 0 && (r.Value == "" || slices.Contains(c.New, r.Value))
	case "lost":
		return len(c.Old) > 0
	case "changed":
		return true
	case "longer":
		return longer(c.Old, c.New)
	case "lower":
		return lower(c.Old, c.New)
	}
	return false
}

func (r MaterialityRule) holdsWhere(ref string, after Facts) bool {
	attribute, value, _ := strings.Cut(r.Where, "=")
	f, _ := after.Find(ref)
	return r.Where == "" || slices.Contains(f.Attributes[attribute], value)
}

func (r MaterialityRule) reason(c FactChange, after Facts) Reason {
	detail := r.Reason
	if c.Title != "" {
		detail += ": " + c.Title
	}
	if c.Attribute != "" {
		detail += " (" + values(c.Old) + " → " + values(c.New) + ")"
	}
	out := Reason{Rule: r.ID, Ref: c.Ref, Detail: detail, Article: r.Article, Consequence: r.Consequence}
	if r.Consequence == ConsequenceRenewedConsent {
		out.Purposes = consentPurposes(c, after)
		if len(out.Purposes) == 0 {
			out.Consequence = ConsequenceNotice
		}
	}
	return out
}

func values(list []string) string {
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}

// consentPurposes returns the purposes concerned by a change of a purpose or a
// recipient that rely on consent somewhere.
func consentPurposes(c FactChange, facts Facts) []privacy.PurposeID {
	f, _ := facts.Find(c.Ref)
	ids := f.Attributes["purpose"]
	switch {
	case f.Kind() == KindPurpose:
		ids = []string{strings.TrimPrefix(c.Ref, KindPurpose+":")}
	case c.Attribute == "purpose":
		ids = c.New
	}
	var out []privacy.PurposeID
	for _, id := range ids {
		p, _ := facts.Find(KindPurpose + ":" + id)
		if slices.ContainsFunc(p.Attributes["basis"], func(b string) bool {
			name, _, _ := strings.Cut(b, " ")
			return name == privacy.BasisConsent.String()
		}) {
			out = append(out, privacy.PurposeID(id))
		}
	}
	return out
}

// longer reports whether a period grew. One that went without another in its
// place is without end; what cannot be read or compared counts as longer.
func longer(before, after []string) bool {
	if len(after) == 0 {
		return true
	}
	if len(before) == 0 {
		return false
	}
	a, errA := privacy.ParsePeriod(before[0])
	b, errB := privacy.ParsePeriod(after[0])
	if errA != nil || errB != nil {
		return true
	}
	// Months and years differ in length, so that a period is not longer only if
	// it is not from any month of four years on.
	start := privacy.MustDate("2024-01-01")
	for month := range 48 {
		from := start.Add(privacy.Period{Months: month})
		if from.Add(b).After(from.Add(a)) {
			return true
		}
	}
	return false
}

func lower(before, after []string) bool {
	if len(before) == 0 || len(after) == 0 {
		return len(after) == 0
	}
	a, errA := strconv.Atoi(before[0])
	b, errB := strconv.Atoi(after[0])
	return errA != nil || errB != nil || b < a
}
