package privacytest

import (
	"fmt"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

// IDs is a privacy.IDSource that counts: "event-000001", "event-000002". Up to a
// million identifiers sort in the order in which they were made. It is safe for
// concurrent use. The zero IDs has the prefix "".
type IDs struct {
	prefix string
	last   atomic.Uint64
}

var _ privacy.IDSource = (*IDs)(nil)

// NewIDs returns a source whose identifiers start with prefix and a hyphen.
func NewIDs(prefix string) *IDs { return &IDs{prefix: prefix + "-"} }

// NewID returns the next identifier.
func (s *IDs) NewID() string { return fmt.Sprintf("%s%06d", s.prefix, s.last.Add(1)) }
