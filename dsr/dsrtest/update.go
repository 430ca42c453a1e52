package dsrtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func updateClauses() []Clause {
	return []Clause{
		{"update_creates", "If u.Expect is 0 the case is new, and one that exists is an error matching privacy.ErrExists.", updateCreates},
		{"update_expects_version", "Otherwise the stored version MUST be u.Expect, or the error matches privacy.ErrConflict.", updateExpectsVersion},
		{"update_not_found", "A case that is not there is privacy.ErrNotFound.", updateNotFound},
		{"update_race", "Of several updates that race from the same version exactly one wins.", updateRace},
		{"update_appends", "Log lines MUST be appended in order and are never altered.", updateAppends},
		{"update_chains", "Log lines MUST be appended as ChainLog returns them.", updateChains},
		{"update_validates", "What u.Validate refuses MUST be an error matching privacy.ErrInvalid.", updateValidates},
		{"update_effects", "Effects MUST reach the ledger of consent in the same transaction, in order.", updateEffects},
		{"update_effect_refused", "A store that cannot hand effects on MUST fail, also where the ledger refuses one.", updateEffectRefused},
		{"update_events", "Events MUST be handed to the outbox in the same transaction, in order.", updateEvents},
		{"update_all_or_nothing", "Update writes a unit of work: all of it, or nothing.", updateAllOrNothing},
		{"update_key_repeats", "If u.Key was used before in the tenant with the same u.Digest, Update MUST return nil and write nothing.", updateKeyRepeats},
		{"update_key_differs", "With another digest the error matches privacy.ErrConflict.", updateKeyDiffers},
		{"digest", "Digest returns the digest under which a key was used in the tenant. The error matches privacy.ErrNotFound if it was not.", digest},
		{"update_key_of_tenant", "What one tenant stored MUST NOT conflict with another.", updateKeyOfTenant},
		{"update_key_of_failure", "A key whose update wrote nothing was not used.", updateKeyOfFailure},
		{"update_cancelled", "A call whose context is done MUST return its error and write nothing.", updateCancelled},
	}
}

func updateCreates(ctx context.Context, h Harness) error {
	if err := h.Update(ctx, creation("t", "c")); err != nil {
		return err
	}
	before, err := h.written(ctx)
	if err != nil {
		return err
	}
	return first(
		want(h.Update(ctx, creation("t", "c")), privacy.ErrExists),
		h.unchanged(ctx, before),
	)
}

func updateExpectsVersion(ctx context.Context, h Harness) error {
	err := first(h.Update(ctx, creation("t", "c")), h.Update(ctx, following("t", "c", 1)))
	if err != nil {
		return err
	}
	before, err := h.written(ctx)
	if err != nil {
		return err
	}
	if before.version != 2 {
		return fmt.Errorf("version %d is stored, want 2", before.version)
	}
	for _, expect := range []uint64{1, 3} {
		err := first(
			want(h.Update(ctx, following("t", "c", expect)), privacy.ErrConflict),
			h.unchanged(ctx, before),
		)
		if err != nil {
			return fmt.Errorf("expecting %d: %w", expect, err)
		}
	}
	return nil
}

func updateNotFound(ctx context.Context, h Harness) error {
	return first(
		want(h.Update(ctx, following("t", "c", 1)), privacy.ErrNotFound),
		h.unchanged(ctx, written{}),
	)
}

func updateRace(ctx context.Context, h Harness) error {
	if err := h.Update(ctx, creation("t", "c")); err != nil {
		return err
	}
	var won, lost atomic.Int64
	var other atomic.Value
	var racers sync.WaitGroup
	for range 16 {
		racers.Go(func() {
			err := h.Update(ctx, following("t", "c", 1))
			switch {
			case err == nil:
				won.Add(1)
			case want(err, privacy.ErrConflict) == nil:
				lost.Add(1)
			default:
				other.Store(err)
			}
		})
	}
	racers.Wait()
	if err, ok := other.Load().(error); ok {
		return err
	}
	if won.Load() != 1 || lost.Load() != 15 {
		return fmt.Errorf("%d won and %d lost", won.Load(), lost.Load())
	}
	after, err := h.written(ctx)
	if err == nil && (after.lines != 2 || after.effects != 2 || after.events != 2) {
		return fmt.Errorf("a loser wrote something: %+v", after)
	}
	return err
}

