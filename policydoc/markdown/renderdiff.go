package markdown

import (
	"strings"
	"unicode"

	"github.com/labelop/privacykit/policydoc"
)

// RenderDiff writes a difference as Markdown, with ins and del elements around
// what came and went, as policydoc.RenderDiffHTML writes it as HTML.
func RenderDiff(d *policydoc.Diff, opts *policydoc.DiffOptions) []byte {
	if opts == nil {
		opts = &policydoc.DiffOptions{}
	}
	level := opts.FirstLevel
	if level < 1 || level > 6 {
		level = 2
	}
	var b strings.Builder
	for _, s := range d.Sections {
		if s.Change == 0 && !opts.All {
			continue
		}
		if len(s.Title) > 0 {
			b.WriteString(strings.Repeat("#", level) + " " + editsText(s.Title, inHeading) + "\n\n")
		}
		if s.Change != 0 {
			b.WriteString("_(" + opts.Labels(s.Change) + ")_\n\n")
		}
		elided := false
		for _, p := range policydoc.Paragraphs(s.Text) {
			unchanged := len(p) == 1 && p[0].Op == policydoc.EditEqual
			switch {
			case !unchanged || opts.All:
				b.WriteString(editsText(p, inParagraph) + "\n\n")
			case !elided:
				b.WriteString("…\n\n")
			}
			elided = unchanged
		}
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

func editsText(edits []policydoc.Edit, where place) string {
	var b strings.Builder
	for _, e := range edits {
		tag := ""
		switch e.Op {
		case policydoc.EditDelete:
			tag = "del"
		case policydoc.EditInsert:
			tag = "ins"
		}
		if tag != "" {
			b.WriteString("<" + tag + ">")
		}
		w := &inlineWriter{where: where, lineStart: b.Len() == 0 && where == inParagraph}
		text := strings.TrimRight(e.Text, "\n")
		if w.lineStart {
			text = strings.TrimLeftFunc(text, unicode.IsSpace) // what indents a block would hide its mark from escape
		}
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				b.WriteString("<br>")
			}
			b.WriteString(w.escape(line))
			w.lineStart = false
		}
		if tag != "" {
			b.WriteString("</" + tag + ">")
		}
	}
	return strings.TrimSpace(b.String())
}

// RenderFactChanges writes changes of facts as a Markdown list, as
// policydoc.RenderFactChangesHTML writes them as HTML.
func RenderFactChanges(changes []policydoc.FactChange, opts *policydoc.DiffOptions) []byte {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString("- " + editsText(c.Edits(opts), inParagraph) + "\n")
	}
	return []byte(b.String())
}
