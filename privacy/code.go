package privacy

import (
	"fmt"
	"iter"
	"strings"
)

// unknownCode is what String returns for every value outside a vocabulary. It
// is never accepted by a parser.
const unknownCode = "unknown"

// The namespaces of the Data Privacy Vocabulary (DPV) 2.3 of the W3C Data
// Privacy Vocabularies and Controls Community Group, and of its GDPR extension.
const (
	dpvNamespace     = "https://w3id.org/dpv#"
	dpvGDPRNamespace = "https://w3id.org/dpv/legal/eu/gdpr#"
)

// codeRow is one entry of a vocabulary.
type codeRow struct {
	code    string // stable text form, in lower_snake_case
	label   string // plain English
	article string // provision of law, "" if none defines the term
	dpv     string // IRI in DPV 2.3, "" if it has no term
}

// codeTable is the vocabulary of one code type: row i describes the constant
// with value i. Row 0 is empty, because the zero value is unknown.
type codeTable[C ~uint8] struct {
	noun string
	rows []codeRow
}

func (t *codeTable[C]) valid(c C) bool { return c != 0 && int(c) < len(t.rows) }

// row returns the entry of c, the empty one if c is unknown.
func (t *codeTable[C]) row(c C) codeRow {
	if !t.valid(c) {
		return codeRow{}
	}
	return t.rows[c]
}

func (t *codeTable[C]) text(c C) string {
	if !t.valid(c) {
		return unknownCode
	}
	return t.rows[c].code
}

func (t *codeTable[C]) label(c C) string {
	if !t.valid(c) {
		return "Unknown"
	}
	return t.rows[c].label
}

func (t *codeTable[C]) marshal(c C) ([]byte, error) {
	if !t.valid(c) {
		return nil, fmt.Errorf("unknown %s cannot be written: %w", t.noun, ErrInvalid)
	}
	return []byte(t.rows[c].code), nil
}

// parse searches in line: no vocabulary is long enough for a map to win.
func (t *codeTable[C]) parse(text string) (C, error) {
	if text != "" {
		for i, row := range t.rows {
			if row.code == text {
				return C(i), nil
			}
		}
	}
	return 0, fmt.Errorf("unknown %s, want one of %s: %w", t.noun, t.accepted(), ErrInvalid)
}

func (t *codeTable[C]) unmarshal(c *C, text []byte) error {
	parsed, err := t.parse(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}

// accepted lists every code. An error names these and never quotes the text it
// refuses, which may hold anything.
func (t *codeTable[C]) accepted() string {
	codes := make([]string, 0, len(t.rows))
	for c := range t.all() {
		codes = append(codes, t.text(c))
	}
	return strings.Join(codes, ", ")
}

func (t *codeTable[C]) all() iter.Seq[C] {
	return func(yield func(C) bool) {
		for i := 1; i < len(t.rows); i++ {
			if !yield(C(i)) {
				return
			}
		}
	}
}
