package renewaltest

import (
	"context"
	"slices"
	"testing"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/renewal"
	"github.com/labelop/privacykit/privacy"
)

// mutant is a store with one fault, and the cases that must catch it.
type mutant struct {
	name   string
	wrap   func(renewal.Store) renewal.Store
	caught []string
}

// faulty is a sound store whose methods a mutant replaces.
type faulty struct {
	renewal.Store
	replace func(context.Context, consent.StreamKey, uint64, []renewal.Row) error
	due     func(context.Context, renewal.Query) ([]renewal.Row, error)
	cursor  func(context.Context) (consent.Cursor, error)
}

func (f faulty) Replace(ctx context.Context, subject consent.StreamKey, version uint64, rows []renewal.Row) error {
	if f.replace != nil {
		return f.replace(ctx, subject, version, rows)
	}
	return f.Store.Replace(ctx, subject, version, rows)
}

func (f faulty) Due(ctx context.Context, query renewal.Query) ([]renewal.Row, error) {
	if f.due != nil {
		return f.due(ctx, query)
	}
	return f.Store.Due(ctx, query)
}

func (f faulty) Cursor(ctx context.Context) (consent.Cursor, error) {
	if f.cursor != nil {
		return f.cursor(ctx)
	}
	return f.Store.Cursor(ctx)
}

func mutants() []mutant {
	type rows = []renewal.Row
	due := func(change func(*renewal.Query), then func(rows) rows) func(renewal.Store) renewal.Store {
		return func(sound renewal.Store) renewal.Store {
			return faulty{Store: sound, due: func(ctx context.Context, query renewal.Query) ([]renewal.Row, error) {
				change(&query)
				found, err := sound.Due(ctx, query)
				return then(found), err
			}}
		}
	}
	same := func(r rows) rows { return r }
	none := func(*renewal.Query) {}
	return []mutant{
		{"forgets versions", func(sound renewal.Store) renewal.Store {
			version := uint64(100)
			return faulty{Store: sound, replace: func(ctx context.Context, subject consent.StreamKey, _ uint64, rows []renewal.Row) error {
				version++
				return sound.Replace(ctx, subject, version, rows)
			}}
		}, []string{"keeps-newer", "remembers-empty"}},
		{"drops replacements", func(sound renewal.Store) renewal.Store {
			return faulty{Store: sound, replace: func(ctx context.Context, subject consent.StreamKey, _ uint64, rows []renewal.Row) error {
				return sound.Replace(ctx, subject, 1, rows)
			}}
		}, []string{"replaces-all"}},
		{"includes the bound", due(func(q *renewal.Query) { q.Below++ }, same), []string{"bounds", "keeps-newer"}},
		{"ignores the place", due(func(q *renewal.Query) { q.After = nil }, same), []string{"pages"}},
		{"reverses", due(none, func(r rows) rows { slices.Reverse(r); return r }), []string{"orders", "pages"}},
		{"mixes tenants", due(func(q *renewal.Query) {
			if q.Tenant == "third" {
				q.Tenant = "acme"
			}
		}, same), []string{"separates"}},
		{"loses microseconds", due(none, func(r rows) rows {
			for i := range r {
				r[i].GivenAt = r[i].GivenAt.Truncate(1000 * 1000)
			}
			return r
		}), []string{"exact"}},
		{"forgets the cursor", func(sound renewal.Store) renewal.Store {
			return faulty{Store: sound, cursor: func(context.Context) (consent.Cursor, error) { return "", nil }}
		}, []string{"cursor"}},
		{"goes by the notice alone", due(func(q *renewal.Query) { q.By = renewal.ByNotice }, same), []string{"orders", "bounds"}},
		{"takes any purpose for the one", due(func(q *renewal.Query) { q.Purpose = purpose }, same), []string{"separates"}},
		{"answers with nothing", due(none, func(rows) rows { return nil }), []string{"replaces-all", "orders", "bounds", "pages", "separates", "exact", "keeps-newer"}},
		{"gives the subjects another name", due(none, func(r rows) rows {
			for i := range r {
				r[i].Subject = privacy.SubjectID("x" + string(r[i].Subject))
			}
			return r
		}), []string{"orders", "exact"}},
	}
}

// RunMutants wraps a sound store with one fault after the other and fails unless
// every case that names a fault catches it.
func RunMutants(t *testing.T, newStore func(t testing.TB) renewal.Store) {
	t.Helper()
	named := map[string]bool{}
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			for _, c := range Cases() {
				if !slices.Contains(m.caught, c.Name) {
					continue
				}
				named[c.Name] = true
				if c.Check(t.Context(), m.wrap(newStore(t))) == nil {
					t.Errorf("%s does not notice that a store %s", c.Name, m.name)
				}
			}
		})
	}
	for _, c := range Cases() {
		if !named[c.Name] {
			t.Errorf("no mutant shows that %s can fail", c.Name)
		}
	}
}
