package policydoc

import "slices"

// Equal reports whether two documents are the same in everything but the lines
// in their sources.
func (d *Document) Equal(o *Document) bool {
	return slices.Equal(d.Fields, o.Fields) && d.Title == o.Title && d.Locale == o.Locale &&
		equalBlocks(d.Intro, o.Intro) && equalDisclosures(d.Disclosures, o.Disclosures) &&
		slices.EqualFunc(d.Sections, o.Sections, (*Section).Equal) &&
		slices.EqualFunc(d.Footnotes, o.Footnotes, func(a, b Footnote) bool {
			return a.Label == b.Label && equalBlocks(a.Blocks, b.Blocks)
		})
}

// Equal reports whether two sections with their subsections are the same in
// everything but the lines in their sources.
func (s *Section) Equal(o *Section) bool {
	return s.ID == o.ID && s.Level == o.Level && s.Number == o.Number && s.Title == o.Title &&
		slices.Equal(s.Heading, o.Heading) && equalBlocks(s.Blocks, o.Blocks) &&
		equalDisclosures(s.Disclosures, o.Disclosures) &&
		slices.EqualFunc(s.Sections, o.Sections, (*Section).Equal)
}

func equalDisclosures(a, b []Disclosure) bool {
	return slices.EqualFunc(a, b, func(x, y Disclosure) bool { return x.Ref == y.Ref })
}

func equalBlocks(a, b []Block) bool { return slices.EqualFunc(a, b, equalBlock) }

func equalBlock(a, b Block) bool {
	switch a := a.(type) {
	case *Paragraph:
		b, ok := b.(*Paragraph)
		return ok && slices.Equal(a.Spans, b.Spans)
	case *Heading:
		b, ok := b.(*Heading)
		return ok && a.Level == b.Level && slices.Equal(a.Spans, b.Spans)
	case *List:
		b, ok := b.(*List)
		return ok && a.Ordered == b.Ordered && a.Start == b.Start &&
			slices.EqualFunc(a.Items, b.Items, func(x, y Item) bool { return equalBlocks(x.Blocks, y.Blocks) })
	case *Quote:
		b, ok := b.(*Quote)
		return ok && equalBlocks(a.Blocks, b.Blocks)
	case *Code:
		b, ok := b.(*Code)
		return ok && *a == *b
	case *Table:
		b, ok := b.(*Table)
		return ok && slices.Equal(a.Align, b.Align) && equalCells(a.Header, b.Header) &&
			slices.EqualFunc(a.Rows, b.Rows, equalCells)
	case *Rule:
		_, ok := b.(*Rule)
		return ok
	}
	return false
}

func equalCells(a, b []Cell) bool {
	return slices.EqualFunc(a, b, slices.Equal[Cell])
}
