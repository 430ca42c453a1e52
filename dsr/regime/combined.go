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
	deadlines := make([]Deadline, 0, len(regimes))
	for _, r := range regimes {
		d, err := r.Deadline(q)
		if err != nil {
			return Combined{}, err
		}
		deadlines = append(deadlines, d)
	}
	return Earliest(deadlines...), nil
}

// Earliest combines deadlines that were computed one by one, as Combine does.
func Earliest(deadlines ...Deadline) Combined {
	combined := Combined{Binding: -1, All: deadlines}
	for i, d := range deadlines {
		if !d.Due.IsZero() && (combined.Binding < 0 || d.Due.Before(deadlines[combined.Binding].Due)) {
			combined.Binding = i
		}
		combined.Acknowledge = earliest(combined.Acknowledge, d.Acknowledge)
		combined.ExtensionNotice = earliest(combined.ExtensionNotice, d.ExtensionNotice)
	}
	return combined
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
