// Package receipt makes consent receipts: what a person has agreed to, refused
// and withdrawn, under which notice, with whom, for which data and how long, as a
// signed document that the person keeps and anybody can verify without the
// operator's help.
//
// # The document
//
// A [Receipt] holds consent records in JSON-LD, in the form that the guide of the
// W3C Data Privacy Vocabularies group gives for ISO/IEC TS 27560. It is written
// strictly: every mandatory field of the guide's tables is there, and every term
// of the vocabulary exists in DPV 2.3. The schema's identifier is versioned
// ([RecordSchema], [ReceiptSchema]), because the specification is being revised.
// No conformance with the ISO document itself is claimed.
//
// A [Profile] says what the ledger does not know: who the parties are, and where
// consent is changed. [Profile.Receipt] takes the rest from the register and from
// the events of a subject's stream, each of which the receipt names with the
// commitment that the ledger keeps. [Receipt.Match] compares a receipt with a
// ledger, also with another copy of it.
//
// # The signature
//
// [Sign] returns a compact JWS (RFC 7515) over the canonical JSON (RFC 8785) of
// the receipt, with Ed25519 (RFC 8037). A [Keyring] verifies it offline. The
// algorithm is not a matter of the document: any other than Ed25519 is refused,
// and so is a header that says more than algorithm, key and type. A key counts for
// receipts made while it was in use; one that was lost to somebody else is taken
// out of the Keyring, and with it all that it signed. A Keyring is published as a
// JWK Set (RFC 7517), which [ReadKeyring] reads where a receipt is verified.
//
// # Other forms
//
// [Receipt.Kantara] writes what stands in the form of the Kantara Initiative's
// consent receipt 1.1, strictly; [ReadKantara] reads the receipts of others
// leniently, and says what is wrong with them.
package receipt
