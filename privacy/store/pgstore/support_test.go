package pgstore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/labelop/privacykit/privacy/store/internal/storetest"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/pgstore/pgtest"
)

var cluster pgtest.Cluster

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	flag.Parse()
	// A failure says its seed; nothing is written into the tree.
	_, _ = flag.Set("rapid.nofailfile", "true"), flag.Set("rapid.shrinktime", "5s")
	if !soak() {
		_ = flag.Set("rapid.checks", "15")
	}
	status := cluster.Main(m)
	if err := goleak.Find(); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

const tenant = storetest.Tenant

var moment = storetest.Moment()

// open returns a DB on a database of the test's own.
func open(t testing.TB, options *pgstore.Options) *pgstore.DB {
	t.Helper()
	return openAt(t, cluster.Database(t), options)
}

func openAt(t testing.TB, url string, options *pgstore.Options) *pgstore.DB {
	t.Helper()
	db, err := pgstore.Open(t.Context(), url, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// openPool returns a pool as a host would make it, which knows nothing of us.
func openPool(t testing.TB, url string, configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	for _, change := range configure {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// hasty spares the wait for the disk where a test kills nothing.
func hasty(config *pgxpool.Config) { config.ConnConfig.RuntimeParams["synchronous_commit"] = "off" }

// execute runs a statement on the database, as a host or an administrator would.
func execute(t testing.TB, db *pgstore.DB, statement string, args ...any) {
	t.Helper()
	_, err := db.Pool().Exec(context.WithoutCancel(t.Context()), statement, args...)
	require.NoError(t, err)
}

var (
	subjectKey = storetest.SubjectKey
	granted    = storetest.Granted
	newAppend  = storetest.NewAppend
	mustAppend = storetest.MustAppend
)

// soak reports whether the long counts are wanted.
func soak() bool { return os.Getenv("PRIVACYKIT_SOAK") == "1" }
