package regime

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// maxDocument bounds the size of one file; the longest preset has a twentieth.
const maxDocument = 1 << 20

// Parse reads one version of a regime from its JSON form, which
// regime.schema.json describes. It is strict, as privacy.DecodeJSON is: a field
// or code that it does not know is an error, because a rule that is not
// understood must not be passed over. Every problem that Lint finds is reported
// together. Errors match privacy.ErrInvalid.
func Parse(data []byte) (*Regime, error) {
	if len(data) > maxDocument {
		return nil, fmt.Errorf("a regime has at most %d bytes: %w", maxDocument, privacy.ErrInvalid)
	}
	var r Regime
	if err := privacy.DecodeJSON(data, &r); err != nil {
		return nil, err
	}
	if err := r.Lint(); err != nil {
		return nil, err
	}
	return &r, nil
}
