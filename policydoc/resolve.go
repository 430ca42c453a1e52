package policydoc

import (
	"fmt"
	"iter"
	"strings"

	"golang.org/x/text/language"

	"github.com/labelop/privacykit/privacy"
)

// factLists are the references that stand for every fact of a kind.
var factLists = map[string]string{
	"categories": KindCategory, "purposes": KindPurpose, "recipients": KindRecipient, "rights": KindRight,
}

// ResolveOptions adjust Document.Resolve.
type ResolveOptions struct {
	// Period writes a period in the document's language. Nil writes English, and
	// is an error in a document of another language.
	Period func(privacy.Period, language.Tag) string
	// Name translates the title of a fact. Nil leaves it as it is declared.
	Name func(Fact, language.Tag) string
}

// Resolve returns the document with the values of facts in place of their
// references, so that they cannot drift from what is declared:
//
//   - {{fact:retention:ID}} is the period, else the criteria;
//   - {{fact:contact:KIND}} the mail address, else the URL, else the address;
//   - {{fact:age:ID}} the years, {{fact:operator}} the name;
//   - other references the title, with "#attribute" that attribute's values;
//   - {{fact:recipients}}, {{fact:categories}}, {{fact:purposes}} and
//     {{fact:rights}} all titles: a list where the reference is a paragraph of
//     its own, recipients with their countries.
//
// References to unknown facts are reported together; the error matches
// privacy.ErrInvalid.
func (d *Document) Resolve(facts Facts, opts *ResolveOptions) (*Document, error) {
	r := &resolver{facts: facts, locale: d.Locale}
	if opts != nil {
		r.opts = *opts
	}
	out := *d
	out.Intro = r.blocks(d.Intro)
	out.Sections = r.sections(d.Sections)
	out.Footnotes = nil
	for _, f := range d.Footnotes {
		out.Footnotes = append(out.Footnotes, Footnote{Label: f.Label, Blocks: r.blocks(f.Blocks)})
	}
	out.Title = title(&out)
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return &out, nil
}

type resolver struct {
	facts    Facts
	locale   language.Tag
	opts     ResolveOptions
	section  string
	problems privacy.Problems
}

func (r *resolver) sections(sections []*Section) []*Section {
	var out []*Section
	for _, s := range sections {
		r.section = s.ID
		c := *s
		c.Heading = r.spans(s.Heading)
		c.Title = titleOf(c.Heading)
		c.Blocks = r.blocks(s.Blocks)
		c.Sections = r.sections(s.Sections)
		out = append(out, &c)
	}
	return out
}

func (r *resolver) blocks(blocks []Block) []Block {
	var out []Block
	for _, b := range blocks {
		switch b := b.(type) {
		case *Paragraph:
			if list := r.list(b); list != nil {
				out = append(out, list)
			} else {
				out = append(out, &Paragraph{Spans: r.spans(b.Spans)})
			}
		case *Heading:
			out = append(out, &Heading{Level: b.Level, Spans: r.spans(b.Spans)})
		case *Quote:
			out = append(out, &Quote{Blocks: r.blocks(b.Blocks)})
		case *List:
			l := &List{Ordered: b.Ordered, Start: b.Start}
			for _, it := range b.Items {
				l.Items = append(l.Items, Item{Blocks: r.blocks(it.Blocks)})
			}
			out = append(out, l)
		case *Table:
			t := &Table{Align: b.Align, Header: r.cells(b.Header)}
			for _, row := range b.Rows {
				t.Rows = append(t.Rows, r.cells(row))
			}
			out = append(out, t)
		default:
			out = append(out, b)
		}
	}
	return out
}

func (r *resolver) cells(cells []Cell) []Cell {
	var out []Cell
	for _, c := range cells {
		out = append(out, r.spans(c))
	}
	return out
}

// list makes a list of a paragraph that is nothing but a list of facts.
func (r *resolver) list(p *Paragraph) Block {
	if len(p.Spans) != 1 || p.Spans[0].Kind != SpanFact {
		return nil
	}
	kind, ok := factLists[p.Spans[0].Text]
	if !ok {
		return nil
	}
	l := &List{}
	for _, f := range r.facts {
		if f.Kind() != kind {
			continue
		}
		text := r.name(f)
		if countries := f.Attributes["country"]; len(countries) > 0 {
			text += " (" + strings.Join(countries, ", ") + ")"
		}
		l.Items = append(l.Items, Item{Blocks: []Block{&Paragraph{Spans: []Span{{Text: oneLine(text)}}}}})
	}
	return l
}

