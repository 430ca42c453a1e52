package consent

import (
	"time"

	"github.com/labelop/privacykit/privacy"
)

// evaluate is the gate's rule book as a pure function. It allocates nothing.
// today is the day number of now in the gate's zone, counted from 1970.
func (p *PreparedUse) evaluate(decision *Decision, subject *subjectView, tenant *tenantView, jurisdiction privacy.Jurisdiction, now time.Time, cutoff int32) {
	decision.Role, decision.Purpose, decision.Activity = p.role, p.purpose.ID, p.activity
	decision.At = now
	decision.Stamp = Stamp{Guard: Guard{SubjectVersion: subject.version, TenantVersion: tenant.version}, Register: p.gate.registerHash}
	if p.role == privacy.RoleProcessor {
		decision.Code = p.asProcessor(decision, subject, tenant, now)
	} else {
		decision.Code = p.asController(decision, subject, tenant, jurisdiction, now, cutoff)
	}
	if decision.Code == CodeAllowed {
		decision.Obligations = p.obligations
	} else {
		decision.Until = time.Time{}
	}
}

func (p *PreparedUse) asController(d *Decision, subject *subjectView, tenant *tenantView, jurisdiction privacy.Jurisdiction, now time.Time, cutoff int32) Code {
	if subject.flags&flagErased != 0 {
		d.Evidence.Subject = uint64(subject.erased)
		return CodeErased
	}
	basis := p.basisFor(jurisdiction)
	if !basis.declared {
		return CodeBasisNotDeclared
	}
	d.Basis = basis.basis
	if p.special {
		if basis.condition == 0 {
			return CodeConditionNotDeclared
		}
		d.Condition = basis.condition
	}
	if code := p.restriction(d, subject, tenant, now); code != CodeAllowed {
		return code
	}
	if code := p.objection(d, subject, basis.basis); code != CodeAllowed {
		return code
	}
	if swapped(basis.basis, subject.purpose.status(), subject.purpose.notice) {
		d.Evidence.Subject = uint64(subject.purpose.sequence)
		return CodeConsentWithdrawn
	}
	if code := p.age(d, subject, cutoff); code != CodeAllowed {
		return code
	}
	if basis.basis == privacy.BasisConsent || (p.special && basis.condition == privacy.ConditionExplicitConsent) {
		if code := p.consent(d, subject, tenant, now); code != CodeAllowed {
			return code
		}
	}
	if basis.basis == privacy.BasisContract {
		if subject.flags&flagRelationship == 0 {
			d.Evidence.Subject = uint64(subject.relationship)
			return CodeNoRelationship
		}
		d.Evidence.Subject = uint64(subject.relationship)
	}
	return p.disclosure(d, tenant, now)
}

func (p *PreparedUse) restriction(d *Decision, subject *subjectView, tenant *tenantView, now time.Time) Code {
	restricted := subject.flags&flagRestricted != 0
	byPurpose := subject.purpose.flags&purposeRestricted != 0
	if !restricted && !byPurpose || p.ignoresRestrict {
		return CodeAllowed
	}
	if p.use.Exception == ExceptionConsent && subject.purpose.flags&purposeConsentAfterRestriction != 0 && p.consent(d, subject, tenant, now) == CodeAllowed {
		return CodeAllowed
	}
	d.Evidence.Tenant = 0
	d.Evidence.Subject = uint64(subject.restricted)
	if byPurpose {
		d.Evidence.Subject = uint64(subject.purpose.blocked)
	}
	return CodeRestricted
}

// objection applies Art. 21: against public task and legitimate interests an
// objection stands until it is ended, against direct marketing it is absolute.
// An objection that names a purpose resting on consent, be it the explicit one of
// Art. 9(2)(a), is taken as its withdrawal; other bases know no objection. An
// opt-out ends a purpose whatever its basis.
func (p *PreparedUse) objection(d *Decision, subject *subjectView, basis privacy.LegalBasis) Code {
	byPurpose := subject.purpose.flags&purposeObjected != 0
	if p.purpose.DirectMarketing {
		switch {
		case subject.flags&flagMarketingObjected != 0:
			d.Evidence.Subject = uint64(subject.marketing)
			return CodeMarketingObjected
		case byPurpose:
			d.Evidence.Subject = uint64(subject.purpose.blocked)
			return CodeMarketingObjected
		case subject.flags&flagObjected != 0:
			d.Evidence.Subject = uint64(subject.objected)
			return CodeMarketingObjected
		}
	}
	rests := basis == privacy.BasisConsent || d.Condition == privacy.ConditionExplicitConsent
	if byPurpose && (objectable(basis) || rests) {
		d.Evidence.Subject = uint64(subject.purpose.blocked)
		return CodeObjected
	}
	if objectable(basis) && subject.flags&flagObjected != 0 {
		d.Evidence.Subject = uint64(subject.objected)
		return CodeObjected
	}
	if subject.purpose.flags&purposeOptedOut != 0 {
		d.Evidence.Subject = uint64(subject.purpose.blocked)
		return CodeOptedOut
	}
	if subject.optOuts&p.purpose.OptOuts != 0 {
		d.Evidence.Subject = uint64(subject.optedOut)
		return CodeOptedOut
	}
	return CodeAllowed
}

