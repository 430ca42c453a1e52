package pgstore_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
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

const tenant = privacy.TenantID("acme")

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

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

func subjectKey(n int) consent.StreamKey {
	return consent.StreamKey{Tenant: tenant, Subject: privacy.SubjectID(fmt.Sprintf("01890000-0000-7000-8000-%012d", n))}
}

// granted is an append of one grant, with an event of about 400 bytes.
func granted(t testing.TB, key consent.StreamKey, id, idempotencyKey string) consent.Append {
	t.Helper()
	work, err := newAppend(key, id, idempotencyKey, consent.Grant{
		Purposes: []privacy.PurposeID{"newsletter"},
		Evidence: consent.Evidence{
			Notice: consent.Notice{Document: "privacy-policy", Version: 3, Locale: "de-AT", TextSHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
			Act:    "checkbox_ticked_by_subject", Channel: "web",
		},
	})
	require.NoError(t, err)
	return work
}

func newAppend(key consent.StreamKey, id, idempotencyKey string, fact consent.Fact) (consent.Append, error) {
	record, err := consent.NewRecord(id, idempotencyKey, moment, consent.Entry{
		Tenant: key.Tenant, Subject: key.Subject, OccurredAt: moment, Fact: fact,
	})
	return consent.Append{Key: key, Records: []consent.Record{record}, Source: "/test"}, err
}

// mustAppend appends, and fails the test if an element was refused.
func mustAppend(t testing.TB, store consent.LedgerStore, appends ...consent.Append) []consent.Appended {
	t.Helper()
	results, err := store.Append(t.Context(), appends)
	require.NoError(t, err)
	for i, result := range results {
		require.NoError(t, result.Err, "append %d", i)
	}
	return results
}

// soak reports whether the long counts are wanted.
func soak() bool { return os.Getenv("PRIVACYKIT_SOAK") == "1" }
