package consenttest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func readCases() []Case {
	return []Case{
		{"streams-absent", "a stream without events MUST come back with version 0 and no state, not as an error", checkStreamsAbsent},
		{"streams-order", "Streams returns the streams of keys, in the order of keys", checkStreamsOrder},
		{"streams-acknowledged", "the result MUST include every append that was acknowledged before the call", checkStreamsAcknowledged},
		{"streams-copies", "slices that come out MUST be copies", checkStreamsCopies},
		{"records-pages", "Records returns up to limit records with a sequence greater than after, in order", checkRecordsPages},
		{"tenants-never-mix", "tenants never mix", checkTenants},
		{"subjects-order", "Subjects returns up to limit subjects of a tenant that have events, in byte order", checkSubjectsOrder},
		{"subjects-stable", "a subject that was there before the first page MUST NOT be missed because others are added meanwhile", checkSubjectsStable},
	}
}

func checkStreamsAbsent(p *probe) error {
	stream, err := p.stream(streamKey)
	if err != nil {
		return err
	}
	records, err := p.Records(p, streamKey, 0, 10)
	if err != nil {
		return err
	}
	return errors.Join(same("version", stream.Version, uint64(0)), same("state", len(stream.State), 0), same("records", len(records), 0))
}

func checkStreamsOrder(p *probe) error {
	keys := make([]consent.StreamKey, 1200)
	var works []consent.Append
	for i := range keys {
		keys[i] = consent.StreamKey{Tenant: []privacy.TenantID{tenant, other}[i%2], Subject: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
		if i%3 == 0 {
			works = append(works, p.work(keys[i], "", grant(privacy.PurposeID(fmt.Sprintf("p-%d", i)))))
		}
	}
	if err := p.must(works...); err != nil {
		return err
	}
	keys = slices.Concat(keys, []consent.StreamKey{keys[0], keys[3], keys[1]})
	slices.Reverse(keys)
	streams, err := p.Streams(p, keys)
	if err != nil {
		return err
	}
	if len(streams) != len(keys) {
		return fmt.Errorf("%d streams for %d keys", len(streams), len(keys))
	}
	for i, stream := range streams {
		if stream.Key != keys[i] {
			return errors.New("the streams are not in the order of the keys")
		}
		state, err := stream.SubjectState()
		if err != nil {
			return err
		}
		number, err := strconv.Atoi(strings.TrimPrefix(string(keys[i].Subject), "s-"))
		if err != nil {
			return err
		}
		if granted := len(state.Purposes) == 1 && state.Purposes[0].Purpose == privacy.PurposeID(fmt.Sprintf("p-%d", number)); granted != (number%3 == 0) {
			return fmt.Errorf("stream of %s has the state of another", keys[i].Subject)
		}
	}
	return nil
}

func checkStreamsAcknowledged(p *probe) error {
	return errors.Join(together(8, func(i int) error {
		key := consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("s-%d", i))}
		for version := uint64(1); version <= 10; version++ {
			if err := p.must(p.work(key, "", grant("a"))); err != nil {
				return err
			}
			stream, err := p.stream(key)
			if err != nil {
				return err
			}
			if stream.Version != version {
				return fmt.Errorf("version %d was acknowledged and %d was read", version, stream.Version)
			}
		}
		return nil
	})...)
}

func checkStreamsCopies(p *probe) error {
	if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
		return err
	}
	stream, err := p.stream(streamKey)
	if err != nil {
		return err
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	clear(stream.State)
	clear(records[0].Payload)
	clear(records[0].Salt)
	return p.folded(streamKey)
}

