package refstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labelop/privacykit/dsr"
	"github.com/labelop/privacykit/privacy"
)

// Store implements every store of package dsr in memory. It is safe for
// concurrent use.
type Store struct {
	// faults are the sentences that a mutant breaks.
	faults map[string]bool
	// Calls counts the calls; the one numbered FailAt fails with ErrUnreachable.
	Calls  atomic.Int64
	FailAt int64

	lock     sync.Mutex
	cases    map[caseKey]row
	logs     map[caseKey][]dsr.LogLine
	keys     map[[2]string]string
	effects  map[privacy.TenantID][]privacy.Effect
	events   map[privacy.TenantID][]privacy.Event
	wakes    map[wakeKey]*dsr.Lease
	buried   []dsr.Lease
	breaches map[breachKey]dsr.Breach
}

type (
	caseKey struct {
		tenant privacy.TenantID
		id     dsr.CaseID
	}
	wakeKey struct {
		tenant    privacy.TenantID
		kind, key string
	}
	breachKey struct {
		tenant privacy.TenantID
		id     dsr.BreachID
	}
	row struct {
		c   dsr.Case
		due privacy.Date
	}
)

// New returns an empty store that breaks the sentences named by faults.
func New(faults ...string) *Store {
	m := &Store{
		faults: map[string]bool{}, cases: map[caseKey]row{}, logs: map[caseKey][]dsr.LogLine{}, keys: map[[2]string]string{},
		effects: map[privacy.TenantID][]privacy.Effect{}, events: map[privacy.TenantID][]privacy.Event{},
		wakes: map[wakeKey]*dsr.Lease{}, breaches: map[breachKey]dsr.Breach{},
	}
	for _, fault := range faults {
		m.faults[fault] = true
	}
	return m
}

// copyOf copies by way of JSON, which is also how times become UTC.
func copyOf[T any](m *Store, v T) T {
	if m.faults["shares_memory"] {
		return v
	}
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var again T
	if err := json.Unmarshal(data, &again); err != nil {
		panic(err)
	}
	return again
}

func (m *Store) stored(c dsr.Case) dsr.Case {
	c = copyOf(m, c)
	if !m.faults["keeps_zone"] {
		c.Received = c.Received.UTC()
	}
	return c
}

func (m *Store) tenant(t privacy.TenantID) privacy.TenantID {
	if m.faults["mixes_tenants"] {
		return ""
	}
	return t
}

func (m *Store) done(ctx context.Context) error {
	if m.Calls.Add(1) == m.FailAt {
		return ErrUnreachable
	}
	if m.faults["ignores_context"] {
		return nil
	}
	return ctx.Err()
}

