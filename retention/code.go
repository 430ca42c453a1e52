package retention

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

const unknownCode = "unknown"

// codes is a vocabulary: the text of constant i stands at index i. Index 0 is
// empty, because the zero value of every code is unknown.
type codes []string

func (c codes) text(i uint8) string {
	if i == 0 || int(i) >= len(c) {
		return unknownCode
	}
	return c[i]
}

func (c codes) marshal(noun string, i uint8) ([]byte, error) {
	if i == 0 || int(i) >= len(c) {
		return nil, fmt.Errorf("retention: unknown %s cannot be written: %w", noun, privacy.ErrInvalid)
	}
	return []byte(c[i]), nil
}

func (c codes) parse(noun, text string) (uint8, error) {
	if i := slices.Index(c, text); i > 0 {
		return uint8(i), nil
	}
	return 0, fmt.Errorf("retention: unknown %s, want one of %s: %w", noun, strings.Join(c[1:], ", "), privacy.ErrInvalid)
}
