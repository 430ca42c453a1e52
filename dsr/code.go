package dsr

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/privacy"
)

// unknownCode is what String returns for a value outside a vocabulary.
const unknownCode = "unknown"

// text returns the code of c in a table of names whose first is "".
func text[C ~uint8](names []string, c C) string {
	if c == 0 || int(c) >= len(names) {
		return unknownCode
	}
	return names[c]
}

// parse finds a code in a table of names whose first is "". The error names
// the vocabulary and never quotes the text, which may hold anything.
func parse[C ~uint8](names []string, noun, code string) (C, error) {
	if i := slices.Index(names, code); i > 0 {
		return C(i), nil
	}
	return 0, fmt.Errorf("unknown %s: %w", noun, privacy.ErrInvalid)
}

// marshal refuses to write what is not in the table.
func marshal[C ~uint8](names []string, noun string, c C) ([]byte, error) {
	if c == 0 || int(c) >= len(names) {
		return nil, fmt.Errorf("unknown %s cannot be written: %w", noun, privacy.ErrInvalid)
	}
	return []byte(names[c]), nil
}

// all lists the constants of a table.
func all[C ~uint8](names []string) []C {
	codes := make([]C, 0, len(names)-1)
	for i := 1; i < len(names); i++ {
		codes = append(codes, C(i))
	}
	return codes
}
