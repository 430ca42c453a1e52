package consent

import (
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// TransferJudge knows whether a disclosure to a country is lawful under Chapter
// V, and what makes it so. Recipients of package consent/transfer is one.
type TransferJudge interface {
	// JudgeTransfer returns the mechanism that a disclosure to a recipient in a
	// country relies on on a day, and whether it is allowed. It is called while
	// a use is checked, so it must not block.
	JudgeTransfer(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool)
}

// transferDay is the judgement on a use's disclosures during one civil day.
type transferDay struct {
	// from and to bound the day in seconds since 1970; to is exclusive.
	from, to   int64
	allowed    bool
	mechanisms []privacy.TransferMechanism
}

// transfer refuses a disclosure of which one destination is forbidden today.
func (p *PreparedUse) transfer(now time.Time) Code {
	if p.gate.transfers == nil || p.judgedOn(now).allowed {
		return CodeAllowed
	}
	return CodeTransferForbidden
}

// mechanismsAt returns the mechanisms that a disclosure relied on at a time.
func (p *PreparedUse) mechanismsAt(at time.Time) []privacy.TransferMechanism {
	if p.gate.transfers == nil || p.recipient < 0 {
		return p.mechanisms
	}
	return p.judgedOn(at).mechanisms
}

// judgedOn asks the judge once a day.
func (p *PreparedUse) judgedOn(at time.Time) *transferDay {
	second := at.Unix()
	if known := p.transferDay.Load(); known != nil && known.from <= second && second < known.to {
		return known
	}
	today := privacy.DateOf(at, p.gate.zone)
	next := &transferDay{
		from: today.Start(p.gate.zone).Unix(), to: today.AddDays(1).Start(p.gate.zone).Unix(), allowed: true,
	}
	for _, country := range p.countries {
		mechanism, allowed := p.gate.transfers.JudgeTransfer(p.use.Recipient, country, today)
		next.allowed = next.allowed && allowed
		if mechanism.Valid() && !slices.Contains(next.mechanisms, mechanism) {
			next.mechanisms = append(next.mechanisms, mechanism)
		}
	}
	p.transferDay.Store(next)
	return next
}
