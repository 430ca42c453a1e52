package policydoc

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// The codes of findings.
const (
	// FindingNotDisclosed: the software does it and the text does not say so.
	FindingNotDisclosed = "not_disclosed"
	// FindingNotDeclared: the text says it and it is not declared.
	FindingNotDeclared = "not_declared"
	// FindingUnknownReference: a reference is of no known kind.
	FindingUnknownReference = "unknown_reference"
	// FindingTransferUnlawful: nothing permits a disclosure to a third country.
	FindingTransferUnlawful = "transfer_unlawful"
	// FindingTransferMechanism: a disclosure to a third country relies on something
	// else than is declared, and so than the text says.
	FindingTransferMechanism = "transfer_mechanism"
	// FindingDuty: no section fulfils a duty to inform, or the duties of a regime
	// are not known.
	FindingDuty = "duty_not_fulfilled"
	// FindingLocale: a translation discloses less than the authoritative text.
	FindingLocale = "locale_discloses_less"
	// FindingBrokenLink: a link within the document leads nowhere.
	FindingBrokenLink = "broken_link"
)

// Finding is something that a text and a declaration disagree on.
type Finding struct {
	// Code is one of the constants Finding….
	Code string `json:"code"`
	// Advice marks what the law may not demand: what is done only as a customer's
	// processor. It does not fail RequireReconciled.
	Advice bool `json:"advice,omitempty"`
	// Locale is the text's, "" for the authoritative one.
	Locale string `json:"locale,omitempty"`
	// Section and Line say where in the text; empty and 0 for the whole text.
	Section string `json:"section,omitempty"`
	Line    int    `json:"line,omitempty"`
	// Ref names the fact or duty.
	Ref string `json:"ref,omitempty"`
	// Path is where the declaration says it.
	Path string `json:"path,omitempty"`
	// Article is the provision that demands it.
	Article string `json:"article,omitempty"`
	// Detail says in one English sentence what is wrong.
	Detail string `json:"detail"`
}

// String returns the finding on one line.
func (f Finding) String() string {
	where := f.Section
	if f.Line > 0 {
		where = strings.TrimPrefix(fmt.Sprintf("%s:%d", where, f.Line), ":")
	}
	if where == "" {
		where = f.Path
	}
	parts := []string{f.Code, where, f.Ref, f.Detail, f.Article}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
}

// ReconcileOptions adjust Reconcile.
type ReconcileOptions struct {
	// Regimes are those whose duties to inform are checked; nil is RegimeGDPR. One
	// without known duties is a finding.
	Regimes []Regime
	// Translations are the document's other languages. What the document
	// discloses each of them has to disclose too.
	Translations []*Document
	// Facts adjust how Reconcile derives the facts: with Facts.Transfers, it finds
	// transfers that are not lawful on the day, and those that rely on something
	// else than is declared. ReconcileFacts was given the facts, and does not look
	// at it.
	Facts FactsOptions
}

// Reconcile compares what a document discloses with what a register declares,
// and returns where they disagree, in the order of the references.
//
// A document discloses a fact where a section names its reference, or where the
// fact's value stands in the text. Disclosing a category covers those within it,
// and the lists "recipients", "categories", "purposes" and "rights" all of theirs.
func Reconcile(d *Document, r *privacy.Register, opts *ReconcileOptions) []Finding {
	var facts *FactsOptions
	if opts != nil {
		facts = &opts.Facts
	}
	return ReconcileFacts(d, FactsFor(r, facts), opts)
}

// ReconcileFacts is Reconcile for facts that were derived before.
func ReconcileFacts(d *Document, facts Facts, opts *ReconcileOptions) []Finding {
	if opts == nil {
		opts = &ReconcileOptions{}
	}
	regimes := opts.Regimes
	if regimes == nil {
		regimes = []Regime{RegimeGDPR}
	}
	disclosures := d.disclosed()
	refs := refSet(disclosures, facts)
	out := undeclared(disclosures, facts)
	for _, f := range facts {
		if !covered(f.Ref, refs) {
			out = append(out, Finding{
				Code: FindingNotDisclosed, Advice: isAdvice(f), Ref: f.Ref, Path: f.Path,
				Article: articleOf[f.Kind()], Detail: "declared, and no section discloses it",
			})
		}
		out = append(out, transferFindings(f, disclosures)...)
	}
	for _, r := range regimes {
		if len(Duties(r)) == 0 {
			out = append(out, Finding{
				Code: FindingDuty, Ref: "regime:" + string(r), Detail: "the regime is not known, and none of its duties is checked",
			})
		}
	}
	for _, duty := range Duties(regimes...) {
		if duty.holds(facts) && !duty.fulfilled(refs) {
			out = append(out, Finding{
				Code: FindingDuty, Ref: kindDuty + ":" + duty.ID, Article: duty.Article, Detail: "no section tells " + duty.Text,
			})
		}
	}
	out = append(out, brokenLinks(d)...)
	for _, t := range opts.Translations {
		out = append(out, missingIn(t, refs, facts)...)
	}
	return out
}

