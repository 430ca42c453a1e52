package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// ErrTooSoon reports that a subject who refused must not be asked again yet. It
// matches privacy.ErrDenied.
var ErrTooSoon = fmt.Errorf("consent: the subject refused and must not be asked again yet: %w", privacy.ErrDenied)

// CheckAsking says whether a subject may be asked to agree to a purpose now. The
// ledger remembers refusals, withdrawals and opt-outs; where the law of the
// subject's jurisdiction sets a time before it may be asked again, such as the
// twelve months of Cal. Civ. Code 1798.135(c)(4), the error matches ErrTooSoon
// and the Recurrence says when. Where an authority only recommends a time, there
// is no error, and the host decides by the Recurrence. Its Due is zero if the
// subject did not refuse or no time is known. Other errors are those of State,
// or match privacy.ErrNotFound for a purpose that is not declared.
func (l *Ledger) CheckAsking(ctx context.Context, subject privacy.Subject, purpose privacy.PurposeID) (Recurrence, error) {
	declared, ok := l.register.Purpose(purpose)
	if !ok {
		return Recurrence{}, fmt.Errorf("consent: the purpose is not declared: %w", privacy.ErrNotFound)
	}
	state, err := l.State(ctx, subject.Tenant, subject.ID)
	if err != nil {
		return Recurrence{}, err
	}
	refused := lastRefusal(&state, &declared)
	if refused.IsZero() {
		return Recurrence{}, nil
	}
	recurrence, err := l.validity.Law.Recurrence(string(subject.Jurisdiction), PastRefusal, privacy.DateOf(refused, time.UTC))
	if err != nil {
		return Recurrence{}, err
	}
	if !recurrence.MayAsk(privacy.DateOf(l.clock.Now(), time.UTC)) {
		return recurrence, ErrTooSoon
	}
	return recurrence, nil
}

// lastRefusal returns when a refusal that still stands against a purpose was
// made, zero if none does.
func lastRefusal(state *State, purpose *privacy.Purpose) time.Time {
	known := state.Purpose(purpose.ID)
	var last time.Time
	note := func(at time.Time) {
		if at.After(last) {
			last = at
		}
	}
	if known.Consent == ConsentRefused || known.Consent == ConsentWithdrawn {
		note(known.ConsentAt)
	}
	if known.Consent == ConsentNone {
		note(state.WithdrawnAt)
	}
	if known.OptedOut.On {
		note(known.OptedOut.At)
	}
	for _, optOut := range state.OptOuts {
		if optOut.Mark.On && purpose.OptOuts.Has(optOut.Kind) {
			note(optOut.Mark.At)
		}
	}
	return last
}
