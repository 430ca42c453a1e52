package markdown

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"

	"github.com/labelop/privacykit/policydoc"
)

// htmlState is what open tags of raw HTML make of the text after them.
type htmlState struct {
	strong, emphasis int
	style            policydoc.Style
	href             string
}

// link returns m with the link of the raw HTML around it, if it has none.
func (h *htmlState) link(m mark) mark {
	if m.href == "" {
		m.href = h.href
	}
	return m
}

// directive matches the comment by which an author states disclosures.
var directive = regexp.MustCompile(`^<!--\s*disclose:\s*([^<>]*?)\s*-->$`)

func (c *converter) rawHTML(b *spanBuilder, n *ast.RawHTML, m mark) {
	raw := n.Segments.Value(c.src)
	if c.comment(raw, n.Segments.At(0).Start) {
		return
	}
	if tag, _ := parseTag(raw); tag.name != "" {
		tag.apply(b, m)
	}
}

// comment reports whether raw is a comment, and takes its disclosures.
func (c *converter) comment(raw []byte, pos int) bool {
	if !bytes.HasPrefix(raw, []byte("<!--")) {
		return false
	}
	if d := directive.FindSubmatch(raw); d != nil {
		c.disclose(string(d[1]), pos)
	}
	return true
}

// htmlBlock appends the text of a block of raw HTML, a paragraph for each of its
// block elements.
func (c *converter) htmlBlock(out []policydoc.Block, n *ast.HTMLBlock) []policydoc.Block {
	raw := n.Lines().Value(c.src)
	if n.HasClosure() {
		raw = append(slices.Clip(raw), n.ClosureLine.Value(c.src)...)
	}
	pos := max(firstPos(n), 0)
	b := &spanBuilder{}
	paragraph := func() {
		if spans := b.finish(); len(spans) > 0 {
			c.countLinks(spans)
			out = append(out, &policydoc.Paragraph{Spans: spans})
		}
	}
	for len(raw) > 0 {
		text, size := untilTag(raw)
		b.text(resolveReferences(text), mark{})
		raw = raw[size:]
		switch tag, size := parseTag(raw); {
		case size == 0 && len(raw) > 0:
			size = markupSize(raw)
			c.comment(raw[:size], pos)
			raw = raw[size:]
		case tag.isBlock():
			paragraph()
			raw = raw[size:]
		case tag.isHidden() && !tag.closing:
			raw = skipElement(raw[size:], tag.name)
		default:
			tag.apply(b, mark{})
			raw = raw[size:]
		}
	}
	paragraph()
	return out
}

// untilTag returns the text before the next markup and its size.
func untilTag(raw []byte) (text []byte, size int) {
	for i, c := range raw {
		if c != '<' {
			continue
		}
		if _, n := parseTag(raw[i:]); n > 0 || markupSize(raw[i:]) > 0 {
			return raw[:i], i
		}
	}
	return raw, len(raw)
}

// maxTag is the greatest size of a tag in bytes; what is longer is text.
const maxTag = 8 << 10

// markupSize returns the size of the comment, instruction or declaration that
// raw starts with, 0 if it starts with none. A comment without end takes all.
func markupSize(raw []byte) int {
	switch {
	case bytes.HasPrefix(raw, []byte("<!--")):
		return sizeUntil(raw, 4, "-->", len(raw))
	case bytes.HasPrefix(raw, []byte("<?")):
		return sizeUntil(raw, 2, "?>", len(raw))
	case bytes.HasPrefix(raw, []byte("<!")):
		return sizeUntil(raw[:min(len(raw), maxTag)], 2, ">", 0)
	}
	return 0
}

func sizeUntil(raw []byte, from int, end string, otherwise int) int {
	if i := bytes.Index(raw[from:], []byte(end)); i >= 0 {
		return from + i + len(end)
	}
	return otherwise
}

// skipElement drops the content of an element that no reader sees.
func skipElement(raw []byte, name string) []byte {
	for {
		i := bytes.Index(raw, []byte("</"))
		if i < 0 {
			return nil
		}
		raw = raw[i:]
		if end := 2 + len(name); len(raw) >= end && strings.EqualFold(string(raw[2:end]), name) {
			_, size := parseTag(raw)
			return raw[max(size, 2):]
		}
		raw = raw[2:]
	}
}

// tag is one opening or closing tag.
type tag struct {
	name    string
	closing bool
	// attributes is the text between name and end.
	attributes string
}

