package pgstore_test

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/labelop/privacykit/retention"
	"github.com/labelop/privacykit/retention/sqltable/sqltabletest"
)

// openSQL returns a pool of database/sql on a database of the test's own.
func openSQL(t testing.TB) (*sql.DB, *pgxpool.Pool) {
	t.Helper()
	pool := openPool(t, cluster.Database(t), hasty)
	db := stdlib.OpenDBFromPool(pool)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, pool
}

func TestSweptTables(t *testing.T) {
	db, _ := openSQL(t)
	sqltabletest.Run(t, db, retention.PostgreSQL)
}
