// Package retention says when personal data has to go, why it has not gone yet,
// and proves that it went.
//
// # Rules and verdicts
//
// A Schedule is compiled from Rules. A rule has a Kind (a statutory minimum, a
// policy to keep, or a maximum), a Scope (which records), an Anchor (the day it
// counts from: of an event, of the latest of several, or of the end of the month,
// the calendar year or the fiscal year), a calendar Period, and an Action. A host
// writes its rules in Go or JSON and takes those of the law from Presets, which
// are dated, cited tables. A rule has versions, and each says whether it reaches
// periods that are already running.
//
// Evaluate applies the schedule to one Record on one day, as a pure function:
// Keep, Hidden (the maximum has passed, another rule still retains), Suspended,
// Blocked (by a Hold), Due, or Undecidable. Only Due allows disposal. A record
// without a rule, or without the event a rule counts from, is Undecidable for
// ever: it is a Finding, not a default. Explain gives the same verdict with every
// rule that lost, and why. The order is
//
//	hold > statutory minimum > right to erasure > policy > maximum
//
// and between rules in conflict each of these principles is the tie-breaker of the
// one before: 1. retention wins over disposal; 2. the longest retention wins;
// 3. an explicit disposal wins over an implicit one; 4. the shortest disposal wins.
//
// All days are civil days in the record's zone. The last day of a period belongs
// to it: a record is eligible on the day after.
//
// Erase answers an erasure request (GDPR Art. 17) item by item: a hold that names
// its exception and a running statutory minimum restrict, a policy yields.
// AssessDisposal tells whether a disposal counts as erasure at all, and when the
// last backup is gone.
//
// # Processors
//
// For what the operator holds as processor a tenant sets its own periods, within
// Options.Bounds; they replace the operator's, never the law's. A ContractEnd makes
// everything due that the law does not keep, by deletion or after its return
// (Art. 28(3)(g)).
//
// # Cutoffs
//
// A period is monotone in its anchor, so that a schedule can be turned around:
// Cutoffs gives, per rule and zone, the last day of the event whose period has
// elapsed. Predicate makes of it a condition for SQLite or PostgreSQL that selects
// every due row through an index, so that a sweep costs what is due and not what
// is stored. Evaluate decides on each row.
//
// # Sweeps and proof
//
// A Sweeper works on Systems of the host, each a Source of records and a Disposer.
// Plan is a dry run with a hash; Execute needs an Approval of that hash and never
// goes beyond the plan. It claims records in a transaction that reads the holds,
// decides anew on each, disposes, asks the system whether the record is gone, and
// logs every outcome: one failing record stops no other, and an interrupted sweep
// goes on where it was. The Certificate commits to the log by a Merkle tree (RFC
// 6962): Verify checks it offline, and VerifyItem proves the disposal of one record
// without the others. Logs hold keyed tokens in place of keys. After a restore
// Redispose disposes again of what the logs say was gone.
//
// What a Sweeper does outside of its store cannot be fenced: a Disposer is called
// at least once and is idempotent by key. A sweep is executed by one process at a
// time; sharing one among several is for the host to arrange so far. So is telling
// recipients and copies downstream, from the item log, and writing the Source and
// the Disposer of each system.
//
// # Methods
//
// Pseudonymiser makes keyed pseudonyms, which remain personal data. Envelope
// encrypts per subject, so that destroying a key in the KeyStore shreds all that
// was sealed with it. GeneraliseDate, GeneraliseIP and GeneraliseLocation blur.
//
// # Stores
//
// The package declares HoldStore and SweepStore. Package retentiontest checks
// implementations, and has one in memory.
package retention
