package transfer

import (
	"fmt"
	"maps"

	"github.com/labelop/privacykit/privacy"
)

// Recipients are the transfers of an operator, by recipient and country. It
// satisfies consent.TransferJudge. It is immutable and safe for concurrent use,
// if the functions Certified of its transfers are.
type Recipients struct {
	ladder *Ladder
	regime privacy.Jurisdiction
	from   privacy.Country
	known  map[destination]Transfer
}

type destination struct {
	recipient privacy.RecipientID
	country   privacy.Country
}

// NewRecipients returns an empty set for an operator in a country under a
// regime, "eu" or "gb". The error matches privacy.ErrInvalid.
func NewRecipients(ladder *Ladder, regime privacy.Jurisdiction, from privacy.Country) (*Recipients, error) {
	if ladder == nil || from.Check() != nil || !ladder.law.KnowsMechanism(regime, privacy.TransferAdequacy) {
		return nil, fmt.Errorf("transfer: recipients need a ladder, a regime and the operator's country: %w", privacy.ErrInvalid)
	}
	return &Recipients{ladder: ladder, regime: regime, from: from, known: map[destination]Transfer{}}, nil
}

// With returns a set that has also what is known of the transfers to a recipient
// in a country, in place of what was known before. Regime, On, From and To of
// the transfer are ignored: the set knows them.
func (r *Recipients) With(recipient privacy.RecipientID, country privacy.Country, t Transfer) *Recipients {
	next := &Recipients{ladder: r.ladder, regime: r.regime, from: r.from, known: make(map[destination]Transfer, len(r.known)+1)}
	maps.Copy(next.known, r.known)
	next.known[destination{recipient, country}] = t
	return next
}

// Answer judges the disclosure to a recipient in a country on a day, with the
// errors of Judge. Of a recipient that nothing is known of, only the country
// counts.
func (r *Recipients) Answer(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (Answer, error) {
	t := r.known[destination{recipient, country}]
	t.Regime, t.On, t.From, t.To = r.regime, on, r.from, country
	return r.ladder.Judge(t)
}

// JudgeTransfer returns the mechanism that a disclosure to a recipient in a
// country relies on, and whether it is allowed on the day.
func (r *Recipients) JudgeTransfer(recipient privacy.RecipientID, country privacy.Country, on privacy.Date) (privacy.TransferMechanism, bool) {
	answer, err := r.Answer(recipient, country, on)
	return answer.Mechanism, err == nil && answer.Allowed
}