func (r *resolver) spans(spans []Span) []Span {
	var out []Span
	for _, s := range spans {
		if s.Kind == SpanFact {
			s.Kind, s.Text = SpanText, oneLine(r.value(s.Text))
		}
		if n := len(out); n > 0 && out[n-1].mergeable(s) {
			out[n-1].Text += s.Text
			continue
		}
		out = append(out, s)
	}
	return out
}

// oneLine collapses white space, as parsers do: a declared address has lines, and
// may stand in a title or a table.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n\r\f\v", r) }), " ")
}

func (r *resolver) value(text string) string {
	ref, attribute, _ := strings.Cut(text, "#")
	if kind, ok := factLists[ref]; ok {
		var names []string
		for _, f := range r.facts {
			if f.Kind() == kind {
				names = append(names, r.name(f))
			}
		}
		return strings.Join(names, ", ")
	}
	f, ok := r.facts.Find(ref)
	if !ok {
		r.problems.Add(r.section, "unknown_fact", "the text refers to %s, which is not declared", ref)
		return ""
	}
	value := r.attribute(f, attribute)
	if value == "" {
		r.problems.Add(r.section, "no_value", "%s has no value", text)
	}
	return value
}

func (r *resolver) attribute(f Fact, attribute string) string {
	names := []string{attribute}
	if attribute == "" {
		names = map[string][]string{
			KindRetention: {"period", "criteria"}, KindContact: {"email", "url", "address"},
			KindAge: {"years"}, KindOperator: {"name"},
		}[f.Kind()]
	}
	if len(names) == 0 {
		return r.name(f)
	}
	for _, name := range names {
		if values := f.Attributes[name]; len(values) > 0 {
			if name == "period" {
				return r.period(values[0])
			}
			return strings.Join(values, ", ")
		}
	}
	return ""
}

func (r *resolver) name(f Fact) string {
	if r.opts.Name != nil {
		return r.opts.Name(f, r.locale)
	}
	return f.Title
}

func (r *resolver) period(value string) string {
	p, err := privacy.ParsePeriod(value)
	if err != nil {
		return value
	}
	if r.opts.Period != nil {
		return r.opts.Period(p, r.locale)
	}
	if base, _ := r.locale.Base(); r.locale != language.Und && base.String() != "en" {
		r.problems.Add(r.section, "no_language", "periods cannot be written in %s without ResolveOptions.Period", r.locale)
	}
	return EnglishPeriod(p)
}

// EnglishPeriod writes a period in English, such as "1 year and 6 months".
func EnglishPeriod(p privacy.Period) string {
	var parts []string
	for _, u := range []struct {
		n    int
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Weeks, "week"}, {p.Days, "day"}} {
		switch {
		case u.n == 1:
			parts = append(parts, "1 "+u.unit)
		case u.n != 0:
			parts = append(parts, fmt.Sprintf("%d %ss", u.n, u.unit))
		}
	}
	switch n := len(parts); n {
	case 0:
		return "0 days"
	case 1:
		return parts[0]
	default:
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
}

// blockSpans yields the spans of a heading and of blocks at any depth.
func blockSpans(blocks []Block, heading []Span) iter.Seq[Span] {
	return func(yield func(Span) bool) {
		if yieldSpans(heading, yield) {
			yieldBlocks(blocks, yield)
		}
	}
}

func yieldSpans(spans []Span, yield func(Span) bool) bool {
	for _, s := range spans {
		if !yield(s) {
			return false
		}
	}
	return true
}

func yieldBlocks(blocks []Block, yield func(Span) bool) bool {
	for _, b := range blocks {
		ok := true
		switch b := b.(type) {
		case *Paragraph:
			ok = yieldSpans(b.Spans, yield)
		case *Heading:
			ok = yieldSpans(b.Spans, yield)
		case *Quote:
			ok = yieldBlocks(b.Blocks, yield)
		case *List:
			for _, it := range b.Items {
				ok = ok && yieldBlocks(it.Blocks, yield)
			}
		case *Table:
			for _, c := range b.Header {
				ok = ok && yieldSpans(c, yield)
			}
			for _, row := range b.Rows {
				for _, c := range row {
					ok = ok && yieldSpans(c, yield)
				}
			}
		}
		if !ok {
			return false
		}
	}
	return true
}
