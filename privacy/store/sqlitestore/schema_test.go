package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
	"github.com/labelop/privacykit/privacy/store/sqlitestore"
	"github.com/labelop/privacykit/privacy/store/sqlstore"
)

func migrations(t *testing.T) []sqlstore.Migration {
	t.Helper()
	list, err := sqlstore.Migrations(sqlstore.SQLite, nil)
	require.NoError(t, err)
	return list
}

// schemaOf lists everything in the database.
func schemaOf(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_schema ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		list = append(list, text)
	}
	require.NoError(t, rows.Err())
	return list
}

func TestASchemaNewerThanTheCodeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	db := openAt(t, path, nil)
	_, err := db.SQL().ExecContext(t.Context(), `INSERT INTO privacy_schema_version (version, name) VALUES (999, 'later')`)
	require.NoError(t, err)
	require.NoError(t, db.Close())

	_, err = sqlitestore.Open(t.Context(), path, nil)
	require.ErrorIs(t, err, sqlstore.ErrSchemaTooNew)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	var schema *sqlstore.SchemaError
	require.ErrorAs(t, err, &schema)
	assert.Equal(t, sqlstore.SchemaError{Found: 999, Needed: len(migrations(t))}, *schema)
}

func TestWithoutMigrationAnEmptyFileIsRefused(t *testing.T) {
	_, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "privacy.db"), &sqlitestore.Options{NoMigration: true})
	require.ErrorIs(t, err, sqlstore.ErrSchemaTooOld)
}

func TestAnotherToolAppliesTheMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	tool, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	for _, m := range migrations(t) {
		_, err := tool.ExecContext(t.Context(), m.SQL)
		require.NoError(t, err)
	}
	require.NoError(t, tool.Close())
	db := openAt(t, path, &sqlitestore.Options{NoMigration: true})
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	assert.Equal(t, schemaOf(t, open(t, nil).SQL()), schemaOf(t, db.SQL()), "the tool's schema is ours")
}

// errInjected is what a faulty executor returns.
var errInjected = errors.New("injected")

// faulty is an executor that fails at the n-th statement, or right after the
// commit that follows it, as a connection that breaks does.
type faulty struct {
	sqlstore.Executor
	left        int
	afterCommit bool
}

type faultyTransaction struct {
	sqlstore.Transaction
	executor *faulty
}

func (f *faulty) Begin(ctx context.Context) (sqlstore.Transaction, error) {
	tx, err := f.Executor.Begin(ctx)
	return &faultyTransaction{Transaction: tx, executor: f}, err
}

func (t *faultyTransaction) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	for _, statement := range statements {
		if t.executor.left--; t.executor.left == 0 && !t.executor.afterCommit {
			return errInjected
		}
		if err := t.Transaction.Batch(ctx, []sqlstore.Statement{statement}); err != nil {
			return err
		}
	}
	return nil
}

func (t *faultyTransaction) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	if err := t.Batch(ctx, statements); err != nil {
		return errors.Join(err, t.Rollback(ctx))
	}
	if err := t.Transaction.Commit(ctx, nil); err != nil {
		return err
	}
	if t.executor.afterCommit && t.executor.left <= 0 {
		t.executor.left = 1 << 30
		return errInjected
	}
	return nil
}

// plainExecutor is the smallest executor: one connection, nothing prepared.
type plainExecutor struct{ db *sql.DB }

type plainTransaction struct{ tx *sql.Tx }

type plainQuerier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func runPlainly(ctx context.Context, q plainQuerier, statements []sqlstore.Statement) error {
	for _, s := range statements {
		if s.Each == nil {
			result, err := q.ExecContext(ctx, s.SQL, s.Args...)
			if err != nil {
				return err
			}
			if s.Affected != nil {
				if *s.Affected, err = result.RowsAffected(); err != nil {
					return err
				}
			}
			continue
		}
		rows, err := q.QueryContext(ctx, s.SQL, s.Args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := s.Each(rows); err != nil {
				return errors.Join(err, rows.Close())
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (e plainExecutor) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	return runPlainly(ctx, e.db, statements)
}

func (e plainExecutor) Begin(ctx context.Context) (sqlstore.Transaction, error) {
	tx, err := e.db.BeginTx(context.WithoutCancel(ctx), nil)
	return plainTransaction{tx}, err
}

func (t plainTransaction) Batch(ctx context.Context, statements []sqlstore.Statement) error {
	return runPlainly(ctx, t.tx, statements)
}

func (t plainTransaction) Commit(ctx context.Context, statements []sqlstore.Statement) error {
	if err := t.Batch(ctx, statements); err != nil {
		return errors.Join(err, t.tx.Rollback())
	}
	return t.tx.Commit()
}

func (t plainTransaction) Rollback(context.Context) error { return t.tx.Rollback() }

// plain opens a file without our stores.
func plain(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_txlock=immediate")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// Every statement of every migration is interrupted once; each attempt goes on where
// the last one ended, and the schema is that of a migration in one go.
func TestAnInterruptedMigrationIsResumed(t *testing.T) {
	whole := schemaOf(t, open(t, nil).SQL())
	for _, afterCommit := range []bool{false, true} {
		db := plain(t, filepath.Join(t.TempDir(), "privacy.db"))
		executor := &faulty{Executor: plainExecutor{db}, afterCommit: afterCommit}
		stores, err := sqlstore.NewWithExecutor(executor, sqlstore.SQLite, nil)
		require.NoError(t, err)
		interrupted, steps, before := 0, 0, schemaOf(t, db)
		for n := 1; ; n++ {
			executor.left = n
			err := stores.Migrate(t.Context())
			after := schemaOf(t, db)
			if err == nil {
				break
			}
			interrupted++
			require.ErrorIs(t, err, errInjected)
			if stores.CheckSchema(t.Context()) == nil {
				assert.Equal(t, whole, after, "a half is not taken for the whole")
			}
			if !slices.Equal(before, after) { // the next migration begins with its first statement
				steps++
				n, before = 0, after
			}
		}
		assert.Equal(t, whole, schemaOf(t, db))
		assert.Equal(t, len(migrations(t))+1, steps, "the table of versions and each migration as a whole")
		assert.Greater(t, interrupted, steps)
	}
}

func TestAReadOnlyDatabaseSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	db := openAt(t, path, nil)
	mustAppend(t, db.Consent(), granted(t, subjectKey(1), "event-1", "key-1"))
	require.NoError(t, db.Close())

	readOnly, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	require.NoError(t, err)
	defer readOnly.Close()
	stores, err := sqlstore.New(readOnly, sqlstore.SQLite, nil)
	require.NoError(t, err)
	require.NoError(t, stores.Migrate(t.Context()), "an up-to-date schema needs no writing")
	_, err = stores.Consent().Append(t.Context(), oneGrant(t))
	require.ErrorIs(t, err, sqlstore.ErrReadOnly)

	other, err := sqlstore.New(readOnly, sqlstore.SQLite, &sqlstore.Options{Prefix: "other_"})
	require.NoError(t, err)
	require.ErrorIs(t, other.Migrate(t.Context()), sqlstore.ErrReadOnly)
}

func TestTwoPrefixesShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "privacy.db")
	one := openAt(t, path, nil)
	two := openAt(t, path, &sqlitestore.Options{Store: sqlstore.Options{Prefix: "other_"}})
	mustAppend(t, one.Consent(), oneGrant(t)...)
	subjects, err := two.Consent().Subjects(t.Context(), tenant, "", 10)
	require.NoError(t, err)
	assert.Empty(t, subjects)
}
