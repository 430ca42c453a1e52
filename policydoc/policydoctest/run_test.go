package policydoctest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/labelop/privacykit/policydoc"
	"github.com/labelop/privacykit/policydoc/markdown"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/privacytest"
	"github.com/labelop/privacykit/privacy/store/memstore"
)

func open(testing.TB) policydoctest.Opened {
	s := memstore.NewPolicydoc()
	return policydoctest.Opened{Store: s, Events: s.Events}
}

func TestRunPassesAStoreThatObeys(t *testing.T) { policydoctest.Run(t, open) }

// mutant is a store that breaks one sentence of the contract.
type mutant struct {
	policydoc.Store
	appendEntry func(context.Context, policydoc.Store, policydoc.Entry, []privacy.Event) error
	entries     func(context.Context, policydoc.Store, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error)
	appendAck   func(context.Context, policydoc.Store, policydoc.Acknowledgement, []privacy.Event) error
	acks        func(context.Context, policydoc.Store, policydoc.PolicyKey, privacy.SubjectID) ([]policydoc.Acknowledgement, error)
	unack       func(context.Context, policydoc.Store, policydoc.Outstanding) ([]privacy.SubjectID, error)
}

func (m mutant) AppendEntry(ctx context.Context, e policydoc.Entry, events []privacy.Event) error {
	if m.appendEntry != nil {
		return m.appendEntry(ctx, m.Store, e, events)
	}
	return m.Store.AppendEntry(ctx, e, events)
}

func (m mutant) Entries(ctx context.Context, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	if m.entries != nil {
		return m.entries(ctx, m.Store, k, after, limit)
	}
	return m.Store.Entries(ctx, k, after, limit)
}

func (m mutant) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, events []privacy.Event) error {
	if m.appendAck != nil {
		return m.appendAck(ctx, m.Store, a, events)
	}
	return m.Store.AppendAcknowledgement(ctx, a, events)
}

func (m mutant) Acknowledgements(ctx context.Context, k policydoc.PolicyKey, s privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
	if m.acks != nil {
		return m.acks(ctx, m.Store, k, s)
	}
	return m.Store.Acknowledgements(ctx, k, s)
}

func (m mutant) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	if m.unack != nil {
		return m.unack(ctx, m.Store, q)
	}
	return m.Store.Unacknowledged(ctx, q)
}

// rehang gives an entry the place and the predecessor that a store would accept,
// as a store does that does not check them.
func rehang(ctx context.Context, s policydoc.Store, e policydoc.Entry, index, previous bool) policydoc.Entry {
	entries, err := s.Entries(ctx, e.Policy, 0, 1000)
	if err != nil {
		return e
	}
	if index {
		e.Index = len(entries) + 1
	}
	if previous {
		e.Previous = policydoc.Hash{}
		if len(entries) > 0 {
			e.Previous = entries[len(entries)-1].Hash
		}
	}
	return e
}

func lax(index, previous bool) func(context.Context, policydoc.Store, policydoc.Entry, []privacy.Event) error {
	return func(ctx context.Context, s policydoc.Store, e policydoc.Entry, events []privacy.Event) error {
		return s.AppendEntry(ctx, rehang(ctx, s, e, index, previous), events)
	}
}

