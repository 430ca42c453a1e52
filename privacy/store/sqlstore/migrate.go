package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/labelop/privacykit/privacy"
)

//go:embed migrations
var migrationFiles embed.FS

// Migration is a step of the schema. Steps are only ever added.
type Migration struct {
	// Version numbers the steps from 1, without gaps.
	Version int
	// Name says what the step is about.
	Name string
	// SQL are its statements, each ended by a semicolon at the end of a line.
	SQL string
}

// The ways in which a schema may not fit the code.
var (
	// ErrSchemaTooNew reports that the database was migrated by a newer release.
	// This one must not write to it.
	ErrSchemaTooNew = fmt.Errorf("sqlstore: the schema is newer than this release: %w", privacy.ErrInvalid)
	// ErrSchemaTooOld reports that migrations are to be applied first.
	ErrSchemaTooOld = fmt.Errorf("sqlstore: the schema is older than this release: %w", privacy.ErrInvalid)
)

// SchemaError says which version of the schema was found where another was
// needed. It matches ErrSchemaTooNew or ErrSchemaTooOld.
type SchemaError struct {
	// Found is the database's version, 0 without our tables; Needed is that of
	// this release.
	Found, Needed int
}

// Error names both versions.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("%v: found version %d, need %d", e.Unwrap(), e.Found, e.Needed)
}

// Unwrap returns ErrSchemaTooNew or ErrSchemaTooOld.
func (e *SchemaError) Unwrap() error {
	if e.Found > e.Needed {
		return ErrSchemaTooNew
	}
	return ErrSchemaTooOld
}

// Migrations returns the whole schema as SQL, for the host's own tool. Its
// first step makes the table of versions, which CheckSchema and Migrate read;
// every step records itself in it. Only Prefix and Schema of options count.
func Migrations(dialect Dialect, options *Options) ([]Migration, error) {
	c, err := newCore(dialect, options)
	if err != nil {
		return nil, err
	}
	migrations, err := c.migrations()
	if err != nil {
		return nil, err
	}
	for i := range migrations {
		m := &migrations[i]
		if m.Version == 1 {
			m.SQL = c.schemas.create + ";\n\n" + m.SQL
		}
		m.SQL += fmt.Sprintf("\n%s (%d, '%s');\n", c.schemas.insertLiteral, m.Version, m.Name)
	}
	return migrations, nil
}

// migrations reads the embedded steps.
func (c *core) migrations() ([]Migration, error) {
	dir := path.Join("migrations", c.dialect.String())
	files, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: embedded migrations: %w", err)
	}
	migrations := make([]Migration, 0, len(files))
	for _, file := range files {
		text, err := fs.ReadFile(migrationFiles, path.Join(dir, file.Name()))
		if err != nil {
			return nil, fmt.Errorf("sqlstore: embedded migrations: %w", err)
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(file.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(migrations)+1 {
			return nil, fmt.Errorf("sqlstore: embedded migration %s is out of order", file.Name())
		}
		migrations = append(migrations, Migration{Version: version, Name: name, SQL: c.template.read(string(text))})
	}
	return migrations, nil
}

// statements splits a step where a semicolon ends a line.
func (m Migration) statements() []Statement {
	var list []Statement
	for text := range strings.SplitSeq(m.SQL, ";\n") {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, Statement{SQL: text})
		}
	}
	return list
}

type schemaSQL struct {
	exists, version, create, insert, insertLiteral string
	// lock keeps other writers out: on PostgreSQL of the migrations, on SQLite
	// of the database.
	lock string
}

