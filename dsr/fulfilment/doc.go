// Package fulfilment does what cases of package dsr owe, in the systems that
// hold the data.
//
// # Connectors
//
// A Connector is how one system does its duties: export, erase, correct,
// restrict, and say what it still holds. The register says which systems hold
// personal data, and so which duties are owed: CheckConnectors finds each that
// nobody does, and fulfilmenttest.RequireConnectors does so in a test. What
// people do by hand is declared as Manual, never left out.
//
// Calls cannot be fenced from outside: a process can die after the effect and
// before it is recorded. A Call therefore has a Key, the same for every attempt
// at one effect, by which a system does it once, and a Token that grows with
// every attempt, by which it can refuse one who slept.
//
// # Plans
//
// A Planner turns an item of a case into a task for each system that holds
// something the right reaches. An erasure is held against holds, statutory
// minimums and the exceptions of the law, which the host's Retention knows:
// what is free is erased, the rest is withheld, on record, category by category
// and record by record. It is asked again right before every attempt, so that a
// hold that came in between counts, and fails closed if it cannot answer. When a
// ground lapses, the rest is erased by itself.
//
// An erasure is done when the system, asked again by its Verifier, holds
// nothing of it any more. Then the recipients are told (GDPR Art. 19), as tasks
// of their own.
//
// A Suppression list remembers by keyed hash who was erased, so that an import
// or a restored backup does not bring them back.
//
// # The runner
//
// A Runner claims wake-ups from the store and does what is due: it begins the
// tasks that are ready, calls the connectors side by side, each with a time
// limit, and records what came of it together with the next wake-up. Everything
// that is to happen later is a row with a time: a retry, a question to a slow
// system, the end of a protection, a reminder. Nothing is lost when a process
// dies, and any number of processes can run on one store. One that slept past
// its lease finds its attempts overtaken, and what it brings is dropped.
//
// A system that fails is tried again, with growing pauses, for days; then its
// task is a dead letter, with the code of the problem, until somebody resumes
// it. It takes nothing from the progress of the others.
//
// # Job engines
//
// The store is the truth, and wake-ups are rows of it; without an engine a
// Runner looks for them every Options.Poll. A host that has a job engine in the
// same database can be woken at once: its Waker is called by the store within
// the transaction of Update and enqueues a job there, as River does by InsertTx;
// the job calls Runner.RunDue. A job that is lost, late or done twice does no
// harm.
package fulfilment