// Update implements dsr.CaseStore.
func (m *Store) Update(ctx context.Context, u dsr.Update) error {
	if err := m.done(ctx); err != nil {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	used := [2]string{string(u.Case.Tenant), u.Key}
	if m.faults["keys_of_all"] {
		used[0] = ""
	}
	if digest, ok := m.keys[used]; ok && u.Key != "" && !m.faults["forgets_keys"] {
		if digest == u.Digest || m.faults["ignores_digest"] {
			return nil
		}
		return privacy.ErrConflict
	}
	if m.faults["burns_keys"] {
		m.keys[used] = u.Digest
	}
	if err := m.acceptable(u); err != nil {
		if m.faults["half_writes"] {
			m.events[u.Case.Tenant] = append(m.events[u.Case.Tenant], u.Events...)
		}
		return err
	}
	m.write(u)
	if u.Key != "" {
		m.keys[used] = u.Digest
	}
	return nil
}

// acceptable reports why an update must not be written.
func (m *Store) acceptable(u dsr.Update) error {
	stored, exists := m.cases[m.caseKey(u.Case.Tenant, u.Case.ID)]
	switch {
	case u.Expect == 0 && exists && !m.faults["overwrites"]:
		return privacy.ErrExists
	case u.Expect != 0 && !exists:
		return privacy.ErrNotFound
	case u.Expect != 0 && stored.c.Version != u.Expect && !m.faults["ignores_version"]:
		return privacy.ErrConflict
	}
	if u.Completes != nil && !m.faults["unfenced"] {
		lease, waits := m.wakes[keyOf(u.Completes.Wake)]
		if !waits || lease.Token != u.Completes.Token {
			return privacy.ErrConflict
		}
	}
	return nil
}

func (m *Store) caseKey(tenant privacy.TenantID, id dsr.CaseID) caseKey {
	if m.faults["folds_ids"] && id == "C" {
		id = "c"
	}
	return caseKey{m.tenant(tenant), id}
}

func keyOf(w dsr.Wake) wakeKey { return wakeKey{w.Tenant, w.Kind, w.Key} }

func (m *Store) write(u dsr.Update) {
	tenant := u.Case.Tenant
	key := m.caseKey(tenant, u.Case.ID)
	m.cases[key] = row{m.stored(u.Case), u.Due}
	for i, line := range u.Lines {
		if m.faults["reverses_log"] {
			line = u.Lines[len(u.Lines)-1-i]
		}
		line.Sequence = uint64(len(m.logs[key]) + 1)
		line.At = line.At.UTC()
		m.logs[key] = append(m.logs[key], line)
	}
	if !m.faults["drops_effects"] {
		m.effects[tenant] = append(m.effects[tenant], u.Effects...)
	}
	if !m.faults["drops_events"] {
		m.events[tenant] = append(m.events[tenant], u.Events...)
	}
	if u.Completes != nil && !m.faults["keeps_completed"] {
		delete(m.wakes, keyOf(u.Completes.Wake))
	}
	for _, wake := range u.Wakes {
		if _, waits := m.wakes[keyOf(wake)]; !waits || m.faults["replaces_wakes"] {
			m.wakes[keyOf(wake)] = &dsr.Lease{Wake: wake}
		}
	}
}

// Digest implements dsr.CaseStore.
func (m *Store) Digest(ctx context.Context, tenant privacy.TenantID, key string) (string, error) {
	if err := m.done(ctx); err != nil {
		return "", err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	digest, ok := m.keys[[2]string{string(m.tenant(tenant)), key}]
	if !ok || m.faults["hides_keys"] {
		return "", privacy.ErrNotFound
	}
	return digest, nil
}

// Case implements dsr.CaseStore.
func (m *Store) Case(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID) (dsr.Case, error) {
	if err := m.done(ctx); err != nil {
		return dsr.Case{}, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	r, ok := m.cases[m.caseKey(tenant, id)]
	if !ok {
		return dsr.Case{}, privacy.ErrNotFound
	}
	return copyOf(m, r.c), nil
}

// Log implements dsr.CaseStore.
func (m *Store) Log(ctx context.Context, tenant privacy.TenantID, id dsr.CaseID, after uint64, limit int) ([]dsr.LogLine, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	lines := m.logs[m.caseKey(tenant, id)]
	if m.faults["ignores_after"] {
		after = 0
	}
	lines = lines[min(after, uint64(len(lines))):]
	return slices.Clone(lines[:min(limit, len(lines))]), nil
}

// Open implements dsr.CaseStore.
func (m *Store) Open(ctx context.Context, tenant privacy.TenantID, after dsr.Position, limit int) ([]dsr.Summary, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	var open []dsr.Summary
	for key, r := range m.cases {
		s := dsr.Summary{ID: r.c.ID, State: r.c.State(), Due: r.due, Received: r.c.Received}
		if key.tenant == m.tenant(tenant) && (r.c.Open() || m.faults["lists_closed"]) && (after.Less(s.Position()) || m.faults["restarts_pages"]) {
			open = append(open, s)
		}
	}
	slices.SortFunc(open, func(a, b dsr.Summary) int {
		switch {
		case m.faults["sorts_by_id"]:
			return cmp.Compare(a.ID, b.ID)
		case a.Position().Less(b.Position()):
			return -1
		}
		return 1
	})
	return open[:min(limit, len(open))], nil
}

// Claim implements dsr.WakeStore.
func (m *Store) Claim(ctx context.Context, now, until time.Time, limit int) ([]dsr.Lease, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	var due []*dsr.Lease
	for _, lease := range m.wakes {
		free := !lease.Until.After(now) || m.faults["ignores_leases"]
		if free && (!lease.RunAt.After(now) || m.faults["claims_early"]) {
			due = append(due, lease)
		}
	}
	slices.SortFunc(due, func(a, b *dsr.Lease) int { return a.RunAt.Compare(b.RunAt) })
	var claimed []dsr.Lease
	for _, lease := range due[:min(limit, len(due))] {
		if !m.faults["repeats_tokens"] || lease.Token == 0 {
			lease.Token++
		}
		lease.Attempts++
		lease.Until = until
		claimed = append(claimed, *lease)
	}
	return claimed, nil
}

// held returns the wake-up of a lease if it is the latest.
func (m *Store) held(lease dsr.Lease) (*dsr.Lease, error) {
	stored, ok := m.wakes[keyOf(lease.Wake)]
	switch {
	case !ok && m.faults["ignores_what_is_gone"]:
		return new(dsr.Lease), nil
	case !ok:
		return nil, privacy.ErrNotFound
	case stored.Token != lease.Token && !m.faults["unfenced_retry"]:
		return nil, privacy.ErrConflict
	}
	return stored, nil
}

// Retry implements dsr.WakeStore.
func (m *Store) Retry(ctx context.Context, lease dsr.Lease, at time.Time, problem string) error {
	if err := m.done(ctx); err != nil {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	stored, err := m.held(lease)
	if err != nil {
		return err
	}
	stored.RunAt, stored.Until, stored.Problem = at, time.Time{}, problem
	if m.faults["forgets_problem"] {
		stored.Problem = ""
	}
	return nil
}

// Bury implements dsr.WakeStore.
func (m *Store) Bury(ctx context.Context, lease dsr.Lease, problem string) error {
	if err := m.done(ctx); err != nil {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	stored, err := m.held(lease)
	if err != nil {
		return err
	}
	stored.Problem = problem
	m.buried = append(m.buried, *stored)
	if !m.faults["buries_alive"] {
		delete(m.wakes, keyOf(lease.Wake))
	}
	return nil
}

// Buried implements dsr.WakeStore.
func (m *Store) Buried(ctx context.Context, tenant privacy.TenantID) ([]dsr.Lease, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	var buried []dsr.Lease
	for _, lease := range m.buried {
		if lease.Tenant == tenant {
			buried = append(buried, lease)
		}
	}
	return buried, nil
}

// SaveBreach implements dsr.BreachStore.
func (m *Store) SaveBreach(ctx context.Context, b dsr.Breach) error {
	if err := m.done(ctx); err != nil {
		return err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	key := breachKey{m.tenant(b.Tenant), b.ID}
	if m.breaches[key].Version != b.Version-1 && !m.faults["ignores_breach_version"] {
		return privacy.ErrConflict
	}
	m.breaches[key] = copyOf(m, b)
	return nil
}

// Breach implements dsr.BreachStore.
func (m *Store) Breach(ctx context.Context, tenant privacy.TenantID, id dsr.BreachID) (dsr.Breach, error) {
	if err := m.done(ctx); err != nil {
		return dsr.Breach{}, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	b, ok := m.breaches[breachKey{m.tenant(tenant), id}]
	if !ok {
		return dsr.Breach{}, privacy.ErrNotFound
	}
	return copyOf(m, b), nil
}

// Breaches implements dsr.BreachStore.
func (m *Store) Breaches(ctx context.Context, tenant privacy.TenantID, after dsr.BreachID, limit int) ([]dsr.Breach, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	var list []dsr.Breach
	for key, b := range m.breaches {
		if key.tenant == m.tenant(tenant) && (b.ID > after || m.faults["restarts_breaches"]) {
			list = append(list, copyOf(m, b))
		}
	}
	slices.SortFunc(list, func(a, b dsr.Breach) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(limit, len(list))], nil
}

// Effects returns the effects that updates handed to the ledger of consent.
func (m *Store) Effects(ctx context.Context, tenant privacy.TenantID) ([]privacy.Effect, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return slices.Clone(m.effects[tenant]), nil
}

// Events returns the events that updates handed to the outbox.
func (m *Store) Events(ctx context.Context, tenant privacy.TenantID) ([]privacy.Event, error) {
	if err := m.done(ctx); err != nil {
		return nil, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return slices.Clone(m.events[tenant]), nil
}

// ErrUnreachable is the failure of a call.
var ErrUnreachable = errors.New("the store cannot be reached")
