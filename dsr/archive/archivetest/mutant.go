package archivetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labelop/privacykit/dsr/archive"
	"github.com/labelop/privacykit/privacy"
)

// mutant is a store that breaks the contract in one way.
type mutant struct {
	name string
	// caught are the clauses that must notice.
	caught []string
	wrap   func(s archive.TokenStore) archive.TokenStore
}

// RunMutants breaks sound stores from newStore in one way after the other, and
// fails unless every clause that a mutant names catches it. It shows that the
// suite can fail on this kind of store.
func RunMutants(t *testing.T, newStore func(t testing.TB) archive.TokenStore) {
	t.Helper()
	var named []string
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			for _, c := range Clauses() {
				if slices.Contains(m.caught, c.Name) && c.Check(m.wrap(newStore(t))) == nil {
					t.Errorf("clause %s does not notice", c.Name)
				}
			}
		})
		named = append(named, m.caught...)
	}
	for _, c := range Clauses() {
		if !slices.Contains(named, c.Name) {
			t.Errorf("no mutant breaks clause %s", c.Name)
		}
	}
}

func mutants() []mutant {
	return []mutant{
		{"cuts-times-to-seconds", []string{"save-and-read"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, onSave: func(g *archive.Grant) { g.Expires = g.Expires.Truncate(time.Second) }}
		}},
		{"loses-the-hash", []string{"save-and-read"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, onSave: func(g *archive.Grant) { g.Hash = "" }}
		}},
		{"finds-what-is-not-there", []string{"not-found"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, forgiving: true}
		}},
		{"swallows-a-second-save", []string{"exists"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, swallow: true}
		}},
		{"one-tenant-for-all", []string{"tenants"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, onSave: func(g *archive.Grant) { g.Tenant = "t" }, tenant: "t"}
		}},
		{"folds-case", []string{"bytes"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, onSave: func(g *archive.Grant) { g.ID = strings.ToLower(g.ID) }}
		}},
		{"redeems-again", []string{"redeem-once", "redeem-race"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, again: true}
		}},
		{"purges-the-instant-itself", []string{"purge"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, early: time.Microsecond}
		}},
		{"keeps-some", []string{"purge"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, early: -time.Minute}
		}},
		{"ignores-contexts", []string{"context"}, func(s archive.TokenStore) archive.TokenStore {
			return broken{TokenStore: s, deaf: true}
		}},
	}
}

// broken is a store with switches for what it breaks.
type broken struct {
	archive.TokenStore
	onSave                          func(g *archive.Grant)
	forgiving, swallow, again, deaf bool
	tenant                          privacy.TenantID
	early                           time.Duration
}

func (b broken) context(ctx context.Context) context.Context {
	if b.deaf {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (b broken) scope(tenant privacy.TenantID) privacy.TenantID {
	if b.tenant != "" {
		return b.tenant
	}
	return tenant
}

func (b broken) Save(ctx context.Context, g archive.Grant) error {
	if b.onSave != nil {
		b.onSave(&g)
	}
	err := b.TokenStore.Save(b.context(ctx), g)
	if b.swallow && errors.Is(err, privacy.ErrExists) {
		return nil
	}
	return err
}

func (b broken) Grant(ctx context.Context, tenant privacy.TenantID, id string) (archive.Grant, error) {
	g, err := b.TokenStore.Grant(b.context(ctx), b.scope(tenant), id)
	if b.forgiving && errors.Is(err, privacy.ErrNotFound) {
		return archive.Grant{}, nil
	}
	return g, err
}

func (b broken) Redeem(ctx context.Context, tenant privacy.TenantID, id string, at time.Time) error {
	err := b.TokenStore.Redeem(b.context(ctx), b.scope(tenant), id, at)
	if b.again && errors.Is(err, privacy.ErrConflict) {
		return nil
	}
	return err
}

func (b broken) Purge(ctx context.Context, tenant privacy.TenantID, before time.Time) (int, error) {
	return b.TokenStore.Purge(b.context(ctx), b.scope(tenant), before.Add(b.early))
}
