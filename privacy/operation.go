package privacy

import "iter"

// Operation is what is done with personal data: one kind of processing in the
// sense of GDPR Art. 4(2). The kinds do not overlap, so that an act of the
// program has exactly one, and together they cover that article's list. The
// zero value is unknown and never valid.
//
// Two things are deliberately no operations. An international transfer is a
// disclosure (or an export) whose recipient is in a third country; see
// TransferMechanism. Training a model, marketing or selling are purposes.
type Operation uint8

const (
	// OperationCollect obtains and records data, from the subject or elsewhere.
	OperationCollect Operation = iota + 1
	// OperationStore keeps data, without looking at it.
	OperationStore
	// OperationUse reads data and acts on it: retrieval, consultation, display
	// to the operator's own staff, analysis, all without changing it or
	// learning something new about the person.
	OperationUse
	// OperationAlter changes or adds to stored data: correcting a record,
	// annotating an image.
	OperationAlter
	// OperationCombine aligns or joins data with data of another source or
	// collected for another purpose.
	OperationCombine
	// OperationDerive makes new personal data from existing data: inference,
	// scoring, profiling (Art. 4(4)).
	OperationDerive
	// OperationDisclose makes data known to a recipient other than the subject
	// and the customer it is held for: transmission, sharing, remote access,
	// publication (Art. 4(9)).
	OperationDisclose
	// OperationExport hands data to the person it is about, or back to the
	// customer it is held for: access copies, portability, return at the end of
	// a contract (Arts. 15(3), 20, 28(3)(g)).
	OperationExport
	// OperationRestrict marks data so that it is only stored (Arts. 4(3), 18).
	OperationRestrict
	// OperationPseudonymise replaces what identifies the person by a token
	// whose key is kept apart (Art. 4(5)). The result is still personal data.
	OperationPseudonymise
	// OperationAnonymise makes data irreversibly unable to identify anybody, so
	// that it stops being personal data (recital 26).
	OperationAnonymise
	// OperationErase erases or destroys data beyond recovery (Art. 17).
	OperationErase
)

// Nearest terms: DPV's Combine, Derive and Export do not say that the other
// data is of another source, that the result is personal, or who receives the
// copy. Its Alter excludes a change into something else, as ours does.
var operationTable = codeTable[Operation]{
	noun: "operation",
	rows: []codeRow{
		OperationCollect:      {code: "collect", label: "Collect", dpv: dpvNamespace + "Collect"},
		OperationStore:        {code: "store", label: "Store", dpv: dpvNamespace + "Store"},
		OperationUse:          {code: "use", label: "Use", dpv: dpvNamespace + "Use"},
		OperationAlter:        {code: "alter", label: "Alter", dpv: dpvNamespace + "Alter"},
		OperationCombine:      {code: "combine", label: "Combine", dpv: dpvNamespace + "Combine"},
		OperationDerive:       {code: "derive", label: "Derive", dpv: dpvNamespace + "Derive"},
		OperationDisclose:     {code: "disclose", label: "Disclose", dpv: dpvNamespace + "Disclose"},
		OperationExport:       {code: "export", label: "Export", dpv: dpvNamespace + "Export"},
		OperationRestrict:     {code: "restrict", label: "Restrict", dpv: dpvNamespace + "Restrict"},
		OperationPseudonymise: {code: "pseudonymise", label: "Pseudonymise", dpv: dpvNamespace + "Pseudonymise"},
		OperationAnonymise:    {code: "anonymise", label: "Anonymise", dpv: dpvNamespace + "Anonymise"},
		OperationErase:        {code: "erase", label: "Erase", dpv: dpvNamespace + "Erase"},
	},
}

// Operations yields every operation in the order of the constants.
func Operations() iter.Seq[Operation] { return operationTable.all() }

// ParseOperation returns the operation with the given code. The error matches
// ErrInvalid and names the accepted codes.
func ParseOperation(code string) (Operation, error) { return operationTable.parse(code) }

// Valid reports whether o is one of the constants.
func (o Operation) Valid() bool { return operationTable.valid(o) }

// String returns the code, "unknown" if o is not Valid.
func (o Operation) String() string { return operationTable.text(o) }

// Label returns the name in plain English, "Unknown" if o is not Valid.
func (o Operation) Label() string { return operationTable.label(o) }

// DPV returns the IRI of the operation in DPV 2.3, for OperationCombine,
// OperationDerive and OperationExport that of the nearest, wider term.
func (o Operation) DPV() string { return operationTable.row(o).dpv }

// MarshalText returns the code, or an error matching ErrInvalid if o is not
// Valid, so that nothing unknown is ever written.
func (o Operation) MarshalText() ([]byte, error) { return operationTable.marshal(o) }

// UnmarshalText parses as ParseOperation does and leaves o unchanged on error.
func (o *Operation) UnmarshalText(text []byte) error { return operationTable.unmarshal(o, text) }
