package privacy

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// CanonicalizeJSON returns the canonical form (RFC 8785) of exactly one JSON
// value. Canonical input is returned as an equal copy. Besides what
// CanonicalJSON refuses, it refuses lone surrogates, numbers beyond the range
// of a double, anything after the value, and everything that RFC 8259 does not
// allow. Errors match ErrInvalid and name the offset in bytes, never the
// content.
func CanonicalizeJSON(data []byte) ([]byte, error) {
	return appendCanonicalized(nil, data, false, 0)
}

func appendCanonicalized(dst, data []byte, marshalled bool, depth int) ([]byte, error) {
	c := canonicalizer{src: data, dst: slices.Grow(dst, len(data)), marshalled: marshalled, depth: depth}
	c.space()
	if err := c.value(); err != nil {
		return dst, err
	}
	c.space()
	if c.pos < len(c.src) {
		return dst, c.syntax("text after the value")
	}
	return c.dst, nil
}

// canonicalizer rewrites JSON text without building a tree of it.
type canonicalizer struct {
	src   []byte
	pos   int
	dst   []byte
	depth int
	// marshalled text is that of encoding/json, which puts the escape \ufffd
	// in place of invalid UTF-8, and U+FFFD itself without an escape.
	marshalled bool
	// members and names are stacks of the objects being read.
	members []member
	names   []byte
	// text is where strings with escapes are decoded, and sorting copies to.
	text []byte
}

// member locates a member of an object in canonicalizer.dst, and its decoded
// name in canonicalizer.names.
type member struct{ start, end, nameStart, nameEnd int }

func (c *canonicalizer) syntax(what string) error {
	return fmt.Errorf("JSON at byte %d: %s: %w", c.pos, what, ErrInvalid)
}

// peek returns the next byte, 0 at the end; a 0 in the text is not JSON either.
func (c *canonicalizer) peek() byte {
	if c.pos < len(c.src) {
		return c.src[c.pos]
	}
	return 0
}

func (c *canonicalizer) space() {
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

func (c *canonicalizer) value() error {
	switch b := c.peek(); {
	case b == '{' || b == '[':
		return c.nested(b)
	case b == '"':
		text, err := c.string()
		if err == nil {
			c.dst = appendQuoted(c.dst, text)
		}
		return err
	case b == '-' || isDecimal(b):
		return c.number()
	default:
		return c.literal()
	}
}

func (c *canonicalizer) literal() error {
	for _, word := range [...]string{"true", "false", "null"} {
		if len(c.src)-c.pos >= len(word) && string(c.src[c.pos:c.pos+len(word)]) == word {
			c.pos += len(word)
			c.dst = append(c.dst, word...)
			return nil
		}
	}
	return c.syntax("no value")
}

// nested reads an array or object, whose opening bracket is next.
func (c *canonicalizer) nested(opening byte) error {
	if c.depth == maxJSONDepth {
		return errDepth
	}
	c.depth++
	c.dst = append(c.dst, opening)
	c.pos++
	c.space()
	var err error
	if opening == '{' {
		err = c.object()
	} else {
		err = c.array()
	}
	c.depth--
	return err
}

// separator reads the comma or closing bracket after an element.
func (c *canonicalizer) separator(closing byte) (done bool, err error) {
	c.space()
	switch c.peek() {
	case closing:
		c.pos++
		return true, nil
	case ',':
		c.pos++
		c.space()
		return false, nil
	default:
		return false, c.syntax("neither a comma nor the end of the array or object")
	}
}

func (c *canonicalizer) array() error {
	if c.peek() == ']' {
		c.pos++
		c.dst = append(c.dst, ']')
		return nil
	}
	for {
		if err := c.value(); err != nil {
			return err
		}
		done, err := c.separator(']')
		if err != nil {
			return err
		}
		if done {
			c.dst = append(c.dst, ']')
			return nil
		}
		c.dst = append(c.dst, ',')
	}
}

func (c *canonicalizer) object() error {
	if c.peek() == '}' {
		c.pos++
		c.dst = append(c.dst, '}')
		return nil
	}
	if c.members == nil {
		// Enough for a document of usual size.
		c.members, c.names = make([]member, 0, 16), make([]byte, 0, 128)
	}
	first, firstName := len(c.members), len(c.names)
	for {
		m, err := c.member()
		if err != nil {
			return err
		}
		c.members = append(c.members, m)
		done, err := c.separator('}')
		if err != nil {
			return err
		}
		if done {
			break
		}
		c.dst = append(c.dst, ',')
	}
	if err := c.sort(c.members[first:]); err != nil {
		return err
	}
	c.dst = append(c.dst, '}')
	c.members, c.names = c.members[:first], c.names[:firstName]
	return nil
}

func (c *canonicalizer) member() (member, error) {
	m := member{start: len(c.dst), nameStart: len(c.names)}
	if c.peek() != '"' {
		return m, c.syntax("no member name")
	}
	name, err := c.string()
	if err != nil {
		return m, err
	}
	c.names = append(c.names, name...)
	m.nameEnd = len(c.names)
	c.dst = appendQuoted(c.dst, name)
	c.space()
	if c.peek() != ':' {
		return m, c.syntax("no colon after the member name")
	}
	c.pos++
	c.space()
	c.dst = append(c.dst, ':')
	err = c.value()
	m.end = len(c.dst)
	return m, err
}

// sort orders the members at the end of dst by name and refuses duplicates.
func (c *canonicalizer) sort(members []member) error {
	compare := func(a, b member) int {
		return compareUTF16(c.names[a.nameStart:a.nameEnd], c.names[b.nameStart:b.nameEnd])
	}
	inOrder := 1
	for inOrder < len(members) && compare(members[inOrder-1], members[inOrder]) < 0 {
		inOrder++
	}
	if inOrder == len(members) {
		return nil
	}
	start := members[0].start
	slices.SortFunc(members, compare)
	c.text = append(c.text[:0], c.dst[start:]...)
	c.dst = c.dst[:start]
	for i, m := range members {
		if i > 0 {
			c.dst = append(c.dst, ',')
			if compare(members[i-1], m) == 0 {
				return c.syntax("an object with two members of the same name ends here")
			}
		}
		c.dst = append(c.dst, c.text[m.start-start:m.end-start]...)
	}
	return nil
}

func (c *canonicalizer) number() error {
	start := c.pos
	if c.peek() == '-' {
		c.pos++
	}
	if c.peek() == '0' {
		c.pos++
	} else if !c.digits() {
		return c.syntax("no digit in a number")
	}
	if c.peek() == '.' {
		c.pos++
		if !c.digits() {
			return c.syntax("no digit after the decimal point")
		}
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.pos++
		if b := c.peek(); b == '+' || b == '-' {
			c.pos++
		}
		if !c.digits() {
			return c.syntax("no digit in an exponent")
		}
	}
	if c.plain(start) {
		c.dst = append(c.dst, c.src[start:c.pos]...)
		return nil
	}
	f, err := strconv.ParseFloat(string(c.src[start:c.pos]), 64)
	if err == nil {
		err = checkNumber(f)
	}
	if err != nil {
		c.pos = start
		return c.syntax("a number that is no double or an integer beyond 2^53-1")
	}
	c.dst = appendDouble(c.dst, f)
	return nil
}

// plain reports whether the number from start to pos is an integer so short
// that it is its own canonical form.
func (c *canonicalizer) plain(start int) bool {
	const digitsAlwaysExact = 15
	if c.pos-start > digitsAlwaysExact {
		return false
	}
	for _, b := range c.src[start:c.pos] {
		if !isDecimal(b) {
			return false
		}
	}
	return true
}

// digits reads digits and reports whether there is any.
func (c *canonicalizer) digits() bool {
	start := c.pos
	for isDecimal(c.peek()) {
		c.pos++
	}
	return c.pos > start
}

func isDecimal(b byte) bool { return b >= '0' && b <= '9' }

// string reads a string, whose quote is next, and returns its decoded text,
// which is valid until the next call.
func (c *canonicalizer) string() ([]byte, error) {
	c.pos++
	start := c.pos
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			return c.src[start : c.pos-1], nil
		case b == '\\':
			return c.escapedString(start)
		case b < 0x20:
			return nil, c.syntax("a control character in a string")
		case b < utf8.RuneSelf:
			c.pos++
		default:
			if !c.rune() {
				return nil, c.syntax("invalid UTF-8")
			}
		}
	}
	return nil, c.syntax("a string without end")
}

