package retention

import (
	_ "embed" // for the table of grounds
	"slices"
	"sync"

	"github.com/labelop/privacykit/privacy"
)

// ErasureGround is a ground of the right to erasure (GDPR Art. 17(1)). The zero
// value is none stated.
type ErasureGround uint8

const (
	// ErasureNotNecessary says that the data is no longer necessary (Art. 17(1)(a)).
	ErasureNotNecessary ErasureGround = iota + 1
	// ErasureConsentWithdrawn says that consent was withdrawn and nothing else carries the
	// processing (Art. 17(1)(b)).
	ErasureConsentWithdrawn
	// ErasureObjection says that an objection was upheld, or is against direct marketing
	// (Art. 17(1)(c)).
	ErasureObjection
	// ErasureUnlawful says that the processing was unlawful (Art. 17(1)(d)).
	ErasureUnlawful
	// ErasureLegalDuty says that the law demands erasure (Art. 17(1)(e)).
	ErasureLegalDuty
	// ErasureChild says that the data was collected from a child for an information society
	// service (Art. 17(1)(f), Art. 8(1)).
	ErasureChild
)

var erasureGroundCodes = codes{"", "17(1)(a)", "17(1)(b)", "17(1)(c)", "17(1)(d)", "17(1)(e)", "17(1)(f)"}

// ParseErasureGround returns the ground of a provision such as "17(1)(b)". The
// error matches privacy.ErrInvalid.
func ParseErasureGround(code string) (ErasureGround, error) {
	g, err := erasureGroundCodes.parse("ground for erasure", code)
	return ErasureGround(g), err
}

// String returns the provision, "unknown" for none.
func (g ErasureGround) String() string { return erasureGroundCodes.text(uint8(g)) }

// Article returns the provision with its law, "GDPR 17(1)" if none is stated.
func (g ErasureGround) Article() string {
	if g == 0 {
		return "GDPR 17(1)"
	}
	return "GDPR " + g.String()
}

// MarshalText returns the provision, or an error matching privacy.ErrInvalid.
func (g ErasureGround) MarshalText() ([]byte, error) {
	return erasureGroundCodes.marshal("ground for erasure", uint8(g))
}

// UnmarshalText parses as ParseErasureGround does and leaves g unchanged on error.
func (g *ErasureGround) UnmarshalText(text []byte) error {
	parsed, err := ParseErasureGround(string(text))
	if err == nil {
		*g = parsed
	}
	return err
}

//go:embed law/erasure_grounds.json
var erasureGroundsJSON []byte

type erasureGroundTable struct {
	Citation string                                 `json:"citation"`
	AsOf     privacy.Date                           `json:"as_of"`
	Note     string                                 `json:"note"`
	Grounds  map[privacy.LegalBasis][]ErasureGround `json:"grounds"`
}

// A test reads the embedded table, so that loading it cannot fail later; a table
// that did fail to load would admit no ground.
var erasureGrounds = sync.OnceValues(func() (erasureGroundTable, error) {
	var table erasureGroundTable
	err := privacy.DecodeJSON(erasureGroundsJSON, &table)
	return table, err
})

func (g ErasureGround) availableFor(basis privacy.LegalBasis) bool {
	table, err := erasureGrounds()
	return err == nil && slices.Contains(table.Grounds[basis], g)
}
