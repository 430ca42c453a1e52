package markdown

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"

	"github.com/labelop/privacykit/policydoc"
)

// converter turns goldmark's tree into parts of a document.
type converter struct {
	src         []byte
	lines       *lineIndex
	maxSections int
	depth       int
	// addresses are the bytes of the addresses and titles of links so far.
	addresses int
	// pending are disclosures found within the block being converted.
	pending []policydoc.Disclosure
	// spans builds the spans of one block after the other.
	spans spanBuilder
	notes footnotes
	err   error
}

// document converts the tree under root.
func (c *converter) document(root ast.Node) ([]policydoc.Part, []policydoc.Footnote, error) {
	c.notes.collect(root)
	var parts []policydoc.Part
	sections := 0
	for n := root.FirstChild(); n != nil && c.err == nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			if sections++; sections > c.maxSections {
				return nil, nil, &policydoc.LimitError{What: "sections", Limit: c.maxSections}
			}
			parts = append(parts, c.section(h))
			continue
		}
		blocks := c.block(nil, n)
		if d := c.takeDisclosures(); len(d) > 0 {
			parts = append(parts, policydoc.Part{Disclosures: d})
		}
		for _, b := range blocks {
			parts = append(parts, policydoc.Part{Block: b})
		}
	}
	notes := c.notes.convert(c)
	if d := c.takeDisclosures(); len(d) > 0 {
		parts = append(parts, policydoc.Part{Disclosures: d})
	}
	return parts, notes, c.err
}

func (c *converter) countAddress(bytes int) {
	if c.addresses += bytes; c.addresses > maxAddresses && c.err == nil {
		c.err = &policydoc.LimitError{What: "bytes of links' addresses", Limit: maxAddresses}
	}
}

// countLinks counts the links that writing spans takes.
func (c *converter) countLinks(spans []policydoc.Span) {
	href := ""
	for _, s := range spans {
		if s.Href != href {
			href = s.Href
			c.countAddress(len(href) + len(s.Title))
		}
	}
}

func (c *converter) takeDisclosures() []policydoc.Disclosure {
	d := c.pending
	c.pending = nil
	return d
}

func (c *converter) disclose(list string, pos int) {
	line := c.lines.of(c.src, pos)
	for _, ref := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r <= ' ' || r == 0x7f }) {
		c.pending = append(c.pending, policydoc.Disclosure{Ref: ref, Line: line})
	}
}

func (c *converter) section(h *ast.Heading) policydoc.Part {
	p := policydoc.Part{Heading: c.heading(h), Line: c.lines.of(c.src, max(firstPos(h), 0))}
	if id, ok := h.AttributeString("id"); ok {
		if b, ok := id.([]byte); ok {
			p.ID = string(b)
		}
	}
	p.Disclosures = c.takeDisclosures()
	return p
}

func (c *converter) heading(h *ast.Heading) *policydoc.Heading {
	if v, ok := h.AttributeString("disclose"); ok {
		if b, ok := v.([]byte); ok {
			c.disclose(string(b), max(firstPos(h), 0))
		}
	}
	return &policydoc.Heading{Level: h.Level, Spans: c.inlines(h)}
}

func (c *converter) blocks(parent ast.Node) []policydoc.Block {
	if c.depth++; c.depth > MaxNesting && c.err == nil {
		c.err = &policydoc.LimitError{What: "nested blocks", Limit: MaxNesting}
	}
	defer func() { c.depth-- }()
	if c.err != nil {
		return nil
	}
	var out []policydoc.Block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		out = c.block(out, n)
	}
	return out
}

