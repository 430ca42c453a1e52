package consent

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Attestation records a tenant's declaration that it may have the stated data
// processed: that it has the rights, gave the notices and holds the consents or
// another legal basis. The library records who declared what, when; it never
// claims that the declaration is true.
type Attestation struct {
	// ID names the attestation within the tenant. A later one with the same ID
	// replaces it. Required.
	ID string `json:"id"`
	// Categories are the categories covered, each with all within it. At least one.
	Categories []privacy.CategoryID `json:"categories"`
	// Purposes are the purposes covered. At least one.
	Purposes []privacy.PurposeID `json:"purposes"`
	// Basis is the legal basis the tenant relies on as controller. Required.
	Basis privacy.LegalBasis `json:"basis,omitempty"`
	// Condition is the condition of Art. 9(2) the tenant relies on; without one
	// the attestation covers no special category.
	Condition privacy.SpecialCondition `json:"condition,omitempty"`
	// Rights, Notices and Consents say that the tenant declared to have the
	// rights in the content, to have informed the people concerned, and to hold
	// their consent where the basis is consent. Rights and Notices are required;
	// Consents is where Basis is consent.
	Rights   bool `json:"rights"`
	Notices  bool `json:"notices"`
	Consents bool `json:"consents,omitempty"`
	// SignedBy is an opaque reference to who signed for the tenant. Required.
	SignedBy string `json:"signed_by"`
	// TermsVersion is the version of the terms the declaration was made under. Required.
	TermsVersion string `json:"terms_version"`
	// Until is when the attestation ends, exclusive; zero if it does not.
	Until time.Time `json:"until,omitzero"`
}

// AttestationWithdrawn ends an attestation at once.
type AttestationWithdrawn struct {
	// ID names the attestation; empty means all.
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Instruction records what a tenant has instructed the processor to do (Art. 28(3)(a)).
// A use is within the instructions if one instruction in force covers it whole.
type Instruction struct {
	// ID names the instruction within the tenant. A later one with the same ID
	// replaces it. Required.
	ID string `json:"id"`
	// Purposes and Operations are what may be done. At least one of each.
	Purposes   []privacy.PurposeID `json:"purposes"`
	Operations []privacy.Operation `json:"operations"`
	// Recipients are to whom the data may be disclosed; empty means nobody.
	Recipients []privacy.RecipientID `json:"recipients,omitempty"`
	// Countries limit where it may be disclosed to; empty means wherever the
	// recipients are declared to process it.
	Countries []privacy.Country `json:"countries,omitempty"`
	// GivenBy is an opaque reference to who instructed. Required.
	GivenBy string `json:"given_by"`
	// Until is when the instruction ends, exclusive; zero if it does not.
	Until time.Time `json:"until,omitzero"`
}

// InstructionWithdrawn ends an instruction at once.
type InstructionWithdrawn struct {
	// ID names the instruction; empty means all.
	ID string `json:"id,omitempty"`
}

// InstructionFlagged records that the processor told the tenant that an
// instruction looks unlawful to it (Art. 28(3), last sentence).
type InstructionFlagged struct {
	ID string `json:"id"`
	// Concern is a code of the host. Required.
	Concern string `json:"concern"`
}

// SharingDecision records that a tenant decided to share data with somebody of
// its own choice, for which it answers.
type SharingDecision struct {
	// With is an opaque reference to the receiver. Required.
	With       string               `json:"with"`
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	// Shared is true when sharing began and false when it ended.
	Shared bool `json:"shared"`
	// By is an opaque reference to who decided. Required.
	By string `json:"by"`
}

// Export records that a tenant exported data.
type Export struct {
	// ID is the host's identifier of the export. Required.
	ID         string               `json:"id"`
	Categories []privacy.CategoryID `json:"categories,omitempty"`
	// By is an opaque reference to who exported. Required.
	By string `json:"by"`
}

// SubProcessorAnnounced records that a tenant was told of a new sub-processor
// (Art. 28(2)). Nothing is disclosed to it before the time to object is over.
type SubProcessorAnnounced struct {
	Recipient privacy.RecipientID `json:"recipient"`
	// ObjectUntil is when the time to object ends, exclusive. Required.
	ObjectUntil time.Time `json:"object_until"`
}

// SubProcessorObjection records that the tenant objects to a sub-processor.
type SubProcessorObjection struct {
	Recipient privacy.RecipientID `json:"recipient"`
	By        string              `json:"by,omitempty"`
}

// SubProcessorObjectionLifted records that the tenant no longer objects.
type SubProcessorObjectionLifted struct {
	Recipient privacy.RecipientID `json:"recipient"`
	By        string              `json:"by,omitempty"`
}

// NoticeRequired records that a purpose changed so much that consent given
// under an earlier version of the notice no longer covers it. It reaches the
// gate without touching any subject.
type NoticeRequired struct {
	Purpose privacy.PurposeID `json:"purpose"`
	// MinimumVersion is the first version of the notice that covers the
	// purpose as it is now. At least 1.
	MinimumVersion uint32 `json:"minimum_version"`
	// From is when the requirement begins. Required.
	From time.Time `json:"from"`
}

// Kind returns KindAttested.
func (Attestation) Kind() Kind { return KindAttested }

// Kind returns KindAttestationWithdrawn.
func (AttestationWithdrawn) Kind() Kind { return KindAttestationWithdrawn }

// Kind returns KindInstructed.
func (Instruction) Kind() Kind { return KindInstructed }

// Kind returns KindInstructionWithdrawn.
func (InstructionWithdrawn) Kind() Kind { return KindInstructionWithdrawn }

// Kind returns KindInstructionFlagged.
func (InstructionFlagged) Kind() Kind { return KindInstructionFlagged }

// Kind returns KindSharingDecided.
func (SharingDecision) Kind() Kind { return KindSharingDecided }

// Kind returns KindExported.
func (Export) Kind() Kind { return KindExported }

// Kind returns KindSubProcessorAnnounced.
func (SubProcessorAnnounced) Kind() Kind { return KindSubProcessorAnnounced }

// Kind returns KindSubProcessorObjected.
func (SubProcessorObjection) Kind() Kind { return KindSubProcessorObjected }

// Kind returns KindSubProcessorObjectionLifted.
func (SubProcessorObjectionLifted) Kind() Kind { return KindSubProcessorObjectionLifted }

// Kind returns KindNoticeRequired.
func (NoticeRequired) Kind() Kind { return KindNoticeRequired }
