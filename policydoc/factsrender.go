package policydoc

import (
	"io"
	"strings"
)

// RenderFactChangesHTML writes changes of facts as an HTML list with ins and del
// elements, safe to serve whatever the facts hold. opts may be nil; of them only
// Names count. The class is "facts".
func RenderFactChangesHTML(w io.Writer, changes []FactChange, opts *DiffOptions) error {
	h := &htmlWriter{}
	h.str("<ul class=\"facts\">\n")
	for _, c := range changes {
		h.str("<li>")
		h.edits(c.Edits(opts))
		h.str("</li>\n")
	}
	h.str("</ul>\n")
	_, err := w.Write(h.buf)
	return err
}

// Edits returns the change as words for people, with what went and what came.
// opts may be nil; of them only Names count.
func (c FactChange) Edits(opts *DiffOptions) []Edit {
	name := c.Title
	if name == "" {
		name = c.Ref
	}
	out := appendEdit(nil, EditEqual, name)
	if c.Attribute != "" {
		out = appendEdit(out, EditEqual, ", "+strings.ReplaceAll(c.Attribute, "_", " "))
	}
	out = appendEdit(out, EditEqual, " ("+opts.Labels(c.Change)+")")
	if len(c.Old)+len(c.New) > 0 {
		out = appendEdit(out, EditEqual, ": ")
	}
	out = appendEdit(out, EditDelete, strings.Join(c.Old, ", "))
	if len(c.Old) > 0 && len(c.New) > 0 {
		out = appendEdit(out, EditEqual, " ")
	}
	return appendEdit(out, EditInsert, strings.Join(c.New, ", "))
}
