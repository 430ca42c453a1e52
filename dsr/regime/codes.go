package regime

import "slices"

// Request is what somebody asks for, as far as the law gives it a clock of its
// own: the rights of privacy.Right by the same codes, and four procedures that
// are no rights.
type Request string

// The requests. The first eleven are rights; privacy.Right documents them.
const (
	RequestAccess            Request = "access"
	RequestRectification     Request = "rectification"
	RequestErasure           Request = "erasure"
	RequestRestriction       Request = "restriction"
	RequestPortability       Request = "portability"
	RequestObjection         Request = "objection"
	RequestNotSubjectToADM   Request = "not_subject_to_adm"
	RequestWithdrawConsent   Request = "withdraw_consent"
	RequestKnow              Request = "know"
	RequestOptOutSaleSharing Request = "opt_out_sale_sharing"
	RequestLimitSensitive    Request = "limit_sensitive"
	// RequestAppeal asks the controller to review its own refusal (for example
	// Va. Code § 59.1-577(C)).
	RequestAppeal Request = "appeal"
	// RequestComplaint complains to the controller itself (UK DPA 2018 s. 164A).
	RequestComplaint Request = "complaint"
	// RequestGrievance is a grievance under the Indian DPDP Act 2023 s. 13.
	RequestGrievance Request = "grievance"
	// RequestNoticeArt14 is no request but the duty to inform a person whose
	// data came from elsewhere (GDPR Art. 14(3)); the clock starts when the data
	// are obtained.
	RequestNoticeArt14 Request = "notice_art14"
)

// Requests returns every Request in the order of the constants.
func Requests() []Request {
	return []Request{
		RequestAccess, RequestRectification, RequestErasure, RequestRestriction, RequestPortability,
		RequestObjection, RequestNotSubjectToADM, RequestWithdrawConsent, RequestKnow,
		RequestOptOutSaleSharing, RequestLimitSensitive, RequestAppeal, RequestComplaint,
		RequestGrievance, RequestNoticeArt14,
	}
}

// Valid reports whether r is one of the constants.
func (r Request) Valid() bool { return slices.Contains(Requests(), r) }

// Blocker is something that keeps a request from being worked on.
type Blocker string

// The blockers.
const (
	// BlockerIdentity waits for proof of the requester's identity (GDPR Art. 12(6)).
	BlockerIdentity Blocker = "identity"
	// BlockerAuthority waits for proof that an agent may act for the subject.
	BlockerAuthority Blocker = "agent_authority"
	// BlockerFee waits for a fee or its confirmation (GDPR Art. 12(5)).
	BlockerFee Blocker = "fee"
	// BlockerClarification waits for the subject to say what is meant (GDPR
	// recital 63, UK GDPR Art. 12A(5)).
	BlockerClarification Blocker = "clarification"
)

// Blockers returns every Blocker in the order in which they are reported.
func Blockers() []Blocker {
	return []Blocker{BlockerAuthority, BlockerIdentity, BlockerFee, BlockerClarification}
}

// Valid reports whether b is one of the constants.
func (b Blocker) Valid() bool { return slices.Contains(Blockers(), b) }

// Effect is what a blocker does to the clock.
type Effect string

// The effects.
const (
	// EffectNone lets the clock run on.
	EffectNone Effect = "none"
	// EffectSuspend stops the clock until the blocker is resolved; the days
	// in between are added. A period that has ended is not stopped.
	EffectSuspend Effect = "suspend"
	// EffectRestart lets the clock begin only when the blocker is resolved.
	EffectRestart Effect = "restart"
)

// Valid reports whether e is one of the constants.
func (e Effect) Valid() bool {
	return e == EffectNone || e == EffectSuspend || e == EffectRestart
}

// Expiry is what it means in law that a period ended without an answer.
type Expiry string

