package main

import (
	"github.com/labelop/privacykit/consent/transfer"
	"github.com/labelop/privacykit/privacy"
)

// ourTransfers is what LabelOp knows of its transfers to third countries. The
// gate refuses a disclosure that no step of the ladder permits on the day, and the
// policy tells what is relied on: both ask this.
func ourTransfers() (*transfer.Recipients, error) {
	ladder, err := transfer.Embedded()
	if err != nil {
		return nil, err
	}
	known, err := transfer.NewRecipients(ladder, "eu", "DE")
	if err != nil {
		return nil, err
	}
	return known.With("vision-model", "US", transfer.Transfer{Safeguard: transfer.Safeguard{
		Mechanism: privacy.TransferSCC, Assessment: transfer.Assessment{DoneOn: privacy.MustDate("2025-12-01")},
	}}), nil
}
