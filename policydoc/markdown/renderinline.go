package markdown

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"

	"github.com/labelop/privacykit/policydoc"
)

// place is where inline text stands, which decides what needs escaping.
type place uint8

const (
	inParagraph place = iota
	inHeading
	inCell
)

// inlineText writes spans as Markdown.
func inlineText(spans []policydoc.Span, where place) string {
	w := &inlineWriter{where: where, lineStart: where == inParagraph}
	w.spans(spans, 0)
	return w.assemble()
}

// piece is a stretch of output: text, or the mark that opens or closes a style.
type piece struct {
	text        string
	opens, ends bool
}

type inlineWriter struct {
	where     place
	pieces    []piece
	lineStart bool
	// noteAtStart tells that a line so far is one reference to a footnote, which
	// a colon would make the footnote itself.
	noteAtStart bool
	inLink      bool
}

func (w *inlineWriter) put(text string) {
	if text == "" {
		return
	}
	w.pieces = append(w.pieces, piece{text: text})
	w.lineStart, w.noteAtStart = false, false
}

// styleMarks are the styles with their marks, which differ in character so that
// no two of them can run together.
var styleMarks = [...]struct {
	style policydoc.Style
	mark  string
}{
	{policydoc.Strong, "**"}, {policydoc.Emphasis, "_"}, {policydoc.Strike, "~~"},
}

// spans writes spans, of which each has the styles done already open. The style
// or link that reaches farthest is opened first.
func (w *inlineWriter) spans(spans []policydoc.Span, done policydoc.Style) {
	for len(spans) > 0 {
		s := spans[0]
		linked := 0
		if s.Href != "" && !w.inLink {
			linked = extent(spans, func(o policydoc.Span) bool { return sameLink(o, s) })
		}
		best, mark, style := 0, "", policydoc.Style(0)
		for _, m := range styleMarks {
			if s.Style&^done&m.style == 0 {
				continue
			}
			if n := extent(spans, func(o policydoc.Span) bool { return o.Style&m.style != 0 }); n > best {
				best, mark, style = n, m.mark, m.style
			}
		}
		switch {
		case linked > 0 && linked >= best:
			w.link(spans[:linked], done)
			spans = spans[linked:]
		case best > 0:
			w.pieces = append(w.pieces, piece{text: mark, opens: true})
			w.edges(spans[:best], done, style)
			w.pieces = append(w.pieces, piece{text: mark, ends: true})
			w.lineStart = false
			spans = spans[best:]
		default:
			w.span(s)
			spans = spans[1:]
		}
	}
}

func extent(spans []policydoc.Span, same func(policydoc.Span) bool) int {
	for i, s := range spans {
		if !same(s) {
			return i
		}
	}
	return len(spans)
}

// sameLink reports whether o belongs to the link of s. The title of an image is
// its own, so that its link has none.
func sameLink(o, s policydoc.Span) bool { return o.Href == s.Href && linkTitle(o) == linkTitle(s) }

func linkTitle(s policydoc.Span) string {
	if s.Kind == policydoc.SpanImage {
		return ""
	}
	return s.Title
}

// edges writes the spans inside a style. White space at their ends is written as
// a character reference, since a style's mark must not stand beside it; nor must
// "~" stand before the end of struck text.
func (w *inlineWriter) edges(spans []policydoc.Span, done, style policydoc.Style) {
	w.lineStart, w.noteAtStart = false, false
	from := len(w.pieces)
	w.spans(spans, done|style)
	if from == len(w.pieces) {
		return
	}
	first, last := &w.pieces[from], &w.pieces[len(w.pieces)-1]
	if r, size := utf8.DecodeRuneInString(first.text); util.IsSpaceRune(r) {
		first.text = characterReference(r) + first.text[size:]
	}
	if r, size := utf8.DecodeLastRuneInString(last.text); util.IsSpaceRune(r) {
		last.text = last.text[:len(last.text)-size] + characterReference(r)
	}
	if style == policydoc.Strike {
		if text, ok := strings.CutSuffix(last.text, `\~`); ok {
			last.text = text + characterReference('~')
		}
	}
}

