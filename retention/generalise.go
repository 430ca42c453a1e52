package retention

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/labelop/privacykit/privacy"
)

// Precision is how exact a generalised date remains. The zero value keeps nothing.
type Precision uint8

const (
	// PrecisionDecade keeps the decade.
	PrecisionDecade Precision = iota + 1
	// PrecisionYear keeps the year.
	PrecisionYear
	// PrecisionQuarter keeps the quarter of the year.
	PrecisionQuarter
	// PrecisionMonth keeps the month.
	PrecisionMonth
)

// GeneraliseDate returns a date as text with no more than a precision: "1980s",
// "1984", "1984-Q2" or "1984-05"; "" for the zero Date or an unknown precision.
func GeneraliseDate(date privacy.Date, to Precision) string {
	if date.IsZero() {
		return ""
	}
	switch to {
	case PrecisionDecade:
		return fmt.Sprintf("%ds", date.Year()/10*10)
	case PrecisionYear:
		return fmt.Sprintf("%04d", date.Year())
	case PrecisionQuarter:
		return fmt.Sprintf("%04d-Q%d", date.Year(), (int(date.Month())+2)/3)
	case PrecisionMonth:
		return date.String()[:len("2006-01")]
	default:
		return ""
	}
}

// GeneraliseIP returns the network of an address: the first 24 bits of IPv4, the
// first 48 of IPv6. An IPv4 address in IPv6 clothes is treated as IPv4. An
// invalid address gives the zero Prefix. Of few users such a network may still
// identify one.
func GeneraliseIP(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	length := 48
	if address.Is4() {
		length = 24
	}
	prefix, err := address.Prefix(length)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}

// GeneraliseLocation moves a place to the centre of a cell of a grid whose lines
// are degrees apart, for example 0.1: about 11 km of latitude. Latitude is -90 to
// 90 and longitude -180 to 180. The error matches privacy.ErrInvalid; it does not
// quote the place.
func GeneraliseLocation(latitude, longitude, degrees float64) (float64, float64, error) {
	if !(math.Abs(latitude) <= 90) || !(math.Abs(longitude) <= 180) || !(degrees > 0 && degrees <= 90) {
		return 0, 0, fmt.Errorf("retention: not a place, or not a grid of 0 to 90 degrees: %w", privacy.ErrInvalid)
	}
	centre := func(value, limit float64) float64 {
		cell := math.Floor(value / degrees)
		return math.Max(-limit, math.Min(limit, (cell+0.5)*degrees))
	}
	return centre(latitude, 90), centre(longitude, 180), nil
}
