package dsr

import (
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/dsr/regime"
	"github.com/labelop/privacykit/privacy"
)

// effects turns what a step does to the processing into effects that the store
// applies in the same unit of work.
func (p *Procedure) effects(change *Change, item int, cmd Command, step Step) {
	it := &change.Case.Items[item]
	switch step.SideEffect {
	case SideEffectStop:
		p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectObjection, DirectMarketing: true})
	case SideEffectRestrict:
		it.Restricted = true
		p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectRestriction})
	}
	if cmd.Event == EventFulfilPartially && it.Request == regime.RequestErasure && it.keepsRestricted() {
		// What is kept is kept for its ground only (GDPR Art. 18; BDSG s. 35(3)).
		it.Restricted = true
		p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectRestriction})
	}
	if cmd.Event != EventFulfil {
		return
	}
	switch it.Request {
	case regime.RequestObjection:
		if !it.DirectMarketing {
			p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectObjection})
		}
	case regime.RequestRestriction:
		it.Restricted = true
		p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectRestriction})
	case regime.RequestErasure:
		p.effect(change, item, cmd.At, privacy.Effect{Kind: privacy.EffectErasure})
	}
}

// standing records the effects of a request that needs no decision: a
// withdrawal of consent (GDPR Art. 7(3)) and an opt-out (11 CCR § 7026(f)).
func (p *Procedure) standing(change *Change, item int, at time.Time) {
	switch change.Case.Items[item].Request {
	case regime.RequestWithdrawConsent:
		p.effect(change, item, at, privacy.Effect{Kind: privacy.EffectWithdrawal})
	case regime.RequestOptOutSaleSharing:
		p.effect(change, item, at, privacy.Effect{
			Kind:    privacy.EffectOptOut,
			OptOuts: privacy.NewOptOutSet(privacy.OptOutSale, privacy.OptOutSharing, privacy.OptOutTargetedAdvertising),
		})
	case regime.RequestLimitSensitive:
		p.effect(change, item, at, privacy.Effect{Kind: privacy.EffectOptOut, OptOuts: privacy.NewOptOutSet(privacy.OptOutSensitiveData)})
	}
}

// effect completes an effect. Somebody whom the service does not know has no
// state that an effect could reach.
func (p *Procedure) effect(change *Change, item int, at time.Time, e privacy.Effect) {
	c := &change.Case
	if c.Subject == "" {
		return
	}
	e.Tenant, e.Subject, e.Cause, e.At = c.Tenant, c.Subject, string(c.ID), at
	e.Key = fmt.Sprintf("%s/%d/%d/%s", c.ID, c.Version, item, e.Kind)
	change.Effects = append(change.Effects, e)
}

// LiftRestriction ends the restriction that an item put on the processing; that
// of another item of the case, and of other cases, stays. The subject is informed
// before (GDPR Art. 18(3)): informedAt is when, and it must
// be before at. Both are on record. The error matches privacy.ErrInvalid.
func (p *Procedure) LiftRestriction(c Case, item int, informedAt, at time.Time) (Change, error) {
	switch {
	case item < 0 || item >= len(c.Items) || !c.Items[item].Restricted:
		return Change{}, fmt.Errorf("that item restricts nothing: %w", privacy.ErrInvalid)
	case p.regime.Duties.InformBeforeLifting.Owed && (informedAt.IsZero() || !informedAt.Before(at)):
		return Change{}, fmt.Errorf("the subject is informed before a restriction is lifted: %w", privacy.ErrInvalid)
	}
	change := Change{Case: c.clone()}
	change.Case.Version++
	it := &change.Case.Items[item]
	it.Restricted = false
	if it.Request == regime.RequestObjection && it.Work == StateRefused {
		p.effect(&change, item, at, privacy.Effect{Kind: privacy.EffectObjectionRejected})
	}
	if !slices.ContainsFunc(change.Case.Items, func(other Item) bool { return other.Restricted }) {
		p.effect(&change, item, at, privacy.Effect{Kind: privacy.EffectRestrictionLifted})
	}
	change.Entries = []Entry{{Item: item, Actor: ActorStaff, At: at, Lifted: true, InformedAt: informedAt}}
	return change, nil
}
