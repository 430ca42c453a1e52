package privacy

import (
	"fmt"
	"time"
)

// EffectKind says what an Effect does to a subject's processing state.
type EffectKind string

// The kinds of effects.
const (
	// EffectObjection records an objection, which ends processing for the
	// purposes that rest on public task or legitimate interests, and for direct
	// marketing always (Art. 21).
	EffectObjection EffectKind = "objection"
	// EffectObjectionRejected ends an objection that the controller has shown
	// compelling grounds against (Art. 21(1)). It never touches direct marketing.
	EffectObjectionRejected EffectKind = "objection_rejected"
	// EffectRestriction restricts processing to storage and the exceptions of
	// Art. 18(2). Those of several causes stand beside each other.
	EffectRestriction EffectKind = "restriction"
	// EffectRestrictionLifted ends the restriction of every purpose by the same
	// cause or, with Purposes, that of these by whatever cause; the subject was
	// informed before (Art. 18(3)).
	EffectRestrictionLifted EffectKind = "restriction_lifted"
	// EffectWithdrawal withdraws consent (Art. 7(3)).
	EffectWithdrawal EffectKind = "withdrawal"
	// EffectOptOut opts the subject out of the kinds in OptOuts.
	EffectOptOut EffectKind = "opt_out"
	// EffectErasure marks the subject as erased: nothing is allowed any more
	// and no new consent is accepted.
	EffectErasure EffectKind = "erasure"
)

// Effect is how one package reaches another's state in one transaction: a case
// that stops or restricts processing hands effects to its own Store's update,
// and the adapter applies them to the consent ledger in the same transaction,
// without an expected version. A Store that cannot do so must fail and write
// nothing; it must never drop an effect.
type Effect struct {
	Tenant  TenantID   `json:"tenant"`
	Subject SubjectID  `json:"subject"`
	Kind    EffectKind `json:"kind"`
	// Purposes limits the effect; empty means every purpose.
	Purposes []PurposeID `json:"purposes,omitempty"`
	// DirectMarketing extends an objection to every purpose of direct
	// marketing, also those declared later (Art. 21(2)).
	DirectMarketing bool `json:"direct_marketing,omitempty"`
	// OptOuts are the kinds an EffectOptOut opts out of.
	OptOuts OptOutSet `json:"opt_outs,omitzero"`
	// Cause names what led to the effect, such as the identifier of a case. No
	// personal data.
	Cause string `json:"cause"`
	// At is when the effect takes place.
	At time.Time `json:"at"`
	// Key makes the effect idempotent within (tenant, subject).
	Key string `json:"key"`
}

// Validate reports what keeps the effect from being applied, as Problems that
// match ErrInvalid.
func (e Effect) Validate() error {
	var problems Problems
	check := func(path string, err error) {
		if err != nil {
			problems.Add(path, "identifier", "%v", err)
		}
	}
	check("tenant", CheckID("tenant", string(e.Tenant)))
	check("subject", CheckID("subject", string(e.Subject)))
	check("key", CheckID("key", e.Key))
	check("cause", CheckID("cause", e.Cause))
	for i, purpose := range e.Purposes {
		check(fmt.Sprintf("purposes[%d]", i), CheckID("purpose", string(purpose)))
	}
	switch e.Kind {
	case EffectObjection, EffectObjectionRejected, EffectRestriction, EffectRestrictionLifted, EffectWithdrawal, EffectErasure:
	case EffectOptOut:
		if e.OptOuts == 0 && len(e.Purposes) == 0 {
			problems.Add("opt_outs", "required", "an opt-out names its kinds or its purposes")
		}
	default:
		problems.Add("kind", "unknown", "no such kind of effect")
	}
	if e.At.IsZero() {
		problems.Add("at", "required", "the time of the effect is required")
	}
	return problems.Err()
}
