package policydoc

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// LimitError reports a document that exceeds a stated limit. It matches
// privacy.ErrInvalid.
type LimitError struct {
	// What is exceeded: "bytes", "sections", "nested blocks" or another stated name.
	What string
	// Limit is the greatest value allowed.
	Limit int
	// Got is the value found, 0 if counting stopped at the limit.
	Got int
}

// Error says which limit is exceeded.
func (e *LimitError) Error() string {
	if e.Got == 0 {
		return fmt.Sprintf("document exceeds the limit of %d %s", e.Limit, e.What)
	}
	return fmt.Sprintf("document has %d %s, the limit is %d", e.Got, e.What, e.Limit)
}

// Is reports whether target is privacy.ErrInvalid.
func (e *LimitError) Is(target error) bool { return target == privacy.ErrInvalid }