func updateAppends(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Lines = append(u.Lines, dsr.LogLine{At: epoch.Add(time.Second), Payload: `{"n":2}`})
	err := first(h.Update(ctx, u), h.Update(ctx, following("t", "c", 1)))
	if err != nil {
		return err
	}
	lines, err := h.Log(ctx, "t", "c", 0, 10)
	if err != nil {
		return err
	}
	wanted := []string{`{"event":"submit"}`, `{"n":2}`, `{"version":2}`}
	if len(lines) != len(wanted) {
		return fmt.Errorf("got %d lines, want %d", len(lines), len(wanted))
	}
	for i, line := range lines {
		if line.Payload != wanted[i] || line.Sequence != uint64(i+1) {
			return fmt.Errorf("line %d is %+v", i+1, line)
		}
	}
	return nil
}

func updateChains(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Lines = append(u.Lines, dsr.LogLine{At: epoch.Add(time.Second + time.Nanosecond), Payload: `{"n":"\u00e9"}`})
	err := first(h.Update(ctx, u), h.Update(ctx, following("t", "c", 1)))
	if err != nil {
		return err
	}
	lines, err := h.Log(ctx, "t", "c", 0, 10)
	if err != nil {
		return err
	}
	wanted, _, err := dsr.ChainLog("t", "c", dsr.LogHead{}, append(u.Lines, following("t", "c", 1).Lines...))
	if err == nil && !slices.Equal(lines, wanted) {
		return fmt.Errorf("got %+v, want %+v", lines, wanted)
	}
	return first(err, dsr.VerifyLog(lines))
}

