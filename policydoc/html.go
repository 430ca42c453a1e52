package policydoc

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// HTMLOptions adjust RenderHTML. The zero value is the strictest.
type HTMLOptions struct {
	// TOC is how many levels of sections the table of contents lists; 0 for none.
	TOC int
	// TOCTitle names the table of contents for readers of the page, in the
	// document's language. Empty leaves it unnamed.
	TOCTitle string
	// FirstLevel is the level of the outermost headings, 1 to 6. The zero value
	// is 1 if the document has one outermost section, of level 1, and otherwise 2,
	// which leaves level 1 to the page. Levels that the source skips are not
	// skipped in the page.
	FirstLevel int
	// Aliases are ids that sections had in earlier versions, by their present
	// id, as the function Aliases returns them: links to them stay valid.
	Aliases map[string][]string
	// RemoteImages shows images of other hosts. They tell those hosts who reads
	// the policy, so that otherwise their alternative text stands in their place.
	RemoteImages bool
}

// RenderHTML writes the document as one HTML article, without a page around it.
//
// The result is safe to serve whatever the source holds: it has no scripts,
// styles or event handlers, all text is escaped, and links other than http,
// https, mailto and relative ones are left as plain text. The only classes are
// "toc", "table", "footnotes", "fact" and "align-left", "align-center",
// "align-right". Every heading has its section's id.
func RenderHTML(w io.Writer, d *Document, opts *HTMLOptions) error {
	h := newHTMLWriter(d, opts)
	h.out = w
	h.document(d)
	h.flush(0)
	return h.err
}

// Direction returns the direction in which tag's language is written: "rtl",
// "ltr", or "" if the language is not known.
func Direction(tag language.Tag) string {
	if tag == language.Und {
		return ""
	}
	script, _ := tag.Script()
	if slices.Contains(rtlScripts, script.String()) {
		return "rtl"
	}
	return "ltr"
}

