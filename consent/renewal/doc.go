// Package renewal answers which subjects owe a renewed consent, without going
// through all of them.
//
// # The index
//
// An [Index] is a projection of the ledger: one [Row] for each consent in force,
// which a [Store] finds by the notice it was given under, by when it was given
// and by when it ends. [Index.Poll] brings it up to date from the cache feed, as
// often as the host likes; so it lags behind the ledger by that much. It proposes
// whom to ask. Whether a use is allowed is for the gate alone.
//
// # Why to ask again
//
// A notice that became required makes consents under older ones insufficient:
// ask for those [ByNotice]. Recommended intervals (consent.ValidityLaw.Recurrence)
// ask for those [ByGiven]. Consents that end by themselves are found [ByEnd]. A
// renewal is recorded with new evidence; the old evidence stays in the ledger.
package renewal
