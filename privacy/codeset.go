package privacy

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// The text forms of a bit set of codes. valid is whether the set holds
// constants only.

// setCodes returns the codes of the members in alphabetical order, never nil.
func (t *codeTable[C]) setCodes(members iter.Seq[C]) []string {
	codes := []string{}
	for c := range members {
		codes = append(codes, t.text(c))
	}
	slices.Sort(codes)
	return codes
}

func (t *codeTable[C]) setText(members iter.Seq[C], valid bool) string {
	codes := t.setCodes(members)
	if !valid {
		codes = append(codes, unknownCode)
	}
	return strings.Join(codes, ",")
}

func (t *codeTable[C]) marshalSet(members iter.Seq[C], valid bool) ([]byte, error) {
	if !valid {
		return nil, fmt.Errorf("%s set with an unknown %s cannot be written: %w", t.noun, t.noun, ErrInvalid)
	}
	return json.Marshal(t.setCodes(members))
}

// unmarshalSet returns the members that an array of codes names, in any order.
func (t *codeTable[C]) unmarshalSet(data []byte) ([]C, error) {
	var codes []string
	if err := json.Unmarshal(data, &codes); err != nil || codes == nil {
		return nil, fmt.Errorf("%s set is not an array of codes: %w", t.noun, ErrInvalid)
	}
	members := make([]C, len(codes))
	for i, code := range codes {
		var err error
		if members[i], err = t.parse(code); err != nil {
			return nil, err
		}
	}
	return members, nil
}
