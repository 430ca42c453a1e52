// Package consent keeps the evidence that processing is lawful, and decides by
// it whether a use of personal data is allowed.
//
// # The ledger
//
// A [Ledger] records what happened, as events that are never changed: consent
// given, refused, renewed and withdrawn, contracts begun and ended, objections,
// restrictions, opt-outs and evidence of age, for each subject; attestations,
// instructions, sharing decisions and objections to sub-processors, for each
// tenant. The events of a subject, or of a tenant, form a stream. Its state is
// the fold of its events, and is stored beside them in the same write.
//
// The order of the ledger decides, but what permits never overrides what
// forbids and occurred after it: a consent that arrives late or is imported
// cannot undo a withdrawal. A withdrawal is always accepted. [Ledger.Redact]
// erases what events say, and leaves the proof that they were there.
//
// # The gate
//
// A [Gate] answers one question: may this be done with this person's data now?
// App code prepares each [Use] once, at start-up, where unknown names fail, and
// checks it for each subject. As controller the operator needs a legal basis of
// its own that is met for the subject: consent in force under a notice that
// covers the purpose, a contract, and no objection, restriction or opt-out that
// stands against it. As processor it needs its customer's attestation and
// documented instructions. Recipients, countries and special categories are
// checked in either role, ages as controller.
//
// The gate fails closed: what is unknown, unreadable or unavailable is refused,
// and the zero [Decision] refuses. Every decision says why, with a stable
// [Code], the basis, the evidence and until when it holds, and carries a
// [Stamp] with which [PreparedUse.Recheck] sees what has changed since.
// [PreparedUse.Authorize] records the decision before its effect.
//
// # Storage
//
// A [Store] keeps it all; hosts may bring their own. Package consenttest is the
// contract as a test suite; memstore, sqlitestore and pgstore are ready-made.
// With a cache, a gate answers without asking the store: what its ledger writes
// it sees at once, what others write, such as another process or the effects of
// another package, within a stated bound, after which it asks the store rather
// than give an old answer.
//
// # Adoption
//
// A [Shadow] watches a running service and refuses nothing; [Ledger.Import]
// takes over the consents that a service has; [Middleware] puts the gate in
// front of a handler.
//
// # Valid consent
//
// [Validate] says all that is wrong with a consent, with the article; a ledger
// refuses what is not valid, or records it as not relied upon. Consent that was
// withdrawn is not replaced by another basis in silence. [Terminal] answers the
// separate question of cookies and the like. [Ledger.Preferences] is a subject's
// own view of what it decided, and [Ledger.Choose] the one call to change it.
//
// Packages below this one go further: children has the ages of the law, signal
// reads Global Privacy Control, transfer is the ladder of Chapter V, renewal knows
// who has to be asked again, receipt signs what a subject agreed to, and proof puts
// every event into a tree whose checkpoints anybody can verify.
package consent
