package consent

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Code says why a use is allowed or refused. Codes are stable; texts for people
// are rendered from them. The zero Code refuses.
type Code uint8

// The codes of decisions. The gate looks for reasons to refuse one after the
// other, and the first that applies is the decision's.
const (
	// CodeUndecided is the code of the zero Decision. It refuses.
	CodeUndecided Code = iota
	// CodeAllowed is the only code that allows.
	CodeAllowed
	// CodeSubjectInvalid refuses an identifier that is not legal.
	CodeSubjectInvalid
	// CodeSubjectRequired refuses a controller's use without a subject.
	CodeSubjectRequired
	// CodeStateUnavailable refuses because the store could not be read.
	CodeStateUnavailable
	// CodeStateUnreadable refuses because what the store holds cannot be understood.
	CodeStateUnreadable
	// CodeStateOutdated refuses because the store is behind the given stamp.
	CodeStateOutdated
	// CodeErased refuses because the subject was erased.
	CodeErased
	// CodeBasisNotDeclared refuses because the purpose has no legal basis for
	// the subject's jurisdiction (Art. 6(1)).
	CodeBasisNotDeclared
	// CodeConditionNotDeclared refuses special categories without a condition
	// of Art. 9(2).
	CodeConditionNotDeclared
	// CodeRestricted refuses because processing is restricted (Art. 18(2)).
	CodeRestricted
	// CodeObjected refuses because of an objection (Art. 21(1)).
	CodeObjected
	// CodeMarketingObjected refuses direct marketing because of an objection to
	// it (Art. 21(3)).
	CodeMarketingObjected
	// CodeOptedOut refuses because of an opt-out.
	CodeOptedOut
	// CodeUnderAge refuses because the subject is known to be too young.
	CodeUnderAge
	// CodeAgeUnknown refuses because the activity wants evidence of age and
	// there is none.
	CodeAgeUnknown
	// CodeNoRelationship refuses because there is no contract with the subject
	// (Art. 6(1)(b)).
	CodeNoRelationship
	// CodeConsentMissing refuses because the subject never consented.
	CodeConsentMissing
	// CodeConsentRefused refuses because the subject refused consent.
	CodeConsentRefused
	// CodeConsentWithdrawn refuses because consent was withdrawn (Art. 7(3)).
	CodeConsentWithdrawn
	// CodeConsentExpired refuses because the time of the consent is over.
	CodeConsentExpired
	// CodeConsentInvalid refuses because the only consent on record is not valid.
	CodeConsentInvalid
	// CodeConsentNotExplicit refuses because explicit consent is needed
	// (Art. 9(2)(a)).
	CodeConsentNotExplicit
	// CodeNoticeOutdated refuses because the purpose changed since the notice
	// that the consent was given to.
	CodeNoticeOutdated
	// CodeAttestationMissing refuses because the tenant attested nothing that
	// covers the categories and the purpose.
	CodeAttestationMissing
	// CodeAttestationWithdrawn refuses because the attestation was withdrawn.
	CodeAttestationWithdrawn
	// CodeAttestationExpired refuses because the time of the attestation is over.
	CodeAttestationExpired
	// CodeAttestationCondition refuses special categories because the
	// attestation names no condition of Art. 9(2).
	CodeAttestationCondition
	// CodeInstructionMissing refuses because the use is not within the
	// tenant's documented instructions (Art. 28(3)(a)).
	CodeInstructionMissing
	// CodeInstructionWithdrawn refuses because the instruction was withdrawn.
	CodeInstructionWithdrawn
	// CodeInstructionExpired refuses because the time of the instruction is over.
	CodeInstructionExpired
	// CodeSubProcessorObjected refuses because the tenant objects to the
	// sub-processor (Art. 28(2)).
	CodeSubProcessorObjected
	// CodeSubProcessorPending refuses because the tenant's time to object to
	// the sub-processor is not over yet.
	CodeSubProcessorPending
	// CodeTransferForbidden refuses a disclosure to a third country that nothing
	// makes lawful (Art. 44).
	CodeTransferForbidden
)