// swapped reports whether the purpose would go on after a withdrawal of consent
// on another basis that the controller chose: consent that was given and
// withdrawn, or then refused, is not replaced in silence (EDPB Guidelines 05/2020,
// paras 121 to 123). What the law demands, and what saves a life, goes on. notice
// is that of the consent; without one, nothing but a withdrawal or a refusal is on
// record, which reaches no other basis.
func swapped(basis privacy.LegalBasis, status ConsentStatus, notice uint32) bool {
	return takenBack(status, notice) && (basis == privacy.BasisContract || objectable(basis))
}

// takenBack reports whether consent was given, under a notice, and then withdrawn
// or refused.
func takenBack(status ConsentStatus, notice uint32) bool {
	return notice != 0 && (status == ConsentWithdrawn || status == ConsentRefused)
}

// age compares the bounds on the date of birth with cutoff, the latest date of
// birth that is old enough today.
func (p *PreparedUse) age(d *Decision, subject *subjectView, cutoff int32) Code {
	if p.minimumAge == 0 {
		return CodeAllowed
	}
	if subject.bornOnOrAfter != unknownDay && subject.bornOnOrAfter > cutoff {
		d.Evidence.Subject = uint64(subject.age)
		return CodeUnderAge
	}
	if subject.bornOnOrBefore != unknownDay && subject.bornOnOrBefore <= cutoff {
		return CodeAllowed
	}
	if p.ageMustBeKnown {
		d.Evidence.Subject = uint64(subject.age)
		return CodeAgeUnknown
	}
	return CodeAllowed
}

var consentCodes = [...]Code{
	ConsentNone:      CodeConsentMissing,
	ConsentGranted:   CodeAllowed,
	ConsentRefused:   CodeConsentRefused,
	ConsentWithdrawn: CodeConsentWithdrawn,
	ConsentExpired:   CodeConsentExpired,
	ConsentInvalid:   CodeConsentInvalid,
}

func (p *PreparedUse) consent(d *Decision, subject *subjectView, tenant *tenantView, now time.Time) Code {
	purpose := &subject.purpose
	d.Evidence.Subject = uint64(purpose.sequence)
	status := purpose.status()
	if int(status) >= len(consentCodes) {
		return CodeStateUnreadable
	}
	if code := consentCodes[status]; code != CodeAllowed {
		if code == CodeConsentMissing && subject.flags&flagWithdrawnAll != 0 {
			return CodeConsentWithdrawn
		}
		return code
	}
	if purpose.until != 0 {
		if now.Unix() >= purpose.until {
			return CodeConsentExpired
		}
		d.Until = earliest(d.Until, time.Unix(purpose.until, 0).UTC())
	}
	if p.special && d.Condition == privacy.ConditionExplicitConsent && purpose.flags&purposeExplicit == 0 {
		return CodeConsentNotExplicit
	}
	if purpose.notice < p.purpose.MinimumNotice {
		return CodeNoticeOutdated
	}
	return p.noticeInForce(d, purpose, tenant, now)
}

// noticeInForce applies the notices that the tenant's stream requires; one that
// begins later ends an allowed decision then.
func (p *PreparedUse) noticeInForce(d *Decision, purpose *purposeView, tenant *tenantView, now time.Time) Code {
	if len(tenant.notices) == 0 {
		return CodeAllowed
	}
	for _, notice := range tenant.notices[p.purposeIndex] {
		if purpose.notice >= notice.MinimumVersion {
			continue
		}
		if !now.Before(notice.From) {
			d.Evidence.Tenant = notice.Sequence
			return CodeNoticeOutdated
		}
		d.Until = earliest(d.Until, notice.From)
	}
	return CodeAllowed
}

