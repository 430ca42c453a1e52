// Package privacy is the kernel of the SDK: the vocabulary of data protection,
// and the register of what a service does with personal data, which every other
// package asks.
//
// # Declaration and register
//
// A service declares once, as plain data, who runs it, which categories of
// personal data it holds and where, for which purposes and on which legal bases
// it uses them, in which role, to whom it discloses them, and for how long it
// keeps them. Compile checks such a Declaration and turns it into an immutable
// Register. Whatever is wrong is reported at once, as Problems with the path of
// each offending entry; what is legal but doubtful compiles and is listed by
// Register.Findings. One register drives the gate, exports, erasure, retention,
// the record of processing (GDPR Art. 30) and the comparison with the published
// policy, so that they cannot drift apart. Its hash names it in evidence.
//
// The role decides who must hold the legal basis and who answers a request.
// Data is held as controller or as processor, and an activity is pursued as
// controller, as joint controller or as processor. A processor activity uses
// only data held as processor. A controller activity needs a legal basis
// (Art. 6), a condition where it uses special categories (Art. 9), and, if it
// reaches for data held as processor, the reason why the operator determines a
// purpose for it (Art. 28(10)); without one it does not compile.
//
// Categories form a hierarchy by the dots in their identifiers. What is declared
// of "account" holds for "account.email" too, and naming "account" covers both.
//
// # Vocabulary
//
// Role, LegalBasis, SpecialCondition, Operation, Right, TransferMechanism,
// Measure, RecipientKind and OptOut are codes with a stable text form and the
// identifier of the nearest term of the W3C Data Privacy Vocabulary. Their zero
// values are unknown and never valid. Identifiers of tenants, subjects, purposes
// and so on are distinct types, compared byte for byte.
//
// Date, Period and Calendar count as the law does: civil dates in a stated zone,
// months clamped to their last day, working days from a dated table. CanonicalJSON
// (RFC 8785) gives what is hashed one form.
//
// Struct tags tie Go types to categories: see Tag. What may be logged, exported
// and erased follows from the same tags.
//
// # Law as data
//
// Which countries form the European Economic Area, which laws restrict transfers
// and which legal bases exist only somewhere are dated tables with citations, in
// the directory law. LoadLaw replaces them where a host cannot wait for a release.
//
// # Fail closed
//
// Unknown names, countries and codes mean no. Errors match one of the sentinels
// ErrInvalid, ErrNotFound, ErrExists, ErrConflict and ErrDenied, and carry no
// personal data. The package has no state, starts no goroutine, and takes time
// and identifiers from a Clock and an IDSource.
package privacy