// block appends what n is in the model: nothing, a block, or several of them.
func (c *converter) block(out []policydoc.Block, n ast.Node) []policydoc.Block {
	switch n := n.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		if spans := c.inlines(n); len(spans) > 0 {
			out = append(out, &policydoc.Paragraph{Spans: spans})
		}
	case *ast.Heading:
		out = append(out, c.heading(n))
	case *ast.List:
		out = append(out, c.list(n))
	case *ast.Blockquote:
		out = append(out, &policydoc.Quote{Blocks: c.blocks(n)})
	case *ast.CodeBlock:
		out = append(out, &policydoc.Code{Text: c.rawLines(n)})
	case *ast.FencedCodeBlock:
		out = append(out, &policydoc.Code{Language: codeLanguage(n.Language(c.src)), Text: c.rawLines(n)})
	case *ast.HTMLBlock:
		out = c.htmlBlock(out, n)
	case *ast.ThematicBreak:
		out = append(out, &policydoc.Rule{})
	case *extast.Table:
		out = append(out, c.table(n))
	case *extast.FootnoteList, *ast.LinkReferenceDefinition:
		// Notes are converted where they are first referred to.
	default:
		out = append(out, c.blocks(n)...)
	}
	return out
}

func (c *converter) list(l *ast.List) *policydoc.List {
	list := &policydoc.List{Ordered: l.IsOrdered()}
	if list.Ordered {
		list.Start = l.Start
	}
	for it := l.FirstChild(); it != nil; it = it.NextSibling() {
		list.Items = append(list.Items, policydoc.Item{Blocks: c.blocks(it)})
	}
	return list
}

func (c *converter) rawLines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		b.Write(seg.Value(c.src))
	}
	if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		return s + "\n"
	}
	return b.String()
}

var plainLanguage = regexp.MustCompile(`^[A-Za-z0-9+#._-]{1,40}$`)

func codeLanguage(info []byte) string {
	if plainLanguage.Match(info) {
		return string(info)
	}
	return ""
}

func (c *converter) table(t *extast.Table) *policydoc.Table {
	table := &policydoc.Table{}
	for _, a := range t.Alignments {
		table.Align = append(table.Align, align(a))
	}
	for n := t.FirstChild(); n != nil; n = n.NextSibling() {
		row := make([]policydoc.Cell, 0, len(table.Align))
		for cell := n.FirstChild(); cell != nil; cell = cell.NextSibling() {
			row = append(row, c.inlines(cell))
		}
		if _, ok := n.(*extast.TableHeader); ok {
			table.Header = row
		} else {
			table.Rows = append(table.Rows, row)
		}
	}
	return table
}

func align(a extast.Alignment) policydoc.Align {
	switch a {
	case extast.AlignLeft:
		return policydoc.AlignLeft
	case extast.AlignCenter:
		return policydoc.AlignCenter
	case extast.AlignRight:
		return policydoc.AlignRight
	}
	return policydoc.AlignNone
}

// footnotes are the notes of a document. They are numbered by the first
// reference in the order in which the model is read, not goldmark's, so that a
// document parsed again has the same numbers.
type footnotes struct {
	nodes   []*extast.Footnote
	numbers map[*extast.Footnote]int
	order   []*extast.Footnote
}

func (f *footnotes) collect(root ast.Node) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if n.Type() == ast.TypeInline {
			return ast.WalkSkipChildren, nil
		}
		if fn, ok := n.(*extast.Footnote); ok && entering {
			f.nodes = append(f.nodes, fn)
		}
		return ast.WalkContinue, nil
	})
	f.numbers = make(map[*extast.Footnote]int, len(f.nodes))
}

// label returns the label of the note that goldmark gave the index.
func (f *footnotes) label(index int) string {
	for _, n := range f.nodes {
		if n.Index == index {
			return f.number(n)
		}
	}
	return ""
}

func (f *footnotes) number(n *extast.Footnote) string {
	if f.numbers[n] == 0 {
		f.order = append(f.order, n)
		f.numbers[n] = len(f.order)
	}
	return strconv.Itoa(f.numbers[n])
}

// convert converts the notes in the order of their numbers; a note may be the
// first to refer to another.
func (f *footnotes) convert(c *converter) []policydoc.Footnote {
	var out []policydoc.Footnote
	take := func() {
		for len(out) < len(f.order) {
			n := f.order[len(out)]
			out = append(out, policydoc.Footnote{Label: f.number(n), Blocks: c.blocks(n)})
		}
	}
	take()
	for _, n := range f.nodes {
		f.number(n)
		take()
	}
	return out
}
