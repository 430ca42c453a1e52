package children

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// DigitalAge is the age of digital consent of a country on a day (Art. 8(1)).
type DigitalAge struct {
	// Age is in completed years.
	Age int
	// Below is what is required of somebody younger.
	Below Requirement
	// Default says that no age of the country is known for the day, so that the
	// regime's own applies.
	Default bool
	// Since is the first day on which the age applies.
	Since privacy.Date
	// Citation says where the law says so, and Uncertain what is doubtful.
	Citation, Uncertain string
}

// MayConsentAlone reports whether somebody born on or before a day may consent
// without a parent on another. A zero date of birth means no.
func (a DigitalAge) MayConsentAlone(bornOnOrBefore, on privacy.Date) bool {
	return a.Age > 0 && reached(bornOnOrBefore, on, a.Age)
}

// FirstDayAlone returns the first day on which somebody born on the given day
// may consent alone, the zero Date if that cannot be said.
func (a DigitalAge) FirstDayAlone(born privacy.Date) privacy.Date {
	if a.Age <= 0 {
		return privacy.Date{}
	}
	return Birthday(born, a.Age)
}

// DigitalAge returns the age of digital consent of a country on a day. regime is
// "eu-gdpr" or "uk-gdpr". The error matches ErrUnknownRegime for any other, or
// a day before the regime applied.
func (l *Law) DigitalAge(regime string, country privacy.Country, on privacy.Date) (DigitalAge, error) {
	standard, ok := l.defaultOf(regime, on)
	if !ok {
		return DigitalAge{}, fmt.Errorf("%w: %q has no age of digital consent on %s", ErrUnknownRegime, regime, on)
	}
	age := DigitalAge{Age: standard.Age, Below: standard.Requires, Default: true, Since: standard.From, Citation: standard.Citation, Uncertain: standard.Uncertain}
	for _, row := range l.table.DigitalAges {
		older := !age.Default && !row.From.After(age.Since)
		if row.Regime != regime || row.Country != country || !row.inForce(on) || older {
			continue
		}
		age = DigitalAge{Age: row.Age, Below: row.Below, Since: row.From, Citation: row.Citation, Uncertain: row.Uncertain}
		if age.Below == "" {
			age.Below = standard.Requires
		}
	}
	return age, nil
}

// defaultOf returns the default that began last.
func (l *Law) defaultOf(regime string, on privacy.Date) (defaultRow, bool) {
	var found defaultRow
	for _, row := range l.table.Defaults {
		if row.Regime == regime && row.inForce(on) && row.From.After(found.From) {
			found = row
		}
	}
	return found, !found.From.IsZero()
}

// Reaching says what happens to a consent that a parent gave or authorised when
// the child reaches the age.
type Reaching struct {
	// ConsentStands says that the consent stays valid until the subject
	// confirms, changes or withdraws it.
	ConsentStands bool
	// InformSubject says that the subject must be told of that possibility.
	InformSubject bool
	Citation      string
}

// ReachingAge returns what happens under a regime when a child reaches the age
// of digital consent. The error matches ErrUnknownRegime.
func (l *Law) ReachingAge(regime string, on privacy.Date) (Reaching, error) {
	for _, row := range l.table.ReachingAge {
		if row.Regime == regime && row.inForce(on) {
			return Reaching{ConsentStands: row.ConsentStands, InformSubject: row.InformSubject, Citation: row.Citation}, nil
		}
	}
	return Reaching{}, fmt.Errorf("%w: %q", ErrUnknownRegime, regime)
}
