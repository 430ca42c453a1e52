package sqlstore

import (
	"context"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// ApplyEffects applies effects of other packages to the ledger, all or none.
// See consent.LedgerStore.
func (s *ConsentStore) ApplyEffects(ctx context.Context, effects []privacy.Effect) error {
	u, err := s.effectsUnit(effects)
	if err != nil || len(effects) == 0 {
		return err
	}
	return s.work.write(ctx, "apply effects", u)
}

// effectsUnit returns the unit that applies effects.
func (s *ConsentStore) effectsUnit(effects []privacy.Effect) (*appendUnit, error) {
	now := s.core.clock.Now()
	appends := make([]consent.Append, len(effects))
	for i, effect := range effects {
		var err error
		if appends[i], err = consent.EffectAppend(effect, s.core.ids, now, s.core.source); err != nil {
			return nil, err
		}
	}
	u := s.appendUnit(appends)
	u.together = true
	return u, nil
}
