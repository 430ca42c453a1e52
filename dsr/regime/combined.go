package regime

import (
	"github.com/labelop/privacykit/privacy"
)

// Combined are the deadlines of one request under every regime that applies.
type Combined struct {
	// All has one Deadline per regime, in the order given.
	All []Deadline
	// Binding is the index in All of the earliest Due, -1 if none has a number.
	Binding int
	// Acknowledge and ExtensionNotice are the earliest of All, zero if none has one.
	Acknowledge, ExtensionNotice privacy.Date
}

// Combine computes a request's deadlines under several regimes, of which the
// earliest date wins. A regime whose clock is paused or not started has no
// date, and cannot delay another's.
func Combine(q Query, regimes ...*Regime) (Combined, error) {
	combined := Combined{Binding: -1}
	for i, r := range regimes {
		d, err := r.Deadline(q)
		if err != nil {
			return Combined{}, err
		}
		combined.All = append(combined.All, d)
		if !d.Due.IsZero() && (combined.Binding < 0 || d.Due.Before(combined.All[combined.Binding].Due)) {
			combined.Binding = i
		}
		combined.Acknowledge = earliest(combined.Acknowledge, d.Acknowledge)
		combined.ExtensionNotice = earliest(combined.ExtensionNotice, d.ExtensionNotice)
	}
	return combined, nil
}

// Due returns the earliest due day, zero if no regime gives a number.
func (c Combined) Due() privacy.Date {
	if c.Binding < 0 {
		return privacy.Date{}
	}
	return c.All[c.Binding].Due
}

// earliest returns the earlier of two dates of which zero is none.
func earliest(a, b privacy.Date) privacy.Date {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
