package policydoc

import (
	_ "embed"
	"io"

	"golang.org/x/text/language"
)

//go:embed page.css
var pageStyle string

// PageStyle returns the style sheet of RenderPage, for a host that serves it as
// a file of its own. It suits narrow and wide screens, light and dark.
func PageStyle() string { return pageStyle }

// Page is a page around an article that RenderHTML or RenderDiffHTML writes.
type Page struct {
	// Title names the page. Required for an accessible page.
	Title string
	// Locale is the page's language.
	Locale language.Tag
	// StyleSheet is the address of a style sheet. "" puts PageStyle into the
	// page, which a host's content security policy may not allow.
	StyleSheet string
	// Heading shows Title above the article, for an article without a heading of
	// level 1.
	Heading bool
}

// RenderPage writes a page whose content body writes. The page needs no script.
func RenderPage(w io.Writer, p Page, body func(io.Writer) error) error {
	h := &htmlWriter{}
	h.str("<!DOCTYPE html>\n<html")
	if dir := Direction(p.Locale); dir != "" {
		h.attr("lang", p.Locale.String())
		h.attr("dir", dir)
	}
	h.str(">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
	h.esc(p.Title)
	h.str("</title>\n")
	if p.StyleSheet != "" && SafeLink(p.StyleSheet) {
		h.str("<link rel=\"stylesheet\"")
		h.attr("href", p.StyleSheet)
		h.str(">\n")
	} else {
		h.str("<style>\n", pageStyle, "</style>\n")
	}
	h.str("</head>\n<body>\n<main>\n")
	if p.Heading {
		h.str("<h1>")
		h.esc(p.Title)
		h.str("</h1>\n")
	}
	if _, err := w.Write(h.buf); err != nil {
		return err
	}
	if err := body(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "</main>\n</body>\n</html>\n")
	return err
}
