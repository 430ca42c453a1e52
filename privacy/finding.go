package privacy

import "fmt"

// Finding is something in a declaration that is legal, or can be, but doubtful:
// a person should look at it and decide. Findings never keep a declaration from
// compiling.
type Finding struct {
	// Path locates the entry in the declaration, as Problem.Path does.
	Path string `json:"path"`
	// Code is a stable identifier of the kind of finding, one of the constants
	// Finding….
	Code string `json:"code"`
	// Detail says in one English sentence what is doubtful.
	Detail string `json:"detail"`
	// Article is the provision that raises the doubt, for example
	// "GDPR Art. 13(1)(a)".
	Article string `json:"article"`
}

// String returns the finding as "path: detail (code, article)".
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s (%s, %s)", f.Path, f.Detail, f.Code, f.Article)
}

// The codes of findings. They are stable: a host may accept some and refuse
// others in its build.
const (
	// FindingNoLegalEntity is an operator without a legal entity: nobody is named
	// as controller.
	FindingNoLegalEntity = "no_legal_entity"
	// FindingNoAddress is an operator without a postal address.
	FindingNoAddress = "no_address"
	// FindingNoDataProtectionOfficer is a declaration without a data protection
	// officer; not every operator must have one.
	FindingNoDataProtectionOfficer = "no_data_protection_officer"
	// FindingNoRepresentative is an operator outside the European Economic Area
	// without a representative.
	FindingNoRepresentative = "no_representative"

	// FindingCategoryUnused is a category that no activity uses.
	FindingCategoryUnused = "category_unused"
	// FindingCategoryWithoutSystem is a category that no system holds: it would
	// be missing from access and erasure.
	FindingCategoryWithoutSystem = "category_without_system"

	// FindingPurposeUnused is a purpose that no activity pursues.
	FindingPurposeUnused = "purpose_unused"
	// FindingBasisUnused is a purpose with legal bases that is pursued only as
	// processor, where the customer has the basis.
	FindingBasisUnused = "basis_unused"
	// FindingBasisNotEverywhere is a purpose without a legal basis outside the
	// jurisdictions that are named: it is refused there.
	FindingBasisNotEverywhere = "basis_not_everywhere"
	// FindingConsentWithoutNotice is a purpose that rests on consent and accepts
	// every version of the notice.
	FindingConsentWithoutNotice = "consent_without_notice"
	// FindingMarketingByInterests is direct marketing on legitimate interests.
	FindingMarketingByInterests = "marketing_by_interests"
	// FindingSpecialByInterests is the use of special categories on legitimate
	// interests.
	FindingSpecialByInterests = "special_by_interests"

	// FindingRecipientUnused is a recipient to whom nothing is disclosed.
	FindingRecipientUnused = "recipient_unused"
	// FindingMechanismUnneeded is a transfer mechanism where there is no transfer.
	FindingMechanismUnneeded = "mechanism_unneeded"
	// FindingTransferByDerogation is a derogation as the standing mechanism of a
	// recipient: derogations are for exceptions.
	FindingTransferByDerogation = "transfer_by_derogation"
	// FindingAdequacyWithoutReference is an adequacy decision that covers only
	// some recipients in a country, without a reference that shows this one is.
	FindingAdequacyWithoutReference = "adequacy_without_reference"
	// FindingSafeguardWithoutReference is an appropriate safeguard without a
	// reference to the instrument, of which subjects can demand a copy.
	FindingSafeguardWithoutReference = "safeguard_without_reference"

	// FindingNoSubjectKey is a system in which a subject's data cannot be found.
	FindingNoSubjectKey = "no_subject_key"
	// FindingSystemUndisclosed is a system run by a recipient to whom no activity
	// on its data discloses.
	FindingSystemUndisclosed = "system_undisclosed"

	// FindingNoSubjects is an activity without categories of data subjects.
	FindingNoSubjects = "no_subjects"
	// FindingNoMeasures is an activity without any security measure.
	FindingNoMeasures = "no_measures"
	// FindingNoRetention is a controller activity with neither a period of
	// retention nor criteria for one.
	FindingNoRetention = "no_retention"
	// FindingRetentionWithoutStart is a period of retention that runs from nothing.
	FindingRetentionWithoutStart = "retention_without_start"
	// FindingAutomatedDecision is an activity with solely automated decisions.
	FindingAutomatedDecision = "automated_decision"
	// FindingAutomatedDecisionSpecial is one on special categories.
	FindingAutomatedDecisionSpecial = "automated_decision_special"
	// FindingOwnPurpose is a purpose of the operator's own on data held as
	// processor.
	FindingOwnPurpose = "own_purpose"
	// FindingProcessorDisclosure is a processor activity that discloses to an
	// adviser or a successor of the operator, which serves the operator.
	FindingProcessorDisclosure = "processor_disclosure"
	// FindingDisclosureWithoutRecipient is an activity that discloses to nobody.
	FindingDisclosureWithoutRecipient = "disclosure_without_recipient"
	// FindingRecipientWithoutDisclosure is an activity with recipients whose
	// operations do not include disclosure, so that every disclosure is refused.
	FindingRecipientWithoutDisclosure = "recipient_without_disclosure"

	// FindingArrangementUnused is an arrangement that no activity names.
	FindingArrangementUnused = "arrangement_unused"
	// FindingArrangementWithoutContact is an arrangement that names nobody for
	// subjects to turn to.
	FindingArrangementWithoutContact = "arrangement_without_contact"
)

// findings looks at a compiled register entry by entry.
func findings(r *Register) []Finding {
	f := finder{r: r, d: &r.declaration, use: usageOf(r)}
	f.operator()
	f.categories()
	f.purposes()
	f.recipients()
	f.systems()
	f.activities()
	f.arrangements()
	return f.list
}

type finder struct {
	r    *Register
	d    *Declaration
	use  usage
	list []Finding
}

func (f *finder) add(path, code, article, detail string, args ...any) {
	f.list = append(f.list, Finding{Path: path, Code: code, Detail: fmt.Sprintf(detail, args...), Article: article})
}

// usage says which entries the activities refer to. The slices are parallel to
// the declared lists.
type usage struct {
	category, recipient []bool
	// controller are the activities that pursue a purpose as controller.
	controller  [][]*Activity
	arrangement map[string]bool
}

func usageOf(r *Register) usage {
	d := &r.declaration
	u := usage{
		category:    make([]bool, len(d.Categories)),
		recipient:   make([]bool, len(d.Recipients)),
		controller:  make([][]*Activity, len(d.Purposes)),
		arrangement: make(map[string]bool),
	}
	for i := range d.Activities {
		a := &d.Activities[i]
		for _, category := range a.Categories {
			u.useCategory(r, category)
		}
		for _, recipient := range a.Recipients {
			u.recipient[r.recipient[recipient]] = true
		}
		if purpose := r.purpose[a.Purpose]; a.Role.isController() {
			u.controller[purpose] = append(u.controller[purpose], a)
		}
		u.arrangement[a.JointArrangement] = true
	}
	for i := range d.Systems {
		if system := &d.Systems[i]; system.Recipient != "" {
			u.recipient[r.recipient[system.Recipient]] = true
		}
	}
	return u
}

// useCategory marks a category, all within it and all that it lies within.
func (u *usage) useCategory(r *Register, category CategoryID) {
	for _, place := range r.tree.subtree[r.category[category]] {
		u.category[place] = true
	}
	for id := category.parent(); id != ""; id = id.parent() {
		u.category[r.category[id]] = true
	}
}
