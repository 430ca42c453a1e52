package consent

import (
	"time"

	"github.com/labelop/privacykit/consent/children"
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
		born: dayNumber(children.BornBy(today, p.minimumAge)),
	}
	p.ageCutoff.Store(next)
	return next.born
}
