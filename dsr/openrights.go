package dsr

import (
	"slices"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// OpenRights returns the rights for which no sweep must take data of the subject
// away, each once and in ascending order: an access request is answered from them
// (GDPR Art. 15), who asked for restriction wants them kept (Art. 18(1)(b) and
// (c)), and what goes by an erasure request goes by the case (Art. 17). They are
// those of the items that have not ended (Item.Ended). What took effect on receipt,
// such as a withdrawal of consent, needs no data. Where nobody knows whose data it
// is, there are none.
func (c Case) OpenRights() []privacy.Right {
	if c.Subject == "" {
		return nil
	}
	var rights []privacy.Right
	for i := range c.Items {
		if right, ok := c.Items[i].openRight(); ok {
			rights = append(rights, right)
		}
	}
	slices.Sort(rights)
	return slices.Compact(rights)
}

func (i *Item) openRight() (privacy.Right, bool) {
	if i.Ended() || tookEffect(i.Request) {
		return 0, false
	}
	right, err := privacy.ParseRight(string(i.Request))
	return right, err == nil // a complaint or a notice is no right
}

// tookEffect reports whether a request needs no decision; see
// Procedure.standing.
func tookEffect(request regime.Request) bool {
	switch request {
	case regime.RequestWithdrawConsent, regime.RequestOptOutSaleSharing, regime.RequestLimitSensitive:
		return true
	}
	return false
}

// OpenRequestID returns the id under which a store keeps that a right of a case
// is open; see CaseStore.Update.
func OpenRequestID(id CaseID, right privacy.Right) string {
	return "dsr/" + right.String() + "/" + string(id)
}