func checkRecordsPages(p *probe) error {
	for range 7 {
		if err := p.must(p.work(streamKey, "", grant("a"))); err != nil {
			return err
		}
	}
	for _, page := range []struct {
		after uint64
		limit int
		want  []uint64
	}{{0, 3, []uint64{1, 2, 3}}, {3, 3, []uint64{4, 5, 6}}, {6, 3, []uint64{7}}, {7, 3, nil}, {100, 3, nil}, {2, 1, []uint64{3}}} {
		records, err := p.Records(p, streamKey, page.after, page.limit)
		if err != nil {
			return err
		}
		var got []uint64
		for _, record := range records {
			got = append(got, record.Sequence)
		}
		if err := same(fmt.Sprintf("records after %d", page.after), got, page.want); err != nil {
			return err
		}
	}
	return nil
}

func checkTenants(p *probe) error {
	theirs := consent.StreamKey{Tenant: other, Subject: subject}
	if err := p.must(p.work(streamKey, "k", grant("a"))); err != nil {
		return err
	}
	stream, err := p.stream(theirs)
	if err != nil {
		return err
	}
	records, err := p.Records(p, theirs, 0, 10)
	if err != nil {
		return err
	}
	subjects, err := p.Subjects(p, other, "", 10)
	if err != nil {
		return err
	}
	if err := p.RecordDecision(p, p.decision("d", consent.Guard{SubjectVersion: 1})); err != nil {
		return err
	}
	decisions, err := p.Decisions(p, consent.DecisionFilter{Tenant: other, AllSubjects: true, Limit: 10})
	if err != nil {
		return err
	}
	if err := p.must(expecting(p.work(theirs, "k", withdrawal("a")), 0)); err != nil {
		return err
	}
	forgotten, err := p.ForgetDecisions(p, theirs, start.AddDate(10, 0, 0))
	if err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(
		same("version", stream.Version, uint64(0)), same("records", len(records), 0), same("subjects", len(subjects), 0),
		same("decisions", len(decisions), 0), same("forgotten", forgotten, 0),
		same("consent", state.Purpose("a").Consent, consent.ConsentGranted),
	)
}

func (p *probe) subjects(limit int) ([]privacy.SubjectID, error) {
	var subjects []privacy.SubjectID
	after := privacy.SubjectID("")
	for {
		page, err := p.Subjects(p, tenant, after, limit)
		if err != nil {
			return nil, err
		}
		if len(page) > limit {
			return nil, fmt.Errorf("a page of at most %d has %d subjects", limit, len(page))
		}
		if len(page) == 0 {
			return subjects, nil
		}
		subjects = append(subjects, page...)
		after = page[len(page)-1]
	}
}

func checkSubjectsOrder(p *probe) error {
	want := []privacy.SubjectID{"B", "a", "aa", "b", "z", "\u00e9", "\u05e9"}
	for _, i := range []int{3, 1, 6, 0, 5, 2, 4} {
		if err := p.must(p.work(consent.StreamKey{Tenant: tenant, Subject: want[i]}, "", grant("a"))); err != nil {
			return err
		}
	}
	if err := p.must(p.work(tenantKey, "", attestation()), p.work(consent.StreamKey{Tenant: other, Subject: "c"}, "", grant("a"))); err != nil {
		return err
	}
	got, err := p.subjects(2)
	if err != nil {
		return err
	}
	return same("subjects", got, want)
}

func checkSubjectsStable(p *probe) error {
	for _, id := range []privacy.SubjectID{"b", "d", "f"} {
		if err := p.must(p.work(consent.StreamKey{Tenant: tenant, Subject: id}, "", grant("a"))); err != nil {
			return err
		}
	}
	var seen []privacy.SubjectID
	after := privacy.SubjectID("")
	for _, added := range []privacy.SubjectID{"a", "c", "e", "g", "h"} {
		page, err := p.Subjects(p, tenant, after, 1)
		if err != nil {
			return err
		}
		if len(page) == 1 {
			after = page[0]
			seen = append(seen, after)
		}
		if err := p.must(p.work(consent.StreamKey{Tenant: tenant, Subject: added}, "", grant("a"))); err != nil {
			return err
		}
	}
	for _, id := range []privacy.SubjectID{"b", "d", "f"} {
		if !slices.Contains(seen, id) {
			return fmt.Errorf("subject %q was missed", id)
		}
	}
	return nil
}
