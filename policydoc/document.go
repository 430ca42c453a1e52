package policydoc

import (
	"iter"

	"golang.org/x/text/language"
)

// Document is a policy as a tree of sections. Parsers make one with Build; it is
// plain data, safe for concurrent reading and not meant to be changed.
type Document struct {
	// Fields are the front matter's, in their order.
	Fields []Field
	// Title is the front matter's title, else that of the only section of level
	// 1, else "".
	Title string
	// Locale is the language of the text, language.Und if unknown.
	Locale language.Tag
	// Intro is what stands before the first heading.
	Intro []Block
	// Disclosures are the references that the intro discloses.
	Disclosures []Disclosure
	// Sections are the outermost sections.
	Sections []*Section
	// Footnotes are numbered "1", "2", … in the order of their first reference;
	// those nobody refers to come last.
	Footnotes []Footnote
}

// Section is a heading with what follows it up to the next heading.
type Section struct {
	// ID is unique within the document and does not depend on numbering: the
	// explicit one, else derived from the title.
	ID string
	// Level is the heading's level as written, 1 to 6. A child's level is
	// greater than its parent's but may skip some.
	Level int
	// Number is the numbering at the start of the title, such as "3." or
	// "Article 3", or "".
	Number string
	// Title is the heading's plain text, with its numbering.
	Title string
	// Heading is the title with styles and links.
	Heading []Span
	// Blocks are the section's own, without those of its subsections.
	Blocks []Block
	// Disclosures are the references to declared facts that the author says this
	// section discloses, each once.
	Disclosures []Disclosure
	// Sections are the subsections.
	Sections []*Section
	// Line is the heading's line in the source, from 1; 0 if unknown.
	Line int
}

// Disclosure says that a section tells the reader about a declared fact.
type Disclosure struct {
	// Ref names the fact, for example "category:account".
	Ref string
	// Line is where the author says so in the source, from 1; 0 if unknown.
	Line int
}

// Field is one entry of the front matter.
type Field struct {
	Key string
	// Value is a scalar without its quotes. Where the entry is not a scalar on
	// one line, Value is the rest of the first line and all lines that belong to
	// it, joined by "\n" and not interpreted.
	Value string
}

// Footnote is a note to which the text refers by its label.
type Footnote struct {
	Label  string
	Blocks []Block
}

// Field returns the value of the front matter's entry key, compared byte for
// byte, and whether there is one. Of several the first counts.
func (d *Document) Field(key string) (string, bool) {
	for _, f := range d.Fields {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

// All returns every section, each before its subsections.
func (d *Document) All() iter.Seq[*Section] {
	return func(yield func(*Section) bool) { walkSections(d.Sections, yield) }
}

func walkSections(sections []*Section, yield func(*Section) bool) bool {
	for _, s := range sections {
		if !yield(s) || !walkSections(s.Sections, yield) {
			return false
		}
	}
	return true
}

// Section returns the section with the id, nil if there is none.
func (d *Document) Section(id string) *Section {
	for s := range d.All() {
		if s.ID == id {
			return s
		}
	}
	return nil
}
