package sqlstore

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/privacy"
)

func TestMigrationsAreNumberedAndExpanded(t *testing.T) {
	for _, dialect := range []Dialect{SQLite, PostgreSQL} {
		t.Run(dialect.String(), func(t *testing.T) {
			options := &Options{Prefix: "pk_"}
			if dialect == PostgreSQL {
				options.Schema = "compliance"
			}
			migrations, err := Migrations(dialect, options)
			require.NoError(t, err)
			require.NotEmpty(t, migrations)
			for i, m := range migrations {
				assert.Equal(t, i+1, m.Version)
				assert.NotEmpty(t, m.Name)
				assert.NotRegexp(t, `[{}]`, m.SQL, "a word of the template is left")
				assert.True(t, strings.HasSuffix(m.SQL, ";\n"))
				assert.Contains(t, m.SQL, "schema_version (version, name) VALUES")
			}
		})
	}
}

func TestBothDialectsHaveTheSameMigrations(t *testing.T) {
	table := regexp.MustCompile(`CREATE TABLE (IF NOT EXISTS )?(\w+)`)
	var names [2][]string
	for i, dialect := range []Dialect{SQLite, PostgreSQL} {
		migrations, err := Migrations(dialect, nil)
		require.NoError(t, err)
		for _, m := range migrations {
			names[i] = append(names[i], m.Name)
			for _, match := range table.FindAllStringSubmatch(m.SQL, -1) {
				names[i] = append(names[i], match[2])
			}
		}
	}
	assert.Equal(t, names[0], names[1])
	for _, name := range tables {
		assert.Contains(t, names[0], DefaultPrefix+name)
	}
}

// A statement that the splitter cut in two would begin in its middle.
func TestMigrationsSplitIntoStatements(t *testing.T) {
	begins := regexp.MustCompile(`^(--.*\n)*(CREATE TABLE|CREATE INDEX|CREATE UNIQUE INDEX|ALTER TABLE|INSERT INTO|UPDATE) `)
	for _, dialect := range []Dialect{SQLite, PostgreSQL} {
		c, err := newCore(dialect, nil)
		require.NoError(t, err)
		migrations, err := c.migrations()
		require.NoError(t, err)
		for _, m := range migrations {
			for _, statement := range m.statements() {
				assert.Regexp(t, begins, statement.SQL)
				assert.NotContains(t, statement.SQL, ";")
			}
		}
	}
}

func TestOnPostgreSQLTextIsComparedByteForByte(t *testing.T) {
	migrations, err := Migrations(PostgreSQL, nil)
	require.NoError(t, err)
	column := regexp.MustCompile(`(?m)^\t(\w+)\s+text(.*)$`)
	for _, m := range migrations {
		for _, match := range column.FindAllStringSubmatch(m.SQL, -1) {
			if match[1] == "event" || match[1] == "name" { // never compared
				continue
			}
			assert.Contains(t, match[2], `COLLATE "C"`, "%s of migration %s", match[1], m.Name)
		}
	}
}

func TestNamesThatCannotStandInAStatementAreRefused(t *testing.T) {
	for _, name := range []string{"Pk_", "pk-", "1pk", "pk ", "pk;", `pk"`, "pk.x", "é", "a\x00", strings.Repeat("a", maxNameLength+1)} {
		_, err := Migrations(PostgreSQL, &Options{Prefix: name})
		require.ErrorIs(t, err, privacy.ErrInvalid, "prefix %q", name)
		_, err = Migrations(PostgreSQL, &Options{Schema: name})
		require.ErrorIs(t, err, privacy.ErrInvalid, "schema %q", name)
	}
	_, err := Migrations(SQLite, &Options{Schema: "compliance"})
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = Migrations(Dialect(0), nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = New(nil, SQLite, nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
	_, err = NewWithExecutor(nil, SQLite, nil)
	require.ErrorIs(t, err, privacy.ErrInvalid)
}

func TestLongestNameFitsPostgreSQL(t *testing.T) {
	for _, names := range [][]string{tables, indexes, {"outbox_position_seq"}} {
		for _, name := range names {
			assert.LessOrEqual(t, maxNameLength+len(name), 63, name)
		}
	}
}

func TestSchemaErrorSaysWhichVersions(t *testing.T) {
	tooNew, tooOld := &SchemaError{Found: 9, Needed: 2}, &SchemaError{Found: 0, Needed: 2}
	require.ErrorIs(t, tooNew, ErrSchemaTooNew)
	require.NotErrorIs(t, tooNew, ErrSchemaTooOld)
	require.ErrorIs(t, tooOld, ErrSchemaTooOld)
	assert.Contains(t, tooNew.Error(), "found version 9, need 2")
}