// The meanings of an expired period.
const (
	// ExpiryOverdue is an infringement and nothing else (GDPR Art. 12(3)).
	ExpiryOverdue Expiry = "overdue"
	// ExpiryDeemedRefusal counts silence as a refusal (PIPEDA s. 8(5)).
	ExpiryDeemedRefusal Expiry = "deemed_refusal"
	// ExpiryMayDeny is overdue, save that a requester who is still not verified
	// may then be denied (11 CCR § 7021(b)).
	ExpiryMayDeny Expiry = "may_deny_unverified"
)

// Valid reports whether e is one of the constants.
func (e Expiry) Valid() bool {
	return e == ExpiryOverdue || e == ExpiryDeemedRefusal || e == ExpiryMayDeny
}

// RolloverRule says when a period that ends on a non-working day ends on the
// next working day instead.
type RolloverRule string

// The roll-over rules.
const (
	// RolloverAlways always moves the end (Reg. 1182/71 Art. 3(4)).
	RolloverAlways RolloverRule = "always"
	// RolloverByDefault moves the end unless the host chose RolloverNone.
	RolloverByDefault RolloverRule = "by_default"
	// RolloverOnRequest moves the end only if the host chose RolloverStatutory:
	// a general statute would extend, but the regime itself is silent.
	RolloverOnRequest RolloverRule = "on_request"
)

// Valid reports whether r is one of the constants.
func (r RolloverRule) Valid() bool {
	return r == RolloverAlways || r == RolloverByDefault || r == RolloverOnRequest
}

// Counting says which of a suspension's two boundary days are added.
type Counting string

// The ways to count a suspension.
const (
	// CountDifference adds the day of the answer minus the day of the question:
	// the shorter, conservative way.
	CountDifference Counting = "difference"
	// CountInclusive adds both boundary days too, one day more, as the letter of
	// UK GDPR Art. 12A(5) has it.
	CountInclusive Counting = "inclusive"
)

// Valid reports whether c is one of the constants.
func (c Counting) Valid() bool { return c == CountDifference || c == CountInclusive }

// Verification says whether a controller may ask a requester to prove who they are.
type Verification string

// The rules on verification.
const (
	// VerifyOnDoubt allows it on reasonable doubt only (GDPR Art. 12(6)).
	VerifyOnDoubt Verification = "on_doubt"
	// VerifyAlways allows or demands it for every request (11 CCR § 7060).
	VerifyAlways Verification = "always"
	// VerifyNotNeeded means that the act needs no more than its own channel, as
	// a withdrawal of consent does (GDPR Art. 7(3)).
	VerifyNotNeeded Verification = "not_needed"
	// VerifyForbidden means that the law forbids to demand it (11 CCR § 7060(b)).
	VerifyForbidden Verification = "forbidden"
)

// Valid reports whether v is one of the constants.
func (v Verification) Valid() bool {
	return v == VerifyOnDoubt || v == VerifyAlways || v == VerifyNotNeeded || v == VerifyForbidden
}

// Level is a degree of certainty about an identity.
type Level string

// The levels.
const (
	// LevelNone: nothing is asked for.
	LevelNone Level = "none"
	// LevelReasonable: what a sensible person would take for proof, in proportion
	// to what is asked for (GDPR recital 64; 11 CCR § 7062(b)).
	LevelReasonable Level = "reasonable"
	// LevelReasonablyHigh: for specific pieces of data (11 CCR § 7062(c)).
	LevelReasonablyHigh Level = "reasonably_high"
)

// Valid reports whether l is one of the constants.
func (l Level) Valid() bool {
	return l == LevelNone || l == LevelReasonable || l == LevelReasonablyHigh
}

// Confidence says how sure the authors of a preset are that it states the law.
type Confidence string

// The degrees of confidence.
const (
	ConfidenceHigh   Confidence = "high"
	ConfidenceMedium Confidence = "medium"
	ConfidenceLow    Confidence = "low"
)

// Valid reports whether c is one of the constants.
func (c Confidence) Valid() bool {
	return c == ConfidenceHigh || c == ConfidenceMedium || c == ConfidenceLow
}
