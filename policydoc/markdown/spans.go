package markdown

import (
	"slices"
	"strings"

	"github.com/labelop/privacykit/policydoc"
)

// spanBuilder collects spans in the model's one form: white space collapsed to
// single spaces and none at the ends or beside a break, equal neighbours joined.
type spanBuilder struct {
	spans []policydoc.Span
	// buf is the text of the last span while it grows.
	buf  []byte
	last policydoc.Span
	open bool
	// space tells that text so far ends with white space or is empty.
	space bool
	begun bool
	html  htmlState
}

// text adds text and collapses its white space.
func (b *spanBuilder) text(s string, m mark) { addText(b, s, m) }

func addText[T string | []byte](b *spanBuilder, s T, m mark) {
	if len(s) == 0 {
		return
	}
	b.grow(policydoc.Span{Kind: policydoc.SpanText}, m)
	if !b.begun {
		b.begun, b.space = true, true
	}
	for i := 0; i < len(s); {
		if isBlank(rune(s[i])) {
			if !b.space {
				b.buf = append(b.buf, ' ')
				b.space = true
			}
			i++
			continue
		}
		end := i + 1
		for end < len(s) && !isBlank(rune(s[end])) {
			end++
		}
		b.buf = append(b.buf, s[i:end]...)
		b.space = false
		i = end
	}
}

func (b *spanBuilder) code(s string, m mark) {
	if s == "" {
		return
	}
	b.grow(policydoc.Span{Kind: policydoc.SpanCode}, m)
	b.buf = append(b.buf, s...)
	b.begun, b.space = true, false
}

func (b *spanBuilder) image(alt, src, title string, m mark) {
	b.single(policydoc.Span{Kind: policydoc.SpanImage, Text: alt, Src: src, Title: title, Href: b.html.link(m).href, Style: b.html.style | m.style})
}

func (b *spanBuilder) footnote(label string) {
	if label != "" {
		b.single(policydoc.Span{Kind: policydoc.SpanFootnote, Text: label})
	}
}

func (b *spanBuilder) anchor(id string) {
	b.flush()
	b.spans = append(b.spans, policydoc.Span{Kind: policydoc.SpanAnchor, Text: id})
}

func (b *spanBuilder) single(s policydoc.Span) {
	b.flush()
	b.spans = append(b.spans, s)
	b.begun, b.space = true, false
}

// lineBreak adds a break, unless there is nothing before it.
func (b *spanBuilder) lineBreak() {
	b.trimRight()
	if len(b.spans) == 0 || b.spans[len(b.spans)-1].Kind == policydoc.SpanBreak {
		return
	}
	b.spans = append(b.spans, policydoc.Span{Kind: policydoc.SpanBreak})
	b.begun, b.space = true, true
}

// grow makes the last span one to which text of the kind and mark can be added.
func (b *spanBuilder) grow(s policydoc.Span, m mark) {
	m = b.html.link(m)
	s.Style, s.Href = m.style|b.html.style, m.href
	if s.Href != "" {
		s.Title = m.title
	}
	if b.open && b.last == s {
		return
	}
	b.flush()
	b.last, b.open = s, true
}

// flush ends the growing span.
func (b *spanBuilder) flush() {
	if !b.open {
		return
	}
	b.open = false
	if len(b.buf) == 0 {
		return
	}
	s := b.last
	if n := len(b.spans); n > 0 {
		prev := b.spans[n-1]
		text := prev.Text
		prev.Text = ""
		if prev == s && s.Kind <= policydoc.SpanCode {
			b.spans[n-1].Text = text + string(b.buf)
			b.buf = b.buf[:0]
			return
		}
	}
	s.Text = string(b.buf)
	b.spans = append(b.spans, s)
	b.buf = b.buf[:0]
}

// trimRight removes white space at the end of the text so far.
func (b *spanBuilder) trimRight() {
	b.flush()
	for n := len(b.spans); n > 0; n = len(b.spans) {
		last := &b.spans[n-1]
		if last.Kind != policydoc.SpanText {
			return
		}
		last.Text = strings.TrimRight(last.Text, " ")
		if last.Text != "" {
			return
		}
		b.spans = b.spans[:n-1]
	}
}

// finish returns the spans and makes the builder ready for the next block, in
// which the styles and links of raw HTML go on.
func (b *spanBuilder) finish() []policydoc.Span {
	b.trimRight()
	if n := len(b.spans); n > 0 && b.spans[n-1].Kind == policydoc.SpanBreak {
		b.spans = b.spans[:n-1]
		b.trimRight()
	}
	var out []policydoc.Span
	if len(b.spans) > 0 {
		out = splitFacts(slices.Clone(b.spans))
	}
	b.spans, b.begun, b.space = b.spans[:0], false, false
	return out
}

// splitFacts makes spans of the references to facts that stand in text.
func splitFacts(spans []policydoc.Span) []policydoc.Span {
	found := false
	for _, s := range spans {
		found = found || s.Kind == policydoc.SpanText && strings.Contains(s.Text, factOpen)
	}
	if !found {
		return spans
	}
	var out []policydoc.Span
	for _, s := range spans {
		if s.Kind != policydoc.SpanText {
			out = append(out, s)
			continue
		}
		out = appendFacts(out, s)
	}
	return out
}

// A reference to a fact is written {{fact:reference}}, without spaces.
const (
	factOpen  = "{{fact:"
	factClose = "}}"
	// maxFact is the greatest size of one in bytes.
	maxFact = 600
)

func appendFacts(out []policydoc.Span, s policydoc.Span) []policydoc.Span {
	rest, kept := s.Text, 0
	for from := 0; ; {
		start := strings.Index(rest[from:], factOpen)
		if start < 0 {
			break
		}
		start += from
		end := strings.Index(rest[start:min(len(rest), start+maxFact)], factClose)
		ref := ""
		if end >= 0 {
			ref = rest[start+len(factOpen) : start+end]
		}
		if ref == "" || strings.ContainsAny(ref, " {}") {
			from = start + len(factOpen)
			continue
		}
		if start > kept {
			out = append(out, with(s, policydoc.SpanText, rest[kept:start]))
		}
		out = append(out, with(s, policydoc.SpanFact, ref))
		kept = start + end + len(factClose)
		from = kept
	}
	if kept < len(rest) {
		out = append(out, with(s, policydoc.SpanText, rest[kept:]))
	}
	return out
}

func with(s policydoc.Span, kind policydoc.SpanKind, text string) policydoc.Span {
	s.Kind, s.Text = kind, text
	return s
}
