package policydoctest

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// faulty is a store with faults: a method whose field is nil is sound.
type faulty struct {
	policydoc.Store
	lock                    sync.Mutex
	trouble                 error // of the sound store, that a fault met by itself
	onAppendEntry           func(context.Context, policydoc.Entry, []privacy.Event) error
	onEntries               func(context.Context, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error)
	onAppendAcknowledgement func(context.Context, policydoc.Acknowledgement, []privacy.Event) error
	onAcknowledgements      func(context.Context, policydoc.PolicyKey, privacy.SubjectID) ([]policydoc.Acknowledgement, error)
	onUnacknowledged        func(context.Context, policydoc.Outstanding) ([]privacy.SubjectID, error)
}

func (f *faulty) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	if f.onAppendEntry != nil {
		return f.onAppendEntry(ctx, e, events)
	}
	return f.Store.AppendEntry(ctx, e, events)
}

func (f *faulty) Entries(ctx context.Context, key policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	if f.onEntries != nil {
		return f.onEntries(ctx, key, after, limit)
	}
	return f.Store.Entries(ctx, key, after, limit)
}

func (f *faulty) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	if f.onAppendAcknowledgement != nil {
		return f.onAppendAcknowledgement(ctx, a, events)
	}
	return f.Store.AppendAcknowledgement(ctx, a, events)
}

func (f *faulty) Acknowledgements(ctx context.Context, key policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	if f.onAcknowledgements != nil {
		return f.onAcknowledgements(ctx, key, subject)
	}
	return f.Store.Acknowledgements(ctx, key, subject)
}

func (f *faulty) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	if f.onUnacknowledged != nil {
		return f.onUnacknowledged(ctx, q)
	}
	return f.Store.Unacknowledged(ctx, q)
}

// met remembers that the sound store failed a fault that looks before it acts:
// what happens then says nothing about the case.
func (f *faulty) met(err error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.trouble = errors.Join(f.trouble, err)
}

// sound returns the entries of a policy as the sound store has them.
func (f *faulty) sound(ctx context.Context, key policydoc.PolicyKey) []policydoc.Entry {
	entries, err := f.Store.Entries(ctx, key, 0, math.MaxInt32)
	f.met(err)
	return entries
}
