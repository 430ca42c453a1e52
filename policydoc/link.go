package policydoc

// Link is a link in a text.
type Link struct {
	// Text is what the reader sees of it.
	Text string
	// Href is the target, percent-encoded; it may be unsafe, see SafeLink.
	Href string
	// Title is the advisory title, "" for none.
	Title string
}

// Links returns the links of the section's title and own blocks, in the order of
// the text.
func (s *Section) Links() []Link {
	var out []Link
	open := false
	for span := range blockSpans(s.Blocks, s.Heading) {
		if span.Href == "" {
			open = false
			continue
		}
		title := span.Title
		if span.Kind == SpanImage {
			title = ""
		}
		text := PlainText([]Span{span})
		if n := len(out) - 1; open && out[n].Href == span.Href && out[n].Title == title {
			out[n].Text += text
			continue
		}
		out = append(out, Link{Text: text, Href: span.Href, Title: title})
		open = true
	}
	return out
}
