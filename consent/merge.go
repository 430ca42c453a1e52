package consent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labelop/privacykit/privacy"
)

// Merge says that two identities are one person's, such as an anonymous device
// and the account that logged in on it.
type Merge struct {
	Tenant privacy.TenantID
	// From is the identity that ends, and Into the one that stays.
	From, Into privacy.SubjectID
	// Cause names what led to it, such as "login". Required.
	Cause string
}

// mergeAttempts is how often a merge starts anew when one of the identities
// changes meanwhile.
const mergeAttempts = 8

// MergeIdentities carries what the ledger knows of one identity over to another,
// as a saga whose steps may be repeated: after an error, or a crash, the same
// call goes on where it stopped. Two subjects are never written in one unit of
// work, and while the merge runs, deny wins:
//
//  1. all processing for From is restricted;
//  2. what forbids is recorded for Into: refusals and withdrawals that are not
//     older than Into's own consent, objections, opt-outs and restrictions that
//     Into has not ended since, and knowledge that the person is younger;
//  3. what permits is recorded for Into, with its own evidence and time, where
//     Into has decided nothing: it never overrides a decision of Into's. Consent
//     that is not valid any more, or to a purpose that is not declared any more,
//     is left out.
//
// From stays restricted: a device that goes on without the account needs a new
// identity. Its record remains as the proof of what was carried over. Contracts
// are not carried over. It returns privacy.Problems for identities that are
// illegal or the same, ErrErased if Into was erased, privacy.ErrConflict if the
// identities kept changing, and otherwise the errors of Record and State.
func (l *Ledger) MergeIdentities(ctx context.Context, merge Merge) error {
	var problems privacy.Problems
	require(&problems, "tenant", string(merge.Tenant))
	require(&problems, "from", string(merge.From))
	require(&problems, "into", string(merge.Into))
	require(&problems, "cause", merge.Cause)
	if merge.From == merge.Into {
		problems.Add("into", ProblemIdentifier, "an identity cannot be merged with itself")
	}
	if err := problems.Err(); err != nil {
		return err
	}
	before, err := l.State(ctx, merge.Tenant, merge.From)
	if err != nil || before.Version == 0 {
		return err
	}
	if err := l.restrictMerged(ctx, merge); err != nil {
		return err
	}
	for range mergeAttempts {
		if err = l.carryOver(ctx, merge); !errors.Is(err, privacy.ErrConflict) {
			return err
		}
	}
	return err
}

// mergedGround is the ground and matter of the restriction of an identity that
// was merged, and the method of evidence that was carried over in part.
const mergedGround = "merged"

func (l *Ledger) restrictMerged(ctx context.Context, merge Merge) error {
	_, err := l.Record(ctx, Entries{
		Tenant: merge.Tenant, Subject: merge.From, Cause: merge.Cause,
		Key: merge.key("restrict", string(merge.Into)), Facts: []Fact{Restriction{Ground: mergedGround, Matter: mergedGround}},
	})
	return err
}

// key derives an idempotency key from what is done.
func (m Merge) key(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", m.From, parts))
	return "merge-" + hex.EncodeToString(sum[:])
}

// carryOver is the second and the third step. What permits is written on the
// version of Into that it was decided on; if From has changed by the end, it is
// to be done again, because what From forbids by now must reach Into too.
func (l *Ledger) carryOver(ctx context.Context, merge Merge) error {
	from, err := l.State(ctx, merge.Tenant, merge.From)
	if err != nil {
		return err
	}
	given, err := l.given(ctx, merge)
	if err != nil {
		return err
	}
	version := from.Version
	into, err := l.State(ctx, merge.Tenant, merge.Into)
	if err != nil {
		return err
	}
	if into.Erased.On {
		return ErrErased
	}
	if err := l.carryAll(ctx, merge, forbidding(&from, &into), nil); err != nil {
		return err
	}
	if into, err = l.State(ctx, merge.Tenant, merge.Into); err != nil {
		return err
	}
	permits, err := l.permitting(ctx, merge, &from, &into)
	if err != nil {
		return err
	}
	for _, permit := range append(permits, given.takenBack(l.register, &from, &into)...) {
		expected := into.Version
		err := l.carryAll(ctx, merge, []carried{permit}, &expected)
		if err != nil && !errors.Is(err, ErrConsentInvalid) && !errors.Is(err, ErrNoticeDoesNotCover) {
			return err
		}
		if into, err = l.State(ctx, merge.Tenant, merge.Into); err != nil {
			return err
		}
	}
	if from, err = l.State(ctx, merge.Tenant, merge.From); err != nil {
		return err
	}
	if from.Version != version {
		return fmt.Errorf("consent: the identity that ends has changed: %w", privacy.ErrConflict)
	}
	return nil
}

