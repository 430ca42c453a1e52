package consenttest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func outboxCases() []Case {
	return []Case{
		{"outbox-order", "Claim returns undelivered events in the order of their rows", checkOutboxOrder},
		{"outbox-exclusive", "an event MUST NOT be claimed by two workers at a time", checkOutboxExclusive},
		{"outbox-lease", "an event MUST be claimable again when its lease ended without it being acknowledged", checkOutboxLease},
		{"outbox-acknowledge", "Acknowledge marks events as delivered", checkOutboxAcknowledge},
		{"outbox-acknowledge-lost", "a position that the worker does not hold any more MUST NOT be marked", checkOutboxLost},
		{"outbox-trim", "undelivered rows MUST stay unless undelivered is true", checkOutboxTrim},
	}
}

func claim(worker string, limit int, now time.Time) consent.Claim {
	return consent.Claim{Worker: worker, Limit: limit, Now: now, Lease: time.Minute}
}

func positions(deliveries []consent.Delivery) []string {
	var positions []string
	for _, delivery := range deliveries {
		positions = append(positions, delivery.Position)
	}
	return positions
}

func checkOutboxOrder(p *probe) error {
	var want []string
	for range 6 {
		work := p.work(streamKey, "", grant("a"))
		want = append(want, work.Records[0].ID)
		if err := p.must(work); err != nil {
			return err
		}
	}
	var got []string
	for range 3 {
		deliveries, err := p.Claim(p, claim("w", 2, start))
		if err != nil {
			return err
		}
		for _, delivery := range deliveries {
			got = append(got, delivery.Event.ID)
		}
	}
	return same("events", got, want)
}

func checkOutboxExclusive(p *probe) error {
	for i := range 40 {
		if err := p.must(p.work(consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d", i))}, "", grant("a"))); err != nil {
			return err
		}
	}
	var lock sync.Mutex
	seen := map[string]int{}
	faults := together(8, func(i int) error {
		for {
			deliveries, err := p.Claim(p, claim(fmt.Sprintf("w-%d", i), 3, start))
			if err != nil {
				return err
			}
			if len(deliveries) == 0 {
				return nil
			}
			lock.Lock()
			for _, delivery := range deliveries {
				seen[delivery.Event.ID]++
			}
			lock.Unlock()
		}
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for id, times := range seen {
		if times != 1 {
			return fmt.Errorf("event %s was claimed %d times within one lease", id, times)
		}
	}
	// A claim may find nothing while others hold what it looked at.
	rest, err := p.Claim(p, claim("rest", 100, start))
	if err != nil {
		return err
	}
	return same("events", len(seen)+len(rest), 40)
}

func checkOutboxLease(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	first, err := p.Claim(p, claim("w1", 10, start))
	if err != nil {
		return err
	}
	if len(first) == 1 { // what is done to it must not reach the store
		event := first[0].Event
		first[0].Event.Data = bytes.Clone(event.Data)
		clear(event.Data)
	}
	during, err := p.Claim(p, claim("w2", 10, start.Add(59*time.Second)))
	if err != nil {
		return err
	}
	after, err := p.Claim(p, claim("w2", 10, start.Add(time.Minute)))
	if err != nil {
		return err
	}
	if len(first) != 1 || len(during) != 0 || len(after) != 1 {
		return fmt.Errorf("claims before, during and after the lease found %d, %d and %d events, want 1, 0 and 1", len(first), len(during), len(after))
	}
	return errors.Join(same("event", after[0].Event, first[0].Event), same("attempts", []int{first[0].Attempt, after[0].Attempt}, []int{1, 2}))
}

func checkOutboxAcknowledge(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"), grant("b"))); err != nil {
		return err
	}
	deliveries, err := p.Claim(p, claim("w", 10, start))
	if err != nil {
		return err
	}
	if err := p.Acknowledge(p, "w", positions(deliveries[:1])); err != nil {
		return fmt.Errorf("acknowledge failed: %w", err)
	}
	later, err := p.Claim(p, claim("w", 10, start.Add(time.Hour)))
	if err != nil {
		return err
	}
	return same("events left", positions(later), positions(deliveries[1:]))
}

func checkOutboxLost(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"), grant("b"))); err != nil {
		return err
	}
	deliveries, err := p.Claim(p, claim("w1", 10, start))
	if err != nil {
		return err
	}
	taken, err := p.Claim(p, claim("w2", 1, start.Add(time.Hour)))
	if err != nil {
		return err
	}
	if err := same("taken", positions(taken), positions(deliveries[:1])); err != nil {
		return err
	}
	if err := matches("acknowledging what another holds", p.Acknowledge(p, "w1", positions(deliveries)), privacy.ErrConflict); err != nil {
		return err
	}
	left, err := p.Claim(p, claim("w3", 10, start.Add(3*time.Hour)))
	if err != nil {
		return err
	}
	return same("events left", positions(left), positions(taken))
}

func checkOutboxTrim(p *probe) error {
	late := p.work(streamKey, "", grant("c"))
	late.Records[0].RecordedAt = start.AddDate(0, 0, 2)
	if err := p.must(p.work(streamKey, "", grant("a"), grant("b")), late); err != nil {
		return err
	}
	deliveries, err := p.Claim(p, claim("w", 10, start))
	if err != nil {
		return err
	}
	if err := p.Acknowledge(p, "w", []string{deliveries[0].Position, deliveries[2].Position}); err != nil {
		return err
	}
	// A store may keep what its feed does not show yet.
	if _, _, err := p.followed(""); err != nil {
		return err
	}
	trimmed, err := p.Trim(p, start.AddDate(0, 0, 1), false)
	if err != nil {
		return err
	}
	left, err := p.Claim(p, claim("w", 10, start.Add(time.Hour)))
	if err != nil {
		return err
	}
	rest, err := p.Trim(p, start.AddDate(0, 0, 1), true)
	if err != nil {
		return err
	}
	last, err := p.Trim(p, start.AddDate(0, 0, 3), false)
	if err != nil {
		return err
	}
	return errors.Join(
		same("delivered rows trimmed", trimmed, 1), same("undelivered rows left", positions(left), positions(deliveries[1:2])),
		same("undelivered rows trimmed", rest, 1), same("later rows trimmed", last, 1),
	)
}
