package pgstore_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/consent"
	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/pgstore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func migrations(t *testing.T) []sqlstore.Migration {
	t.Helper()
	list, err := sqlstore.Migrations(sqlstore.PostgreSQL, nil)
	require.NoError(t, err)
	return list
}

// relations lists the tables and indexes of a database.
func relations(t *testing.T, url string) (names []string) {
	t.Helper()
	rows, err := openPool(t, url).Query(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`)
	require.NoError(t, err)
	for rows.Next() {
		names = append(names, "")
		require.NoError(t, rows.Scan(&names[len(names)-1]))
	}
	require.NoError(t, rows.Err())
	return names
}

func TestASchemaNewerThanTheCodeIsRefused(t *testing.T) {
	url := cluster.Database(t)
	db := openAt(t, url, nil)
	execute(t, db, `INSERT INTO privacy_schema_version (version, name) VALUES (999, 'later')`)
	before := relations(t, url)

	_, err := pgstore.Open(t.Context(), url, nil)
	require.ErrorIs(t, err, sqlstore.ErrSchemaTooNew)
	var schema *sqlstore.SchemaError
	require.ErrorAs(t, err, &schema)
	assert.Equal(t, sqlstore.SchemaError{Found: 999, Needed: len(migrations(t))}, *schema)
	assert.Equal(t, before, relations(t, url))
}

func TestWithoutMigrationAnEmptyDatabaseIsRefused(t *testing.T) {
	url := cluster.Database(t)
	_, err := pgstore.Open(t.Context(), url, &pgstore.Options{NoMigration: true})
	require.ErrorIs(t, err, sqlstore.ErrSchemaTooOld)
	assert.Empty(t, relations(t, url))
}

func TestAnotherToolAppliesTheMigrations(t *testing.T) {
	url := cluster.Database(t)
	tool := openPool(t, url)
	for _, m := range migrations(t) {
		_, err := tool.Exec(t.Context(), m.SQL)
		require.NoError(t, err)
	}
	db := openAt(t, url, &pgstore.Options{NoMigration: true})
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
}

// Connections are cut at every point of a migration, each attempt a piece later than
// the one before; it goes on where the last one ended, and the schema is that of a
// migration in one go.
func TestAnInterruptedMigrationIsResumed(t *testing.T) {
	whole := cluster.Database(t)
	openAt(t, whole, nil)
	url := cluster.Database(t)
	through, proxy := openThrough(t, url, 0, nil)
	execute(t, through, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	proxy.limited.Store(true)
	failures := 0
	for through.Migrate(t.Context()) != nil {
		failures++
		proxy.left.Store(int64(failures))
	}
	assert.Positive(t, failures)
	assert.Equal(t, relations(t, whole), relations(t, url))
	mustAppend(t, openAt(t, url, &pgstore.Options{NoMigration: true}).Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	t.Logf("%d interruptions", failures)
}

func TestProcessesMigrateAtOnce(t *testing.T) {
	for range 2 {
		url := cluster.Database(t)
		var children []*exec.Cmd
		for range 4 {
			children = append(children, spawn(t, roleMigrate, url, "").Cmd)
		}
		for _, c := range children {
			assert.NoError(t, c.Wait())
		}
		var steps int
		require.NoError(t, openPool(t, url).QueryRow(t.Context(), `SELECT count(*) FROM privacy_schema_version`).Scan(&steps))
		assert.Equal(t, len(migrations(t)), steps)
	}
}

// makeReadOnly has new connections behave as those of a standby do.
func makeReadOnly(t *testing.T, url string) {
	t.Helper()
	_, err := openPool(t, url).Exec(t.Context(), `DO $$ BEGIN
		EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on';
	END $$`)
	require.NoError(t, err)
}

func TestAReadOnlyDatabase(t *testing.T) {
	url := cluster.Database(t)
	mustAppend(t, openAt(t, url, nil).Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	makeReadOnly(t, url)

	replica := openAt(t, url, nil)
	_, err := replica.Consent().Append(t.Context(), []consent.Append{granted(t, subjectKey(1), "event-2", "key-2")})
	require.ErrorIs(t, err, sqlstore.ErrReadOnly)
	require.ErrorIs(t, replica.Consent().ApplyEffects(t.Context(), []privacy.Effect{{
		Tenant: tenant, Subject: "s", Kind: privacy.EffectWithdrawal, Cause: "case", At: moment, Key: "key",
	}}), sqlstore.ErrReadOnly)
	assert.Len(t, foldedRecords(t, replica.Consent(), subjectKey(1)), 1, "it can be read")
}

func TestAReadOnlyDatabaseIsNotMigrated(t *testing.T) {
	url := cluster.Database(t)
	makeReadOnly(t, url)
	_, err := pgstore.Open(t.Context(), url, nil)
	require.ErrorIs(t, err, sqlstore.ErrReadOnly)
	assert.Empty(t, relations(t, url))
}
