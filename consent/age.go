package consent

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// ageCutoff is the latest date of birth that is old enough during one civil day.
type ageCutoff struct {
	// from and to bound the day in seconds since 1970; to is exclusive.
	from, to int64
	// born is the date of birth as a day number, counted from 1970.
	born int32
}

// cutoff returns the latest date of birth that meets the minimum age at now, as
// a day number. It is worked out once a day.
func (p *PreparedUse) cutoff(now time.Time) int32 {
	if p.minimumAge == 0 {
		return 0
	}
	second := now.Unix()
	if known := p.ageCutoff.Load(); known != nil && known.from <= second && second < known.to {
		return known.born
	}
	today := privacy.DateOf(now, p.gate.zone)
	next := &ageCutoff{
		from: today.Start(p.gate.zone).Unix(),
		to:   today.AddDays(1).Start(p.gate.zone).Unix(),
		born: dayNumber(bornBy(today, p.minimumAge)),
	}
	p.ageCutoff.Store(next)
	return next.born
}

// bornBy returns the latest date of birth of somebody who has completed years
// on today. Who was born on 29 February completes a year on 1 March where there
// is no such day: the later of the two readings, which protects longer.
func bornBy(today privacy.Date, years int) privacy.Date {
	year, month, day := today.Year()-years, today.Month(), today.Day()
	if born, err := privacy.NewDate(year, month, day); err == nil {
		return born
	}
	if born, err := privacy.NewDate(year, month, day-1); err == nil {
		return born
	}
	return privacy.MustDate("0001-01-01")
}
