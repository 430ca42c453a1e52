package consenttest

import (
	"errors"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

func keyCases() []Case {
	return []Case{
		{"key-same-payload", "with the same payload the result MUST be that of the original append with Duplicate set", checkKeySame},
		{"key-other-payload", "otherwise the element MUST fail with privacy.ErrConflict", checkKeyOther},
		{"key-other-count", "the stored records are the same only if there are as many as the append has", checkKeyCount},
		{"key-before-expected", "the key comes before the expected version", checkKeyBeforeExpected},
		{"key-within-stream", "a key is unique within its stream only", checkKeyScope},
		{"key-within-batch", "an element sees the keys of earlier elements", checkKeyBatch},
		{"key-racing", "a key that races with itself is written once", checkKeyRacing},
		{"key-time-assumed", "if Append.Repeats finds the stored records to be the same", checkKeyTime},
	}
}

func checkKeySame(p *probe) error {
	work := p.work(streamKey, "k", grant("a"), grant("b"))
	again := p.work(streamKey, "k", grant("a"), grant("b"))
	if err := p.must(work, p.work(streamKey, "", grant("c"))); err != nil {
		return err
	}
	before, err := p.settled(streamKey)
	if err != nil {
		return err
	}
	result, err := p.appendOne(again)
	if err != nil {
		return err
	}
	return errors.Join(
		same("error", result.Err, error(nil)), same("duplicate", result.Duplicate, true),
		same("sequences", []uint64{result.First, result.Last}, []uint64{1, 2}),
		same("stream", result.Stream, before.stream),
		p.unchanged(before),
	)
}

func checkKeyOther(p *probe) error {
	if err := p.must(p.work(streamKey, "k", grant("a"))); err != nil {
		return err
	}
	result, err := p.appendOne(p.work(streamKey, "k", grant("b")))
	if err != nil {
		return err
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(matches("other payload", result.Err, privacy.ErrConflict), same("version", state.Version, uint64(1)))
}

func checkKeyCount(p *probe) error {
	if err := p.must(p.work(streamKey, "k", grant("a"))); err != nil {
		return err
	}
	result, err := p.appendOne(p.work(streamKey, "k", grant("a"), grant("b")))
	if err != nil {
		return err
	}
	return errors.Join(matches("more records", result.Err, privacy.ErrConflict), p.folded(streamKey))
}

func checkKeyBeforeExpected(p *probe) error {
	if err := p.must(expecting(p.work(streamKey, "k", grant("a")), 0), p.work(streamKey, "", grant("b"))); err != nil {
		return err
	}
	result, err := p.appendOne(expecting(p.work(streamKey, "k", grant("a")), 0))
	if err != nil {
		return err
	}
	return errors.Join(same("error", result.Err, error(nil)), same("duplicate", result.Duplicate, true))
}

func checkKeyScope(p *probe) error {
	for _, key := range []consent.StreamKey{streamKey, {Tenant: tenant, Subject: "s-2"}, {Tenant: other, Subject: subject}} {
		result, err := p.appendOne(p.work(key, "k", grant("a")))
		if err != nil {
			return err
		}
		if result.Err != nil || result.Duplicate {
			return errors.Join(errors.New("the key of another stream was found"), result.Err)
		}
	}
	return nil
}

func checkKeyBatch(p *probe) error {
	results, err := p.Append(p, []consent.Append{
		p.work(streamKey, "k", grant("a")), p.work(streamKey, "k", grant("a")), p.work(streamKey, "k", grant("b")),
	})
	if err != nil {
		return err
	}
	return errors.Join(
		same("first", results[0].Err, error(nil)),
		same("second", results[1].Err == nil && results[1].Duplicate, true),
		matches("third", results[2].Err, privacy.ErrConflict),
		p.folded(streamKey),
	)
}

func checkKeyRacing(p *probe) error {
	results := make([]consent.Appended, 16)
	works := make([]consent.Append, 16)
	for i := range works {
		works[i] = p.work(streamKey, "k", grant("a"))
	}
	faults := together(16, func(i int) (err error) {
		results[i], err = p.appendOne(works[i])
		return errors.Join(err, results[i].Err)
	})
	if err := errors.Join(faults...); err != nil {
		return err
	}
	written := 0
	for _, result := range results {
		if !result.Duplicate {
			written++
		}
	}
	state, err := p.state(streamKey)
	if err != nil {
		return err
	}
	return errors.Join(same("written", written, 1), same("version", state.Version, uint64(1)), p.folded(streamKey))
}

func checkKeyTime(p *probe) error {
	work := func(purpose privacy.PurposeID, second int) consent.Append {
		record, err := consent.NewRecord(p.id(), "k", start, consent.Entry{
			Tenant: tenant, Subject: subject, OccurredAt: start.Add(timeUnit(second)), Fact: grant(purpose),
		})
		if err != nil {
			panic("consenttest: a fact of the suite cannot be encoded: " + err.Error())
		}
		return consent.Append{Key: streamKey, Records: []consent.Record{record}, Source: source, TimeAssumed: true}
	}
	if err := p.must(work("a", 1)); err != nil {
		return err
	}
	repeated, err := p.appendOne(work("a", 2))
	if err != nil {
		return err
	}
	otherwise, err := p.appendOne(work("b", 2))
	if err != nil {
		return err
	}
	return errors.Join(
		same("repeated", repeated.Err == nil && repeated.Duplicate, true),
		matches("another fact", otherwise.Err, privacy.ErrConflict),
	)
}
