package memstore

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/privacy"
)

// PolicydocStore is a policydoc.Store in memory. It is safe for concurrent use.
type PolicydocStore struct {
	lock    sync.Mutex
	chains  map[policydoc.PolicyKey][][]byte
	last    map[policydoc.PolicyKey]policydoc.Hash
	acks    map[subjectKey][]policydoc.Acknowledgement
	highest map[highestKey]map[privacy.SubjectID]int
	events  []privacy.Event
}

var _ policydoc.Store = (*PolicydocStore)(nil)

type subjectKey struct {
	policy  policydoc.PolicyKey
	subject privacy.SubjectID
}

type highestKey struct {
	policy policydoc.PolicyKey
	act    policydoc.Act
}

// NewPolicydoc returns an empty store.
func NewPolicydoc() *PolicydocStore {
	return &PolicydocStore{
		chains:  map[policydoc.PolicyKey][][]byte{},
		last:    map[policydoc.PolicyKey]policydoc.Hash{},
		acks:    map[subjectKey][]policydoc.Acknowledgement{},
		highest: map[highestKey]map[privacy.SubjectID]int{},
	}
}

// AppendEntry implements policydoc.Store.
func (s *PolicydocStore) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	kept, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("entry: %w", privacy.ErrInvalid)
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if len(s.chains[e.Policy]) != e.Index-1 || s.last[e.Policy] != e.Previous {
		return fmt.Errorf("entry %d does not follow the last one: %w", e.Index, privacy.ErrConflict)
	}
	s.chains[e.Policy] = append(s.chains[e.Policy], kept)
	s.last[e.Policy] = e.Hash
	s.emit(events)
	return nil
}

// Entries implements policydoc.Store.
func (s *PolicydocStore) Entries(ctx context.Context, policy policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	chain := s.chains[policy]
	chain = chain[min(max(after, 0), len(chain)):]
	chain = chain[:min(max(limit, 0), len(chain))]
	entries := make([]policydoc.Entry, len(chain))
	for i, kept := range chain {
		if err := json.Unmarshal(kept, &entries[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// AppendAcknowledgement implements policydoc.Store.
func (s *PolicydocStore) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	key := subjectKey{a.Policy, a.Subject}
	if slices.ContainsFunc(s.acks[key], func(b policydoc.Acknowledgement) bool {
		return a.Version == b.Version && a.Act == b.Act
	}) {
		return nil
	}
	s.acks[key] = append(s.acks[key], a)
	slices.SortFunc(s.acks[key], func(x, y policydoc.Acknowledgement) int {
		return cmp.Or(cmp.Compare(x.Version, y.Version), cmp.Compare(x.Act, y.Act))
	})
	s.raise(a, a.Act)
	if a.Act == policydoc.Accepted {
		s.raise(a, policydoc.Shown)
	}
	s.emit(events)
	return nil
}

// raise keeps the highest version that the subject has acknowledged.
func (s *PolicydocStore) raise(a policydoc.Acknowledgement, act policydoc.Act) {
	key := highestKey{a.Policy, act}
	if s.highest[key] == nil {
		s.highest[key] = map[privacy.SubjectID]int{}
	}
	s.highest[key][a.Subject] = max(s.highest[key][a.Subject], a.Version)
}

// Acknowledgements implements policydoc.Store.
func (s *PolicydocStore) Acknowledgements(ctx context.Context, policy policydoc.PolicyKey, subject privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.acks[subjectKey{policy, subject}]), nil
}

// Unacknowledged implements policydoc.Store.
func (s *PolicydocStore) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	var subjects []privacy.SubjectID
	for subject, version := range s.highest[highestKey{q.Policy, q.Act}] {
		if version < q.Version && subject > q.After {
			subjects = append(subjects, subject)
		}
	}
	slices.Sort(subjects)
	return subjects[:min(max(q.Limit, 0), len(subjects))], nil
}

// Events returns copies of all events written, oldest first.
func (s *PolicydocStore) Events(ctx context.Context) ([]privacy.Event, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	events := slices.Clone(s.events)
	for i := range events {
		events[i].Data = slices.Clone(events[i].Data)
	}
	return events, nil
}

func (s *PolicydocStore) emit(events []privacy.Event) {
	for _, e := range events {
		e.Data = slices.Clone(e.Data)
		s.events = append(s.events, e)
	}
}
