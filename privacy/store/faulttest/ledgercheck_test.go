package faulttest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// evidence is what a store has acknowledged, and must therefore have.
type evidence struct {
	mu sync.Mutex
	// keys are the idempotency keys of acknowledged events by stream, with the
	// sequence that the acknowledgement named.
	keys map[consent.StreamKey]map[string]uint64
	// redacted are the subjects whose redaction was acknowledged.
	redacted map[consent.StreamKey]bool
	// decisions are the IDs of acknowledged decisions.
	decisions map[string]bool
	// forgotten counts decisions that were deleted; their audit events were not.
	forgotten int
	// now is later than every lease, and goes on with each check.
	now time.Time
}

func newEvidence() *evidence {
	return &evidence{keys: map[consent.StreamKey]map[string]uint64{}, redacted: map[consent.StreamKey]bool{}, decisions: map[string]bool{}, now: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (e *evidence) acknowledge(key consent.StreamKey, idempotency string, receipt consent.Receipt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.keys[key] == nil {
		e.keys[key] = map[string]uint64{}
	}
	e.keys[key][idempotency] = receipt.First
}

func (e *evidence) acknowledgeRedaction(key consent.StreamKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.redacted[key] = true
	delete(e.keys, key) // redaction removes keys
}

func (e *evidence) acknowledgeDecision(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.decisions[id] = true
}

// findings are what a store lacks or has wrong. They are empty for a good one.
type findings struct {
	// lost were acknowledged and are not there.
	lost []string
	// wrong is everything else.
	wrong []string
}

func (f *findings) lose(format string, args ...any) {
	f.lost = append(f.lost, fmt.Sprintf(format, args...))
}

func (f *findings) add(format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

// check compares a store with what it has acknowledged, and its projections
// with its events. What is there from now on counts as acknowledged.
func (e *evidence) check(ctx context.Context, store consent.Store) (findings, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var f findings
	events := 0
	keys := []consent.StreamKey{{Tenant: tenant}}
	subjects, err := store.Subjects(ctx, tenant, "", 1<<30)
	if err != nil {
		return f, err
	}
	present := map[consent.StreamKey]bool{{Tenant: tenant}: true}
	for _, id := range subjects {
		key := consent.StreamKey{Tenant: tenant, Subject: id}
		keys, present[key] = append(keys, key), true
	}
	for key := range e.keys {
		if !present[key] {
			f.lose("the stream %v", key)
		}
	}
	for key := range e.redacted {
		if !present[key] {
			f.lose("the redacted stream %v", key)
		}
	}
	for _, key := range keys {
		n, err := e.checkStream(ctx, store, key, &f)
		if err != nil {
			return f, err
		}
		events += n
	}
	decisions, err := e.checkDecisions(ctx, store, &f)
	if err != nil {
		return f, err
	}
	e.now = e.now.Add(time.Second)
	err = checkOutbox(ctx, store, e.now, events, decisions+e.forgotten, &f)
	return f, err
}

func (e *evidence) checkStream(ctx context.Context, store consent.Store, key consent.StreamKey, f *findings) (int, error) {
	records, err := allRecords(ctx, store, key)
	if err != nil {
		return 0, err
	}
	streams, err := store.Streams(ctx, []consent.StreamKey{key})
	if err != nil {
		return 0, err
	}
	stored := map[string]uint64{}
	for i, record := range records {
		if record.Sequence != uint64(i+1) {
			f.add("%v: sequence %d at place %d", key, record.Sequence, i+1)
		}
		if err := record.Verify(); err != nil {
			f.add("%v: %v", key, err)
		}
		if record.Key == "" {
			continue
		}
		if _, twice := stored[record.Key]; twice {
			f.add("%v: %s is there more than once", key, record.Key)
		}
		stored[record.Key] = record.Sequence
	}
	state, err := folded(key, records)
	if err != nil {
		f.add("%v: the records cannot be folded: %v", key, err)
	}
	if streams[0].Version != uint64(len(records)) || !bytes.Equal(streams[0].State, state) {
		f.add("%v: the projection is not the fold of the events", key)
	}
	erased := len(records) > 0 && records[len(records)-1].Kind == consent.KindErased
	if e.redacted[key] && (!erased || !records[0].Redacted()) {
		f.lose("the redaction of %v", key)
	}
	if !erased {
		for idempotency, sequence := range e.keys[key] {
			if stored[idempotency] != sequence {
				f.lose("%v: %s at %d", key, idempotency, sequence)
			}
		}
		e.keys[key] = stored
	} else {
		e.redacted[key] = true
		delete(e.keys, key)
	}
	return len(records), nil
}

func (e *evidence) checkDecisions(ctx context.Context, store consent.Store, f *findings) (int, error) {
	decisions, err := store.Decisions(ctx, consent.DecisionFilter{Tenant: tenant, AllSubjects: true, Limit: 1 << 30})
	if err != nil {
		return 0, err
	}
	stored := map[string]bool{}
	for _, decision := range decisions {
		stored[decision.ID] = true
	}
	for id := range e.decisions {
		if !stored[id] {
			f.lose("the decision %s", id)
		}
	}
	e.decisions = stored
	return len(decisions), nil
}

// checkOutbox looks through the cache feed, which shows every event's row, and
// claims what was not delivered: nothing ever is, in these tests.
func checkOutbox(ctx context.Context, store consent.Store, now time.Time, events, decisions int, f *findings) error {
	page, err := store.Changes(ctx, "", 1<<30)
	if err != nil {
		return err
	}
	changes := map[consent.Change]bool{}
	for _, change := range page.Changes {
		changes[change] = true
	}
	if len(page.Changes) != events || len(changes) != events {
		f.add("%d rows for %d changes in the feed of %d events", len(page.Changes), len(changes), events)
	}
	deliveries, err := store.Claim(ctx, consent.Claim{Worker: "check", Limit: 1 << 30, Now: now, Lease: time.Microsecond})
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, delivery := range deliveries {
		ids[delivery.Event.ID] = true
	}
	if len(deliveries) != events+decisions || len(ids) != events+decisions {
		f.add("%d deliveries of %d audit events for %d events and %d decisions", len(deliveries), len(ids), events, decisions)
	}
	return nil
}

func streamKey(s privacy.Subject) consent.StreamKey {
	return consent.StreamKey{Tenant: s.Tenant, Subject: s.ID}
}
