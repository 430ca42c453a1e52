// Package dsr carries the requests of data subjects through the law: which
// state follows on which event, who may cause it, what it owes, and when.
//
// # The law
//
// Package regime holds the law as dated, cited data, and the clock that runs on
// it. A Law is one version of a regime compiled for one kind of request. Where
// several laws apply, Service.DeadlinesUnder lists all, and the earliest date wins.
//
// # The machine
//
// Next is a pure function: the transition table, which Table returns and
// MACHINE.md draws, says in which states an event can happen and where it
// leads; the law and the Facts decide the guards and the consequences. The zero
// value of every fact is the strictest, so that an event about which nothing is
// known is refused. A refusal is a Guard, which is an error.
//
// # Cases, items, tasks
//
// A Case is what one person asked for at one time. It holds an Item for each
// right, with an outcome of its own, and an item fans out to a Task for each
// system. The work state belongs to the item. What a request waits for, a
// Blocker, belongs to the case, and several can be in the way at once; one that
// does not concern a right, as identity does not concern an opt-out, leaves it
// alone. Case.Reported derives the state of an item from both, Case.State that
// of the whole.
//
// A Procedure computes the next version of a case: Open begins one, Handle
// applies an event, Plan, StartTask, FinishTask and FailTask do the work, Protect
// and Release tell what must not be erased, and Together makes one version of
// several. It stores nothing. A Change is a whole: the case, the lines of its
// log, and the privacy.Effects that reach the consent ledger in the same unit of
// work, so that a marketing objection stops and a contested fact is restricted
// at once.
//
// As a processor the service does not answer: without the controller's written
// authority every event that decides something is refused, and the case is
// forwarded with proof. Data under a hold that states its ground in law are
// withheld, on record, and erased when the ground lapses; a policy is no ground.
//
// Who asks can be unknown at first: a case without an account runs its clock,
// and is answered when Identify says whose data it is about. A request in both
// roles is split in two linked cases by OpenSplit.
//
// Identity is proved by a one-time code, a Challenge (minutes to live, few
// attempts, kept as a salted hash and bound to its case), by a signed-in
// session, or by the host's own IdentityVerifier. What it takes depends on the
// regime and the right, and IdentityNeeds tells; where the law lets nobody ask,
// nobody can.
//
// Beside the period of an item run its Followups: to acknowledge the request, to
// decide an appeal, to acknowledge a complaint. Each is a wake-up, and when it
// ends in vain an event on record, of which a Runner of package fulfilment tells
// people.
//
// # Service and storage
//
// A Service does the same on a store, each command in one unit of work with its
// log lines, effects, audit events and wake-ups, and once however often it is
// repeated under one key. CaseStore, ListStore, DeadTaskStore, WakeStore,
// BreachStore and ClosedStore are the roles that a store plays; package dsrtest
// holds the suite that a store must pass. Breach is an entry of the register of
// breaches.
//
// The rights that are open in a case (OpenRights) are open requests of package
// retention in the same unit of work, so that no sweep takes away what an answer
// needs, or what the subject has asked to keep.
//
// The log of a case is a chain of hashes: ExportLog writes it as JSON lines, and
// VerifyLog names the first line that is wrong, without the store. It holds codes
// and references, so that it survives the erasure it records. What identifies
// the person is in the case only, where ClosedStore.Redact takes it out; when the
// regime no longer wants the record, ClosedStore.Erase ends that too.
//
// Package fulfilment calls the systems and runs what is due. Package message
// composes what the requester and others are told, package archive the copy of
// the data.
package dsr
