package consenttest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/labelop/privacykit/privacy"
)

func effectMutants() []mutant {
	return []mutant{
		{"effects are dropped", []string{"effects-applied"}, func(f *faulty) {
			f.onApplyEffects = func(context.Context, []privacy.Effect) error { return nil }
		}},
		{"only the first effect is applied", []string{"effects-applied"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				return f.Store.ApplyEffects(ctx, effects[:min(len(effects), 1)])
			}
		}},
		{"effects reach every purpose", []string{"effects-applied"}, changeEffects(func(effect *privacy.Effect) { effect.Purposes = nil })},
		{"effects are applied one by one", []string{"effects-atomic"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				for _, effect := range effects {
					if err := f.Store.ApplyEffects(ctx, []privacy.Effect{effect}); err != nil {
						return err
					}
				}
				return nil
			}
		}},
		{"effects that cannot be applied are skipped", []string{"effects-atomic"}, func(f *faulty) {
			f.onApplyEffects = func(ctx context.Context, effects []privacy.Effect) error {
				for _, effect := range effects {
					err := f.Store.ApplyEffects(ctx, []privacy.Effect{effect})
					if err != nil && !errors.Is(err, privacy.ErrInvalid) && !errors.Is(err, privacy.ErrConflict) {
						return err
					}
				}
				return nil
			}
		}},
		{"the keys of effects are forgotten", []string{"effects-once"}, func(f *faulty) {
			var made atomic.Int64
			changeEffects(func(effect *privacy.Effect) { effect.Key += unique(&made) })(f)
		}},
		{"effects are refused beside others", []string{"effects-racing"}, spoilRacingEffects(privacy.ErrConflict)},
		{"effects beside others are lost", []string{"effects-racing"}, spoilRacingEffects(nil)},
	}
}
