package prooftest

import (
	"errors"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent/proof"
	"github.com/labelop/privacykit/privacy"
)

func leaseCases() []Case {
	return []Case{
		{"lease-exclusive", "otherwise it MUST fail with privacy.ErrConflict", checkLeaseExclusive},
		{"lease-renewed", "who has it keeps the Token", checkLeaseRenewed},
		{"lease-taken-over", "who takes it from another MUST get a greater Token than any before", checkLeaseTakenOver},
		{"lease-given-up", "a Duration of zero gives it up; who takes it after it was given up MUST get a greater Token", checkLeaseGivenUp},
		{"lease-of-another-given-up", "to give up a lease that one does not have is no error", checkLeaseOfAnother},
		{"lease-racing", "Lease gives the lease to the holder if nobody has it", checkLeaseRacing},
	}
}

func checkLeaseExclusive(p *probe) error {
	lease, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	_, taken := p.lease("b", 9)
	return errors.Join(
		same("has a token", lease.Token > 0, true),
		same("until", lease.Until.Equal(start.Add(10*time.Second)), true),
		matches("another holder", taken, privacy.ErrConflict))
}

func checkLeaseRenewed(p *probe) error {
	first, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	again, err := p.lease("a", 5)
	if err != nil {
		return err
	}
	_, taken := p.lease("b", 12)
	late, err := p.lease("a", 60)
	return errors.Join(err,
		same("token", again.Token, first.Token),
		same("until", again.Until.Equal(start.Add(15*time.Second)), true),
		matches("another holder after the renewal", taken, privacy.ErrConflict),
		same("token after an end that nobody used", late.Token, first.Token))
}

func checkLeaseTakenOver(p *probe) error {
	first, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	second, err := p.lease("b", 10)
	if err != nil {
		return fmt.Errorf("a lease that has ended: %w", err)
	}
	_, lost := p.lease("a", 11)
	third, err := p.lease("a", 20)
	return errors.Join(err,
		same("a greater token", second.Token > first.Token, true),
		matches("the first holder", lost, privacy.ErrConflict),
		same("a token greater than both", third.Token > second.Token, true))
}

func giveUp(holder string) proof.LeaseRequest { return proof.LeaseRequest{Holder: holder, Now: start} }

func checkLeaseGivenUp(p *probe) error {
	first, err := p.lease("a", 0)
	if err != nil {
		return err
	}
	if _, err := p.Lease(p, giveUp("a")); err != nil {
		return fmt.Errorf("giving up: %w", err)
	}
	second, err := p.lease("b", 1)
	if err != nil {
		return fmt.Errorf("a lease that was given up: %w", err)
	}
	return same("a greater token", second.Token > first.Token, true)
}

func checkLeaseOfAnother(p *probe) error {
	if _, err := p.Lease(p, giveUp("b")); err != nil {
		return fmt.Errorf("a lease that nobody has: %w", err)
	}
	if _, err := p.lease("a", 0); err != nil {
		return err
	}
	if _, err := p.Lease(p, giveUp("b")); err != nil {
		return fmt.Errorf("a lease of another: %w", err)
	}
	_, taken := p.lease("b", 1)
	return matches("the lease after another gave up what it had not", taken, privacy.ErrConflict)
}

func checkLeaseRacing(p *probe) error {
	won := 0
	for _, err := range together(8, func(i int) error {
		_, err := p.lease(fmt.Sprintf("holder-%d", i), 0)
		return err
	}) {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, privacy.ErrConflict):
			return err
		}
	}
	return same("holders", won, 1)
}
