package consent

// The codes of the privacy.Problems that this package reports. They are stable:
// a host may act on them.
const (
	// ProblemRequired reports a missing entry or value.
	ProblemRequired = "required"
	// ProblemUnknown reports a value outside its vocabulary, or a name that the
	// register does not declare.
	ProblemUnknown = "unknown"
	// ProblemIdentifier reports an identifier of the wrong form.
	ProblemIdentifier = "identifier"
	// ProblemHash reports a hash that is not 64 hexadecimal digits.
	ProblemHash = "hash"
	// ProblemText reports text that is too long or holds other characters than
	// it may.
	ProblemText = "text"
	// ProblemOrder reports bounds or times that contradict each other.
	ProblemOrder = "order"
	// ProblemFuture reports a time in the future.
	ProblemFuture = "future"
	// ProblemStream reports a fact in the stream of a subject that is about a
	// tenant, or the reverse.
	ProblemStream = "stream"
	// ProblemNotDeclared reports an attestation that leaves out what it must
	// declare.
	ProblemNotDeclared = "not_declared"
	// ProblemDirectMarketing reports an attempt to end an objection to direct
	// marketing on the controller's grounds.
	ProblemDirectMarketing = "direct_marketing"
	// ProblemNotADisclosure reports a recipient or a country on a use that does
	// not disclose.
	ProblemNotADisclosure = "not_a_disclosure"
	// ProblemAmbiguousRole reports a use that activities of different roles declare.
	ProblemAmbiguousRole = "ambiguous_role"
	// ProblemNotImportable reports a fact that Import does not take.
	ProblemNotImportable = "not_importable"
	// ProblemFields reports a row of CSV with other fields than its header.
	ProblemFields = "fields"
	// ProblemMatter reports a matter on a restriction of single purposes.
	ProblemMatter = "matter"
	// ProblemTime reports a time of the wrong form.
	ProblemTime = "time"
)
