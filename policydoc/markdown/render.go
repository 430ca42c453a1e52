package markdown

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/util"

	"github.com/labelop/privacykit/policydoc"
)

// Render writes the document as normalised Markdown: one form for everything
// that Markdown lets an author write in several. Every section has its id
// explicitly, so that it stays when the title changes. Parsing the result with
// the same Options gives a document equal to d, if d came from Parse and the
// result, in which more is escaped, is within the limits.
func Render(d *policydoc.Document) []byte {
	r := &renderer{}
	writeFrontMatter(&r.out, d.Fields)
	if len(d.Disclosures) > 0 {
		r.line("<!-- disclose: " + refs(d.Disclosures, " ") + " -->")
		r.line("")
	}
	r.blocks(d.Intro, "", "")
	for s := range d.All() {
		r.section(s)
	}
	for _, f := range d.Footnotes {
		r.footnote(f)
	}
	return []byte(strings.TrimRight(r.out.String(), "\n") + "\n")
}

func refs(ds []policydoc.Disclosure, sep string) string {
	list := make([]string, len(ds))
	for i, d := range ds {
		list[i] = d.Ref
	}
	return strings.Join(list, sep)
}

// renderer writes blocks. Each line starts with the prefixes of the containers
// around it; first is the prefix of a container's first line.
type renderer struct {
	out strings.Builder
}

func (r *renderer) line(s string) {
	r.out.WriteString(s)
	r.out.WriteByte('\n')
}

func (r *renderer) section(s *policydoc.Section) {
	attrs := "{#" + s.ID
	if len(s.Disclosures) > 0 {
		list := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(refs(s.Disclosures, " "))
		attrs += ` disclose="` + list + `"`
	}
	r.line(heading(s.Level, s.Heading) + " " + attrs + "}")
	r.line("")
	r.blocks(s.Blocks, "", "")
}

func heading(level int, spans []policydoc.Span) string {
	text := inlineText(spans, inHeading)
	if text != "" {
		text = " " + text
	}
	return strings.Repeat("#", level) + text
}

// blocks writes blocks with a blank line after each.
func (r *renderer) blocks(blocks []policydoc.Block, first, rest string) {
	for i, b := range blocks {
		if i > 0 && needsSeparator(blocks[i-1], b) {
			r.line(rest + separator)
			r.blank(rest)
		}
		r.block(b, first, rest)
		r.blank(rest)
		first = rest
	}
}

func (r *renderer) blank(prefix string) { r.line(strings.TrimRight(prefix, " ")) }

// separator keeps apart what Markdown would join. Parse drops it, as it does
// every comment.
const separator = "<!-- -->"

// needsSeparator reports whether b would continue a: a list of the same sort.
func needsSeparator(a, b policydoc.Block) bool {
	la, ok := a.(*policydoc.List)
	lb, ok2 := b.(*policydoc.List)
	return ok && ok2 && la.Ordered == lb.Ordered
}

func (r *renderer) block(b policydoc.Block, first, rest string) {
	switch b := b.(type) {
	case *policydoc.Paragraph:
		r.lines(inlineText(b.Spans, inParagraph)+"\n", first, rest)
	case *policydoc.Heading:
		r.line(first + heading(b.Level, b.Spans))
	case *policydoc.List:
		r.list(b, first, rest)
	case *policydoc.Quote:
		if len(b.Blocks) == 0 {
			r.line(first + ">")
			return
		}
		r.contained(b.Blocks, first+"> ", rest+"> ")
	case *policydoc.Code:
		fence := codeFence(b.Text)
		r.line(first + fence + b.Language)
		r.lines(b.Text, rest, rest)
		r.line(rest + fence)
	case *policydoc.Table:
		r.table(b, first, rest)
	case *policydoc.Rule:
		r.line(first + "***")
	}
}

// contained writes the blocks of a container without a blank line at its end.
func (r *renderer) contained(blocks []policydoc.Block, first, rest string) {
	inner := &renderer{}
	inner.blocks(blocks, first, rest)
	text := inner.out.String()
	blank := strings.TrimRight(rest, " ") + "\n"
	r.out.WriteString(strings.TrimSuffix(text, blank))
}

