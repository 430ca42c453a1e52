package policydoc

import (
	"strconv"
	"strings"
	"unicode"
)

// PlainText returns the text of spans without styles and links: a break is a
// space, an image its alternative text, a footnote's reference its label in
// brackets, a fact its reference as it is written in the source.
func PlainText(spans []Span) string {
	if len(spans) == 1 && spans[0].Kind == SpanText {
		return spans[0].Text
	}
	var b strings.Builder
	for _, s := range spans {
		switch s.Kind {
		case SpanBreak:
			b.WriteByte(' ')
		case SpanAnchor:
		case SpanFootnote:
			b.WriteString("[" + s.Text + "]")
		case SpanFact:
			b.WriteString(factOpen + s.Text + factClose)
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

// A fact's reference in the source is written {{fact:reference}}.
const (
	factOpen  = "{{fact:"
	factClose = "}}"
)

// Text returns the document as plain text: titles on a line of their own, a
// blank line between blocks, the address of a link after its text if it differs.
func (d *Document) Text() string {
	t := &textWriter{}
	t.blocks(d.Intro, "")
	for s := range d.All() {
		t.line("", PlainText(s.Heading))
		t.blocks(s.Blocks, "")
	}
	for _, f := range d.Footnotes {
		t.item("["+f.Label+"] ", "", f.Blocks)
	}
	return t.b.String()
}

// Text returns the section's own text, without its title and subsections, as
// plain text.
func (s *Section) Text() string {
	t := &textWriter{}
	t.blocks(s.Blocks, "")
	return t.b.String()
}

// WordCount returns the number of words in the section's title and own text,
// without addresses of links and numbers of list items.
func (s *Section) WordCount() int {
	t := &textWriter{bare: true}
	t.blocks(s.Blocks, "")
	return CountWords(s.Title) + CountWords(t.b.String())
}

// WordCount returns the number of words of the whole document, counted as those
// of a section.
func (d *Document) WordCount() int {
	t := &textWriter{bare: true}
	t.blocks(d.Intro, "")
	for _, f := range d.Footnotes {
		t.blocks(f.Blocks, "")
	}
	n := CountWords(t.b.String())
	for s := range d.All() {
		n += s.WordCount()
	}
	return n
}

type textWriter struct {
	b strings.Builder
	// bare leaves out what is not the author's words.
	bare bool
	// marker waits for the first line of an item.
	marker string
}

// gap separates the next block from what stands before it.
func (t *textWriter) gap() {
	if t.b.Len() > 0 && t.marker == "" {
		t.b.WriteByte('\n')
	}
}

func (t *textWriter) line(indent, text string) {
	t.gap()
	t.raw(indent, text)
}

func (t *textWriter) raw(indent, text string) {
	if t.marker != "" {
		indent = strings.TrimSuffix(indent, strings.Repeat(" ", len(t.marker))) + t.marker
		t.marker = ""
	}
	t.b.WriteString(indent)
	t.b.WriteString(text)
	t.b.WriteByte('\n')
}

func (t *textWriter) blocks(blocks []Block, indent string) {
	for _, b := range blocks {
		switch b := b.(type) {
		case *Paragraph:
			t.line(indent, t.text(b.Spans))
		case *Heading:
			t.line(indent, PlainText(b.Spans))
		case *List:
			t.list(b, indent)
		case *Quote:
			t.blocks(b.Blocks, indent+"  ")
		case *Code:
			t.gap()
			for l := range strings.Lines(b.Text) {
				t.raw(indent, strings.TrimSuffix(l, "\n"))
			}
		case *Table:
			t.gap()
			t.row(b.Header, indent)
			for _, r := range b.Rows {
				t.row(r, indent)
			}
		case *Rule:
			t.line(indent, "---")
		}
	}
}

func (t *textWriter) list(l *List, indent string) {
	for i, it := range l.Items {
		marker := "- "
		if l.Ordered && !t.bare {
			marker = strconv.Itoa(l.Start+i) + ". "
		}
		t.item(marker, indent, it.Blocks)
	}
}

func (t *textWriter) item(marker, indent string, blocks []Block) {
	t.gap()
	if t.marker != "" {
		t.raw(indent, "")
	}
	t.marker = marker
	if len(blocks) == 0 {
		t.raw(indent+strings.Repeat(" ", len(marker)), "")
		return
	}
	t.blocks(blocks, indent+strings.Repeat(" ", len(marker)))
}

func (t *textWriter) row(cells []Cell, indent string) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = t.text(c)
	}
	t.raw(indent, strings.Join(texts, " | "))
}

func (t *textWriter) text(spans []Span) string {
	var b strings.Builder
	for i, s := range spans {
		if t.bare && s.Kind == SpanFootnote {
			continue
		}
		b.WriteString(PlainText(spans[i : i+1]))
		last := i+1 == len(spans) || spans[i+1].Href != s.Href
		if !t.bare && s.Href != "" && last && !strings.HasPrefix(s.Href, "#") &&
			s.Href != s.Text && s.Href != "mailto:"+s.Text {
			b.WriteString(" <" + s.Href + ">")
		}
	}
	return b.String()
}

// Tokens splits text into tokens without losing a byte: a word, a stretch of
// white space, or any other single character. A word is a stretch of letters,
// marks and digits with the apostrophes and format characters inside it; in
// scripts that set no spaces between words, each character is a word.
func Tokens(text string) []string {
	var tokens []string
	start, inWord, inSpace := 0, false, false
	flush := func(end int) {
		if end > start {
			tokens = append(tokens, text[start:end])
		}
		start, inWord, inSpace = end, false, false
	}
	for i, r := range text {
		switch {
		case isSpaceless(r):
			flush(i)
			inWord = false
		case isWordRune(r):
			if !inWord {
				flush(i)
			}
			inWord = true
		case unicode.IsSpace(r):
			if !inSpace {
				flush(i)
			}
			inSpace = true
		case inWord && joinsWord(r):
		case unicode.IsMark(r) && i > start:
		default:
			flush(i)
		}
	}
	flush(len(text))
	return tokens
}

// CountWords returns the number of words in text, as Tokens finds them.
func CountWords(text string) int {
	n := 0
	inWord := false
	for _, r := range text {
		switch {
		case isSpaceless(r):
			n++
			inWord = false
		case isWordRune(r):
			if !inWord {
				n++
			}
			inWord = true
		case inWord && joinsWord(r):
		case unicode.IsMark(r):
		default:
			inWord = false
		}
	}
	return n
}

func isWordRune(r rune) bool {
	if r < 0x80 {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func joinsWord(r rune) bool {
	return r == '\'' || r == '’' || r >= 0x80 && (unicode.IsMark(r) || unicode.Is(unicode.Cf, r))
}

// spaceless are the scripts that set no spaces between words.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

func isSpaceless(r rune) bool {
	return r >= 0x0e00 && unicode.IsLetter(r) && unicode.In(r, spaceless...)
}
