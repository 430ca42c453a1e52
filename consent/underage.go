package consent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/labelop/privacykit/consent/children"
	"github.com/labelop/privacykit/privacy"
)

// UnderAge is the knowledge that a subject is younger than a service allows.
type UnderAge struct {
	// Years is the service's minimum age in completed years. Required.
	Years int
	// On is the day on which the subject was younger, in the host's zone. Required.
	On privacy.Date
	// Method is how it was found out, such as "told_by_parent". Required.
	Method string
	// EraseAfter is how long the account is kept for an answer or a complaint
	// before it is erased; zero means no longer than now.
	EraseAfter privacy.Period
	// Cause names what led to it, such as the identifier of a report. Required.
	Cause string
}

// StopUnderAge records that a subject is younger than a service allows, and
// stops all processing beside storage at once, in one unit of work. It returns
// the erasure that is to follow, as an effect with the time at which it is due:
// the host schedules it with the package that erases. It concerns those who use
// the service, never people who appear in a customer's content: those have no
// subject here. It returns the errors of Record. Doing it twice for the same
// cause does it once.
func (l *Ledger) StopUnderAge(ctx context.Context, subject privacy.Subject, found UnderAge) (Receipt, privacy.Effect, error) {
	born := children.BornBy(found.On, found.Years)
	var problems privacy.Problems
	if err := privacy.CheckID("subject", string(subject.ID)); err != nil {
		problems.Add("subject", ProblemIdentifier, "%v", err)
	}
	if found.Years < 1 || born.IsZero() {
		problems.Add("years", ProblemRequired, "a minimum age and the day are required")
	}
	require(&problems, "cause", found.Cause)
	if err := problems.Err(); err != nil {
		return Receipt{}, privacy.Effect{}, err
	}
	at := l.clock.Now()
	key := sha256.Sum256(fmt.Appendf(nil, "%q %d", found.Cause, found.Years))
	name := "under-age-" + hex.EncodeToString(key[:])
	receipt, err := l.Record(ctx, Entries{
		Tenant: subject.Tenant, Subject: subject.ID, Key: name, Cause: found.Cause,
		Facts: []Fact{
			AgeEvidence{BornOnOrAfter: born.AddDays(1), Method: found.Method},
			Restriction{Ground: "minimum_age"},
		},
	})
	if err != nil {
		return Receipt{}, privacy.Effect{}, err
	}
	due := at
	if !found.EraseAfter.IsZero() {
		due = privacy.DateOf(at, at.Location()).Add(found.EraseAfter).Start(at.Location())
	}
	return receipt, privacy.Effect{
		Tenant: subject.Tenant, Subject: subject.ID, Kind: privacy.EffectErasure, Cause: found.Cause,
		At: due.Truncate(time.Microsecond), Key: name + "-erasure",
	}, nil
}
