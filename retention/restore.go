package retention

import (
	"context"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Redisposal is what disposing again after a restore came to.
type Redisposal struct {
	// Seen counts the records of the systems, Again those that had been disposed of
	// before and are so again, Failed those among them that could not be.
	Seen, Again, Failed int
}

// Redispose disposes again of everything that the logs say was disposed of
// before. It is for a restored backup, before the data goes back into use: it
// reads every record of every system and needs no erased data, only tokens. Holds
// do not stand against it: what was disposed of once is no longer there to be
// held. One record that fails stops no other; run it again until Failed is 0.
func (s *Sweeper) Redispose(ctx context.Context) (Redisposal, error) {
	var done Redisposal
	run := &execution{Sweeper: s}
	for i := range s.systems {
		system := &s.systems[i]
		query := Query{Schedule: s.schedule, At: s.now(), All: true}
		err := s.each(ctx, system, query, func(records []Record) error {
			tokens := make([]Token, len(records))
			for j := range records {
				tokens[j] = s.token(&records[j])
			}
			actions, err := s.store.Disposed(ctx, tokens)
			if err != nil {
				return err
			}
			if len(actions) != len(tokens) {
				return fmt.Errorf("retention: the store answered %d of %d tokens: %w", len(actions), len(tokens), privacy.ErrInvalid)
			}
			done.Seen += len(records)
			for j, action := range actions {
				if action == 0 {
					continue
				}
				if outcome, _ := run.carryOut(ctx, system, &records[j], PlanItem{Action: action}); outcome == Disposed {
					done.Again++
				} else {
					done.Failed++
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return done, err
		}
	}
	return done, nil
}
