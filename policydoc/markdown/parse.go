package markdown

import (
	"bytes"
	"sort"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/text/language"

	"github.com/labelop/privacykit/policydoc"
)

// The limits that hold where Options do not lower them.
const (
	// MaxBytes is the greatest size of a source in bytes: 4 MiB, some hundred
	// times a long policy.
	MaxBytes = 4 << 20
	// MaxSections is the greatest number of headings that start a section.
	MaxSections = 10_000
	// MaxNesting is how deep lists, quotations and footnotes may nest.
	MaxNesting = 50
)

// Options adjust Parse. The zero value, like nil, is what most callers want.
type Options struct {
	// Locale is the language of the text. language.Und, the zero value, leaves it
	// to the front matter's entries "locale", "lang" and "language".
	Locale language.Tag
	// MaxBytes and MaxSections lower the limits of the same names. 0 keeps them.
	MaxBytes, MaxSections int
}

// Parse parses Markdown: CommonMark with tables, strikethrough, footnotes and
// heading attributes, as goldmark reads them. Any text is Markdown, so the only
// errors are *policydoc.LimitError.
//
// Parse keeps every word that goldmark would render. Of raw HTML it keeps the
// text, links, images, line breaks, anchors and the plain styles, and drops
// other tags, comments, scripts and styles.
func Parse(src []byte, opts *Options) (*policydoc.Document, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	if err := checkSize(len(src), o.MaxBytes); err != nil {
		return nil, err
	}
	src = clean(src)
	fields, body := splitFrontMatter(src)
	if err := checkShape(src[body:]); err != nil {
		return nil, err
	}
	c := &converter{src: src[body:], maxSections: MaxSections, lines: newLineIndex(src, body)}
	if o.MaxSections > 0 && o.MaxSections < MaxSections {
		c.maxSections = o.MaxSections
	}
	root := goldmarkParser().Parse(text.NewReader(c.src))
	parts, notes, err := c.document(root)
	if err != nil {
		return nil, err
	}
	return policydoc.Build(policydoc.Source{Fields: fields, Locale: o.Locale, Parts: parts, Footnotes: notes}), nil
}

func checkSize(size, limit int) error {
	if limit <= 0 || limit > MaxBytes {
		limit = MaxBytes
	}
	if size > limit {
		return &policydoc.LimitError{What: "bytes", Limit: limit, Got: size}
	}
	return nil
}

// goldmarkParser returns goldmark's parser, which is safe for concurrent use. The
// footnotes' own transformation of the tree is left out: it removes the notes
// that nobody refers to.
var goldmarkParser = sync.OnceValue(func() parser.Parser {
	p := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithHeadingAttribute()),
	).Parser()
	p.AddOptions(
		parser.WithBlockParsers(util.Prioritized(footnoteParser{extension.NewFootnoteBlockParser()}, 999)),
		parser.WithInlineParsers(util.Prioritized(extension.NewFootnoteParser(), 101)),
	)
	return p
})

// footnoteParser keeps notes out of other notes. goldmark starts the list of all
// notes where the first one ends; within another note, which joins the list when
// it ends itself, both would be lost.
type footnoteParser struct{ parser.BlockParser }

// Close takes a note that stands within another block to the document's start.
func (p footnoteParser) Close(note ast.Node, reader text.Reader, pc parser.Context) {
	if root := note.OwnerDocument(); root != nil && note.Parent() != root {
		root.InsertBefore(root, root.FirstChild(), note)
	}
	p.BlockParser.Close(note, reader, pc)
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// clean drops a byte order mark, ends every line with "\n" and puts U+FFFD in
// place of NUL and of what is not UTF-8. It returns src itself where it can.
func clean(src []byte) []byte {
	src = bytes.TrimPrefix(src, byteOrderMark)
	if !utf8.Valid(src) {
		src = bytes.ToValidUTF8(src, []byte("\uFFFD"))
	}
	if bytes.IndexByte(src, 0) >= 0 {
		src = bytes.ReplaceAll(src, []byte{0}, []byte("\uFFFD"))
	}
	if bytes.IndexByte(src, '\r') >= 0 {
		src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
		src = bytes.ReplaceAll(src, []byte("\r"), []byte("\n"))
	}
	return src
}

// lineIndex finds the line of a position in the body of a source.
type lineIndex struct {
	first  int
	starts []int
}

func newLineIndex(src []byte, body int) *lineIndex {
	return &lineIndex{first: bytes.Count(src[:body], []byte{'\n'}) + 1}
}

// of returns the line of the position pos in body, from 1.
func (l *lineIndex) of(body []byte, pos int) int {
	if l.starts == nil {
		l.starts = append(make([]int, 0, bytes.Count(body, []byte{'\n'})+1), 0)
		for i, c := range body {
			if c == '\n' {
				l.starts = append(l.starts, i+1)
			}
		}
	}
	return l.first + sort.SearchInts(l.starts, pos+1) - 1
}

// firstPos returns the position of the first text of a block, -1 if it has none.
func firstPos(n ast.Node) int {
	if n.Type() == ast.TypeBlock && n.Lines() != nil && n.Lines().Len() > 0 {
		return n.Lines().At(0).Start
	}
	return n.Pos()
}