var mutants = map[string]mutant{
	"ignores the index":     {appendEntry: lax(true, false)},
	"ignores the hash":      {appendEntry: lax(false, true)},
	"ignores who was first": {appendEntry: lax(true, true)},
	"hides a conflict": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
		if err := s.AppendEntry(ctx, e, ev); !errors.Is(err, privacy.ErrConflict) {
			return err
		}
		return nil
	}},
	"reports another error": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
		if err := s.AppendEntry(ctx, e, ev); err != nil {
			return privacy.ErrExists
		}
		return nil
	}},
	"drops the entry's events": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, _ []privacy.Event) error {
		return s.AppendEntry(ctx, e, nil)
	}},
	"keeps one event only": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
		return s.AppendEntry(ctx, e, ev[:min(1, len(ev))])
	}},
	"writes events before it conflicts": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
		a := policydoc.Acknowledgement{Policy: e.Policy, Subject: privacy.SubjectID(fmt.Sprint(e.Hash)), Version: 1, Act: "events"}
		if err := s.AppendAcknowledgement(ctx, a, ev); err != nil {
			return err
		}
		return s.AppendEntry(ctx, e, nil)
	}},
	"loses microseconds": {entries: eachEntry(func(e *policydoc.Entry) {
		if e.Version != nil {
			e.Version.PublishedAt = e.Version.PublishedAt.Truncate(1e9)
		}
	})},
	"forgets withdrawals": {entries: eachEntry(func(e *policydoc.Entry) { e.Withdrawal = nil })},
	"forgets facts": {entries: eachEntry(func(e *policydoc.Entry) {
		if e.Version != nil {
			e.Version.Facts = nil
		}
	})},
	"normalises line ends": {entries: eachEntry(func(e *policydoc.Entry) {
		if e.Version != nil {
			e.Version.Texts[0].Source = "normalised"
		}
	})},
	"ignores after": {entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, _, limit int) ([]policydoc.Entry, error) {
		return s.Entries(ctx, k, 0, limit)
	}},
	"ignores the limit": {entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, _ int) ([]policydoc.Entry, error) {
		return s.Entries(ctx, k, after, 1000)
	}},
	"reverses the order": {entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		e, err := s.Entries(ctx, k, after, limit)
		slices.Reverse(e)
		return e, err
	}},
	"knows every policy": {entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		e, err := s.Entries(ctx, k, after, limit)
		if err == nil && len(e) == 0 {
			return []policydoc.Entry{{}}, nil
		}
		return e, err
	}},
	"drops the acknowledgement's events": {appendAck: func(ctx context.Context, s policydoc.Store, a policydoc.Acknowledgement, _ []privacy.Event) error {
		return s.AppendAcknowledgement(ctx, a, nil)
	}},
	"loses the channel": {appendAck: func(ctx context.Context, s policydoc.Store, a policydoc.Acknowledgement, ev []privacy.Event) error {
		a.Channel = ""
		return s.AppendAcknowledgement(ctx, a, ev)
	}},
	"mixes subjects by case": {appendAck: func(ctx context.Context, s policydoc.Store, a policydoc.Acknowledgement, ev []privacy.Event) error {
		if a.Subject == "S" {
			a.Subject = "s"
		}
		return s.AppendAcknowledgement(ctx, a, ev)
	}},
	"fails on a repetition": {appendAck: func(ctx context.Context, s policydoc.Store, a policydoc.Acknowledgement, ev []privacy.Event) error {
		acks, err := s.Acknowledgements(ctx, a.Policy, a.Subject)
		if err != nil {
			return err
		}
		for _, b := range acks {
			if a.Version == b.Version && a.Act == b.Act {
				return privacy.ErrExists
			}
		}
		return s.AppendAcknowledgement(ctx, a, ev)
	}},
	"keeps every repetition": {appendAck: func(ctx context.Context, s policydoc.Store, a policydoc.Acknowledgement, ev []privacy.Event) error {
		if a.Channel == "another" {
			a.Act += "again"
		}
		return s.AppendAcknowledgement(ctx, a, ev)
	}},
	"sorts acknowledgements by time of arrival": {acks: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, id privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
		a, err := s.Acknowledgements(ctx, k, id)
		slices.Reverse(a)
		return a, err
	}},
	"forgets that accepted is shown": {unack: func(ctx context.Context, s policydoc.Store, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
		ids, err := s.Unacknowledged(ctx, q)
		return slices.DeleteFunc(ids, func(id privacy.SubjectID) bool { return q.Act == policydoc.Shown && id == "b" }), err
	}},
	"counts the version asked for as missing": {unack: func(ctx context.Context, s policydoc.Store, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
		q.Version++
		return s.Unacknowledged(ctx, q)
	}},
	"ignores the page": {unack: func(ctx context.Context, s policydoc.Store, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
		q.After = ""
		return s.Unacknowledged(ctx, q)
	}},
	"ignores the limit of subjects": {unack: func(ctx context.Context, s policydoc.Store, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
		q.Limit = 1000
		return s.Unacknowledged(ctx, q)
	}},
	"cannot append": {appendEntry: func(context.Context, policydoc.Store, policydoc.Entry, []privacy.Event) error { return errDown }},
	"cannot read": {entries: func(context.Context, policydoc.Store, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error) {
		return nil, errDown
	}},
	"cannot acknowledge": {appendAck: func(context.Context, policydoc.Store, policydoc.Acknowledgement, []privacy.Event) error {
		return errDown
	}},
	"cannot read acknowledgements": {acks: func(context.Context, policydoc.Store, policydoc.PolicyKey, privacy.SubjectID) ([]policydoc.Acknowledgement, error) {
		return nil, errDown
	}},
	"cannot query": {unack: func(context.Context, policydoc.Store, policydoc.Outstanding) ([]privacy.SubjectID, error) {
		return nil, errDown
	}},
	"ignores cancellation": {entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		return s.Entries(context.WithoutCancel(ctx), k, after, limit)
	}},
	"ignores cancellation when it writes": {appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
		return s.AppendEntry(context.WithoutCancel(ctx), e, ev)
	}},
}