func (p *PreparedUse) asProcessor(d *Decision, subject *subjectView, tenant *tenantView, now time.Time) Code {
	if subject.flags&flagErased != 0 {
		d.Evidence.Subject = uint64(subject.erased)
		return CodeErased
	}
	if code := p.attestation(d, tenant, now); code != CodeAllowed {
		return code
	}
	if code := p.instruction(d, tenant, now); code != CodeAllowed {
		return code
	}
	if code := p.restriction(d, subject, tenant, now); code != CodeAllowed {
		return code
	}
	if code := p.objection(d, subject, d.Basis); code != CodeAllowed {
		return code
	}
	if swapped(d.Basis, subject.purpose.status(), subject.purpose.notice) {
		d.Evidence.Subject = uint64(subject.purpose.sequence)
		return CodeConsentWithdrawn
	}
	if code := p.attestedConsent(d, subject, tenant, now); code != CodeAllowed {
		return code
	}
	return p.disclosure(d, tenant, now)
}

// attestedConsent is for tenants that rely on consent. They answer for the
// consents they attest, but what the ledger knows of a subject's must hold.
func (p *PreparedUse) attestedConsent(d *Decision, subject *subjectView, tenant *tenantView, now time.Time) Code {
	relied := d.Basis == privacy.BasisConsent || d.Condition == privacy.ConditionExplicitConsent
	known := subject.purpose.status() != ConsentNone || subject.flags&flagWithdrawnAll != 0
	if !relied || !known {
		return CodeAllowed
	}
	return p.consent(d, subject, tenant, now)
}

// attestation looks for one attestation in force that covers the whole use. The
// reason for a refusal is that of the attestation that came closest.
func (p *PreparedUse) attestation(d *Decision, tenant *tenantView, now time.Time) Code {
	reason := CodeAttestationMissing
	for i := range tenant.attestations {
		attestation := &tenant.attestations[i]
		if !attestation.purposes.has(p.purposeIndex) || !attestation.categories.covers(p.categories) {
			continue
		}
		code := CodeAllowed
		switch {
		case attestation.withdrawn:
			code = CodeAttestationWithdrawn
		case !attestation.until.IsZero() && !now.Before(attestation.until):
			code = CodeAttestationExpired
		case p.special && attestation.condition == 0:
			code = CodeAttestationCondition
		}
		if code != CodeAllowed {
			if code > reason {
				reason, d.Evidence.Attestation = code, attestation.sequence
			}
			continue
		}
		d.Evidence.Attestation = attestation.sequence
		d.Basis = attestation.basis
		if p.special {
			d.Condition = attestation.condition
		}
		d.Until = earliest(d.Until, attestation.until)
		return CodeAllowed
	}
	return reason
}

func (p *PreparedUse) instruction(d *Decision, tenant *tenantView, now time.Time) Code {
	reason := CodeInstructionMissing
	for i := range tenant.instructions {
		instruction := &tenant.instructions[i]
		if !instruction.covers(p) {
			continue
		}
		code := CodeAllowed
		switch {
		case instruction.withdrawn:
			code = CodeInstructionWithdrawn
		case !instruction.until.IsZero() && !now.Before(instruction.until):
			code = CodeInstructionExpired
		}
		if code != CodeAllowed {
			if code > reason {
				reason, d.Evidence.Instruction = code, instruction.sequence
			}
			continue
		}
		d.Evidence.Instruction = instruction.sequence
		d.Until = earliest(d.Until, instruction.until)
		return CodeAllowed
	}
	return reason
}

// disclosure applies what concerns disclosures alone.
func (p *PreparedUse) disclosure(d *Decision, tenant *tenantView, now time.Time) Code {
	if p.recipient < 0 {
		return CodeAllowed
	}
	if code := p.announced(d, tenant, now); code != CodeAllowed {
		return code
	}
	return p.transfer(now)
}

// announced applies what the tenant was told of a recipient and said to it
// (Art. 28(2)).
func (p *PreparedUse) announced(d *Decision, tenant *tenantView, now time.Time) Code {
	if len(tenant.subProcessors) == 0 {
		return CodeAllowed
	}
	subProcessor, ok := tenant.subProcessors[p.recipient]
	switch {
	case !ok:
		return CodeAllowed
	case subProcessor.objected != 0:
		d.Evidence.Tenant = subProcessor.objected
		return CodeSubProcessorObjected
	case now.Before(subProcessor.objectUntil):
		d.Evidence.Tenant = subProcessor.announced
		return CodeSubProcessorPending
	}
	return CodeAllowed
}

// earliest returns the earlier of two ends, where zero means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