// parseTag parses the tag that raw starts with; size is 0 if there is none.
func parseTag(raw []byte) (t tag, size int) {
	i := 1
	if len(raw) > 1 && raw[1] == '/' {
		t.closing = true
		i++
	}
	start := i
	for i < len(raw) && (util.IsAlphaNumeric(raw[i]) || raw[i] == '-' && i > start) {
		i++
	}
	if len(raw) == 0 || raw[0] != '<' || i == start || raw[start] <= '9' {
		return tag{}, 0
	}
	t.name = strings.ToLower(string(raw[start:i]))
	end := tagEnd(raw, i)
	if end < 0 || i < len(raw) && !util.IsSpace(raw[i]) && raw[i] != '>' && raw[i] != '/' {
		return tag{}, 0
	}
	t.attributes = string(raw[i:end])
	return t, end + 1
}

// tagEnd returns the position of the ">" that ends a tag, -1 if there is none.
func tagEnd(raw []byte, from int) int {
	raw = raw[:min(len(raw), maxTag)]
	if bytes.IndexByte(raw, '>') < 0 {
		return -1
	}
	quote := byte(0)
	for i := from; i < len(raw); i++ {
		switch c := raw[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && raw[i-1] == '=':
			quote = c
		case c == '>':
			return i
		}
	}
	return -1
}

var attribute = regexp.MustCompile(`(?s)([a-zA-Z_:][a-zA-Z0-9_.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>` + "`" + `]+))`)

// attr returns the value of an attribute, "" without it.
func (t tag) attr(name string) string {
	for _, m := range attribute.FindAllStringSubmatch(t.attributes, -1) {
		if strings.EqualFold(m[1], name) {
			return resolveReferences([]byte(m[2] + m[3] + m[4]))
		}
	}
	return ""
}

// apply does to the text what the tag means for its reader.
func (t tag) apply(b *spanBuilder, m mark) {
	switch t.name {
	case "a":
		t.applyLink(b)
	case "b", "strong":
		b.html.strong = nested(b.html.strong, t.closing)
	case "i", "em":
		b.html.emphasis = nested(b.html.emphasis, t.closing)
	case "img":
		if !t.closing {
			b.image(collapse(t.attr("alt")), address([]byte(t.attr("src")), false), collapse(t.attr("title")), m)
		}
	default:
		if t.name == "br" || t.isBlock() {
			b.lineBreak()
		}
	}
	b.html.style = 0
	if b.html.strong > 0 {
		b.html.style |= policydoc.Strong
	}
	if b.html.emphasis > 0 {
		b.html.style |= policydoc.Emphasis
	}
}

func (t tag) applyLink(b *spanBuilder) {
	b.html.href = ""
	if t.closing {
		return
	}
	b.html.href = address([]byte(collapse(t.attr("href"))), false)
	for _, id := range []string{t.attr("id"), t.attr("name")} {
		if id != "" && !strings.ContainsAny(id, " \t\r\n\f\v<>\"'&`\\|{}\uFFFD") {
			b.anchor(id)
			return
		}
	}
}

func nested(depth int, closing bool) int {
	if closing {
		return max(depth-1, 0)
	}
	return depth + 1
}

func collapse(s string) string { return strings.Join(strings.FieldsFunc(s, isBlank), " ") }

// blockElements set their text apart from what stands around them.
var blockElements = map[string]bool{
	"address": true, "article": true, "aside": true, "blockquote": true, "body": true, "caption": true,
	"center": true, "dd": true, "details": true, "dialog": true, "dir": true, "div": true, "dl": true,
	"dt": true, "fieldset": true, "figcaption": true, "figure": true, "footer": true, "form": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "head": true, "header": true,
	"hr": true, "html": true, "legend": true, "li": true, "main": true, "menu": true, "nav": true,
	"ol": true, "optgroup": true, "option": true, "p": true, "pre": true, "section": true,
	"summary": true, "table": true, "tbody": true, "td": true, "tfoot": true, "th": true,
	"thead": true, "title": true, "tr": true, "ul": true,
}

func (t tag) isBlock() bool { return blockElements[t.name] }

func (t tag) isHidden() bool {
	return t.name == "script" || t.name == "style" || t.name == "template"
}

// resolveReferences resolves the character references of HTML text.
func resolveReferences(src []byte) string {
	if bytes.IndexByte(src, '&') < 0 {
		return string(src)
	}
	out := make([]byte, 0, len(src))
	for i := 0; i < len(src); i++ {
		if src[i] != '&' {
			out = append(out, src[i])
			continue
		}
		chars, size := reference(src[i:])
		out = append(out, chars...)
		i += size - 1
	}
	return string(out)
}
