package pgstore_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

// reusable is a DB in a schema of its own, with the statements that bring its
// first rows back.
type reusable struct {
	schema string
	db     *pgstore.DB
	wipe   string
}

// recycled makes a DB for every case, in a schema of its own of one database. A
// case gets the schema of one that has ended, with its rows as they were at first:
// that takes a hundredth of the time of a new one, which takes half of the time of a
// new database. A case must have ended all that it began.
func recycled(t testing.TB, pool *pgxpool.Pool) func(t testing.TB) *pgstore.DB {
	t.Helper()
	next := recycledSchemas(t, pool)
	return func(t testing.TB) *pgstore.DB {
		t.Helper()
		return next(t).db
	}
}

func recycledSchemas(t testing.TB, pool *pgxpool.Pool) func(t testing.TB) reusable {
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
	return func(t testing.TB) reusable {
		t.Helper()
		r := take(t)
		t.Cleanup(func() {
			execute(t, r.db, r.wipe)
			lock.Lock()
			defer lock.Unlock()
			free = append(free, r)
		})
		return r
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
		fmt.Fprintf(&wipe, "DELETE FROM %s;\n", name)
		var filled bool
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM "+name+")").Scan(&filled))
		if filled {
			execute(t, db, fmt.Sprintf("CREATE TABLE %[1]s_first AS SELECT * FROM %[1]s", name))
			fmt.Fprintf(&wipe, "INSERT INTO %[1]s SELECT * FROM %[1]s_first;\n", name)
		}
	}
	return reusable{schema: schema, db: db, wipe: wipe.String()}
}

// again opens the schema anew, with options of the case.
func (r reusable) again(t testing.TB, pool *pgxpool.Pool, options sqlstore.Options) *pgstore.DB {
	t.Helper()
	options.Schema = r.schema
	db, err := pgstore.New(t.Context(), pool, &pgstore.Options{Store: options, NoMigration: true})
	require.NoError(t, err)
	return db
}
