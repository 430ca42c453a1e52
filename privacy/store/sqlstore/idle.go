package sqlstore

import (
	"fmt"
	"slices"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
)

// A sweep looks for streams in which nothing is in force any more. It finds them
// by columns that every append writes from the state, and that are indexed where
// the stream is idle alone: what is in use costs an append no index.

// idleUnknown is the idle_since of a stream that was written before there was one.
const idleUnknown = 0

// idleColumns returns idle_since, ended and last_recorded of a subject's stream, of
// which nothing is left if it was redacted, or of a tenant's with the zero State.
func idleColumns(stream consent.StreamKey, state *consent.State, redacted bool, recordedAt int64) []any {
	if stream.Subject == "" || redacted || inUse(state) {
		return []any{nil, int64(0), recordedAt}
	}
	since, ended := recordedAt, int64(0)
	if relationship := state.Relationship; relationship.Sequence > 0 {
		since, ended = min(since, relationship.At.UnixMicro()), 1
	}
	return []any{max(since, idleUnknown+1), ended, recordedAt}
}

// inUse reports whether a relationship or a consent is in force.
func inUse(state *consent.State) bool {
	return state.Relationship.On || slices.ContainsFunc(state.Purposes, func(p consent.PurposeState) bool {
		return p.Consent == consent.ConsentGranted
	})
}

// subjectState returns the state of a subject's stream, the zero State for that of
// a tenant.
func subjectState(stream consent.Stream) (consent.State, error) {
	if stream.Key.Subject == "" {
		return consent.State{}, nil
	}
	state, err := stream.SubjectState()
	if err != nil {
		return state, fmt.Errorf("sqlstore: the state of a stream cannot be read: %w", privacy.ErrInvalid)
	}
	return state, nil
}
