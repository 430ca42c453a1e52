package policydoc

import (
	"io"
	"strconv"
	"strings"
)

// DiffOptions adjust the rendering of a Diff. Nil and the zero value show what
// changed, in English.
type DiffOptions struct {
	// All shows unchanged sections and paragraphs too.
	All bool
	// Names are the words shown for Added, Removed, Moved, Renamed and Changed,
	// in the reader's language. Missing ones are English.
	Names map[Change]string
	// FirstLevel is the level of the headings, 1 to 6; the zero value is 2.
	FirstLevel int
}

// Labels returns the words for the changes in c.
func (o *DiffOptions) Labels(c Change) string {
	var labels []string
	for _, n := range changeNames {
		if c&n.change == 0 {
			continue
		}
		name := n.name
		if o != nil && o.Names[n.change] != "" {
			name = o.Names[n.change]
		}
		labels = append(labels, name)
	}
	return strings.Join(labels, ", ")
}

// RenderDiffHTML writes a difference as one HTML article with ins and del
// elements, safe to serve whatever the texts hold. Unless all is asked for,
// unchanged sections are left out and unchanged paragraphs are shown as "…".
// The classes are "diff", "change" and the names that Change.String uses.
func RenderDiffHTML(w io.Writer, d *Diff, opts *DiffOptions) error {
	h := &htmlWriter{}
	if opts == nil {
		opts = &DiffOptions{}
	}
	level := opts.FirstLevel
	if level < 1 || level > 6 {
		level = 2
	}
	h.str("<article class=\"diff\">\n")
	for _, s := range d.Sections {
		if s.Change != 0 || opts.All {
			h.sectionDiff(s, opts, level)
		}
	}
	h.str("</article>\n")
	_, err := w.Write(h.buf)
	return err
}

func (h *htmlWriter) sectionDiff(s SectionDiff, opts *DiffOptions, level int) {
	h.str("<section")
	if s.Change != 0 {
		h.attr("class", strings.ReplaceAll(s.Change.String(), ",", ""))
	}
	h.str(">\n")
	if len(s.Title) > 0 {
		tag := "h" + strconv.Itoa(level)
		h.str("<", tag, ">")
		h.edits(s.Title)
		h.str("</", tag, ">\n")
	}
	if s.Change != 0 {
		h.str("<p class=\"change\">")
		h.esc(opts.Labels(s.Change))
		h.str("</p>\n")
	}
	elided := false
	for _, p := range Paragraphs(s.Text) {
		if !opts.All && len(p) == 1 && p[0].Op == EditEqual {
			if !elided {
				h.str("<p>…</p>\n")
			}
			elided = true
			continue
		}
		elided = false
		h.str("<p>")
		h.edits(p)
		h.str("</p>\n")
	}
	h.str("</section>\n")
}

func (h *htmlWriter) edits(edits []Edit) {
	for _, e := range edits {
		switch e.Op {
		case EditDelete:
			h.str("<del>")
		case EditInsert:
			h.str("<ins>")
		}
		for i, line := range strings.Split(strings.TrimRight(e.Text, "\n"), "\n") {
			if i > 0 {
				h.str("<br>\n")
			}
			h.esc(line)
		}
		switch e.Op {
		case EditDelete:
			h.str("</del>")
		case EditInsert:
			h.str("</ins>")
		}
	}
}

// Paragraphs splits edits of a text at its blank lines, for showing them.
// White space between paragraphs is dropped.
func Paragraphs(edits []Edit) [][]Edit {
	var out [][]Edit
	var current []Edit
	flush := func() {
		if current = trimEdits(current); len(current) > 0 {
			out = append(out, current)
		}
		current = nil
	}
	for _, e := range edits {
		for i, part := range strings.Split(e.Text, "\n\n") {
			if i > 0 {
				flush()
			}
			current = appendEdit(current, e.Op, part)
		}
	}
	flush()
	return out
}

// trimEdits drops edits at the ends that are white space only.
func trimEdits(edits []Edit) []Edit {
	blank := func(e Edit) bool { return strings.TrimSpace(e.Text) == "" }
	for len(edits) > 0 && blank(edits[0]) {
		edits = edits[1:]
	}
	for len(edits) > 0 && blank(edits[len(edits)-1]) {
		edits = edits[:len(edits)-1]
	}
	return edits
}
