package privacy

// The codes of the Problems that ParseDeclaration and Compile report. They are
// stable: a host may act on them.
const (
	// ProblemSyntax reports text that is not JSON, or more than one value.
	ProblemSyntax = "syntax"
	// ProblemUnknownField reports a member that a declaration does not have.
	ProblemUnknownField = "unknown_field"
	// ProblemDuplicateField reports a member given twice in one object.
	ProblemDuplicateField = "duplicate_field"
	// ProblemType reports a value of another type or form than the field has,
	// for example a number for a title or a code that no vocabulary holds.
	ProblemType = "type"

	// ProblemRequired reports a missing entry or value.
	ProblemRequired = "required"
	// ProblemUnknown reports a value outside its vocabulary.
	ProblemUnknown = "unknown"
	// ProblemIdentifier reports an identifier of the wrong form.
	ProblemIdentifier = "identifier"
	// ProblemText reports text that is not UTF-8 or holds control characters.
	ProblemText = "text"
	// ProblemFormat reports a mail or web address of the wrong form.
	ProblemFormat = "format"
	// ProblemRange reports a number outside its range.
	ProblemRange = "range"
	// ProblemCountry reports a country that ISO 3166-1 does not list.
	ProblemCountry = "country"
	// ProblemJurisdiction reports a jurisdiction that Jurisdiction.Check refuses.
	ProblemJurisdiction = "jurisdiction"
	// ProblemDuplicate reports an identifier, reference or value given twice.
	ProblemDuplicate = "duplicate"
	// ProblemUnknownReference reports a name that is not declared.
	ProblemUnknownReference = "unknown_reference"
	// ProblemParentMissing reports a category whose parent is not declared.
	ProblemParentMissing = "parent_missing"
	// ProblemNotApplicable reports a statement that has no meaning where it is
	// made, for example a minimum age on a processor activity.
	ProblemNotApplicable = "not_applicable"

	// ProblemBasisMissing reports a purpose that a controller activity pursues
	// without a legal basis (Art. 6(1)).
	ProblemBasisMissing = "basis_missing"
	// ProblemBasisDuplicate reports two legal bases of one purpose for the same
	// jurisdiction.
	ProblemBasisDuplicate = "basis_duplicate"
	// ProblemBasisUnavailable reports a legal basis that does not exist in the
	// jurisdictions it is relied on in.
	ProblemBasisUnavailable = "basis_unavailable"
	// ProblemConditionMissing reports the use of a special category as controller
	// without a condition (Art. 9(2)).
	ProblemConditionMissing = "condition_missing"
	// ProblemMechanismMissing reports a transfer to a third country without a
	// mechanism (Art. 44).
	ProblemMechanismMissing = "mechanism_missing"
	// ProblemMechanismUnavailable reports a transfer mechanism that the law of
	// the operator's country does not know.
	ProblemMechanismUnavailable = "mechanism_unavailable"
	// ProblemOwnPurpose reports a controller activity on data held as processor
	// that does not say why (Art. 28(10)).
	ProblemOwnPurpose = "own_purpose"
	// ProblemProcessorCategory reports a processor activity on data that is not
	// held as processor.
	ProblemProcessorCategory = "processor_category"
	// ProblemRecipientRole reports a processor as recipient of a processor
	// activity, or a sub-processor as recipient of a controller activity.
	ProblemRecipientRole = "recipient_role"
	// ProblemArrangementMissing reports a joint-controller activity without an
	// arrangement (Art. 26(1)).
	ProblemArrangementMissing = "arrangement_missing"
)