// articleOf is what demands that facts of a kind be disclosed.
var articleOf = map[string]string{
	KindOperator: "GDPR Art. 13(1)(a)", KindContact: "GDPR Art. 13(1)(a)-(b)", KindCategory: "GDPR Art. 14(1)(d)",
	KindPurpose: "GDPR Art. 13(1)(c)", KindRecipient: "GDPR Art. 13(1)(e)", KindTransfer: "GDPR Art. 13(1)(f)",
	KindRetention: "GDPR Art. 13(2)(a)", KindRight: "GDPR Art. 13(2)(b)", KindAge: "GDPR Art. 8, Art. 5(1)(a)",
	KindJointArrangement: "GDPR Art. 26(2), Art. 13(1)(a)", KindAutomated: "GDPR Art. 13(2)(f)",
}

// placed is a disclosure and where it stands.
type placed struct {
	Disclosure
	section string
}

// disclosed returns what the document discloses, by statement or by value.
func (d *Document) disclosed() []placed {
	var out []placed
	addAll := func(section string, line int, stated []Disclosure, blocks []Block, heading []Span) {
		for _, s := range stated {
			out = append(out, placed{s, section})
		}
		for s := range blockSpans(blocks, heading) {
			if s.Kind == SpanFact {
				ref, _, _ := strings.Cut(s.Text, "#")
				out = append(out, placed{Disclosure{Ref: ref, Line: line}, section})
			}
		}
	}
	addAll("", 0, d.Disclosures, d.Intro, nil)
	for s := range d.All() {
		addAll(s.ID, s.Line, s.Disclosures, s.Blocks, s.Heading)
	}
	for _, f := range d.Footnotes {
		addAll("", 0, nil, f.Blocks, nil)
	}
	return out
}

func refSet(disclosures []placed, facts Facts) map[string]bool {
	refs := map[string]bool{}
	for _, p := range disclosures {
		refs[p.Ref] = true
		if kind, ok := factLists[p.Ref]; ok {
			for _, f := range facts {
				if f.Kind() == kind {
					refs[f.Ref] = true
				}
			}
		}
	}
	return refs
}

// covered reports whether a reference is disclosed, itself or by a category
// that it lies within.
func covered(ref string, refs map[string]bool) bool {
	for {
		if refs[ref] {
			return true
		}
		i := strings.LastIndexByte(ref, '.')
		if i < 0 || !strings.HasPrefix(ref, KindCategory+":") {
			return false
		}
		ref = ref[:i]
	}
}

// isAdvice reports whether no law asks to disclose a fact to subjects: it is
// about processing for customers alone, or about reporting vulnerabilities.
func isAdvice(f Fact) bool {
	if f.Ref == KindContact+":"+string(privacy.ContactSecurity) {
		return true
	}
	role := f.Attributes["role"]
	return len(role) == 1 && role[0] == privacy.RoleProcessor.String()
}

func undeclared(disclosures []placed, facts Facts) []Finding {
	var out []Finding
	for _, p := range disclosures {
		kind, id, _ := strings.Cut(p.Ref, ":")
		f := Finding{Section: p.section, Line: p.Line, Ref: p.Ref}
		_, declared := facts.Find(p.Ref)
		_, list := factLists[p.Ref]
		switch {
		case declared || list || kind == kindDuty && knownDuty(id):
			continue
		case !slices.Contains(factKinds, kind):
			f.Code, f.Detail = FindingUnknownReference, "the reference is of no known kind"
		default:
			f.Code, f.Detail = FindingNotDeclared, "disclosed, and the declaration does not have it"
		}
		out = append(out, f)
	}
	return out
}

func knownDuty(id string) bool {
	all, _ := duties()
	return slices.ContainsFunc(all, func(d Duty) bool { return d.ID == id })
}

func missingIn(t *Document, refs map[string]bool, facts Facts) []Finding {
	disclosures := t.disclosed()
	own := refSet(disclosures, facts)
	var out []Finding
	for _, f := range undeclared(disclosures, facts) {
		f.Locale = t.Locale.String()
		out = append(out, f)
	}
	for ref := range refs {
		if _, list := factLists[ref]; !list && !covered(ref, own) {
			out = append(out, Finding{
				Code: FindingLocale, Locale: t.Locale.String(), Ref: ref, Article: "GDPR Art. 12(1)",
				Detail: "the authoritative text discloses it, and this translation does not",
			})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Code+a.Ref, b.Code+b.Ref) })
	return out
}

// brokenLinks finds links to places that the document does not have.
func brokenLinks(d *Document) []Finding {
	places := map[string]bool{"": true}
	each := func(yield func(section string, line int, s Span)) {
		for s := range blockSpans(d.Intro, nil) {
			yield("", 0, s)
		}
		for sec := range d.All() {
			for s := range blockSpans(sec.Blocks, sec.Heading) {
				yield(sec.ID, sec.Line, s)
			}
		}
		for _, f := range d.Footnotes {
			for s := range blockSpans(f.Blocks, nil) {
				yield("", 0, s)
			}
		}
	}
	for s := range d.All() {
		places[s.ID] = true
	}
	each(func(_ string, _ int, s Span) {
		if s.Kind == SpanAnchor {
			places[s.Text] = true
		}
	})
	var out []Finding
	each(func(section string, line int, s Span) {
		target, ok := strings.CutPrefix(s.Href, "#")
		if !ok {
			return
		}
		if decoded, err := url.PathUnescape(target); err == nil {
			target = decoded
		}
		if !places[target] {
			out = append(out, Finding{
				Code: FindingBrokenLink, Advice: true, Section: section, Line: line, Detail: "no section has the id " + target,
			})
		}
	})
	return out
}
