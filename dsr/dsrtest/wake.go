package dsrtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

func wakeClauses() []Clause {
	return []Clause{
		{"wake_when_due", "Claim leases wake-ups that are due at now, the earliest first, of all tenants.", wakeWhenDue},
		{"wake_leased", "One that is leased MUST NOT be claimed by another before its lease ends.", wakeLeased},
		{"wake_race", "Of several claims that race each wake-up goes to exactly one.", wakeRace},
		{"wake_tokens", "Every claim of a wake-up MUST have a greater token than the one before.", wakeTokens},
		{"wake_anew", "Every claim MUST have a greater token than the one before, also if the wake-up was gone and set anew meanwhile.", wakeAnew},
		{"wake_completes", "If u.Completes is set, the wake-up is then gone.", wakeCompletes},
		{"wake_fences", "The lease MUST still be the latest of its wake-up, or the error matches privacy.ErrConflict.", wakeFences},
		{"wake_once", "A wake-up whose (tenant, kind, key) waits already MUST leave that one as it is.", wakeOnce},
		{"wake_retries", "Retry gives a wake-up back, to be claimed again from at, with the code of the problem.", wakeRetries},
		{"wake_buries", "Bury ends a wake-up for good: it MUST NOT be claimed again.", wakeBuries},
		{"wake_gone", "A wake-up that is gone is privacy.ErrNotFound.", wakeGone},
	}
}

// schedule sets wake-ups by the creation of a case.
func (h Harness) schedule(ctx context.Context, id dsr.CaseID, wakes ...dsr.Wake) error {
	u := creation("t", id)
	u.Wakes = wakes
	return h.Update(ctx, u)
}

func wakeAt(tenant privacy.TenantID, key string, at time.Time) dsr.Wake {
	return dsr.Wake{Tenant: tenant, Kind: "deadline", Key: key, RunAt: at, Payload: "payload of " + key}
}

// claim leases what is due at a time for a minute.
func (h Harness) claim(ctx context.Context, now time.Time) ([]dsr.Lease, error) {
	return h.Claim(ctx, now, now.Add(time.Minute), 10)
}

// one claims and expects exactly one.
func (h Harness) one(ctx context.Context, now time.Time) (dsr.Lease, error) {
	leases, err := h.claim(ctx, now)
	if err != nil {
		return dsr.Lease{}, err
	}
	if len(leases) != 1 {
		return dsr.Lease{}, fmt.Errorf("%d wake-ups were claimed, want 1", len(leases))
	}
	return leases[0], nil
}

func (h Harness) noneDue(ctx context.Context, now time.Time, otherwise string) error {
	leases, err := h.claim(ctx, now)
	if err == nil && len(leases) > 0 {
		return errors.New(otherwise)
	}
	return err
}

func wakeWhenDue(ctx context.Context, h Harness) error {
	err := first(
		h.schedule(ctx, "c", wakeAt("t", "late", epoch.Add(2*time.Second)), wakeAt("t", "early", epoch.Add(time.Second)), wakeAt("t", "future", epoch.Add(time.Hour))),
		h.Update(ctx, func() dsr.Update {
			u := creation("u", "c")
			u.Wakes = []dsr.Wake{wakeAt("u", "other", epoch.Add(3*time.Second))}
			return u
		}()),
		h.noneDue(ctx, epoch, "a wake-up was claimed before its time"),
	)
	if err != nil {
		return err
	}
	leases, err := h.claim(ctx, epoch.Add(3*time.Second))
	if err != nil {
		return err
	}
	if len(leases) != 3 || leases[0].Key != "early" || leases[1].Key != "late" || leases[2].Tenant != "u" {
		return fmt.Errorf("got %+v", leases)
	}
	if leases[0].Wake != wakeAt("t", "early", epoch.Add(time.Second)) || leases[0].Attempts != 1 || !leases[0].Until.Equal(epoch.Add(63*time.Second)) {
		return fmt.Errorf("got %+v", leases[0])
	}
	return nil
}

func wakeLeased(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	if _, err := h.one(ctx, epoch); err != nil {
		return err
	}
	if err := h.noneDue(ctx, epoch.Add(59*time.Second), "claimed while it was leased"); err != nil {
		return err
	}
	_, err := h.one(ctx, epoch.Add(time.Minute))
	return err
}

func wakeRace(ctx context.Context, h Harness) error {
	var wakes []dsr.Wake
	for i := range 8 {
		wakes = append(wakes, wakeAt("t", fmt.Sprint("k", i), epoch))
	}
	if err := h.schedule(ctx, "c", wakes...); err != nil {
		return err
	}
	var lock sync.Mutex
	claimed := map[string]int{}
	var failed error
	var racers sync.WaitGroup
	for range 16 {
		racers.Go(func() {
			leases, err := h.Claim(ctx, epoch, epoch.Add(time.Minute), 3)
			lock.Lock()
			defer lock.Unlock()
			failed = first(failed, err)
			for _, lease := range leases {
				claimed[lease.Key]++
			}
		})
	}
	racers.Wait()
	if failed != nil {
		return failed
	}
	// A claim may overlook what another holds at that moment.
	rest, err := h.claim(ctx, epoch)
	if err != nil {
		return err
	}
	for _, lease := range rest {
		claimed[lease.Key]++
	}
	for key, n := range claimed {
		if n != 1 {
			return fmt.Errorf("%s was claimed %d times", key, n)
		}
	}
	if len(claimed) != 8 {
		return fmt.Errorf("%d of 8 were claimed", len(claimed))
	}
	return nil
}

