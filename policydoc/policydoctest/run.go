package policydoctest

import (
	"context"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// Opened is a store under test.
type Opened struct {
	// Store is fresh and empty.
	Store policydoc.Store
	// Events returns all events in the store's outbox, oldest first.
	Events func(ctx context.Context) ([]privacy.Event, error)
}

// Case is one sentence of the contract.
type Case struct {
	// Name identifies the case.
	Name string
	// Clause is the sentence.
	Clause string
	// Check returns how the store violates it, nil if it does not.
	Check func(ctx context.Context, o Opened) error
}

// Run checks a Store against the whole contract. open returns a fresh, empty
// store for each case and cleans up with t.Cleanup.
func Run(t *testing.T, open func(t testing.TB) Opened) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Check(t.Context(), open(t)); err != nil {
				t.Errorf("%v\nviolates: %s", err, c.Clause)
			}
		})
	}
}

// Cases returns the cases of Run.
func Cases() []Case {
	return []Case{
		{"entry-round-trip", "Entries returns the entries of a policy", checkRoundTrip},
		{"entry-order-and-pages", "up to limit entries with an index greater than after, in order of their indices", checkPages},
		{"entry-unknown-policy", "an unknown policy has no entries", checkUnknown},
		{"entry-conflict-index", "if the last entry is not the one with index e.Index-1, AppendEntry MUST fail with privacy.ErrConflict", checkIndex},
		{"entry-conflict-hash", "if the last entry's hash is not e.Previous, AppendEntry MUST fail with privacy.ErrConflict", checkPrevious},
		{"entry-conflict-writes-nothing", "on conflict it MUST write nothing, neither entry nor event", checkConflictWritesNothing},
		{"entry-one-winner", "of entries that race for one place, one wins", checkOneWinner},
		{"entry-events", "AppendEntry adds the events to the outbox in the same unit of work", checkEntryEvents},
		{"entry-copies", "returned values MUST share no memory with what the store keeps", checkCopies},
		{"isolation", "tenants and policies MUST be kept apart, identifiers compared byte for byte", checkIsolation},
		{"acknowledgement-round-trip", "Acknowledgements returns those of a subject, by version and then act", checkAcknowledgements},
		{"acknowledgement-once", "if the subject has one of the same version and act, nothing is written and the first proof stays", checkOnce},
		{"acknowledgement-isolation", "acknowledgements of subjects, policies and tenants MUST be kept apart", checkAckIsolation},
		{"acknowledgement-events", "AppendAcknowledgement adds the events to the outbox in the same unit of work", checkAckEvents},
		{"unacknowledged", "Unacknowledged returns subjects none of whose versions is as high as the one asked for", checkUnacknowledged},
		{"unacknowledged-accepted-is-shown", "acknowledged by the act, or by Accepted where the act is Shown", checkAcceptedIsShown},
		{"unacknowledged-late", "the highest version counts, in whatever order the acknowledgements came", checkLate},
		{"unacknowledged-pages", "up to Limit subjects after After, in byte order", checkUnacknowledgedPages},
		{"cancelled", "a cancelled context MUST make every method fail without having written anything", checkCancelled},
	}
}
