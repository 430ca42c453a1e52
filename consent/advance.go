package consent

import (
	"bytes"
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// Stream is a stream as a Store keeps it.
type Stream struct {
	Key StreamKey
	// Version is the sequence of the stream's last event, 0 without events.
	Version uint64
	// State is the encoded State or TenantState; nil without events.
	State []byte
}

// SubjectState decodes the state of a subject's stream. It returns the zero
// State for a stream without events, and an error that matches
// privacy.ErrInvalid for a state that is unreadable or of another version than
// the stream.
func (s Stream) SubjectState() (State, error) {
	var state State
	if s.Version == 0 && len(s.State) == 0 {
		return state, nil
	}
	if err := state.UnmarshalBinary(s.State); err != nil {
		return State{}, err
	}
	if state.Version != s.Version {
		return State{}, errState
	}
	return state, nil
}

// TenantState decodes the state of a tenant's own stream, as SubjectState does.
func (s Stream) TenantState() (TenantState, error) {
	var state TenantState
	if s.Version == 0 && len(s.State) == 0 {
		return state, nil
	}
	if err := state.UnmarshalBinary(s.State); err != nil {
		return TenantState{}, err
	}
	if state.Version != s.Version {
		return TenantState{}, errState
	}
	return state, nil
}

// Append is a unit of work for one stream: records to append to it. Ledger
// makes it; Stores carry it out with Advance.
type Append struct {
	Key StreamKey
	// Expected is the version the stream must have; nil accepts any.
	Expected *uint64
	// Records are in order, at least one. Their Sequence is not set yet.
	Records []Record
	// Source is the source of the audit events.
	Source string
	// TimeAssumed says that now was taken, because the caller gave no time or one
	// in the future: repeating the call under the same key then is the same call,
	// though its time differs.
	TimeAssumed bool
	// facts are those of Records where this package made them, so that Advance
	// need not decode what was just encoded.
	facts []Fact
}

// Appended is what an Append did.
type Appended struct {
	// Stream is the stream after the append, or for a Duplicate as it is now.
	Stream Stream
	// First and Last are the sequences of the records.
	First, Last uint64
	// Duplicate is true if the key was used before with the same payload.
	Duplicate bool
	// Err says why nothing was written: it matches privacy.ErrConflict for an
	// unexpected version or a reused key, ErrErased, or privacy.ErrInvalid.
	Err error
}

// Advance is the pure heart of LedgerStore.Append: given the stream as it is
// and the work, it returns the stream as it will be, the records with their
// sequences, and the audit events for the outbox, one per record. It changes
// none of its arguments. Errors are those of Appended.Err; a stored
// state that is unreadable is one that matches privacy.ErrInvalid.
func Advance(current Stream, work Append) (Stream, []Record, []privacy.Event, error) {
	if work.Expected != nil && *work.Expected != current.Version {
		return Stream{}, nil, nil, fmt.Errorf("consent: stream is at version %d, not %d: %w", current.Version, *work.Expected, privacy.ErrConflict)
	}
	records := make([]Record, len(work.Records))
	for i, record := range work.Records {
		record.Sequence = current.Version + uint64(i) + 1
		records[i] = record
	}
	facts := work.facts
	if len(facts) != len(records) {
		facts = nil
	}
	state, err := advanceState(current, records, facts)
	if err != nil {
		return Stream{}, nil, nil, err
	}
	events := make([]privacy.Event, len(records))
	for i, record := range records {
		events[i] = AuditEvent(record, work.Source)
	}
	next := Stream{Key: work.Key, Version: current.Version + uint64(len(records)), State: state}
	return next, records, events, nil
}

// advanceState folds records into the state of the stream. facts are theirs, or
// nil if they must be decoded.
func advanceState(current Stream, records []Record, facts []Fact) ([]byte, error) {
	if current.Key.Subject == "" {
		state, err := current.TenantState()
		if err != nil {
			return nil, err
		}
		if err := foldAll(records, facts, state.Fold, state.apply); err != nil {
			return nil, err
		}
		return state.MarshalBinary()
	}
	state, err := current.SubjectState()
	if err != nil {
		return nil, err
	}
	erased := state.Erased.On
	for _, record := range records {
		if erased && permits(record.Kind) {
			return nil, ErrErased
		}
		erased = erased || record.Kind == KindErased
	}
	if err := foldAll(records, facts, state.Fold, state.apply); err != nil {
		return nil, err
	}
	return state.MarshalBinary()
}

func foldAll(records []Record, facts []Fact, fold func(Record) error, apply func(Fact, moment) error) error {
	for i, record := range records {
		var err error
		if facts == nil {
			err = fold(record)
		} else {
			err = apply(facts[i], moment{at: record.OccurredAt, sequence: record.Sequence})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// permits reports whether events of the kind can widen what is allowed or add
// personal data, which an erased subject's stream does not take any more.
func permits(kind Kind) bool {
	switch kind {
	case KindGranted, KindRenewed, KindRelationshipStarted, KindOptedIn, KindAgeEvidence:
		return true
	}
	return false
}

// Repeats reports whether the append repeats what is stored: nil if it does, so
// that the original result stands, and an error that matches
// privacy.ErrConflict if its key stands for something else. stored are the
// stream's records from the one that has the key of the append's first record
// on, as many as the append has, or fewer if the stream ends before.
func (a Append) Repeats(stored []Record) error {
	if len(stored) != len(a.Records) {
		return errKeyReused
	}
	for i, record := range stored {
		if !record.Redacted() && !a.samePayload(record.Payload, a.Records[i].Payload) {
			return errKeyReused
		}
	}
	return nil
}

var errKeyReused = fmt.Errorf("consent: the idempotency key was used with another payload: %w", privacy.ErrConflict)

func (a Append) samePayload(stored, payload []byte) bool {
	if bytes.Equal(stored, payload) {
		return true
	}
	if !a.TimeAssumed {
		return false
	}
	var before, now entryJSON
	if decodeStrict(stored, &before) != nil || decodeStrict(payload, &now) != nil {
		return false
	}
	return before.Kind == now.Kind && before.Cause == now.Cause && bytes.Equal(before.Fact, now.Fact)
}
