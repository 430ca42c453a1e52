package privacy

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxSafeInteger is the greatest integer up to which every integer is exactly
// one IEEE 754 double (RFC 7493, section 2.2).
const maxSafeInteger = 1<<53 - 1

// maxJSONDepth bounds the nesting of arrays and objects.
const maxJSONDepth = 512

// CanonicalJSON returns the canonical JSON (RFC 8785) of v, as encoding/json
// would encode it: no white space, members sorted by the UTF-16 code units of
// their names, the shortest string escapes, numbers as ECMAScript prints them.
// The same value yields the same bytes everywhere, which can be hashed and
// signed.
//
// What would be altered or read differently elsewhere is refused with an error
// that matches ErrInvalid: strings of invalid UTF-8, NaN and infinities,
// numbers that print as an integer beyond 2^53-1, duplicate member names and
// nesting deeper than 512. Keep larger integers in strings.
func CanonicalJSON(v any) ([]byte, error) {
	return appendCanonical(nil, v, 0)
}

// AppendCanonicalString appends s as a canonical JSON string (RFC 8785, section
// 3.2.2.2), quotes included. If s is not valid UTF-8, it returns dst unchanged
// and an error that matches ErrInvalid. It allocates only to grow dst.
func AppendCanonicalString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, errUTF8
	}
	return appendQuoted(dst, s), nil
}

var (
	errUTF8  = fmt.Errorf("JSON string is not valid UTF-8: %w", ErrInvalid)
	errDepth = fmt.Errorf("JSON nested deeper than %d: %w", maxJSONDepth, ErrInvalid)
	errRange = fmt.Errorf("JSON number is not finite or an integer beyond 2^53-1: %w", ErrInvalid)
)

// appendCanonical encodes the types that hand-built payloads consist of
// directly; all others take the detour over encoding/json.
func appendCanonical(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return AppendCanonicalString(dst, v)
	case int:
		return appendNumber(dst, float64(v))
	case int64:
		return appendNumber(dst, float64(v))
	case float64:
		return appendNumber(dst, v)
	case map[string]any:
		if v != nil {
			return appendMap(dst, v, depth+1)
		}
		return append(dst, "null"...), nil
	case []any:
		if v != nil {
			return appendSlice(dst, v, depth+1)
		}
		return append(dst, "null"...), nil
	default:
		encoded, err := json.Marshal(v)
		if err != nil {
			// The text of err may quote the value.
			return dst, fmt.Errorf("%T has no JSON form: %w", v, ErrInvalid)
		}
		return appendCanonicalized(dst, encoded, true, depth)
	}
}

func appendMap(dst []byte, object map[string]any, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return dst, errDepth
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.SortFunc(names, compareUTF16[string])
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = AppendCanonicalString(dst, name); err != nil {
			return dst, err
		}
		dst = append(dst, ':')
		if dst, err = appendCanonical(dst, object[name], depth); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendSlice(dst []byte, array []any, depth int) ([]byte, error) {
	if depth > maxJSONDepth {
		return dst, errDepth
	}
	dst = append(dst, '[')
	for i, element := range array {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendCanonical(dst, element, depth); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendNumber appends f as ECMAScript's Number::toString does. An int that is
// too large for a double is still too large once rounded to one.
func appendNumber(dst []byte, f float64) ([]byte, error) {
	if err := checkNumber(f); err != nil {
		return dst, err
	}
	return appendDouble(dst, f), nil
}

// checkNumber refuses what would be read back as another number, or as another
// number by a reader that keeps integers apart from doubles.
func checkNumber(f float64) error {
	abs := math.Abs(f)
	if math.IsNaN(f) || math.IsInf(f, 0) || (abs > maxSafeInteger && abs < exponentFrom) {
		return errRange
	}
	return nil
}

// From exponentFrom upwards, and below exponentBelow, ECMAScript prints numbers
// with an exponent.
const (
	exponentFrom  = 1e21
	exponentBelow = 1e-6
)

func appendDouble(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	if abs == 0 {
		return append(dst, '0')
	}
	if abs >= exponentBelow && abs < exponentFrom {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go pads exponents to two digits, ECMAScript does not: 1e-07 is 1e-7.
	if n := len(dst); dst[n-2] == '0' && dst[n-3] == '-' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendQuoted appends valid UTF-8 as a JSON string.
func appendQuoted[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	plain := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[plain:i]...)
		dst = appendEscaped(dst, c)
		plain = i + 1
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\t':
		return append(dst, '\\', 't')
	case '\n':
		return append(dst, '\\', 'n')
	case '\f':
		return append(dst, '\\', 'f')
	case '\r':
		return append(dst, '\\', 'r')
	default:
		const hex = "0123456789abcdef"
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
	}
}

// compareUTF16 orders valid UTF-8 by its UTF-16 code units. Bytes have the same
// order, except that surrogates, which begin the characters of four bytes, come
// before U+E000 to U+FFFF, whose first byte is 0xEE or 0xEF.
func compareUTF16[T string | []byte](a, b T) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		switch {
		case x == y:
			continue
		case x >= 0xf0 && (y == 0xee || y == 0xef):
			return -1
		case y >= 0xf0 && (x == 0xee || x == 0xef):
			return +1
		case x < y:
			return -1
		default:
			return +1
		}
	}
	return len(a) - len(b)
}
