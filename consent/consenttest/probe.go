package consenttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// probe is a store under test with what the cases need around it.
type probe struct {
	context.Context
	consent.Store
	ids atomic.Int64
}

var start = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

const (
	tenant  = privacy.TenantID("acme")
	other   = privacy.TenantID("umbra")
	subject = privacy.SubjectID("s-1")
	source  = "/consenttest"
)

var (
	streamKey = consent.StreamKey{Tenant: tenant, Subject: subject}
	tenantKey = consent.StreamKey{Tenant: tenant}
)

func (p *probe) id() string { return "id-" + strconv.FormatInt(p.ids.Add(1), 10) }

func evidence() consent.Evidence {
	return consent.Evidence{
		Notice: consent.Notice{Document: "policy", Version: 1, Locale: "en", TextSHA256: "0000000000000000000000000000000000000000000000000000000000000000"},
		Act:    "checkbox_ticked_by_subject", Channel: "web",
	}
}

func grant(purposes ...privacy.PurposeID) consent.Grant {
	return consent.Grant{Purposes: purposes, Evidence: evidence()}
}

func withdrawal(purposes ...privacy.PurposeID) consent.Withdrawal {
	return consent.Withdrawal{Purposes: purposes}
}

func attestation() consent.Attestation {
	return consent.Attestation{
		ID: "x", Categories: []privacy.CategoryID{"content"}, Purposes: []privacy.PurposeID{"annotation"},
		Basis: privacy.BasisContract, Rights: true, Notices: true, SignedBy: "user:7", TermsVersion: "3",
	}
}

// work makes an append of facts that occurred one after another from start on.
func (p *probe) work(key consent.StreamKey, idempotency string, facts ...consent.Fact) consent.Append {
	work := consent.Append{Key: key, Source: source}
	for i, fact := range facts {
		recordKey := idempotency
		if idempotency == "" {
			recordKey = p.id()
		}
		if i > 0 {
			recordKey += "#" + strconv.Itoa(i)
		}
		record, err := consent.NewRecord(p.id(), recordKey, start.Add(time.Hour), consent.Entry{
			Tenant: key.Tenant, Subject: key.Subject, OccurredAt: start.Add(time.Duration(i) * time.Second), Fact: fact,
		})
		if err != nil {
			panic("consenttest: a fact of the suite cannot be encoded: " + err.Error())
		}
		work.Records = append(work.Records, record)
	}
	return work
}

func expecting(work consent.Append, version uint64) consent.Append {
	work.Expected = &version
	return work
}

// appendOne appends one element and returns its outcome; the call must not fail.
func (p *probe) appendOne(work consent.Append) (consent.Appended, error) {
	results, err := p.Append(p, []consent.Append{work})
	if err != nil {
		return consent.Appended{}, fmt.Errorf("append failed: %w", err)
	}
	if len(results) != 1 {
		return consent.Appended{}, fmt.Errorf("append of one element returned %d results", len(results))
	}
	return results[0], nil
}

// must appends elements, each of which must succeed.
func (p *probe) must(works ...consent.Append) error {
	results, err := p.Append(p, works)
	if err != nil {
		return fmt.Errorf("append failed: %w", err)
	}
	if len(results) != len(works) {
		return fmt.Errorf("append of %d elements returned %d results", len(works), len(results))
	}
	for i, result := range results {
		if result.Err != nil {
			return fmt.Errorf("element %d failed: %w", i, result.Err)
		}
	}
	return nil
}

func (p *probe) stream(key consent.StreamKey) (consent.Stream, error) {
	streams, err := p.Streams(p, []consent.StreamKey{key})
	if err != nil {
		return consent.Stream{}, fmt.Errorf("streams failed: %w", err)
	}
	if len(streams) != 1 || streams[0].Key != key {
		return consent.Stream{}, errors.New("streams did not return the stream asked for")
	}
	return streams[0], nil
}

func (p *probe) state(key consent.StreamKey) (consent.State, error) {
	stream, err := p.stream(key)
	if err != nil {
		return consent.State{}, err
	}
	return stream.SubjectState()
}

// all returns every record of a stream, in pages of three.
func (p *probe) all(key consent.StreamKey) ([]consent.Record, error) {
	var records []consent.Record
	for {
		page, err := p.Records(p, key, uint64(len(records)), 3)
		if err != nil {
			return nil, fmt.Errorf("records failed: %w", err)
		}
		if len(page) == 0 {
			return records, nil
		}
		if len(page) > 3 {
			return nil, fmt.Errorf("a page of at most 3 has %d records", len(page))
		}
		for _, record := range page {
			if want := uint64(len(records) + 1); record.Sequence != want {
				return nil, fmt.Errorf("record has sequence %d, want %d", record.Sequence, want)
			}
			records = append(records, record)
		}
	}
}

