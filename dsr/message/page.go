package message

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// Page is the dot of every block: the Data, and methods that render parts of
// the message in its locale.
type Page struct {
	Data

	locale   *locale
	planned  []regime.Content
	rendered []regime.Content
	within   bool // an element is being rendered
}

// Elements renders the elements of the message that were not rendered yet, each
// a paragraph. An element whose data are not stated is left out.
func (p *Page) Elements() (string, error) {
	var paragraphs []string
	for _, content := range p.planned {
		if slices.Contains(p.rendered, content) {
			continue
		}
		text, err := p.Element(string(content))
		if err != nil {
			return "", err
		}
		if text != "" {
			paragraphs = append(paragraphs, text)
		}
	}
	return strings.Join(paragraphs, "\n\n"), nil
}

// Element renders one element by its block, or nothing if its data are not
// stated. An element that has no block is an error.
func (p *Page) Element(name string) (string, error) {
	content := regime.Content(name)
	switch {
	case p.within:
		return "", fmt.Errorf("an element renders no other element: %w", privacy.ErrInvalid)
	case !p.stated(content):
		return "", nil
	}
	p.within = true
	text, err := p.locale.render("element."+name, p)
	p.within = false
	if err != nil {
		return "", err
	}
	text = strings.TrimSpace(text)
	if text != "" && !slices.Contains(p.rendered, content) {
		p.rendered = append(p.rendered, content)
	}
	return text, nil
}

// RequestName renders the name of the right.
func (p *Page) RequestName() (string, error) {
	return p.locale.render("request."+string(p.Request), p)
}

// Date renders a day in words of the locale.
func (p *Page) Date(day privacy.Date) (string, error) {
	if day.IsZero() {
		return "", fmt.Errorf("a template renders a day that is not stated: %w", privacy.ErrInvalid)
	}
	month, err := p.locale.render("month."+strconv.Itoa(int(day.Month())), p)
	if err != nil {
		return "", err
	}
	return p.locale.render("date", struct {
		Day, Year int
		MonthName string
	}{day.Day(), day.Year(), month})
}

// List renders each text on a line of its own, or the block "none" if there is
// nothing to list.
func (p *Page) List(texts []string) (string, error) {
	if len(texts) == 0 {
		none, err := p.locale.render("none", p)
		return " " + none, err
	}
	var list strings.Builder
	for _, text := range texts {
		list.WriteString("\n- ")
		list.WriteString(text)
	}
	return list.String(), nil
}

// Other returns a text of Data.Others. One that is not there is an error.
func (p *Page) Other(content string) (string, error) {
	text, ok := p.Others[regime.Content(content)]
	if !ok {
		return "", fmt.Errorf("a template names a text that is not among the others: %w", privacy.ErrInvalid)
	}
	return text, nil
}

// render executes a block.
func (l *locale) render(block string, dot any) (string, error) {
	t := l.blocks.Lookup(block)
	if t == nil {
		return "", fmt.Errorf("locale %s has no block %q: %w", l.tag, block, privacy.ErrInvalid)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, dot); err != nil {
		return "", fmt.Errorf("%w: %w", err, privacy.ErrInvalid)
	}
	return text.String(), nil
}
