package signal

import (
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// The formats of strings that hosts commonly carry.
const (
	// FormatTCF is the TC string of IAB Europe's Transparency and Consent Framework.
	FormatTCF = "iab_tcf"
	// FormatGPP is the string of IAB's Global Privacy Platform.
	FormatGPP = "iab_gpp"
)

// Decoder reads the facts out of a string of one format. This package has none:
// the formats change often, and a host that needs one brings it.
type Decoder interface {
	// Decode returns what the string states, with the string in the evidence. An
	// error that matches privacy.ErrInvalid reports a string that cannot be read.
	Decode(text consent.SignalString) ([]consent.Fact, error)
}

// ErrNoDecoder reports a format without a decoder. It matches privacy.ErrNotFound.
var ErrNoDecoder = fmt.Errorf("signal: no decoder for the format: %w", privacy.ErrNotFound)

// Decoders are decoders by format.
type Decoders map[string]Decoder

// Decode returns what a string states. The error matches ErrNoDecoder or is the
// decoder's; no fact may be taken from the string then.
func (d Decoders) Decode(text consent.SignalString) ([]consent.Fact, error) {
	decoder, ok := d[text.Format]
	if !ok || decoder == nil {
		return nil, ErrNoDecoder
	}
	facts, err := decoder.Decode(text)
	if err != nil {
		return nil, err
	}
	return facts, nil
}
