// Package proof makes the ledger of package consent provable: that an event was
// recorded, that none was altered, put in later, moved, dated back or taken out,
// and all that without the data, also of events that were redacted since.
//
// # The tree
//
// Every tenant has a Merkle tree (RFC 6962) of its own: a shared one would tell
// tenants of each other's size. A [Leaf] is what the ledger keeps of an event for
// ever, the commitment to its payload among it, so that redaction changes no
// leaf. Appends to the ledger do not touch the tree, and cost what they cost
// without it. A [Sequencer], of which one works at a time however many processes
// run one, gives new events their place in the tree: within a second as long as
// it keeps up, in the order of each stream, and in no particular order across
// streams.
//
// # Checkpoints
//
// The sequencer signs the root of each tree that has grown, as a checkpoint in
// the form that C2SP calls tlog-checkpoint: a signed note with an Ed25519
// signature. It extends no tree whose last checkpoint does not fit, so that what
// was altered without the key comes to light with the next event. Give checkpoints
// away, to the tenant, an auditor, a witness: who has one can be shown later that
// the ledger still begins as it did then.
//
// # Proofs
//
// A [Log] proves that an event is in a tree ([Log.Inclusion]) and that a tree
// begins with an older one ([Log.Consistency]); a [Trust] verifies both without
// the database. A proof reads a number of tiles that grows with the logarithm of
// the tree. [Log.Verify] compares a whole tenant, each payload with its
// commitment, each event with its leaf, and all leaves with the signed root, and
// names the first event that is wrong.
//
// What it cannot show: that an event which was never recorded happened, or that
// the times which the operator's clock gave were right. An event can be altered
// unseen until the sequencer has reached it, and everything by who holds the key,
// unless somebody else has an older checkpoint.
//
// # Storage
//
// A [Store] is a role of its own; package prooftest is its contract as a test
// suite, and memstore, sqlitestore and pgstore are ready-made.
package proof
