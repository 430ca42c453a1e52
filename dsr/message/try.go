package message

import (
	"slices"
	"strings"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// try renders every message of a locale once from complete data, so that a
// template that cannot be rendered is found before somebody waits for a letter.
func (c *Catalog) try(problems *privacy.Problems, l *locale) {
	names := c.blockNames()
	for _, name := range names {
		if l.blocks.Lookup(name) == nil {
			problems.Add(l.tag.String(), "missing_block", "has no block %q", name)
		}
	}
	for _, block := range l.blocks.Templates() {
		prefix, _, dotted := strings.Cut(block.Name(), ".")
		known := !dotted || !slices.Contains([]string{"month", "request", "subject", "body", "element"}, prefix)
		if !known && !slices.Contains(names, block.Name()) {
			problems.Add(l.tag.String(), "unknown_block", "nobody asks for block %q", block.Name())
		}
	}
	if len(*problems) > 0 {
		return
	}
	for _, kind := range regime.NoticeKinds() {
		page := &Page{Data: sample(c.contents), locale: l, planned: slices.Concat(Contents(), c.contents)}
		for _, block := range []string{"subject.", "body."} {
			if _, err := l.render(block+string(kind), page); err != nil {
				problems.Add(l.tag.String()+" "+block+string(kind), "template", "%v", err)
			}
		}
	}
}

// sample returns data with everything stated.
func sample(others []regime.Content) Data {
	const text = "x"
	party, list, day := Party{Name: text, Contact: text}, []string{text}, privacy.MustDate("2026-03-01")
	d := Data{
		Reference: text, Request: regime.RequestAccess, Addressee: text, Controller: party,
		Received: day, Due: day, NewDue: day, ClockEffect: regime.EffectNone,
		Reasons: text, Withheld: []Withheld{{What: text, Ground: text, Until: day}}, Exception: text, LegalProvision: text,
		Unclear: text, IdentityEvidence: text, HowProcessed: text, Verification: text, RequestContent: text,
		Actions: list, Copy: text, Purposes: list, Categories: list, Recipients: list, Sources: list,
		Retention: list, AutomatedDecisions: list, Safeguards: list, OptOutStatus: text, OptOutOffer: text,
		Authority: party, Complaints: party, AttorneyGeneral: party, Appeal: text, Objection: text,
		Remedies: text, RemedyTimeLimit: text, Statement: text, Others: map[regime.Content]string{},
	}
	for _, content := range others {
		d.Others[content] = text
	}
	return d
}
