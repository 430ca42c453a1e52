package consenttest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func timeUnit(seconds int) time.Duration { return time.Duration(seconds) * time.Second }

func redactCases() []Case {
	return []Case{
		{"redact-nulls", "it MUST set Payload, Salt and Key of every earlier record of the stream to nothing", checkRedactNulls},
		{"redact-keeps-the-rest", "and MUST leave the rest of those records as it was", checkRedactKeeps},
		{"redact-appends", "Redact is Append for a single element whose last record is an erasure", checkRedactAppends},
		{"redact-only-its-stream", "tenants and subjects never mix", checkRedactScope},
		{"redact-expected-version", "with another version than the expected one nothing is written or erased", checkRedactExpected},
		{"redact-twice", "under the same key it happens once", checkRedactTwice},
		{"redact-racing", "no record that comes before the erasure keeps its payload", checkRedactRacing},
	}
}

func (p *probe) redact(work consent.Append) (consent.Appended, error) {
	result, err := p.Redact(p, work)
	if err != nil {
		return consent.Appended{}, fmt.Errorf("redact failed: %w", err)
	}
	return result, nil
}

func (p *probe) someRecords() ([]consent.Record, error) {
	if err := p.must(p.work(streamKey, "k1", grant("a"), grant("b")), p.work(streamKey, "k2", withdrawal("a"))); err != nil {
		return nil, err
	}
	return p.all(streamKey)
}

func checkRedactNulls(p *probe) error {
	if _, err := p.someRecords(); err != nil {
		return err
	}
	result, err := p.redact(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}))
	if err != nil || result.Err != nil {
		return errors.Join(err, result.Err)
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	if len(records) != 4 {
		return fmt.Errorf("%d records are stored, want 4", len(records))
	}
	for _, record := range records[:3] {
		if record.Payload != nil || record.Salt != nil || record.Key != "" {
			return fmt.Errorf("record %d was not redacted", record.Sequence)
		}
	}
	return same("the erasure is redacted", records[3].Redacted(), false)
}

func checkRedactKeeps(p *probe) error {
	before, err := p.someRecords()
	if err != nil {
		return err
	}
	result, err := p.redact(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}))
	if err != nil || result.Err != nil {
		return errors.Join(err, result.Err)
	}
	after, err := p.all(streamKey)
	if err != nil {
		return err
	}
	for i, record := range before {
		record.Payload, record.Salt, record.Key = nil, nil, ""
		if err := same("record", after[i], record); err != nil {
			return err
		}
	}
	return nil
}

func checkRedactAppends(p *probe) error {
	if _, err := p.someRecords(); err != nil {
		return err
	}
	if _, err := p.events(); err != nil {
		return err
	}
	_, cursor, err := p.followed("")
	if err != nil {
		return err
	}
	result, err := p.redact(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}))
	if err != nil || result.Err != nil {
		return errors.Join(err, result.Err)
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	changes, _, err := p.followed(cursor)
	if err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(
		same("sequences", []uint64{result.First, result.Last, result.Stream.Version}, []uint64{4, 4, 4}),
		same("erased", state.Erased.On, true), same("purposes", len(state.Purposes), 0),
		same("events", len(events), 1), same("changes", changes, map[consent.StreamKey]uint64{streamKey: 4}),
		p.folded(streamKey),
	)
}

func checkRedactScope(p *probe) error {
	neighbours := []consent.StreamKey{tenantKey, {Tenant: tenant, Subject: "s-2"}, {Tenant: other, Subject: subject}}
	if err := p.must(p.work(tenantKey, "k", attestation()), p.work(neighbours[1], "k", grant("a")), p.work(neighbours[2], "k", grant("a")), p.work(streamKey, "k", grant("a"))); err != nil {
		return err
	}
	result, err := p.redact(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}))
	if err != nil || result.Err != nil {
		return errors.Join(err, result.Err)
	}
	for _, key := range neighbours {
		records, err := p.all(key)
		if err != nil {
			return err
		}
		if len(records) != 1 || records[0].Redacted() || records[0].Key != "k" {
			return errors.New("a record of another stream was redacted")
		}
	}
	return nil
}

func checkRedactExpected(p *probe) error {
	before, err := p.someRecords()
	if err != nil {
		return err
	}
	result, err := p.redact(expecting(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}), 1))
	if err != nil {
		return err
	}
	after, err := p.all(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(matches("old version", result.Err, privacy.ErrConflict), same("records", after, before))
}

func checkRedactTwice(p *probe) error {
	if _, err := p.someRecords(); err != nil {
		return err
	}
	for i := range 2 {
		result, err := p.redact(p.work(streamKey, "erasure", consent.Erasure{Cause: "case-1"}))
		if err != nil || result.Err != nil {
			return errors.Join(err, result.Err)
		}
		if err := errors.Join(same("duplicate", result.Duplicate, i == 1), same("sequence", result.First, uint64(4))); err != nil {
			return err
		}
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(same("records", len(records), 4), same("key of the erasure", records[3].Key, "erasure"))
}

func checkRedactRacing(p *probe) error {
	var over atomic.Bool
	faults := together(5, func(i int) error {
		if i == 0 {
			defer over.Store(true)
			result, err := p.redact(p.work(streamKey, "", consent.Erasure{Cause: "case-1"}))
			return errors.Join(err, result.Err)
		}
		for j := 0; j < 3 || (j < 50 && !over.Load()); j++ {
			if err := p.must(p.work(streamKey, "", withdrawal(privacy.PurposeID(fmt.Sprintf("p-%d-%d", i, j))))); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	records, err := p.all(streamKey)
	if err != nil {
		return err
	}
	erased := false
	for i, record := range slices.Backward(records) {
		if erased != record.Redacted() {
			return fmt.Errorf("record %d of %d is on the wrong side of the erasure", i+1, len(records))
		}
		erased = erased || record.Kind == consent.KindErased
	}
	return p.folded(streamKey)
}
