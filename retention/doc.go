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
// ever: it is a Finding, not a default. Sweeper.Undecided tells which records these
// are. Explain gives the same verdict with every
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
// every due row, and Lanes takes it apart into what one index each answers page by
// page, so that a sweep costs what is due and not what is stored. Evaluate decides on
// each row.
//
// # Sweeps and proof
//
// A Sweeper works on Systems of the host, each a Source of records and a Disposer:
// packages sqltable and directory have them ready-made for a table and for files.
// Plan is a dry run with a hash; Execute needs an Approval of that hash and never
// goes beyond the plan. It claims records in a transaction that reads the holds and
// the open requests, decides anew on each, disposes, asks the system whether the
// record is gone, and logs every outcome: one failing record stops no other, and an
// interrupted sweep goes on where it was.
//
// A sweep reads what may be due, and a record that no rule can date never may. What
// nobody has decided on is in no plan therefore: Undecided reads every record and
// counts it, with samples, for whoever answers for the periods.
//
// Nothing whose hold or request was committed before its claim is disposed of.
// PlaceHold and OpenRequest return the claims in flight that they cover: what a
// sweep had claimed by then may still go, and the caller knows which records to look
// after.
//
// The Certificate commits to the log by a Merkle tree (RFC 6962): Verify checks it
// offline, and VerifyItem proves the disposal of one record without the others. Logs
// hold keyed tokens in place of keys. After a restore Redispose disposes again of
// what the logs say was gone.
//
// A Notifier tells recipients (GDPR Art. 19) and systems that hold copies, at least
// once for each record and with its token as the key. The log says who was told at
// once; what fails stays pending, with the record's key, until Tell succeeds.
//
// # Several processes
//
// Any number of processes may call Execute with the same approved plan, each with
// its own Sweeper on the same store. The plan puts every record into one of 256
// shards, by a keyed hash of tenant and subject. A process works on the shards that
// it has leased, gives half of them to one that has none, and takes over what one
// that died leaves behind, once its lease has ended. It first asks the systems what
// became of the records that were claimed and not logged, so that what went is
// certified as disposed of. A lease carries a fencing token: the store refuses who
// slept past the end of its own. The clocks of the processes should agree within a
// fraction of a lease; if they do not, work is done twice, and never wrongly logged
// twice.
//
// What a Sweeper does outside of its store cannot be fenced. A Disposer is called at
// least once and is idempotent by key; one that was entered under a lease, and hangs
// past its end without honouring its context, may still dispose of a record for
// which another process has logged something else by then.
//
// # Methods
//
// Pseudonymiser makes keyed pseudonyms, which remain personal data. Envelope
// encrypts per subject, so that destroying a key in the KeyStore shreds all that
// was sealed with it. GeneraliseDate, GeneraliseIP and GeneraliseLocation blur.
//
// # Stores
//
// The package declares Store, in roles of at most six methods. Package retentiontest
// checks implementations; memstore, sqlitestore and pgstore have one. Claims in
// flight, pending notices and open requests name records and subjects: they are
// personal data, and go when a claim is logged, a notice is told and a request is
// closed.
package retention
