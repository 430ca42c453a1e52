package consent

// Kind names what an event of the ledger records. Kinds are stable: they are
// stored, and are the last part of the type of the audit event
// ("privacykit.consent.granted").
type Kind string

// The kinds of events of a subject's stream.
const (
	KindRelationshipStarted Kind = "relationship_started"
	KindRelationshipEnded   Kind = "relationship_ended"
	KindGranted             Kind = "granted"
	KindRefused             Kind = "refused"
	KindWithdrawn           Kind = "withdrawn"
	KindRenewed             Kind = "renewed"
	KindExpired             Kind = "expired"
	KindObjected            Kind = "objected"
	KindObjectionEnded      Kind = "objection_ended"
	KindRestricted          Kind = "restricted"
	KindRestrictionLifted   Kind = "restriction_lifted"
	KindOptedOut            Kind = "opted_out"
	KindOptedIn             Kind = "opted_in"
	KindAgeEvidence         Kind = "age_evidence"
	KindErased              Kind = "erased"
)

// The kinds of events of a tenant's stream.
const (
	KindAttested                    Kind = "attested"
	KindAttestationWithdrawn        Kind = "attestation_withdrawn"
	KindInstructed                  Kind = "instructed"
	KindInstructionWithdrawn        Kind = "instruction_withdrawn"
	KindInstructionFlagged          Kind = "instruction_flagged"
	KindSharingDecided              Kind = "sharing_decided"
	KindExported                    Kind = "exported"
	KindSubProcessorAnnounced       Kind = "sub_processor_announced"
	KindSubProcessorObjected        Kind = "sub_processor_objected"
	KindSubProcessorObjectionLifted Kind = "sub_processor_objection_lifted"
	KindNoticeRequired              Kind = "notice_required"
)
