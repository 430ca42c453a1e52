package policydoc

import "strings"

// spans writes neighbouring spans of one link as one link.
func (h *htmlWriter) spans(spans []Span) {
	for i := 0; i < len(spans); {
		s := spans[i]
		end := i + 1
		if s.Href == "" || !SafeLink(s.Href) {
			h.span(s)
			i = end
			continue
		}
		for end < len(spans) && spans[end].Href == s.Href {
			end++
		}
		h.str("<a")
		h.attr("href", s.Href)
		if s.Title != "" && s.Kind != SpanImage {
			h.attr("title", s.Title)
		}
		h.str(">")
		for _, inner := range spans[i:end] {
			h.span(inner)
		}
		h.str("</a>")
		i = end
	}
}

func (h *htmlWriter) span(s Span) {
	if s.Style&Strong != 0 {
		h.str("<strong>")
	}
	if s.Style&Emphasis != 0 {
		h.str("<em>")
	}
	if s.Style&Strike != 0 {
		h.str("<del>")
	}
	h.content(s)
	if s.Style&Strike != 0 {
		h.str("</del>")
	}
	if s.Style&Emphasis != 0 {
		h.str("</em>")
	}
	if s.Style&Strong != 0 {
		h.str("</strong>")
	}
}

func (h *htmlWriter) content(s Span) {
	switch s.Kind {
	case SpanText:
		h.esc(s.Text)
	case SpanCode:
		h.str("<code>")
		h.esc(s.Text)
		h.str("</code>")
	case SpanBreak:
		h.str("<br>\n")
	case SpanImage:
		h.image(s)
	case SpanFootnote:
		h.str("<sup><a role=\"doc-noteref\"")
		if !h.noted[s.Text] {
			h.noted[s.Text] = true
			h.attr("id", reservedIDs+"ref:"+s.Text)
		}
		h.attr("href", "#"+reservedIDs+s.Text)
		h.str(">")
		h.esc(s.Text)
		h.str("</a></sup>")
	case SpanFact:
		h.str(`<span class="fact">`)
		h.esc(factOpen + s.Text + factClose)
		h.str("</span>")
	case SpanAnchor:
		h.anchor(s.Text)
	}
}

func (h *htmlWriter) image(s Span) {
	remote := strings.HasPrefix(s.Src, "//") || strings.Contains(s.Src, ":")
	if s.Src == "" || !SafeLink(s.Src) || remote && !h.opts.RemoteImages {
		h.esc(s.Text)
		return
	}
	h.str("<img")
	h.attr("src", s.Src)
	h.attr("alt", s.Text)
	if s.Title != "" {
		h.attr("title", s.Title)
	}
	h.str(">")
}
