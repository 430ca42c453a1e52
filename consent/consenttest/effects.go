package consenttest

import (
	"errors"
	"fmt"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func effectCases() []Case {
	return []Case{
		{"effects-applied", "ApplyEffects applies effects of another package to the ledger", checkEffectsApplied},
		{"effects-atomic", "all of them in one unit of work", checkEffectsAtomic},
		{"effects-once", "an effect whose key was applied before MUST NOT be applied again", checkEffectsOnce},
		{"effects-racing", "effects have no expected version and lose nothing to appends beside them", checkEffectsRacing},
	}
}

func effect(kind privacy.EffectKind, key string) privacy.Effect {
	return privacy.Effect{Tenant: tenant, Subject: subject, Kind: kind, Cause: "case-1", At: start.AddDate(0, 0, 1), Key: key}
}

func checkEffectsApplied(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"), grant("b"))); err != nil {
		return err
	}
	if _, err := p.events(); err != nil {
		return err
	}
	withdraw := effect(privacy.EffectWithdrawal, "1")
	withdraw.Purposes = []privacy.PurposeID{"a"}
	marketing := effect(privacy.EffectObjection, "2")
	marketing.DirectMarketing = true
	optOut := effect(privacy.EffectOptOut, "3")
	optOut.OptOuts = privacy.NewOptOutSet(privacy.OptOutSale)
	if err := p.ApplyEffects(p, []privacy.Effect{withdraw, marketing, optOut, effect(privacy.EffectRestriction, "4")}); err != nil {
		return fmt.Errorf("apply failed: %w", err)
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	return errors.Join(
		same("a", state.Purpose("a").Consent, consent.ConsentWithdrawn), same("b", state.Purpose("b").Consent, consent.ConsentGranted),
		same("marketing", state.MarketingObjected.On, true), same("opt-out", state.OptOut(privacy.OptOutSale).On, true),
		same("restricted", state.Restricted.On, true), same("events", len(events), 4), p.folded(streamKey),
	)
}

func checkEffectsAtomic(p *probe) error {
	if err := p.must(p.work(streamKey, "used", grant("a"))); err != nil {
		return err
	}
	before, err := p.settled(streamKey)
	if err != nil {
		return err
	}
	bob := effect(privacy.EffectRestriction, "bob")
	bob.Subject = "bob"
	for name, bad := range map[string]privacy.Effect{"invalid": {}, "key in use": effect(privacy.EffectWithdrawal, "used")} {
		if err := p.ApplyEffects(p, []privacy.Effect{effect(privacy.EffectWithdrawal, "1"), bob, bad}); err == nil {
			return fmt.Errorf("%s: a bad effect among others did not fail", name)
		}
		if err := p.unchanged(before); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		stream, err := p.stream(consent.StreamKey{Tenant: tenant, Subject: "bob"})
		if err != nil {
			return err
		}
		if stream.Version != 0 {
			return fmt.Errorf("%s: an effect before the bad one was kept", name)
		}
	}
	return nil
}

func checkEffectsOnce(p *probe) error {
	effects := []privacy.Effect{effect(privacy.EffectRestriction, "1"), effect(privacy.EffectWithdrawal, "2")}
	for range 3 {
		if err := p.ApplyEffects(p, effects); err != nil {
			return fmt.Errorf("apply failed: %w", err)
		}
	}
	changed := effects[0]
	changed.Kind = privacy.EffectRestrictionLifted
	if err := matches("the key for another effect", p.ApplyEffects(p, []privacy.Effect{changed}), privacy.ErrConflict); err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(same("version", state.Version, uint64(2)), same("restricted", state.Restricted.On, true))
}

func checkEffectsRacing(p *probe) error {
	works := make([]consent.Append, 8)
	for i := range works {
		works[i] = p.work(streamKey, "", grant(privacy.PurposeID(fmt.Sprintf("p-%d", i))))
	}
	faults := together(16, func(i int) error {
		if i < 8 {
			return p.must(works[i])
		}
		restriction := effect(privacy.EffectRestriction, fmt.Sprintf("effect-%d", i))
		restriction.Purposes = []privacy.PurposeID{privacy.PurposeID(fmt.Sprintf("p-%d", i))}
		return p.ApplyEffects(p, []privacy.Effect{restriction})
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(same("purposes", len(state.Purposes), 16), same("version", state.Version, uint64(16)), p.folded(streamKey))
}
