package consent

import (
	"context"

	"github.com/labelop/privacykit/privacy"
)

// The calls below are Record for a single fact that happened now. They return
// the errors of Record.

// StartRelationship records that the subject entered a contract.
func (l *Ledger) StartRelationship(ctx context.Context, subject privacy.Subject, fact RelationshipStarted) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// EndRelationship records that the contract ended.
func (l *Ledger) EndRelationship(ctx context.Context, subject privacy.Subject, fact RelationshipEnded) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Grant records consent.
func (l *Ledger) Grant(ctx context.Context, subject privacy.Subject, fact Grant) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Renew records that consent was given again.
func (l *Ledger) Renew(ctx context.Context, subject privacy.Subject, fact Renewal) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Refuse records that the subject said no.
func (l *Ledger) Refuse(ctx context.Context, subject privacy.Subject, fact Refusal) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Withdraw records that consent was withdrawn. It succeeds whatever happened before.
func (l *Ledger) Withdraw(ctx context.Context, subject privacy.Subject, fact Withdrawal) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Object records an objection.
func (l *Ledger) Object(ctx context.Context, subject privacy.Subject, fact Objection) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// EndObjection records that an objection no longer stands.
func (l *Ledger) EndObjection(ctx context.Context, subject privacy.Subject, fact ObjectionEnded) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Restrict records that processing is restricted.
func (l *Ledger) Restrict(ctx context.Context, subject privacy.Subject, fact Restriction) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// LiftRestriction records that a restriction ended.
func (l *Ledger) LiftRestriction(ctx context.Context, subject privacy.Subject, fact RestrictionLifted) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// OptOut records an opt-out.
func (l *Ledger) OptOut(ctx context.Context, subject privacy.Subject, fact OptOut) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// OptIn records that an opt-out was taken back.
func (l *Ledger) OptIn(ctx context.Context, subject privacy.Subject, fact OptIn) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// RecordAge records what is known of the subject's age.
func (l *Ledger) RecordAge(ctx context.Context, subject privacy.Subject, fact AgeEvidence) (Receipt, error) {
	return l.ofSubject(ctx, subject, fact)
}

// Attest records what the tenant declares about its data.
func (l *Ledger) Attest(ctx context.Context, tenant privacy.TenantID, fact Attestation) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// WithdrawAttestation ends an attestation at once.
func (l *Ledger) WithdrawAttestation(ctx context.Context, tenant privacy.TenantID, fact AttestationWithdrawn) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// Instruct records what the tenant has instructed the processor to do.
func (l *Ledger) Instruct(ctx context.Context, tenant privacy.TenantID, fact Instruction) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// WithdrawInstruction ends an instruction at once.
func (l *Ledger) WithdrawInstruction(ctx context.Context, tenant privacy.TenantID, fact InstructionWithdrawn) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// FlagInstruction records that an instruction looks unlawful.
func (l *Ledger) FlagInstruction(ctx context.Context, tenant privacy.TenantID, fact InstructionFlagged) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// DecideSharing records a sharing decision of the tenant.
func (l *Ledger) DecideSharing(ctx context.Context, tenant privacy.TenantID, fact SharingDecision) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// RecordExport records that the tenant exported data.
func (l *Ledger) RecordExport(ctx context.Context, tenant privacy.TenantID, fact Export) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// AnnounceSubProcessor records that the tenant was told of a new sub-processor.
func (l *Ledger) AnnounceSubProcessor(ctx context.Context, tenant privacy.TenantID, fact SubProcessorAnnounced) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// ObjectToSubProcessor records that the tenant objects to a sub-processor.
func (l *Ledger) ObjectToSubProcessor(ctx context.Context, tenant privacy.TenantID, fact SubProcessorObjection) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// LiftSubProcessorObjection records that the tenant no longer objects.
func (l *Ledger) LiftSubProcessorObjection(ctx context.Context, tenant privacy.TenantID, fact SubProcessorObjectionLifted) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

// RequireNotice records that consent to a purpose must be renewed under a newer notice.
func (l *Ledger) RequireNotice(ctx context.Context, tenant privacy.TenantID, fact NoticeRequired) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: tenant, Facts: []Fact{fact}})
}

func (l *Ledger) ofSubject(ctx context.Context, subject privacy.Subject, fact Fact) (Receipt, error) {
	return l.Record(ctx, Entries{Tenant: subject.Tenant, Subject: subject.ID, Facts: []Fact{fact}})
}