// rune skips one character and reports whether it was valid UTF-8.
func (c *canonicalizer) rune() bool {
	r, size := utf8.DecodeRune(c.src[c.pos:])
	c.pos += size
	return r != utf8.RuneError || size > 1
}

// escapedString reads the rest of a string that began at start and has its
// first escape at pos.
func (c *canonicalizer) escapedString(start int) ([]byte, error) {
	c.text = append(c.text[:0], c.src[start:c.pos]...)
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; {
		case b == '"':
			c.pos++
			return c.text, nil
		case b == '\\':
			if err := c.escape(); err != nil {
				return nil, err
			}
		case b < 0x20:
			return nil, c.syntax("a control character in a string")
		default:
			at := c.pos
			if !c.rune() {
				return nil, c.syntax("invalid UTF-8")
			}
			c.text = append(c.text, c.src[at:c.pos]...)
		}
	}
	return nil, c.syntax("a string without end")
}

// escape decodes one escape to the end of text.
func (c *canonicalizer) escape() error {
	c.pos++
	b := c.peek()
	switch b {
	case '"', '\\', '/':
	case 'b':
		b = '\b'
	case 'f':
		b = '\f'
	case 'n':
		b = '\n'
	case 'r':
		b = '\r'
	case 't':
		b = '\t'
	case 'u':
		return c.unicodeEscape()
	default:
		return c.syntax("an unknown escape")
	}
	c.pos++
	c.text = append(c.text, b)
	return nil
}

// unicodeEscape decodes an escape of the form uXXXX, or the two of a surrogate
// pair, whose first u is next.
func (c *canonicalizer) unicodeEscape() error {
	start := c.pos
	r := c.hex()
	if r < 0 {
		return c.syntax("an escape without four hexadecimal digits")
	}
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if bytes.HasPrefix(c.src[c.pos:], []byte(`\u`)) {
			c.pos++
			low = c.hex()
		}
		// DecodeRune answers U+FFFD, which no pair of surrogates encodes.
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return c.syntax("a lone surrogate")
		}
	} else if c.marshalled && string(c.src[start:c.pos]) == "ufffd" {
		return errUTF8
	}
	c.text = utf8.AppendRune(c.text, r)
	return nil
}

// hex reads the u and the four digits that are next, or returns -1.
func (c *canonicalizer) hex() rune {
	if len(c.src)-c.pos < len("uXXXX") {
		return -1
	}
	var r rune
	for _, b := range c.src[c.pos+1 : c.pos+5] {
		switch {
		case isDecimal(b):
			b -= '0'
		case b >= 'a' && b <= 'f':
			b -= 'a' - 10
		case b >= 'A' && b <= 'F':
			b -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(b)
	}
	c.pos += 5
	return r
}