var codeNames = [...]string{
	CodeUndecided:            "undecided",
	CodeAllowed:              "allowed",
	CodeSubjectInvalid:       "subject_invalid",
	CodeSubjectRequired:      "subject_required",
	CodeStateUnavailable:     "state_unavailable",
	CodeStateUnreadable:      "state_unreadable",
	CodeStateOutdated:        "state_outdated",
	CodeErased:               "erased",
	CodeBasisNotDeclared:     "basis_not_declared",
	CodeConditionNotDeclared: "condition_not_declared",
	CodeRestricted:           "restricted",
	CodeObjected:             "objected",
	CodeMarketingObjected:    "marketing_objected",
	CodeOptedOut:             "opted_out",
	CodeUnderAge:             "under_age",
	CodeAgeUnknown:           "age_unknown",
	CodeNoRelationship:       "no_relationship",
	CodeConsentMissing:       "consent_missing",
	CodeConsentRefused:       "consent_refused",
	CodeConsentWithdrawn:     "consent_withdrawn",
	CodeConsentExpired:       "consent_expired",
	CodeConsentInvalid:       "consent_invalid",
	CodeConsentNotExplicit:   "consent_not_explicit",
	CodeNoticeOutdated:       "notice_outdated",
	CodeAttestationMissing:   "attestation_missing",
	CodeAttestationWithdrawn: "attestation_withdrawn",
	CodeAttestationExpired:   "attestation_expired",
	CodeAttestationCondition: "attestation_condition",
	CodeInstructionMissing:   "instruction_missing",
	CodeInstructionWithdrawn: "instruction_withdrawn",
	CodeInstructionExpired:   "instruction_expired",
	CodeSubProcessorObjected: "sub_processor_objected",
	CodeSubProcessorPending:  "sub_processor_pending",
	CodeTransferForbidden:    "transfer_forbidden",
}

// String returns the code as stored and sent, in lower_snake_case.
func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return codeNames[CodeUndecided]
}

var codeTitles = [...]string{
	CodeUndecided:            "Nothing was decided.",
	CodeAllowed:              "The use is allowed.",
	CodeSubjectInvalid:       "The identifier of the person or the tenant is not valid.",
	CodeSubjectRequired:      "The use concerns a person, and none was named.",
	CodeStateUnavailable:     "What is recorded could not be read.",
	CodeStateUnreadable:      "What is recorded could not be understood.",
	CodeStateOutdated:        "What could be read is older than what is known to have happened.",
	CodeErased:               "The person's data was erased.",
	CodeBasisNotDeclared:     "The purpose has no legal basis where the person is protected.",
	CodeConditionNotDeclared: "Special categories of data need a condition of Art. 9(2) GDPR.",
	CodeRestricted:           "Processing is restricted.",
	CodeObjected:             "The person objects to the purpose.",
	CodeMarketingObjected:    "The person objects to direct marketing.",
	CodeOptedOut:             "The person opted out.",
	CodeUnderAge:             "The person is younger than the activity allows.",
	CodeAgeUnknown:           "The activity needs evidence of age.",
	CodeNoRelationship:       "There is no contract with the person.",
	CodeConsentMissing:       "The person has not consented.",
	CodeConsentRefused:       "The person refused consent.",
	CodeConsentWithdrawn:     "Consent was withdrawn.",
	CodeConsentExpired:       "The time of the consent is over.",
	CodeConsentInvalid:       "The consent on record is not valid.",
	CodeConsentNotExplicit:   "Explicit consent is needed.",
	CodeNoticeOutdated:       "The purpose has changed since consent was given.",
	CodeAttestationMissing:   "The customer has not attested a legal basis for this data and purpose.",
	CodeAttestationWithdrawn: "The customer's attestation was withdrawn.",
	CodeAttestationExpired:   "The time of the customer's attestation is over.",
	CodeAttestationCondition: "The customer's attestation covers no special categories of data.",
	CodeInstructionMissing:   "The use is not within the customer's instructions.",
	CodeInstructionWithdrawn: "The customer's instruction was withdrawn.",
	CodeInstructionExpired:   "The time of the customer's instruction is over.",
	CodeSubProcessorObjected: "The customer objects to the sub-processor.",
	CodeSubProcessorPending:  "The customer's time to object to the sub-processor is not over.",
	CodeTransferForbidden:    "Nothing makes the transfer to the third country lawful.",
}

// Title returns one English sentence for the code. Hosts that speak other
// languages render their own from the code.
func (c Code) Title() string {
	if int(c) < len(codeTitles) {
		return codeTitles[c]
	}
	return codeTitles[CodeUndecided]
}

// MarshalText returns the text of String.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote. The error matches
// privacy.ErrInvalid.
func (c *Code) UnmarshalText(text []byte) error {
	for i, name := range codeNames {
		if name == string(text) {
			*c = Code(i)
			return nil
		}
	}
	return fmt.Errorf("consent: unknown reason code: %w", privacy.ErrInvalid)
}
