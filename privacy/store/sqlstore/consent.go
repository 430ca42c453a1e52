package sqlstore

import "github.com/labelop/privacykit/consent"

// ConsentStore keeps what package consent stores: the ledger, the feeds and the
// log of decisions. It is safe for concurrent use; that of a Tx is as safe as
// the transaction.
type ConsentStore struct {
	core   *core
	work   work
	joined bool
}

var _ consent.Store = (*ConsentStore)(nil)
