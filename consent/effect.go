package consent

import (
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// EffectAppend makes of an effect the append that carries it out: without an
// expected version, under the effect's key. Stores use it in ApplyEffects and
// wherever another package's unit of work brings effects with it. ids names the
// event, recordedAt is now, source is the source of the audit event. It returns
// an error that matches privacy.ErrInvalid for an effect that cannot be applied.
func EffectAppend(effect privacy.Effect, ids privacy.IDSource, recordedAt time.Time, source string) (Append, error) {
	if err := effect.Validate(); err != nil {
		return Append{}, err
	}
	fact, err := effectFact(effect)
	if err != nil {
		return Append{}, err
	}
	key := StreamKey{Tenant: effect.Tenant, Subject: effect.Subject}
	record, err := NewRecord(ids.NewID(), effect.Key, recordedAt, Entry{
		Tenant: effect.Tenant, Subject: effect.Subject, OccurredAt: effect.At, Cause: effect.Cause, Fact: fact,
	})
	if err != nil {
		return Append{}, err
	}
	return Append{Key: key, Records: []Record{record}, Source: source, facts: []Fact{fact}}, nil
}

func effectFact(effect privacy.Effect) (Fact, error) {
	switch effect.Kind {
	case privacy.EffectObjection:
		return Objection{Purposes: effect.Purposes, DirectMarketing: effect.DirectMarketing}, nil
	case privacy.EffectObjectionRejected:
		return ObjectionEnded{Purposes: effect.Purposes, Reason: "compelling_grounds"}, nil
	case privacy.EffectRestriction:
		return Restriction{Purposes: effect.Purposes, Matter: matter(effect)}, nil
	case privacy.EffectRestrictionLifted:
		return RestrictionLifted{Purposes: effect.Purposes, Matter: matter(effect)}, nil
	case privacy.EffectWithdrawal:
		return Withdrawal{Purposes: effect.Purposes}, nil
	case privacy.EffectOptOut:
		return OptOut{Kinds: effect.OptOuts, Purposes: effect.Purposes}, nil
	case privacy.EffectErasure:
		return Erasure{Cause: effect.Cause}, nil
	}
	return nil, fmt.Errorf("consent: no fact for this kind of effect: %w", privacy.ErrInvalid)
}

// matter is what a restriction of every purpose is about: its cause, so that the
// end of one case's restriction leaves those of others.
func matter(effect privacy.Effect) string {
	if len(effect.Purposes) > 0 {
		return ""
	}
	return effect.Cause
}