// rtlScripts are the ISO 15924 codes of the scripts in use that run right to left.
var rtlScripts = []string{"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}

// SafeLink reports whether href may be a link's target in a page: its scheme is
// http, https or mailto, or it has none and is relative.
func SafeLink(href string) bool {
	for _, c := range []byte(href) {
		if c <= ' ' || c == 0x7f || c == '\\' {
			return false
		}
	}
	end := strings.IndexAny(href, ":/?#")
	if end < 0 || href[end] != ':' {
		return true
	}
	switch strings.ToLower(href[:end]) {
	case "http", "https", "mailto":
		return true
	}
	return false
}

type htmlWriter struct {
	buf []byte
	// out takes the buffer whenever it is full; err is its first error.
	out   io.Writer
	err   error
	opts  HTMLOptions
	first int
	// anchors are the ids in use, so that none occurs twice.
	anchors map[string]bool
	// noted are the footnotes whose first reference is written.
	noted map[string]bool
}

func newHTMLWriter(d *Document, opts *HTMLOptions) *htmlWriter {
	h := &htmlWriter{anchors: map[string]bool{}, noted: map[string]bool{}}
	if opts != nil {
		h.opts = *opts
	}
	h.first = h.opts.FirstLevel
	if h.first < 1 || h.first > 6 {
		h.first = 2
		if len(d.Sections) == 1 && d.Sections[0].Level == 1 {
			h.first = 1
		}
	}
	for s := range d.All() {
		h.anchors[s.ID] = true
	}
	return h
}

// flush writes the buffer if it holds at least size bytes.
func (h *htmlWriter) flush(size int) {
	if h.out == nil || len(h.buf) < size {
		return
	}
	if h.err == nil {
		_, h.err = h.out.Write(h.buf)
	}
	h.buf = h.buf[:0]
}

func (h *htmlWriter) str(parts ...string) {
	for _, p := range parts {
		h.buf = append(h.buf, p...)
	}
}

// esc writes text in which nothing is markup, in content or a quoted attribute.
func (h *htmlWriter) esc(text string) {
	start := 0
	for i := 0; i < len(text); i++ {
		var ref string
		switch text[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		case '"':
			ref = "&quot;"
		case '\'':
			ref = "&#39;"
		case 0:
			ref = "\uFFFD"
		default:
			continue
		}
		h.buf = append(append(h.buf, text[start:i]...), ref...)
		start = i + 1
	}
	h.buf = append(h.buf, text[start:]...)
}

func (h *htmlWriter) attr(name, value string) {
	h.str(" ", name, `="`)
	h.esc(value)
	h.str(`"`)
}

func (h *htmlWriter) document(d *Document) {
	h.str("<article")
	if dir := Direction(d.Locale); dir != "" {
		h.attr("lang", d.Locale.String())
		h.attr("dir", dir)
	}
	h.str(">\n")
	h.blocks(d.Intro)
	if h.opts.TOC > 0 && len(d.Sections) > 0 {
		h.toc(d)
	}
	h.sections(d.Sections, h.first)
	h.footnotes(d.Footnotes)
	h.str("</article>\n")
}

func (h *htmlWriter) toc(d *Document) {
	h.str(`<nav class="toc"`)
	if h.opts.TOCTitle != "" {
		h.attr("aria-label", h.opts.TOCTitle)
	}
	h.str(">\n")
	sections := d.Sections
	if len(sections) == 1 && len(sections[0].Sections) > 0 {
		sections = sections[0].Sections
	}
	h.tocLevel(sections, h.opts.TOC)
	h.str("</nav>\n")
}

func (h *htmlWriter) tocLevel(sections []*Section, depth int) {
	h.str("<ul>\n")
	for _, s := range sections {
		h.str("<li><a")
		h.attr("href", "#"+s.ID)
		h.str(">")
		h.esc(s.Title)
		h.str("</a>")
		if depth > 1 && len(s.Sections) > 0 {
			h.str("\n")
			h.tocLevel(s.Sections, depth-1)
		}
		h.str("</li>\n")
	}
	h.str("</ul>\n")
}

func (h *htmlWriter) sections(sections []*Section, level int) {
	for _, s := range sections {
		for _, old := range h.opts.Aliases[s.ID] {
			h.anchor(old)
		}
		h.heading(s, level)
		h.blocks(s.Blocks)
		h.sections(s.Sections, min(level+1, 6))
	}
}

func (h *htmlWriter) heading(s *Section, level int) {
	tag := "h" + strconv.Itoa(level)
	h.str("<", tag)
	h.attr("id", s.ID)
	h.str(">")
	h.spans(s.Heading)
	h.str("</", tag, ">\n")
}

// anchor makes a place for links, unless the page has one of that id or keeps it
// for a footnote.
func (h *htmlWriter) anchor(id string) {
	if id == "" || h.anchors[id] || strings.HasPrefix(id, reservedIDs) {
		return
	}
	h.anchors[id] = true
	h.str("<a")
	h.attr("id", id)
	h.str("></a>")
}

func (h *htmlWriter) blocks(blocks []Block) {
	for _, b := range blocks {
		h.flush(32 << 10)
		switch b := b.(type) {
		case *Paragraph:
			h.str("<p>")
			h.spans(b.Spans)
			h.str("</p>\n")
		case *Heading:
			tag := "h" + strconv.Itoa(min(max(b.Level, 1), 6))
			h.str("<", tag, ">")
			h.spans(b.Spans)
			h.str("</", tag, ">\n")
		case *List:
			h.list(b)
		case *Quote:
			h.str("<blockquote>\n")
			h.blocks(b.Blocks)
			h.str("</blockquote>\n")
		case *Code:
			h.str("<pre><code>")
			h.esc(b.Text)
			h.str("</code></pre>\n")
		case *Table:
			h.table(b)
		case *Rule:
			h.str("<hr>\n")
		}
	}
}

func (h *htmlWriter) list(l *List) {
	tag := "ul"
	if l.Ordered {
		tag = "ol"
	}
	h.str("<", tag)
	if l.Ordered && l.Start != 1 {
		h.attr("start", strconv.Itoa(l.Start))
	}
	h.str(">\n")
	for _, it := range l.Items {
		h.str("<li>")
		rest := it.Blocks
		if isSimple(it) {
			h.spans(rest[0].(*Paragraph).Spans)
			rest = rest[1:]
		}
		if len(rest) > 0 {
			h.str("\n")
			h.blocks(rest)
		}
		h.str("</li>\n")
	}
	h.str("</", tag, ">\n")
}

// isSimple reports whether an item is one paragraph with nothing but lists after
// it, so that it needs no element for its paragraph.
func isSimple(it Item) bool {
	if len(it.Blocks) == 0 {
		return false
	}
	if _, ok := it.Blocks[0].(*Paragraph); !ok {
		return false
	}
	for _, b := range it.Blocks[1:] {
		if _, ok := b.(*List); !ok {
			return false
		}
	}
	return true
}

func (h *htmlWriter) table(t *Table) {
	h.str("<div class=\"table\"><table>\n<thead>\n")
	h.row("th", t.Align, t.Header)
	h.str("</thead>\n")
	if len(t.Rows) > 0 {
		h.str("<tbody>\n")
		for _, r := range t.Rows {
			h.row("td", t.Align, r)
		}
		h.str("</tbody>\n")
	}
	h.str("</table></div>\n")
}

var alignClass = [...]string{
	AlignNone: "", AlignLeft: "align-left", AlignCenter: "align-center", AlignRight: "align-right",
}

func (h *htmlWriter) row(tag string, aligns []Align, cells []Cell) {
	h.str("<tr>\n")
	for i, c := range cells {
		h.str("<", tag)
		if tag == "th" && len(c) > 0 {
			h.attr("scope", "col")
		}
		if i < len(aligns) && aligns[i] != AlignNone && int(aligns[i]) < len(alignClass) {
			h.attr("class", alignClass[aligns[i]])
		}
		h.str(">")
		h.spans(c)
		h.str("</", tag, ">\n")
	}
	h.str("</tr>\n")
}

func (h *htmlWriter) footnotes(notes []Footnote) {
	if len(notes) == 0 {
		return
	}
	h.str("<section class=\"footnotes\" role=\"doc-endnotes\">\n<ol>\n")
	for _, n := range notes {
		h.str("<li")
		h.attr("id", reservedIDs+n.Label)
		h.str(">\n")
		h.blocks(n.Blocks)
		if h.noted[n.Label] {
			h.str(`<a role="doc-backlink"`)
			h.attr("href", "#"+reservedIDs+"ref:"+n.Label)
			h.str(">↩</a>\n")
		}
		h.str("</li>\n")
	}
	h.str("</ol>\n</section>\n")
}