func characterReference(r rune) string {
	const digits = "0123456789ABCDEF"
	var b []byte
	for ; r > 0; r >>= 4 {
		b = append([]byte{digits[r&15]}, b...)
	}
	return "&#x" + string(b) + ";"
}

var plainURL = regexp.MustCompile(`^https?://[A-Za-z0-9:/?#@!$'()+,;=%._~-]+$`)

func (w *inlineWriter) link(spans []policydoc.Span, done policydoc.Style) {
	s := spans[0]
	if len(spans) == 1 && s.Kind == policydoc.SpanText && s.Title == "" && s.Style&^done == 0 &&
		s.Text == s.Href && plainURL.MatchString(s.Href) {
		w.put("<" + s.Href + ">")
		return
	}
	w.put("[")
	w.inLink = true
	w.spans(spans, done)
	w.inLink = false
	w.put("](" + destination(s.Href) + w.title(linkTitle(s)) + ")")
}

// destination writes an address, which is percent-encoded already.
func destination(href string) string {
	href = escapeReferences(href, "&amp;")
	if href == "" || strings.ContainsAny(href, "()*_[]~'") {
		return "<" + href + ">"
	}
	return href
}

// title writes the title of a link or an image in quotes.
func (w *inlineWriter) title(title string) string {
	if title == "" {
		return ""
	}
	title = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(title)
	if w.where == inCell {
		title = strings.ReplaceAll(title, "|", `\|`)
	}
	return ` "` + strings.ReplaceAll(title, "&", `\&`) + `"`
}