// folded checks that the stored projection is the fold of the stored records.
func (p *probe) folded(key consent.StreamKey) error {
	records, err := p.all(key)
	if err != nil {
		return err
	}
	stream, err := p.stream(key)
	if err != nil {
		return err
	}
	if stream.Version != uint64(len(records)) {
		return fmt.Errorf("stream is at version %d with %d records", stream.Version, len(records))
	}
	var folded []byte
	if key.Subject == "" {
		var state consent.TenantState
		for _, record := range records {
			if err := state.Fold(record); err != nil {
				return err
			}
		}
		folded, err = state.MarshalBinary()
	} else {
		var state consent.State
		for _, record := range records {
			if err := state.Fold(record); err != nil {
				return err
			}
		}
		folded, err = state.MarshalBinary()
	}
	if err != nil {
		return err
	}
	if len(records) > 0 && !bytes.Equal(folded, stream.State) {
		return errors.New("the projection is not the fold of the records")
	}
	for _, record := range records {
		if err := record.Verify(); err != nil {
			return err
		}
	}
	return nil
}

// events claims everything in the outbox for good.
func (p *probe) events() ([]privacy.Event, error) {
	var events []privacy.Event
	for {
		deliveries, err := p.Claim(p, consent.Claim{Worker: "probe", Limit: 7, Now: start, Lease: 100 * 365 * 24 * time.Hour})
		if err != nil {
			return nil, fmt.Errorf("claim failed: %w", err)
		}
		if len(deliveries) == 0 {
			return events, nil
		}
		for _, delivery := range deliveries {
			events = append(events, delivery.Event)
		}
	}
}

// followed reads the feed from cursor to its end.
func (p *probe) followed(cursor consent.Cursor) (map[consent.StreamKey]uint64, consent.Cursor, error) {
	versions := map[consent.StreamKey]uint64{}
	for range 100_000 {
		page, err := p.Changes(p, cursor, 3)
		if err != nil {
			return nil, "", fmt.Errorf("changes failed: %w", err)
		}
		if len(page.Changes) > 3 {
			return nil, "", fmt.Errorf("a page of at most 3 has %d changes", len(page.Changes))
		}
		for _, change := range page.Changes {
			if change.Version < versions[change.Key] {
				return nil, "", errors.New("the version of a stream went back within the feed")
			}
			versions[change.Key] = change.Version
		}
		if page.Complete {
			return versions, page.Next, nil
		}
		cursor = page.Next
	}
	return nil, "", errors.New("the feed has no end")
}

// settlement is a stream, with the outbox emptied and the feed read to its end.
type settlement struct {
	stream consent.Stream
	cursor consent.Cursor
}

func (p *probe) settled(key consent.StreamKey) (settlement, error) {
	if _, err := p.events(); err != nil {
		return settlement{}, err
	}
	stream, err := p.stream(key)
	if err != nil {
		return settlement{}, err
	}
	_, cursor, err := p.followed("")
	return settlement{stream: stream, cursor: cursor}, err
}

// unchanged checks that nothing was written to the stream, the outbox or the
// feed since.
func (p *probe) unchanged(since settlement) error {
	stream, err := p.stream(since.stream.Key)
	if err != nil {
		return err
	}
	records, err := p.all(since.stream.Key)
	if err != nil {
		return err
	}
	events, err := p.events()
	if err != nil {
		return err
	}
	changes, _, err := p.followed(since.cursor)
	if err != nil {
		return err
	}
	return errors.Join(
		same("stream", stream, since.stream),
		same("number of records", uint64(len(records)), since.stream.Version),
		same("number of new events", len(events), 0),
		same("number of new changes", len(changes), 0),
	)
}

// together runs n functions at once and returns their errors, panics among them.
func together(n int, do func(i int) error) []error {
	faults := make([]error, n)
	var ready, wait sync.WaitGroup
	ready.Add(1)
	for i := range n {
		wait.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					faults[i] = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
				}
			}()
			ready.Wait()
			faults[i] = do(i)
		})
	}
	ready.Done()
	wait.Wait()
	return faults
}

func same(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func matches(what string, err, target error) error {
	if !errors.Is(err, target) {
		return fmt.Errorf("%s: got error %v, want one that matches %q", what, err, target)
	}
	return nil
}
