package proof

import (
	"fmt"

	"github.com/labelop/privacykit/privacy"
)

// FaultCode says what is wrong with an event or a tree.
type FaultCode string

// What can be wrong.
const (
	// PayloadAltered is a payload that does not fit its commitment.
	PayloadAltered FaultCode = "payload_altered"
	// PayloadMisplaced is a payload that speaks of another stream, kind or time
	// than its event.
	PayloadMisplaced FaultCode = "payload_misplaced"
	// PayloadMissing is a payload that was taken out without an erasure.
	PayloadMissing FaultCode = "payload_missing"
	// EventAltered is an event that does not fit its leaf: something of it was
	// changed, or another event was put in its place.
	EventAltered FaultCode = "event_altered"
	// EventMissing is a leaf, or a sequence, without its event.
	EventMissing FaultCode = "event_missing"
	// EventUnplaced is an event without a leaf before one that has one.
	EventUnplaced FaultCode = "event_unplaced"
	// TreeAltered is a tree whose hashes do not give the signed root.
	TreeAltered FaultCode = "tree_altered"
	// CheckpointInvalid is a checkpoint that no trusted key has signed.
	CheckpointInvalid FaultCode = "checkpoint_invalid"
)

// Fault is the first thing that is wrong.
type Fault struct {
	Code FaultCode
	// Tenant, Subject and Sequence name the event; Sequence is 0 where the fault
	// is that of no known event.
	Tenant   privacy.TenantID
	Subject  privacy.SubjectID
	Sequence uint64
	// Index is that of the leaf; for TreeAltered that of the first leaf below the
	// hash that is wrong, or the size of the tree where it is the whole.
	Index uint64
}

// FaultError reports a Fault. It matches privacy.ErrInvalid.
type FaultError struct{ Fault Fault }

// Error names the fault by its code, the sequence and the index, not the stream.
func (e *FaultError) Error() string {
	if e.Fault.Sequence == 0 {
		return fmt.Sprintf("proof: %s at leaf %d of a tree", e.Fault.Code, e.Fault.Index)
	}
	return fmt.Sprintf("proof: %s: event %d of a stream, leaf %d", e.Fault.Code, e.Fault.Sequence, e.Fault.Index)
}

// Unwrap returns privacy.ErrInvalid.
func (e *FaultError) Unwrap() error { return privacy.ErrInvalid }