func newSchemaSQL(t *template, dialect Dialect) schemaSQL {
	s := schemaSQL{
		exists:        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1`,
		version:       t.read(`SELECT COALESCE(MAX(version), 0) FROM {schema_version}`),
		create:        t.read("CREATE TABLE IF NOT EXISTS {schema_version} (\n\tversion integer PRIMARY KEY,\n\tname text NOT NULL\n)"),
		insert:        t.read(`INSERT INTO {schema_version} (version, name) VALUES ($1, $2)`),
		insertLiteral: t.read(`INSERT INTO {schema_version} (version, name) VALUES`),
	}
	if dialect == SQLite {
		s.lock = t.write(`UPDATE {schema_version} SET version = version WHERE 1 = 0`)
	} else {
		s.exists = `SELECT relname FROM pg_class WHERE oid = to_regclass($1)`
		s.lock = t.read(`LOCK TABLE {schema_version} IN EXCLUSIVE MODE`)
	}
	return s
}

// lock is what a transaction begins with that is to keep other writers out of
// an SQLite database. On PostgreSQL rows are locked as they are read.
func (c *core) lock() []Statement {
	if c.dialect != SQLite {
		return nil
	}
	return []Statement{{SQL: c.schemas.lock}}
}

// CheckSchema reports whether the database has the schema of this release, with
// a *SchemaError if not. It writes nothing.
func (db *DB) CheckSchema(ctx context.Context) error {
	found, err := db.schemaVersion(ctx)
	if err != nil {
		return err
	}
	migrations, err := db.core.migrations()
	if err != nil {
		return err
	}
	if found != len(migrations) {
		return &SchemaError{Found: found, Needed: len(migrations)}
	}
	return nil
}

// Migrate applies the migrations that the database lacks, each in a transaction
// of its own: what was interrupted is resumed by the next call. Any number of
// processes may call it at once. On a database that is up to date it only
// reads. It fails with an error that matches ErrSchemaTooNew if a newer release
// was there before, and with ErrReadOnly where migrations are due but nothing
// can be written. The schema of Options.Schema must exist. On PostgreSQL it also
// puts a restored dump right, see the package's documentation.
func (db *DB) Migrate(ctx context.Context) error {
	migrations, err := db.core.migrations()
	if err != nil {
		return err
	}
	if err = db.CheckSchema(ctx); err == nil {
		return db.resetRestored(ctx)
	}
	if !errors.Is(err, ErrSchemaTooOld) {
		return err
	}
	if err := db.transact(ctx, "migrate", single(func() []Statement {
		return []Statement{{SQL: db.core.schemas.create}}
	})); err != nil {
		return err
	}
	for {
		step := &migrationUnit{core: db.core, migrations: migrations}
		if err := db.transact(ctx, "migrate", step); err != nil {
			return err
		}
		if step.found >= len(migrations) {
			return db.CheckSchema(ctx)
		}
	}
}

// schemaVersion returns the version of the database, 0 if it has none.
func (db *DB) schemaVersion(ctx context.Context) (int, error) {
	table := db.core.prefix + "schema_version"
	if db.core.dialect == PostgreSQL && db.core.schema != "" {
		table = db.core.schema + "." + table
	}
	var names []string
	if err := db.read(ctx, "check schema", Statement{SQL: db.core.schemas.exists, Args: []any{table}, Each: func(row Row) error {
		names = append(names, "")
		return row.Scan(&names[len(names)-1])
	}}); err != nil || len(names) == 0 {
		return 0, err
	}
	var version int64
	err := db.read(ctx, "check schema", Statement{SQL: db.core.schemas.version, Each: func(row Row) error { return row.Scan(&version) }})
	return int(version), err
}

// migrationUnit applies the first migration that is missing.
type migrationUnit struct {
	core       *core
	migrations []Migration
	found      int
}

func (u *migrationUnit) start() []Statement {
	u.found = 0
	return []Statement{
		{SQL: u.core.schemas.lock},
		{SQL: u.core.schemas.version, Each: func(row Row) error {
			var version int64
			err := row.Scan(&version)
			u.found = int(version)
			return err
		}},
	}
}

func (u *migrationUnit) next() ([]Statement, bool, error) {
	if u.found >= len(u.migrations) {
		return nil, true, nil
	}
	m := u.migrations[u.found]
	return slices.Concat(m.statements(), []Statement{
		{SQL: u.core.schemas.insert, Args: []any{int64(m.Version), m.Name}},
	}), true, nil
}