// consentsGiven are the last that were given to each purpose, also those that were
// taken back since, of which a state does not tell.
type consentsGiven map[privacy.PurposeID]carried

func (l *Ledger) given(ctx context.Context, merge Merge) (consentsGiven, error) {
	const page = 200
	given := consentsGiven{}
	for after := uint64(0); ; {
		records, err := l.Records(ctx, StreamKey{Tenant: merge.Tenant, Subject: merge.From}, after, page)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			after = record.Sequence
			if record.Redacted() {
				continue
			}
			entry, err := DecodeEntry(record.Payload)
			if err != nil {
				return nil, err
			}
			given.add(entry, record.Sequence)
		}
		if len(records) < page {
			return given, nil
		}
	}
}

func (g consentsGiven) add(entry Entry, sequence uint64) {
	grant, ok := entry.Fact.(Grant)
	if renewal, renewed := entry.Fact.(Renewal); renewed {
		grant, ok = Grant(renewal), true
	}
	if !ok || len(grant.NotReliedOn) > 0 {
		return
	}
	for _, id := range grant.Purposes {
		only := grant
		only.Purposes = []privacy.PurposeID{id}
		g[id] = carried{only, entry.OccurredAt, sequence}
	}
}

// takenBack returns the consents of From that were taken back, where Into knows
// only of a withdrawal or a refusal. Given before that, they permit nothing; but no
// other basis may replace them in silence.
func (g consentsGiven) takenBack(register *privacy.Register, from, into *State) []carried {
	var list []carried
	for i := range from.Purposes {
		theirs, ours := &from.Purposes[i], into.Purpose(from.Purposes[i].Purpose)
		known := ours.NoticeVersion != 0 || (ours.Consent != ConsentWithdrawn && ours.Consent != ConsentRefused)
		_, declared := register.PurposeIndex(theirs.Purpose)
		given, ok := g[theirs.Purpose]
		if ok && declared && !known && takenBack(theirs.Consent, theirs.NoticeVersion) && micros(given.at).Before(ours.ConsentAt) {
			list = append(list, given)
		}
	}
	return list
}

// carried is a fact to carry over, and the event of From that it comes from.
type carried struct {
	fact     Fact
	at       time.Time
	sequence uint64
}

func (l *Ledger) carryAll(ctx context.Context, merge Merge, list []carried, expected *uint64) error {
	entries := make([]Entries, len(list))
	for i, c := range list {
		entries[i] = Entries{
			Tenant: merge.Tenant, Subject: merge.Into, Facts: []Fact{c.fact}, OccurredAt: c.at, Cause: merge.Cause, Expected: expected,
			Key: merge.key(string(c.fact.Kind()), fmt.Sprint(c.sequence), purposeOf(c.fact)),
		}
	}
	if len(entries) == 0 {
		return nil
	}
	results, err := l.RecordAll(ctx, entries)
	if err != nil {
		return err
	}
	for _, result := range results {
		if result.Err != nil && !errors.Is(result.Err, errKeyReused) { // carried over before
			return result.Err
		}
	}
	return nil
}

// purposeOf tells the facts apart that one event is carried over as.
func purposeOf(fact Fact) string {
	switch fact := fact.(type) {
	case Withdrawal:
		return fmt.Sprintf("%q", fact.Purposes)
	case Refusal:
		return fmt.Sprintf("%q", fact.Purposes)
	case Objection:
		return fmt.Sprintf("%q %t", fact.Purposes, fact.DirectMarketing)
	case OptOut:
		return fmt.Sprintf("%q %s", fact.Purposes, fact.Kinds)
	case Restriction:
		return fmt.Sprintf("%q %q", fact.Purposes, fact.Matter)
	case Grant:
		return fmt.Sprintf("%q", fact.Purposes)
	}
	return ""
}