func wakeTokens(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	var token uint64
	for i := range 3 {
		lease, err := h.one(ctx, epoch.Add(time.Duration(i)*time.Minute))
		if err != nil {
			return err
		}
		if lease.Token <= token || lease.Attempts != i+1 {
			return fmt.Errorf("claim %d has the token %d after %d, and counts %d attempts", i+1, lease.Token, token, lease.Attempts)
		}
		token = lease.Token
	}
	return nil
}

func wakeAnew(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	slept, err := h.one(ctx, epoch)
	if err != nil {
		return err
	}
	u := following("t", "c", 1)
	u.Completes, u.Wakes = &slept, []dsr.Wake{wakeAt("t", "k", epoch.Add(time.Hour))}
	if err := h.Update(ctx, u); err != nil {
		return err
	}
	anew, err := h.one(ctx, epoch.Add(time.Hour))
	if err != nil {
		return err
	}
	if anew.Token <= slept.Token || anew.Attempts != 1 || anew.Problem != "" {
		return fmt.Errorf("set anew, it is claimed as %+v after %+v", anew, slept)
	}
	u = following("t", "c", 2)
	u.Wakes, u.Completes = nil, &slept
	return want(h.Update(ctx, u), privacy.ErrConflict)
}

func wakeCompletes(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	lease, err := h.one(ctx, epoch)
	if err != nil {
		return err
	}
	u := following("t", "c", 1)
	u.Wakes, u.Completes = nil, &lease
	return first(
		h.Update(ctx, u),
		h.noneDue(ctx, epoch.Add(time.Hour), "claimed after it was completed"),
	)
}

func wakeFences(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	slept, err := h.one(ctx, epoch)
	if err != nil {
		return err
	}
	latest, err := h.one(ctx, epoch.Add(2*time.Minute))
	if err != nil {
		return err
	}
	before, err := h.written(ctx)
	if err != nil {
		return err
	}
	u := following("t", "c", 1)
	u.Wakes, u.Completes = nil, &slept
	err = first(
		want(h.Update(ctx, u), privacy.ErrConflict),
		h.unchanged(ctx, before),
		want(h.Retry(ctx, slept, epoch, "timeout"), privacy.ErrConflict),
		want(h.Bury(ctx, slept, "timeout"), privacy.ErrConflict),
		h.noneDue(ctx, epoch.Add(2*time.Minute), "a fenced call gave the wake-up back"),
	)
	if err != nil {
		return err
	}
	u.Completes = &latest
	return h.Update(ctx, u)
}

func wakeOnce(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	later := wakeAt("t", "k", epoch.Add(time.Hour))
	later.Payload = "another"
	if err := h.schedule(ctx, "c2", later); err != nil {
		return err
	}
	lease, err := h.one(ctx, epoch.Add(2*time.Hour))
	if err != nil {
		return err
	}
	if lease.Wake != wakeAt("t", "k", epoch) {
		return fmt.Errorf("got %+v", lease)
	}
	return nil
}

func wakeRetries(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch)); err != nil {
		return err
	}
	lease, err := h.one(ctx, epoch)
	if err != nil {
		return err
	}
	err = first(
		h.Retry(ctx, lease, epoch.Add(10*time.Second), "timeout"),
		h.noneDue(ctx, epoch.Add(9*time.Second), "claimed before its time"),
	)
	if err != nil {
		return err
	}
	again, err := h.one(ctx, epoch.Add(10*time.Second))
	if err != nil {
		return err
	}
	if again.Problem != "timeout" || again.Attempts != 2 {
		return fmt.Errorf("got %+v", again)
	}
	return nil
}

func wakeBuries(ctx context.Context, h Harness) error {
	if err := h.schedule(ctx, "c", wakeAt("t", "k", epoch), wakeAt("t", "l", epoch.Add(time.Second))); err != nil {
		return err
	}
	leases, err := h.claim(ctx, epoch.Add(time.Second))
	if err != nil {
		return err
	}
	if len(leases) != 2 {
		return fmt.Errorf("%d wake-ups were claimed, want 2", len(leases))
	}
	err = first(
		h.Bury(ctx, leases[1], "gone"),
		h.Bury(ctx, leases[0], "broken"),
		h.noneDue(ctx, epoch.Add(time.Hour), "claimed after it was buried"),
	)
	if err != nil {
		return err
	}
	buried, err := h.Buried(ctx, "t")
	if err != nil {
		return err
	}
	if len(buried) != 2 || buried[0].Problem != "gone" || buried[1].Problem != "broken" {
		return fmt.Errorf("got %+v", buried)
	}
	other, err := h.Buried(ctx, "u")
	return empty(len(other), err, "buried wake-ups of another tenant")
}

func wakeGone(ctx context.Context, h Harness) error {
	never := dsr.Lease{Wake: wakeAt("t", "k", epoch), Token: 1}
	return first(
		want(h.Retry(ctx, never, epoch, "timeout"), privacy.ErrNotFound),
		want(h.Bury(ctx, never, "timeout"), privacy.ErrNotFound),
	)
}
