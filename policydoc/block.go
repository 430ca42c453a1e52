package policydoc

// Block is one of Paragraph, Heading, List, Quote, Code, Table and Rule, always
// as a pointer. The set is closed.
type Block interface{ block() }

// Paragraph is running text. It has at least one span.
type Paragraph struct {
	Spans []Span
}

// Heading is a heading inside a list item, a quotation or a footnote, where it
// starts no section.
type Heading struct {
	// Level is 1 to 6 as written.
	Level int
	Spans []Span
}

// List is an ordered or unordered list. Whether the source left blank lines
// between the items is not kept.
type List struct {
	Ordered bool
	// Start is the number of the first item of an ordered list, 0 to 999999999.
	Start int
	Items []Item
}

// Item is one item of a list, possibly empty.
type Item struct {
	Blocks []Block
}

// Quote is a quotation.
type Quote struct {
	Blocks []Block
}

// Code is preformatted text.
type Code struct {
	// Language is the first word of the info string, "" if it has none or is not
	// a plain name.
	Language string
	// Text is the content as written, each line ended by "\n".
	Text string
}

// Align is the horizontal alignment of a table column.
type Align uint8

// The alignments. The zero value leaves the choice to the reader's program.
const (
	AlignNone Align = iota
	AlignLeft
	AlignCenter
	AlignRight
)

// Table is a table with one header row. Every row has as many cells as Align.
type Table struct {
	Align  []Align
	Header []Cell
	Rows   [][]Cell
}

// Cell is the text of one table cell, possibly empty.
type Cell []Span

// Rule is a thematic break.
type Rule struct{}

func (*Paragraph) block() {}
func (*Heading) block()   {}
func (*List) block()      {}
func (*Quote) block()     {}
func (*Code) block()      {}
func (*Table) block()     {}
func (*Rule) block()      {}

// SpanKind tells what a Span is.
type SpanKind uint8

// The kinds of spans.
const (
	// SpanText is text.
	SpanText SpanKind = iota
	// SpanCode is text set as code.
	SpanCode
	// SpanBreak is a forced line break. It has no text.
	SpanBreak
	// SpanImage is an image; Text is its alternative text.
	SpanImage
	// SpanFootnote refers to the footnote whose label is Text.
	SpanFootnote
	// SpanFact stands for a declared fact, whose reference is Text, until
	// Document.Resolve puts its value there.
	SpanFact
	// SpanAnchor is a place that links can lead to; Text is its id.
	SpanAnchor
)

// Style is a set of text styles.
type Style uint8

// The styles.
const (
	Emphasis Style = 1 << iota
	Strong
	Strike
)

// Span is a stretch of text of one kind, style and link. Neighbouring spans of
// text or code that agree in everything but their text are always one span, and
// spans do not nest: two documents that read alike are equal.
type Span struct {
	Kind  SpanKind
	Style Style
	// Text is what the reader reads, except where Kind says otherwise.
	Text string
	// Href is the target of a link, percent-encoded; "" if the span is no link.
	// It is as the author wrote it and may be unsafe: RenderHTML drops those.
	Href string
	// Src is the address of an image, percent-encoded.
	Src string
	// Title is the advisory title of the link or the image.
	Title string
}

func (s Span) mergeable(o Span) bool {
	return s.Kind == o.Kind && (s.Kind == SpanText || s.Kind == SpanCode) &&
		s.Style == o.Style && s.Href == o.Href && s.Title == o.Title
}