// forbidding returns what From forbids and Into does not yet.
func forbidding(from, into *State) []carried {
	var list []carried
	add := func(fact Fact, theirs, ours Mark) {
		stands := theirs.On && !ours.On && !ours.At.After(theirs.At)
		if stands {
			list = append(list, carried{fact, theirs.At, theirs.Sequence})
		}
	}
	if withdrawal, ok := withdrawalOfAll(from, into); ok {
		// The state does not say which event it was: its time tells it from others.
		list = append(list, carried{withdrawal, from.WithdrawnAt, uint64(from.WithdrawnAt.UnixMicro())})
	}
	for _, theirs := range from.Restrictions {
		ended := !into.Restricted.On && into.Restricted.At.After(theirs.At)
		known := slices.ContainsFunc(into.Restrictions, func(ours RestrictionState) bool { return ours.Matter == theirs.Matter })
		if theirs.Matter != mergedGround && !ended && !known {
			list = append(list, carried{Restriction{Matter: theirs.Matter}, theirs.At, theirs.Sequence})
		}
	}
	add(Objection{}, from.Objected, into.Objected)
	add(Objection{DirectMarketing: true}, from.MarketingObjected, into.MarketingObjected)
	for _, optOut := range from.OptOuts {
		add(OptOut{Kinds: privacy.NewOptOutSet(optOut.Kind)}, optOut.Mark, into.OptOut(optOut.Kind))
	}
	younger := from.BornOnOrAfter.After(into.BornOnOrAfter)
	if younger && (into.AgeSequence != 0 || from.BornOnOrBefore.IsZero()) {
		list = append(list, carried{AgeEvidence{BornOnOrAfter: from.BornOnOrAfter, Method: mergedGround}, from.AgeAt, from.AgeSequence})
	}
	for i := range from.Purposes {
		theirs, ours := from.Purposes[i], into.Purpose(from.Purposes[i].Purpose)
		only := []privacy.PurposeID{theirs.Purpose}
		refused := theirs.Consent == ConsentRefused || theirs.Consent == ConsentWithdrawn
		if refused && (ours.Consent == ConsentNone || ours.Consent == ConsentGranted) && !ours.ConsentAt.After(theirs.ConsentAt) {
			list = append(list, carried{refusal(theirs.Consent, only), theirs.ConsentAt, theirs.ConsentSequence})
		}
		add(Objection{Purposes: only}, theirs.Objected, ours.Objected)
		add(OptOut{Purposes: only}, theirs.OptedOut, ours.OptedOut)
		add(Restriction{Purposes: only}, theirs.Restricted, ours.Restricted)
	}
	return list
}

// withdrawalOfAll returns what the withdrawal of everything by From is for Into:
// the same or, where Into has consented to a purpose since, the withdrawal of all
// that it had consented to before; false if there is nothing to withdraw.
func withdrawalOfAll(from, into *State) (Withdrawal, bool) {
	if !from.WithdrawnAt.After(into.WithdrawnAt) {
		return Withdrawal{}, false
	}
	var before []privacy.PurposeID
	since := false
	for i := range into.Purposes {
		ours := &into.Purposes[i]
		switch {
		case ours.Consent != ConsentGranted:
		case ours.ConsentAt.After(from.WithdrawnAt):
			since = true
		default:
			before = append(before, ours.Purpose)
		}
	}
	if !since {
		return Withdrawal{}, true
	}
	return Withdrawal{Purposes: before}, len(before) > 0
}

func refusal(status ConsentStatus, purposes []privacy.PurposeID) Fact {
	if status == ConsentRefused {
		return Refusal{Purposes: purposes}
	}
	return Withdrawal{Purposes: purposes}
}

// permitting returns the consents of From for which Into has decided nothing,
// and the evidence of age where Into has none.
func (l *Ledger) permitting(ctx context.Context, merge Merge, from, into *State) ([]carried, error) {
	var list []carried
	if from.AgeSequence != 0 && into.AgeSequence == 0 {
		entry, err := l.entry(ctx, merge, from.AgeSequence)
		if err != nil {
			return nil, err
		}
		if age, ok := entry.Fact.(AgeEvidence); ok {
			list = append(list, carried{age, entry.OccurredAt, from.AgeSequence})
		}
	}
	for i := range from.Purposes {
		theirs := from.Purposes[i]
		if theirs.Consent != ConsentGranted || into.Purpose(theirs.Purpose).Consent != ConsentNone || !into.WithdrawnAt.IsZero() {
			continue
		}
		if _, declared := l.register.PurposeIndex(theirs.Purpose); !declared {
			continue
		}
		entry, err := l.entry(ctx, merge, theirs.ConsentSequence)
		if err != nil {
			return nil, err
		}
		var grant Grant
		switch fact := entry.Fact.(type) {
		case Grant:
			grant = fact
		case Renewal:
			grant = Grant(fact)
		default:
			continue
		}
		grant.Purposes = []privacy.PurposeID{theirs.Purpose}
		list = append(list, carried{grant, entry.OccurredAt, theirs.ConsentSequence})
	}
	return list, nil
}

// entry reads one event of From; one that was redacted has none.
func (l *Ledger) entry(ctx context.Context, merge Merge, sequence uint64) (Entry, error) {
	records, err := l.Records(ctx, StreamKey{Tenant: merge.Tenant, Subject: merge.From}, sequence-1, 1)
	if err != nil || len(records) == 0 || records[0].Redacted() {
		return Entry{}, err
	}
	return DecodeEntry(records[0].Payload)
}