// lines writes the lines of text, each ended by "\n". A line without text gets
// no white space from its prefix: where that is all a container's prefix is,
// the line is blank, and Markdown would keep it in code as it stands.
func (r *renderer) lines(text, first, rest string) {
	prefix := first
	for l := range strings.Lines(text) {
		switch {
		case l == "\n":
			r.blank(prefix)
		case util.IsBlank([]byte(prefix + l)):
			r.out.WriteString(l)
		default:
			r.out.WriteString(prefix + l)
		}
		prefix = rest
	}
}

// maxListNumber is the greatest number of nine digits, which are all that
// Markdown reads. Of the numbers of a list only the first counts.
const maxListNumber = 999_999_999

func (r *renderer) list(l *policydoc.List, first, rest string) {
	loose := !isCompact(l)
	for i, it := range l.Items {
		marker := "- "
		if l.Ordered {
			marker = strconv.Itoa(min(l.Start+i, maxListNumber)) + ". "
		}
		if i > 0 {
			first = rest
			if loose {
				r.blank(rest)
			}
		}
		r.item(it, first+marker, rest+strings.Repeat(" ", len(marker)), loose)
	}
}

func (r *renderer) item(it policydoc.Item, first, rest string, loose bool) {
	if len(it.Blocks) == 0 {
		r.line(first + separator) // "- - -" would be a thematic break
		return
	}
	if loose {
		r.contained(it.Blocks, first, rest)
		return
	}
	for _, b := range it.Blocks {
		r.block(b, first, rest)
		first = rest
	}
}

// isCompact reports whether a list needs no blank lines: each item is one
// paragraph, and perhaps one list that can follow it directly.
func isCompact(l *policydoc.List) bool {
	for _, it := range l.Items {
		if len(it.Blocks) > 2 {
			return false
		}
		for i, b := range it.Blocks {
			switch b := b.(type) {
			case *policydoc.Paragraph:
				if i != 0 {
					return false
				}
			case *policydoc.List:
				if i != 1 || b.Ordered && b.Start != 1 || !startsWithText(b) || !isCompact(b) {
					return false
				}
			default:
				return false
			}
		}
	}
	return true
}

// startsWithText reports whether a list's first item has text on its first line;
// one without would not interrupt the paragraph above it.
func startsWithText(l *policydoc.List) bool {
	if len(l.Items) == 0 || len(l.Items[0].Blocks) == 0 {
		return false
	}
	_, ok := l.Items[0].Blocks[0].(*policydoc.Paragraph)
	return ok
}

func (r *renderer) table(t *policydoc.Table, first, rest string) {
	r.line(first + tableRow(t.Header))
	marks := make([]string, len(t.Align))
	for i, a := range t.Align {
		marks[i] = alignMark(a)
	}
	r.line(rest + "| " + strings.Join(marks, " | ") + " |")
	for _, row := range t.Rows {
		r.line(rest + tableRow(row))
	}
}

func tableRow(cells []policydoc.Cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString("| ")
		b.WriteString(inlineText(c, inCell))
		b.WriteByte(' ')
	}
	return b.String() + "|"
}

func alignMark(a policydoc.Align) string {
	switch a {
	case policydoc.AlignLeft:
		return ":--"
	case policydoc.AlignCenter:
		return ":-:"
	case policydoc.AlignRight:
		return "--:"
	}
	return "---"
}

// codeFence returns a fence longer than any in the text.
func codeFence(text string) string {
	longest := 2
	run := 0
	for i := range len(text) {
		if text[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return strings.Repeat("`", longest+1)
}

func (r *renderer) footnote(f policydoc.Footnote) {
	open := "[^" + f.Label + "]: "
	if len(f.Blocks) == 0 {
		r.line(open + separator)
		r.line("")
		return
	}
	if _, ok := f.Blocks[0].(*policydoc.Paragraph); !ok {
		r.line(open + separator)
		r.line("")
		open = "    "
	}
	r.contained(f.Blocks, open, "    ")
	r.line("")
}
