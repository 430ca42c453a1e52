package consent

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

// Stamp says what a decision or a write rests on: the versions of the subject's
// and the tenant's streams, and the register. It is a token to carry through a
// queue and to present again: to Recheck, which sees what changed since, and to
// CheckAtLeast, which refuses to answer from anything older.
type Stamp struct {
	// Guard are the versions of the streams.
	Guard
	// Register is the hash of the register.
	Register [32]byte
}

// String returns the stamp as text that ParseStamp reads. It holds no
// identifier.
func (s Stamp) String() string {
	return fmt.Sprintf("%d.%d.%s", s.SubjectVersion, s.TenantVersion, hex.EncodeToString(s.Register[:]))
}

// MarshalText returns the text of String.
func (s Stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote, as ParseStamp does.
func (s *Stamp) UnmarshalText(text []byte) error {
	parsed, err := ParseStamp(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

var errStamp = fmt.Errorf("consent: malformed stamp: %w", privacy.ErrInvalid)

// ParseStamp reads the text of a stamp. The error matches privacy.ErrInvalid.
func ParseStamp(text string) (Stamp, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || len(parts[2]) != 64 || strings.ToLower(parts[2]) != parts[2] {
		return Stamp{}, errStamp
	}
	var stamp Stamp
	var err error
	if stamp.SubjectVersion, err = parseVersion(parts[0]); err != nil {
		return Stamp{}, err
	}
	if stamp.TenantVersion, err = parseVersion(parts[1]); err != nil {
		return Stamp{}, err
	}
	if _, err := hex.Decode(stamp.Register[:], []byte(parts[2])); err != nil {
		return Stamp{}, errStamp
	}
	return stamp, nil
}

func parseVersion(text string) (uint64, error) {
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil || (len(text) > 1 && text[0] == '0') || text[0] == '+' {
		return 0, errStamp
	}
	return version, nil
}
