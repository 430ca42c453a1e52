package consenttest

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func outboxMutants() []mutant {
	return []mutant{
		{"deliveries come backwards", []string{"outbox-order"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
				deliveries, err := f.Store.Claim(ctx, claim)
				slices.Reverse(deliveries)
				return deliveries, err
			}
		}},
		{"leases are ignored", []string{"outbox-exclusive", "outbox-lease"}, ignoreLeases},
		{"the first event is claimed by two workers", []string{"outbox-exclusive"}, claimTwice},
		{"a lease never ends", []string{"outbox-lease"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
				claim.Lease = 10 * 365 * 24 * time.Hour
				return f.Store.Claim(ctx, claim)
			}
		}},
		{"a lease ends when it is over by a second", []string{"outbox-lease"}, func(f *faulty) {
			f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
				claim.Lease += time.Second
				return f.Store.Claim(ctx, claim)
			}
		}},
		{"attempts are not counted", []string{"outbox-lease"}, changeDeliveries(func(d *consent.Delivery) { d.Attempt = 1 })},
		{"events that come out are shared", []string{"outbox-lease"}, func(f *faulty) {
			var shared sync.Map
			changeDeliveries(func(d *consent.Delivery) {
				first, _ := shared.LoadOrStore(d.Position, d.Event)
				d.Event = first.(privacy.Event)
			})(f)
		}},
		{"nothing is marked as delivered", []string{"outbox-acknowledge", "outbox-trim"}, func(f *faulty) {
			f.onAcknowledge = func(context.Context, string, []string) error { return nil }
		}},
		{"whoever acknowledges is believed", []string{"outbox-acknowledge-lost"}, believeAnyone},
		{"what is not held is skipped in silence", []string{"outbox-acknowledge-lost"}, func(f *faulty) {
			f.onAcknowledge = func(ctx context.Context, worker string, positions []string) error {
				_ = f.Store.Acknowledge(ctx, worker, positions)
				return nil
			}
		}},
		{"nothing is marked if one is not held", []string{"outbox-acknowledge-lost"}, acknowledgeAllOrNone},
		{"undelivered rows are trimmed", []string{"outbox-trim"}, func(f *faulty) {
			f.onTrim = func(ctx context.Context, before time.Time, _ bool) (int, error) {
				return f.Store.Trim(ctx, before, true)
			}
		}},
		{"undelivered rows are never trimmed", []string{"outbox-trim", "feed-reset"}, func(f *faulty) {
			f.onTrim = func(ctx context.Context, before time.Time, _ bool) (int, error) {
				return f.Store.Trim(ctx, before, false)
			}
		}},
		{"trimming ignores the time", []string{"outbox-trim"}, func(f *faulty) {
			f.onTrim = func(ctx context.Context, before time.Time, undelivered bool) (int, error) {
				return f.Store.Trim(ctx, before.AddDate(100, 0, 0), undelivered)
			}
		}},
	}
}

// ignoreLeases claims as if every lease had ended. It lets each worker claim once
// at a time, so that a case that claims until nothing is left comes to an end.
func ignoreLeases(f *faulty) {
	type turn struct {
		worker string
		now    time.Time
	}
	var taken sync.Map
	var claims atomic.Int64
	f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
		if _, again := taken.LoadOrStore(turn{claim.Worker, claim.Now}, true); again {
			return nil, nil
		}
		claim.Limit, claim.Now = 100, claim.Now.Add(time.Duration(claims.Add(1))*time.Hour)
		return f.Store.Claim(ctx, claim)
	}
}

func claimTwice(f *faulty) {
	var lock sync.Mutex
	var first []consent.Delivery
	var worker string
	f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
		lock.Lock()
		defer lock.Unlock()
		deliveries, err := f.Store.Claim(ctx, claim)
		if worker == "" {
			worker, first = claim.Worker, deliveries
		} else if claim.Worker != worker {
			deliveries, first = append(slices.Clone(first), deliveries...), nil
		}
		return deliveries, err
	}
}

func believeAnyone(f *faulty) {
	var holders sync.Map
	f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
		deliveries, err := f.Store.Claim(ctx, claim)
		for _, delivery := range deliveries {
			holders.Store(delivery.Position, claim.Worker)
		}
		return deliveries, err
	}
	f.onAcknowledge = func(ctx context.Context, worker string, positions []string) error {
		for _, position := range positions {
			if holder, ok := holders.Load(position); ok {
				worker = holder.(string)
			}
			if err := f.Store.Acknowledge(ctx, worker, []string{position}); err != nil {
				return err
			}
		}
		return nil
	}
}

func acknowledgeAllOrNone(f *faulty) {
	var lock sync.Mutex
	holders := map[string]string{}
	f.onClaim = func(ctx context.Context, claim consent.Claim) ([]consent.Delivery, error) {
		lock.Lock()
		defer lock.Unlock()
		deliveries, err := f.Store.Claim(ctx, claim)
		for _, delivery := range deliveries {
			holders[delivery.Position] = claim.Worker
		}
		return deliveries, err
	}
	f.onAcknowledge = func(ctx context.Context, worker string, positions []string) error {
		lock.Lock()
		defer lock.Unlock()
		for _, position := range positions {
			if holders[position] != worker {
				return privacy.ErrConflict
			}
		}
		return f.Store.Acknowledge(ctx, worker, positions)
	}
}