// escapeReferences replaces each "&" that could start a character reference.
func escapeReferences(s, with string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if s[i] == '&' && i+1 < len(s) && (s[i+1] == '#' || util.IsAlphaNumeric(s[i+1])) {
			b.WriteString(with)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func (w *inlineWriter) span(s policydoc.Span) {
	switch s.Kind {
	case policydoc.SpanText:
		w.put(w.escape(s.Text))
	case policydoc.SpanCode:
		w.put(w.codeSpan(s.Text))
	case policydoc.SpanBreak:
		w.lineBreak()
	case policydoc.SpanImage:
		w.put("![" + w.escape(s.Text) + "](" + destination(s.Src) + w.title(s.Title) + ")")
	case policydoc.SpanFootnote:
		atStart := w.lineStart
		w.put("[^" + s.Text + "]")
		w.noteAtStart = atStart
	case policydoc.SpanFact:
		w.put(w.escape(factOpen + s.Text + factClose))
	case policydoc.SpanAnchor:
		w.put(`<a id="` + s.Text + `"></a>`)
	}
}

func (w *inlineWriter) lineBreak() {
	n := len(w.pieces)
	if w.where != inParagraph || n > 0 && strings.HasSuffix(w.pieces[n-1].text, `\`) {
		w.put("<br>")
		return
	}
	w.put("\\\n")
	w.lineStart = true
}

// codeSpan writes text between backticks, more of them than it has in a row.
func (w *inlineWriter) codeSpan(text string) string {
	runs := map[int]bool{}
	run := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] == '`' {
			run++
			continue
		}
		runs[run] = true
		run = 0
	}
	n := 1
	for runs[n] {
		n++
	}
	ticks := strings.Repeat("`", n)
	if w.where == inCell {
		text = strings.ReplaceAll(text, "|", `\|`)
	}
	blank := util.IsBlank([]byte(text))
	edge := func(c byte) bool { return c == '`' || c == ' ' }
	if !blank && (edge(text[0]) || edge(text[len(text)-1])) {
		return ticks + " " + text + " " + ticks
	}
	return ticks + text + ticks
}

// escape escapes what Markdown would not read as text.
func (w *inlineWriter) escape(text string) string {
	var b strings.Builder
	i := 0
	if w.lineStart {
		i = escapeLineStart(&b, text)
	}
	if w.noteAtStart && strings.HasPrefix(text, ":") {
		b.WriteByte('\\')
	}
	for ; i < len(text); i++ {
		c := text[i]
		if w.special(c, text[i+1:]) {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}

func (w *inlineWriter) special(c byte, rest string) bool {
	switch c {
	case '\\', '`', '*', '_', '[', ']', '<', '~', '^':
		return true
	case '&':
		return rest == "" || rest[0] == '#' || util.IsAlphaNumeric(rest[0])
	case '!':
		return rest == ""
	case '#', '{':
		return w.where == inHeading
	case '|':
		return w.where == inCell
	}
	return false
}

var orderedStart = regexp.MustCompile(`^[0-9]{1,9}[.)]`)

// escapeLineStart escapes what would start a block and returns how much of the
// text is written.
func escapeLineStart(b *strings.Builder, text string) int {
	if text == "" {
		return 0
	}
	if mark := string(byteOrderMark); strings.HasPrefix(text, mark) {
		b.WriteString("&#xFEFF;") // Parse would drop it at the start of a document
		return len(mark)
	}
	if strings.IndexByte("#>+-=:|", text[0]) >= 0 {
		b.WriteByte('\\')
		b.WriteByte(text[0])
		return 1
	}
	if m := orderedStart.FindString(text); m != "" {
		b.WriteString(m[:len(m)-1] + `\` + m[len(m)-1:])
		return len(m)
	}
	return 0
}

// assemble joins the pieces. Where the characters beside a style's mark would
// keep it from being one, a separator stands between.
func (w *inlineWriter) assemble() string {
	w.markWithinWords()
	var b strings.Builder
	for i, p := range w.pieces {
		switch {
		case p.opens && !opens(p.text[0], w.before(i), w.after(i)):
			b.WriteString(separator)
			b.WriteString(p.text)
		case p.ends && !opens(p.text[0], w.after(i), w.before(i)):
			b.WriteString(p.text)
			b.WriteString(separator)
		default:
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// before returns the last rune before a piece, a space at the start.
func (w *inlineWriter) before(i int) rune {
	if i == 0 {
		return ' '
	}
	r, _ := utf8.DecodeLastRuneInString(w.pieces[i-1].text)
	return r
}

// after returns the first rune after a piece, a space at the end.
func (w *inlineWriter) after(i int) rune {
	if i+1 == len(w.pieces) {
		return ' '
	}
	r, _ := utf8.DecodeRuneInString(w.pieces[i+1].text)
	return r
}

// markWithinWords marks emphasis by "*" instead of "_" where letters without a
// space stand beside it, as in scripts that set none.
func (w *inlineWriter) markWithinWords() {
	var open []int
	for i, p := range w.pieces {
		if p.opens {
			open = append(open, i)
		}
		if !p.ends {
			continue
		}
		from := open[len(open)-1]
		open = open[:len(open)-1]
		inner, last := w.after(from), w.before(i)
		plain := opens('_', w.before(from), inner) && opens('_', w.after(i), last)
		if p.text == "_" && !plain && inner != '*' && last != '*' &&
			opens('*', w.before(from), inner) && opens('*', w.after(i), last) {
			w.pieces[from].text, w.pieces[i].text = "*", "*"
		}
	}
}

// opens reports whether a mark between the runes outside and inside opens a
// style, or, by symmetry, closes one.
func opens(mark byte, outside, inside rune) bool {
	if outside == rune(mark) {
		return false
	}
	outPunct, outSpace := util.IsPunctRune(outside), util.IsSpaceRune(outside)
	inPunct, inSpace := util.IsPunctRune(inside), util.IsSpaceRune(inside)
	facing := !inSpace && (!inPunct || outSpace || outPunct)
	if mark != '_' {
		return facing
	}
	back := !outSpace && (!outPunct || inSpace || inPunct)
	return facing && (!back || outPunct)
}
