package policydoc

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

// Source is what a parser hands to Build: the document as a flat row of parts.
type Source struct {
	// Fields are the front matter's entries.
	Fields []Field
	// Locale overrides the front matter's entries "locale", "lang" and
	// "language" if it is not language.Und.
	Locale language.Tag
	// Parts are the headings that start sections and the blocks between them.
	Parts []Part
	// Footnotes have been labelled by the parser.
	Footnotes []Footnote
}

// Part is either a heading that starts a section or a block.
type Part struct {
	// Heading starts a section if it is not nil.
	Heading *Heading
	// ID is the heading's explicit id, "" to derive one.
	ID string
	// Block belongs to the section before it. It is nil if Heading is set, and
	// may be nil where only Disclosures are stated.
	Block Block
	// Disclosures are added to the section that the part starts or belongs to.
	Disclosures []Disclosure
	// Line is the part's line in the source, from 1.
	Line int
}

// Build makes a document of its parts: it nests the sections by their levels,
// gives every section a unique id and finds the title and the locale.
func Build(src Source) *Document {
	d := &Document{Fields: src.Fields, Footnotes: src.Footnotes}
	d.Locale = locale(d, src.Locale)
	ids := newIDs(src.Parts)
	var open []*Section
	for _, p := range src.Parts {
		if p.Heading == nil {
			d.addPart(open, p)
			continue
		}
		s := newSection(p, ids)
		for len(open) > 0 && open[len(open)-1].Level >= s.Level {
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			d.Sections = append(d.Sections, s)
		} else {
			parent := open[len(open)-1]
			parent.Sections = append(parent.Sections, s)
		}
		open = append(open, s)
	}
	d.Disclosures = eachOnce(d.Disclosures)
	for s := range d.All() {
		s.Disclosures = eachOnce(s.Disclosures)
	}
	d.Title = title(d)
	return d
}

func (d *Document) addPart(open []*Section, p Part) {
	blocks, disclosures := &d.Intro, &d.Disclosures
	if len(open) > 0 {
		s := open[len(open)-1]
		blocks, disclosures = &s.Blocks, &s.Disclosures
	}
	if p.Block != nil {
		*blocks = append(*blocks, p.Block)
	}
	*disclosures = append(*disclosures, p.Disclosures...)
}

// eachOnce drops all but the first of the disclosures that name one fact.
func eachOnce(ds []Disclosure) []Disclosure {
	if len(ds) < 2 {
		return ds
	}
	seen := make(map[string]bool, len(ds))
	return slices.DeleteFunc(ds, func(d Disclosure) bool {
		again := seen[d.Ref]
		seen[d.Ref] = true
		return again
	})
}

func newSection(p Part, ids *idSet) *Section {
	title := titleOf(p.Heading.Spans)
	number, rest := SplitNumber(title)
	return &Section{
		ID:          ids.next(p.ID, rest),
		Level:       p.Heading.Level,
		Number:      number,
		Title:       title,
		Heading:     p.Heading.Spans,
		Disclosures: slices.Clone(p.Disclosures),
		Line:        p.Line,
	}
}

// titleOf is the plain text of a heading, without the labels of footnotes.
func titleOf(spans []Span) string {
	if slices.ContainsFunc(spans, isFootnote) {
		spans = slices.DeleteFunc(slices.Clone(spans), isFootnote)
	}
	return PlainText(spans)
}

func isFootnote(s Span) bool { return s.Kind == SpanFootnote }

func title(d *Document) string {
	if t, ok := d.Field("title"); ok && t != "" {
		return t
	}
	found := ""
	for _, s := range d.Sections {
		if s.Level != 1 {
			continue
		}
		if found != "" {
			return ""
		}
		found = s.Title
	}
	return found
}

func locale(d *Document, override language.Tag) language.Tag {
	if override != language.Und {
		return override
	}
	for _, key := range []string{"locale", "lang", "language"} {
		if v, ok := d.Field(key); ok {
			if tag, err := language.Parse(v); err == nil {
				return tag
			}
		}
	}
	return language.Und
}

// idSet hands out ids that no other heading of the document has. Explicit ids
// are set aside first, so that a derived one never takes their place.
type idSet struct {
	explicit map[string]bool
	used     map[string]bool
	counts   map[string]int
}

func newIDs(parts []Part) *idSet {
	ids := &idSet{explicit: map[string]bool{}, used: map[string]bool{}, counts: map[string]int{}}
	for _, p := range parts {
		if p.Heading != nil && p.ID != "" {
			ids.explicit[cleanID(p.ID)] = true
		}
	}
	return ids
}

func (ids *idSet) next(explicit, title string) string {
	if id := cleanID(explicit); id != "" && !ids.used[id] {
		ids.used[id] = true
		return id
	}
	base := cleanID(explicit)
	if base == "" {
		base = Slug(title)
	}
	if base == "" {
		base = "section"
	}
	for id := base; ; {
		if !ids.used[id] && !ids.explicit[id] {
			ids.used[id] = true
			return id
		}
		n := max(ids.counts[base], 1) + 1
		ids.counts[base] = n
		id = base + "-" + strconv.Itoa(n)
	}
}

// reservedIDs begin the ids that RenderHTML gives to footnotes.
const reservedIDs = "fn:"

// cleanID makes an id of what an author wrote: without the characters that end
// an id in Markdown or an address, and outside the renderer's own ids.
func cleanID(id string) string {
	id = strings.Map(func(r rune) rune {
		switch {
		case r == '_' || r == '-' || r == ':' || r == '.' || r >= 0x80 && !unicode.IsSpace(r):
			return r
		case r < '0' || r > 'z' || r > '9' && r < 'A' || r > 'Z' && r < 'a':
			return -1
		}
		return r
	}, id)
	for strings.HasPrefix(id, reservedIDs) {
		id = id[len(reservedIDs):]
	}
	return id
}