var errDown = errors.New("down")

func eachEntry(change func(*policydoc.Entry)) func(context.Context, policydoc.Store, policydoc.PolicyKey, int, int) ([]policydoc.Entry, error) {
	return func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
		entries, err := s.Entries(ctx, k, after, limit)
		for i := range entries {
			change(&entries[i])
		}
		return entries, err
	}
}

// foldingKeys compares the names of policies without regard to case.
func foldingKeys(s policydoc.Store) mutant {
	fold := func(k policydoc.PolicyKey) policydoc.PolicyKey {
		if k.Name == "Privacy" {
			k.Name = "privacy"
		}
		return k
	}
	return mutant{Store: s,
		appendEntry: func(ctx context.Context, s policydoc.Store, e policydoc.Entry, ev []privacy.Event) error {
			e.Policy = fold(e.Policy)
			return s.AppendEntry(ctx, e, ev)
		},
		entries: func(ctx context.Context, s policydoc.Store, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
			return s.Entries(ctx, fold(k), after, limit)
		},
	}
}

// sharing returns the entries that it was given.
type sharing struct {
	policydoc.Store
	lock sync.Mutex
	kept map[policydoc.PolicyKey][]policydoc.Entry
}

func (s *sharing) AppendEntry(ctx context.Context, e policydoc.Entry, ev []privacy.Event) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	err := s.Store.AppendEntry(ctx, e, ev)
	if err == nil {
		s.kept[e.Policy] = append(s.kept[e.Policy], e)
	}
	return err
}

func (s *sharing) Entries(_ context.Context, k policydoc.PolicyKey, after, limit int) ([]policydoc.Entry, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	all := s.kept[k]
	return all[min(after, len(all)):min(after+limit, len(all))], nil
}

// lastOnly keeps the last acknowledged version instead of the highest.
type lastOnly struct {
	policydoc.Store
	lock sync.Mutex
	last map[privacy.SubjectID]int
}

func (s *lastOnly) AppendAcknowledgement(ctx context.Context, a policydoc.Acknowledgement, ev []privacy.Event) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.last[a.Subject] = a.Version
	return s.Store.AppendAcknowledgement(ctx, a, ev)
}

func (s *lastOnly) Unacknowledged(ctx context.Context, q policydoc.Outstanding) ([]privacy.SubjectID, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	var out []privacy.SubjectID
	for id, v := range s.last {
		if v < q.Version && id > q.After {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), q.Limit)], ctx.Err()
}

func TestEveryMutantIsCaught(t *testing.T) {
	makers := map[string]func(policydoc.Store) policydoc.Store{
		"folds the case of names": func(s policydoc.Store) policydoc.Store { return foldingKeys(s) },
		"shares memory": func(s policydoc.Store) policydoc.Store {
			return &sharing{Store: s, kept: map[policydoc.PolicyKey][]policydoc.Entry{}}
		},
		"counts the last instead of the highest": func(s policydoc.Store) policydoc.Store {
			return &lastOnly{Store: s, last: map[privacy.SubjectID]int{}}
		},
	}
	for name, m := range mutants {
		makers[name] = func(s policydoc.Store) policydoc.Store {
			m.Store = s
			return m
		}
	}
	bites := map[string]bool{}
	for name, wrap := range makers {
		caught := false
		for _, c := range policydoctest.Cases() {
			o := open(t)
			o.Store = wrap(o.Store)
			if err := c.Check(t.Context(), o); err != nil {
				caught = true
				bites[c.Name] = true
			}
		}
		if !caught {
			t.Errorf("no case catches a store that %s", name)
		}
	}
	for _, c := range policydoctest.Cases() {
		if !bites[c.Name] {
			t.Errorf("the case %s catches no mutant", c.Name)
		}
	}
}

// recorder counts the failures of a test.
type recorder struct {
	testing.TB
	errors, logs int
}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Logf(string, ...any)   { r.logs++ }

func TestRequireReconciled(t *testing.T) {
	register, err := privacy.Compile(privacytest.Declaration())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := markdown.Parse([]byte("# P {disclose=\"operator\"}\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	policydoctest.RequireReconciled(r, doc, register)
	if r.errors == 0 || r.logs == 0 {
		t.Errorf("%d errors, %d lines of advice", r.errors, r.logs)
	}
	more := &recorder{TB: t}
	policydoctest.RequireReconciled(more, doc, register, policydoc.RegimeCalifornia)
	if more.errors <= r.errors {
		t.Error("a further regime finds nothing")
	}
}