func updateValidates(ctx context.Context, h Harness) error {
	for what, spoil := range map[string]func(*dsr.Update){
		"no id":                     func(u *dsr.Update) { u.Case.ID = "" },
		"a version too far":         func(u *dsr.Update) { u.Case.Version = 2 },
		"a wake-up of another":      func(u *dsr.Update) { u.Wakes[0].Tenant = "u" },
		"an effect on another":      func(u *dsr.Update) { u.Effects[0].Tenant = "u" },
		"an effect of no kind":      func(u *dsr.Update) { u.Effects[0].Kind = "no such kind" },
		"no items":                  func(u *dsr.Update) { u.Case.Items = nil },
		"a lease of another":        func(u *dsr.Update) { u.Completes = &dsr.Lease{Wake: wakeAt("u", "k", epoch)} },
		"an event of another":       func(u *dsr.Update) { u.Events[0].Tenant = "u" },
		"a payload that is no text": func(u *dsr.Update) { u.Wakes[0].Payload = "\x00" },
		"an item in no state":       func(u *dsr.Update) { u.Case.Items[0].Work = 0 },
	} {
		u := creation("t", "c")
		spoil(&u)
		err := first(want(h.Update(ctx, u), privacy.ErrInvalid), h.unchanged(ctx, written{}))
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func updateEffectRefused(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Key, u.Digest = "k", "d"
	refused := u.Effects[0]
	refused.Kind = privacy.EffectWithdrawal // under the key of the first
	u.Effects = append(u.Effects, refused)
	if err := first(want(h.Update(ctx, u), privacy.ErrConflict), h.unchanged(ctx, written{})); err != nil {
		return err
	}
	_, unused := h.Digest(ctx, "t", "k")
	return first(want(unused, privacy.ErrNotFound), h.noneDue(ctx, epoch.Add(time.Hour), "a refused update set a wake-up"))
}

func updateEffects(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	second := u.Effects[0]
	second.Kind, second.Key = privacy.EffectErasure, "c/1b"
	u.Effects = append(u.Effects, second)
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	effects, err := h.Effects(ctx, "t")
	if err != nil {
		return err
	}
	if len(effects) != 2 || effects[0].Kind != privacy.EffectRestriction || effects[1].Kind != privacy.EffectErasure {
		return fmt.Errorf("%d effects reached the ledger, want a restriction and an erasure", len(effects))
	}
	return nil
}

func updateEvents(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	second := u.Events[0]
	second.ID = "t/c/1b"
	u.Events = append(u.Events, second)
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	events, err := h.Events(ctx, "t")
	if err != nil {
		return err
	}
	if len(events) != 2 || events[0].ID != "t/c/1" || events[1].ID != "t/c/1b" {
		return fmt.Errorf("%d events are in the outbox, want two in order", len(events))
	}
	return nil
}

func updateAllOrNothing(ctx context.Context, h Harness) error {
	if err := h.Update(ctx, creation("t", "c")); err != nil {
		return err
	}
	before, err := h.written(ctx)
	if err != nil {
		return err
	}
	u := following("t", "c", 1)
	u.Completes = &dsr.Lease{Wake: u.Wakes[0], Token: 77}
	return first(
		want(h.Update(ctx, u), privacy.ErrConflict),
		h.unchanged(ctx, before),
		h.noneDue(ctx, epoch, "a refused update set a wake-up"),
	)
}

func updateKeyRepeats(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Key, u.Digest = "k", "d"
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	before, err := h.written(ctx)
	if err != nil {
		return err
	}
	return first(h.Update(ctx, u), h.unchanged(ctx, before))
}

func updateKeyDiffers(ctx context.Context, h Harness) error {
	u := creation("t", "c")
	u.Key, u.Digest = "k", "d"
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	other := creation("t", "c2")
	other.Key, other.Digest = "k", "d2"
	_, missing := h.Case(ctx, "t", "c2")
	return first(
		want(h.Update(ctx, other), privacy.ErrConflict),
		want(missing, privacy.ErrNotFound),
	)
}

func updateKeyOfTenant(ctx context.Context, h Harness) error {
	for _, tenant := range []privacy.TenantID{"t", "u"} {
		u := creation(tenant, "c")
		u.Key, u.Digest = "k", "digest of "+string(tenant)
		if err := h.Update(ctx, u); err != nil {
			return fmt.Errorf("tenant %s: %w", tenant, err)
		}
	}
	return nil
}

func updateKeyOfFailure(ctx context.Context, h Harness) error {
	u := following("t", "c", 1)
	u.Key, u.Digest = "k", "d"
	if err := want(h.Update(ctx, u), privacy.ErrNotFound); err != nil {
		return err
	}
	u = creation("t", "c")
	u.Key, u.Digest = "k", "another"
	return h.Update(ctx, u)
}

func updateCancelled(ctx context.Context, h Harness) error {
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, readErr := h.Case(done, "t", "c")
	_, digestErr := h.Digest(done, "t", "k")
	_, logErr := h.Log(done, "t", "c", 0, 1)
	_, openErr := h.Open(done, "t", dsr.Position{}, 1)
	_, claimErr := h.Claim(done, epoch, epoch.Add(time.Hour), 1)
	return first(
		want(h.Update(done, creation("t", "c")), context.Canceled),
		want(readErr, context.Canceled), want(digestErr, context.Canceled), want(logErr, context.Canceled),
		want(openErr, context.Canceled), want(claimErr, context.Canceled),
		want(h.SaveBreach(done, breachOf("b", 1)), context.Canceled),
		h.unchanged(ctx, written{}),
	)
}

func digest(ctx context.Context, h Harness) error {
	_, unused := h.Digest(ctx, "t", "k")
	u := creation("t", "c")
	u.Key, u.Digest = "k", "d"
	if err := first(want(unused, privacy.ErrNotFound), h.Update(ctx, u)); err != nil {
		return err
	}
	got, err := h.Digest(ctx, "t", "k")
	if err != nil {
		return err
	}
	if got != "d" {
		return fmt.Errorf("got %q, want %q", got, "d")
	}
	_, other := h.Digest(ctx, "u", "k")
	return want(other, privacy.ErrNotFound)
}
