package memstore

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
)

// RenewalStore is a renewal.Store in memory. It is safe for concurrent use.
type RenewalStore struct {
	lock     sync.Mutex
	cursor   consent.Cursor
	subjects map[consent.StreamKey]renewalSubject
	ordered  map[renewalOrder][]renewalPlace
}

var _ renewal.Store = (*RenewalStore)(nil)

type renewalSubject struct {
	version uint64
	rows    []renewal.Row
}

// renewalOrder names one ordered list of rows.
type renewalOrder struct {
	tenant  privacy.TenantID
	purpose privacy.PurposeID
	by      renewal.Criterion
}

// renewalPlace is a row in an ordered list.
type renewalPlace struct {
	value int64
	row   renewal.Row
}

func (p renewalPlace) compare(q renewalPlace) int {
	return cmp.Or(cmp.Compare(p.value, q.value), cmp.Compare(p.row.Subject, q.row.Subject))
}

// NewRenewal returns an empty store.
func NewRenewal() *RenewalStore {
	return &RenewalStore{subjects: map[consent.StreamKey]renewalSubject{}, ordered: map[renewalOrder][]renewalPlace{}}
}

// Replace implements renewal.Store.
func (s *RenewalStore) Replace(ctx context.Context, subject consent.StreamKey, version uint64, rows []renewal.Row) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	known, ok := s.subjects[subject]
	if ok && known.version >= version {
		return nil
	}
	for _, row := range known.rows {
		s.each(subject.Tenant, row, s.remove)
	}
	kept := slices.Clone(rows)
	for i := range kept {
		kept[i].Subject = subject.Subject
		s.each(subject.Tenant, kept[i], s.insert)
	}
	s.subjects[subject] = renewalSubject{version: version, rows: kept}
	return nil
}

// each calls do for the place of a row in every list that it belongs to.
func (s *RenewalStore) each(tenant privacy.TenantID, row renewal.Row, do func(renewalOrder, renewalPlace)) {
	for _, by := range []renewal.Criterion{renewal.ByNotice, renewal.ByGiven, renewal.ByEnd} {
		if value, ok := by.Value(row); ok {
			do(renewalOrder{tenant, row.Purpose, by}, renewalPlace{value, row})
		}
	}
}

func (s *RenewalStore) insert(order renewalOrder, place renewalPlace) {
	i, _ := slices.BinarySearchFunc(s.ordered[order], place, renewalPlace.compare)
	s.ordered[order] = slices.Insert(s.ordered[order], i, place)
}

func (s *RenewalStore) remove(order renewalOrder, place renewalPlace) {
	if i, found := slices.BinarySearchFunc(s.ordered[order], place, renewalPlace.compare); found {
		s.ordered[order] = slices.Delete(s.ordered[order], i, i+1)
	}
}

// Due implements renewal.Store.
func (s *RenewalStore) Due(ctx context.Context, query renewal.Query) ([]renewal.Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	list := s.ordered[renewalOrder{query.Tenant, query.Purpose, query.By}]
	first := 0
	if query.After != nil {
		value, ok := query.By.Value(*query.After)
		if !ok {
			return nil, nil
		}
		i, found := slices.BinarySearchFunc(list, renewalPlace{value, *query.After}, renewalPlace.compare)
		if first = i; found {
			first++
		}
	}
	var rows []renewal.Row
	for _, place := range list[first:] {
		if place.value >= query.Below || len(rows) == query.Limit {
			break
		}
		rows = append(rows, place.row)
	}
	return rows, nil
}

// Cursor implements renewal.Store.
func (s *RenewalStore) Cursor(ctx context.Context) (consent.Cursor, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.cursor, ctx.Err()
}

// SetCursor implements renewal.Store.
func (s *RenewalStore) SetCursor(ctx context.Context, cursor consent.Cursor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.cursor = cursor
	return nil
}
