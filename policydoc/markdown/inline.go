package markdown

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"github.com/labelop/privacykit/policydoc"
)

// inlines converts the inline children of a block.
func (c *converter) inlines(n ast.Node) []policydoc.Span {
	if !n.HasChildren() {
		return nil
	}
	b := &c.spans
	c.inline(b, n, mark{})
	b.html = htmlState{}
	spans := b.finish()
	c.countLinks(spans)
	return spans
}

// mark is the style and link that surround an inline node.
type mark struct {
	style       policydoc.Style
	href, title string
}

func (c *converter) inline(b *spanBuilder, parent ast.Node, m mark) {
	for n := parent.FirstChild(); n != nil && c.err == nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			c.text(b, n, m)
		case *ast.String:
			b.text(resolve(n.Value), m)
		case *ast.CodeSpan:
			b.code(c.codeText(n), m)
		case *ast.Emphasis:
			inner := m
			inner.style |= policydoc.Emphasis
			if n.Level == 2 {
				inner.style = m.style | policydoc.Strong
			}
			c.inline(b, n, inner)
		case *extast.Strikethrough:
			inner := m
			inner.style |= policydoc.Strike
			c.inline(b, n, inner)
		case *ast.Link:
			c.countAddress(len(n.Destination) + len(n.Title))
			inner := m
			inner.href, inner.title = address(n.Destination, true), titleText(n.Title)
			c.inline(b, n, inner)
		case *ast.AutoLink:
			c.autoLink(b, n, m)
		case *ast.Image:
			c.countAddress(len(n.Destination) + len(n.Title))
			b.image(c.altText(n), address(n.Destination, true), titleText(n.Title), m)
		case *ast.RawHTML:
			c.rawHTML(b, n, m)
		case *extast.FootnoteLink:
			b.footnote(c.notes.label(n.Index))
		default:
			c.inline(b, n, m)
		}
	}
}

func (c *converter) text(b *spanBuilder, n *ast.Text, m mark) {
	value := n.Segment.Value(c.src)
	if n.IsRaw() || bytes.IndexByte(value, '\\') < 0 && bytes.IndexByte(value, '&') < 0 {
		addText(b, value, m)
	} else {
		b.text(resolve(value), m)
	}
	switch {
	case n.HardLineBreak():
		b.lineBreak()
	case n.SoftLineBreak():
		b.text(" ", m)
	}
}

func (c *converter) codeText(n *ast.CodeSpan) string {
	var b strings.Builder
	for t := n.FirstChild(); t != nil; t = t.NextSibling() {
		if t, ok := t.(*ast.Text); ok {
			b.Write(t.Segment.Value(c.src))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

func (c *converter) autoLink(b *spanBuilder, n *ast.AutoLink, m mark) {
	if m.href == "" {
		m.href, m.title = address(n.URL(c.src), false), ""
		if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(m.href), "mailto:") {
			m.href = "mailto:" + m.href
		}
	}
	b.text(string(n.Label(c.src)), m)
}

// altText is the plain text of an image's children, as goldmark renders it: of a
// link it has the text, of an address in angle brackets nothing.
func (c *converter) altText(n ast.Node) string {
	b := spanBuilder{}
	c.plain(&b, n)
	return policydoc.PlainText(b.finish())
}

func (c *converter) plain(b *spanBuilder, parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			c.text(b, n, mark{})
		case *ast.String:
			b.text(resolve(n.Value), mark{})
		case *ast.CodeSpan:
			b.text(c.codeText(n), mark{})
		default:
			c.plain(b, n)
		}
	}
}

// address returns a link's target percent-encoded, so that nothing in it can end
// it in Markdown or HTML.
func address(raw []byte, escaped bool) string {
	url := util.URLEscape(raw, escaped)
	for i, c := range url {
		if unsafeInAddress(c) {
			return encodeAddress(url, i)
		}
	}
	return string(url)
}

func unsafeInAddress(c byte) bool {
	return c <= ' ' || c >= 0x7f || strings.IndexByte("<>\"\\^`{|}", c) >= 0
}

func encodeAddress(url []byte, from int) string {
	out := append([]byte(nil), url[:from]...)
	for _, c := range url[from:] {
		if unsafeInAddress(c) {
			out = append(out, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
		} else {
			out = append(out, c)
		}
	}
	return string(out)
}

func titleText(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	return strings.Join(strings.FieldsFunc(resolve(raw), isBlank), " ")
}

// resolve resolves backslash escapes and character references as goldmark's
// renderer does.
func resolve(src []byte) string {
	special := -1
	for i, c := range src {
		if c == '\\' || c == '&' {
			special = i
			break
		}
	}
	if special < 0 {
		return string(src)
	}
	out := append(make([]byte, 0, len(src)), src[:special]...)
	for i := special; i < len(src); i++ {
		switch c := src[i]; {
		case c == '\\' && i+1 < len(src) && util.IsPunct(src[i+1]):
			i++
			out = append(out, src[i])
		case c == '&':
			chars, size := reference(src[i:])
			out = append(out, chars...)
			i += size - 1
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// reference returns the characters of the reference that src starts with, or "&".
func reference(src []byte) (chars []byte, size int) {
	end := 1
	for end < len(src) && end < 40 && (util.IsAlphaNumeric(src[end]) || end == 1 && src[end] == '#') {
		end++
	}
	if end == len(src) || src[end] != ';' || end == 1 {
		return src[:1], 1
	}
	name := string(src[1:end])
	if name[0] != '#' {
		if e, ok := util.LookUpHTML5EntityByName(name); ok {
			return e.Characters, end + 1
		}
		return src[:1], 1
	}
	digits, base, most := name[1:], 10, 7
	if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base, most = digits[1:], 16, 6
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || len(digits) > most {
		return src[:1], 1
	}
	return utf8.AppendRune(nil, util.ToValidRune(rune(v))), end + 1
}

func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' || r == '\v'
}
