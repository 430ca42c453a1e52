package pgstore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/consent/consenttest"
	"github.com/labelop/privacykit/policydoc/policydoctest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// reusable is a DB in a schema of its own, with the statements that bring its
// first rows back.
type reusable struct {
	db   *pgstore.DB
	wipe string
}

// recycled is schemas for many short cases: a case gets the schema of one that
// has ended, with its rows as they were at first, in a tenth of the time.
func recycled(t *testing.T, pool *pgxpool.Pool) func(t testing.TB) *pgstore.DB {
	t.Helper()
	var lock sync.Mutex
	var made int
	var free []reusable
	take := func(t testing.TB) reusable {
		lock.Lock()
		defer lock.Unlock()
		if last := len(free) - 1; last >= 0 {
			r := free[last]
			free = free[:last]
			return r
		}
		made++
		return newReusable(t, pool, fmt.Sprintf("reused_%d", made))
	}
	return func(t testing.TB) *pgstore.DB {
		t.Helper()
		r := take(t)
		t.Cleanup(func() {
			execute(t, r.db, r.wipe)
			lock.Lock()
			defer lock.Unlock()
			free = append(free, r)
		})
		return r.db
	}
}

func newReusable(t testing.TB, pool *pgxpool.Pool, schema string) reusable {
	t.Helper()
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA "+schema)
	require.NoError(t, err)
	db, err := pgstore.New(t.Context(), pool, &pgstore.Options{Store: sqlstore.Options{Schema: schema}})
	require.NoError(t, err)
	rows, err := pool.Query(t.Context(), "SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	var wipe strings.Builder
	for _, table := range tables {
		name := schema + "." + table
		execute(t, db, fmt.Sprintf("CREATE TABLE %[1]s_first AS SELECT * FROM %[1]s", name))
		fmt.Fprintf(&wipe, "DELETE FROM %[1]s; INSERT INTO %[1]s SELECT * FROM %[1]s_first;\n", name)
	}
	return reusable{db: db, wipe: wipe.String()}
}

func TestConsentMutants(t *testing.T) {
	pool := openPool(t, cluster.Database(t), hasty, func(c *pgxpool.Config) { require.NoError(t, pgstore.Configure(c, nil)) })
	newDB := recycled(t, pool)
	consenttest.RunMutants(t, func(t testing.TB) consent.Store { return newDB(t).Consent() })
}

func TestPolicydocMutants(t *testing.T) {
	newDB := recycled(t, openPool(t, cluster.Database(t), hasty))
	policydoctest.RunMutants(t, func(t testing.TB) policydoctest.Opened {
		db := newDB(t)
		return policydoctest.Opened{Store: db.Policydoc(), Events: outbox(db)}
	})
}
