package markdown

import (
	"bytes"

	"github.com/yuin/goldmark/util"

	"github.com/labelop/privacykit/policydoc"
)

// What bounds the work of a document within its size, beside MaxSections and
// MaxNesting. Ordinary documents of the greatest size stay far below.
const (
	// maxLinkWork bounds the sum, over all paragraphs, of their bytes times the
	// links in them.
	maxLinkWork = 1 << 29
	// maxStyleWork bounds the sum, over all paragraphs, of the marks of one style
	// times those of another, which are compared where they cross.
	maxStyleWork = 1 << 27
	// maxAddresses bounds the bytes of all links' addresses and titles, which links
	// by reference and those that a line break divides repeat.
	maxAddresses = 4 * MaxBytes
	// maxNoteWork bounds the footnotes times the references to them.
	maxNoteWork = 1 << 27
	// maxMissingCells bounds the cells that rows of tables leave out, since each
	// takes as much memory as a written one.
	maxMissingCells = 1 << 18
	// maxEscapedPipes bounds the "\|" on lines with code, each of which is
	// compared with every other.
	maxEscapedPipes = 10_000
)

// checkShape refuses what would take goldmark unreasonably long or large: its
// time grows with the product of nesting and size, of a paragraph's links and
// its length, of the marks of its styles, and of a document's footnotes and
// references; its memory with the product of a table's rows and columns, written
// or not.
func checkShape(src []byte) error {
	var s shape
	for len(src) > 0 {
		end := bytes.IndexByte(src, '\n') + 1
		if end == 0 {
			end = len(src)
		}
		s.add(src[:end])
		if err := s.check(); err != nil {
			return err
		}
		src = src[end:]
	}
	return nil
}

// shape is what the lines of a document so far add up to.
type shape struct {
	// nested is of the last line.
	nested int
	// size and links are of the last paragraph, linkWork of those before.
	size, links, linkWork int
	// marks are those of strong and emphasised and of struck text in the last
	// paragraph: "*", "_" and "~".
	marks             [3]int
	styleWork         int
	notes, references int
	// columns are of the widest table that the last line may belong to.
	columns, missingCells int
	escapedPipes          int
}

func (s *shape) add(line []byte) {
	s.nested = markers(line)
	if util.IsBlank(line) || s.nested > 0 || line[0] == '#' {
		s.linkWork += s.size * s.links
		s.styleWork += s.markWork()
		s.size, s.links, s.marks = 0, 0, [3]int{}
	}
	s.size += len(line)
	for i, mark := range [...]string{"*", "_", "~"} {
		if n := bytes.Count(line, []byte(mark)); n > 0 {
			s.marks[i] += n - bytes.Count(line, []byte(mark+mark)) // "**" is one
		}
	}
	if bytes.IndexByte(line, ']') >= 0 {
		s.addLinks(line)
	}
	if bytes.IndexByte(line, '`') >= 0 {
		s.escapedPipes += bytes.Count(line, []byte(`\|`))
	}
	s.addRow(line)
}

// markWork is how much work the marks of the last paragraph are. Those of one
// style seldom cross.
func (s *shape) markWork() int {
	a, b, c := s.marks[0], s.marks[1], s.marks[2]
	all := a + b + c
	return a*b + a*c + b*c + (all/8)*(all/4)
}

func (s *shape) addLinks(line []byte) {
	definitions := bytes.Count(line, []byte("]:"))
	s.links += bytes.Count(line, []byte("](")) + definitions
	if n := bytes.Count(line, []byte("[^")); n > 0 {
		s.references += n
		s.notes += definitions
		s.nested = max(s.nested, min(n, definitions)) // notes on one line nest
	}
}

// addRow counts what a row of a table leaves out. Every line may be a row until
// the next blank one; those between a header and its rows tell the columns.
func (s *shape) addRow(line []byte) {
	if s.columns == 0 && bytes.IndexByte(line, '|') < 0 {
		return
	}
	row := bytes.Trim(line, "> \t\n")
	if len(row) == 0 {
		s.columns = 0
		return
	}
	cells := bytes.Count(row, []byte{'|'}) + 1
	if len(bytes.Trim(row, "|:- \t")) == 0 {
		s.columns = max(s.columns, cells)
	}
	s.missingCells += max(s.columns-cells, 0)
}

func (s *shape) check() error {
	for _, l := range [...]struct {
		what       string
		got, limit int
	}{
		{"links times bytes of their paragraphs", s.linkWork + s.size*s.links, maxLinkWork},
		{"marks of styles times each other", s.styleWork + s.markWork(), maxStyleWork},
		{"nested blocks", s.nested, MaxNesting},
		{"footnotes times references to them", s.notes * s.references, maxNoteWork},
		{"cells left out of tables", s.missingCells, maxMissingCells},
		{"escaped pipes beside code", s.escapedPipes, maxEscapedPipes},
	} {
		if l.got > l.limit {
			return &policydoc.LimitError{What: l.what, Limit: l.limit}
		}
	}
	return nil
}

// markers counts the marks of quotations and list items at the start of a line.
func markers(line []byte) int {
	n := 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case util.IsSpace(c):
		case c == '>':
			n++
		case (c == '-' || c == '*' || c == '+') && i+1 < len(line) && util.IsSpace(line[i+1]):
			n++
		case c >= '0' && c <= '9':
			for i < len(line) && line[i] >= '0' && line[i] <= '9' {
				i++
			}
			if i+1 >= len(line) || line[i] != '.' && line[i] != ')' || !util.IsSpace(line[i+1]) {
				return n
			}
			n++
		default:
			return n
		}
	}
	if len(bytes.Trim(line, "- \t\n")) == 0 || len(bytes.Trim(line, "* \t\n")) == 0 {
		return 0 // a thematic break
	}
	return n
}
