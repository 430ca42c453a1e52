package consenttest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func feedCases() []Case {
	return []Case{
		{"feed-from-the-beginning", "the empty Cursor is the place before the oldest change still kept", checkFeedBeginning},
		{"feed-from-head", "following the feed from the head delivers every change not yet committed at the time of the call", checkFeedHead},
		{"feed-racing", "following the feed from a cursor MUST deliver every change committed after that cursor was made", checkFeedRacing},
		{"feed-of-changes-only", "the feed tells of streams; decisions change none", checkFeedDecisions},
		{"feed-reset", "Reset is true if changes between the given cursor and this page may have been trimmed", checkFeedReset},
		{"feed-malformed-cursor", "only the Store that made a cursor can read it", checkFeedCursor},
	}
}

func checkFeedBeginning(p *probe) error {
	want := map[consent.StreamKey]uint64{}
	for i := range 5 {
		key := consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
		if err := p.must(p.work(key, "", grant("a")), p.work(key, "", grant("b"), grant("c"))); err != nil {
			return err
		}
		want[key] = 3
	}
	if err := p.must(p.work(tenantKey, "", attestation())); err != nil {
		return err
	}
	want[tenantKey] = 1
	changes, cursor, err := p.followed("")
	if err != nil {
		return err
	}
	again, _, err := p.followed(cursor)
	if err != nil {
		return err
	}
	return errors.Join(same("changes", changes, want), same("changes after the end", len(again), 0))
}

func checkFeedHead(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	head, err := p.Head(p)
	if err != nil {
		return err
	}
	bob := consent.StreamKey{Tenant: tenant, Subject: "bob"}
	if err := p.must(p.work(bob, "", grant("a")), p.work(streamKey, "", withdrawal("a"))); err != nil {
		return err
	}
	changes, _, err := p.followed(head)
	if err != nil {
		return err
	}
	return same("changes", changes, map[consent.StreamKey]uint64{bob: 1, streamKey: 2})
}

func checkFeedRacing(p *probe) error {
	const writers, appends = 8, 25
	head, err := p.Head(p)
	if err != nil {
		return err
	}
	works := make([][]consent.Append, writers)
	for i := range works {
		for j := range appends {
			key := consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d-%d", i, j%5))}
			works[i] = append(works[i], p.work(key, "", grant("a")))
		}
	}
	var running atomic.Int64
	running.Store(writers)
	seen := map[consent.StreamKey]uint64{}
	faults := together(writers+1, func(i int) error {
		if i < writers {
			defer running.Add(-1)
			for _, work := range works[i] {
				if err := p.must(work); err != nil {
					return err
				}
			}
			return nil
		}
		cursor := head
		for last := false; ; last = running.Load() == 0 {
			changes, next, err := p.followed(cursor)
			if err != nil {
				return err
			}
			for key, version := range changes {
				seen[key] = max(seen[key], version)
			}
			if cursor = next; last {
				return nil
			}
		}
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for i := range writers {
		for j := range 5 {
			key := consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d-%d", i, j))}
			if seen[key] != appends/5 {
				return fmt.Errorf("the feed told of version %d of a stream at version %d", seen[key], appends/5)
			}
		}
	}
	return nil
}

func checkFeedDecisions(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	head, err := p.Head(p)
	if err != nil {
		return err
	}
	if err := p.RecordDecision(p, p.decision("d", consent.Guard{SubjectVersion: 1})); err != nil {
		return err
	}
	changes, _, err := p.followed(head)
	if err != nil {
		return err
	}
	return same("changes", len(changes), 0)
}

func checkFeedReset(p *probe) error {
	head, err := p.Head(p)
	if err != nil {
		return err
	}
	if err := p.must(p.work(streamKey, "", grant("a")), p.work(streamKey, "", grant("b"))); err != nil {
		return err
	}
	_, end, err := p.followed(head)
	if err != nil {
		return err
	}
	if _, err := p.Trim(p, start.AddDate(1, 0, 0), true); err != nil {
		return err
	}
	old, err := p.Changes(p, head, 10)
	if err != nil {
		return err
	}
	recent, err := p.Changes(p, end, 10)
	if err != nil {
		return err
	}
	return errors.Join(same("reset for the old cursor", old.Reset, true), same("reset for the recent cursor", recent.Reset, false))
}

func checkFeedCursor(p *probe) error {
	_, err := p.Changes(p, "no cursor of this store", 10)
	return matches("malformed cursor", err, privacy.ErrInvalid)
}
